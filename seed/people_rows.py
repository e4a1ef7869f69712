"""One row of a people file, read purely; for seed/import_people.py."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from domain.access import Role
from domain.bindings import WECOM_USER
from domain.people import LOCALES, MAX_TEAM_DEPTH, normal_email, problem_with
from domain.places import Datum, Point
from domain.refusals import InvalidInput
from domain.shifts import WorkTime, work_times
from domain.sites import GivenCoordinates, locate
from seed.cells import Column, Problem, names_of, number, one_of, read_cells, refused, zone
from seed.csv_file import Row

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY_NAMES = (
    ("monday", "周一"),
    ("tuesday", "周二"),
    ("wednesday", "周三"),
    ("thursday", "周四"),
    ("friday", "周五"),
    ("saturday", "周六"),
    ("sunday", "周日"),
)


def _team(text: str) -> tuple[str, ...]:
    path = tuple(part.strip() for part in text.split("/"))
    if len(path) > MAX_TEAM_DEPTH or not all(0 < len(part) <= 200 for part in path):
        raise ValueError(f"{text!r} is no path of 1 to {MAX_TEAM_DEPTH} names such as Sales / North")
    return path


def _locale(text: str) -> str:
    found = next((each for each in LOCALES if each.casefold() == text.casefold()), None)
    if found is None:
        raise ValueError(f"{text!r} is none of {', '.join(LOCALES)}")
    return found


def _wecom_user(text: str) -> str:
    if not WECOM_USER.fullmatch(text):
        raise ValueError(f"{text!r} is no WeCom user id: 1 to 64 letters, digits and _-@.")
    return text


COLUMNS = (
    Column("external_id", ("id", "person_id", "employee_id", "工号"), clearable=False),
    Column("email", ("e_mail", "mail", "邮箱"), normal_email, clearable=False),
    Column("name", ("姓名",), clearable=False),
    Column("role", ("角色",), one_of(Role), clearable=False),
    Column("team", ("团队",), _team),
    Column("superior", ("manager", "上级"), clearable=False),
    Column("time_zone", ("timezone", "时区"), zone, clearable=False),
    Column("locale", ("language", "语言"), _locale, clearable=False),
    Column("phone", ("telephone", "电话")),
    Column("wecom_user_id", ("wecom", "企业微信账号"), _wecom_user),
    Column("latitude", ("lat", "start_latitude", "纬度"), number, clearable=False),
    Column("longitude", ("lon", "lng", "start_longitude", "经度"), number, clearable=False),
    Column("datum", ("坐标系",), one_of(Datum), clearable=False),
    *(Column(day, others, work_times) for day, others in zip(DAYS, _DAY_NAMES, strict=True)),
)
NAMES = names_of(COLUMNS)
_DESCRIBED = frozenset({"email", "name", "role", "time_zone", "locale", "phone"})


@dataclass(frozen=True, slots=True)
class PersonRow:
    r"""What a row says. `team` is a path of names and empty where the row clears it; `days` are work times by weekday
    (0 is Monday; `\N` in the file is a free day); None where the row says nothing.
    """

    line: int
    external_id: str
    described: Mapping[str, Any]
    team: tuple[str, ...] | None
    superior: str | None
    days: Mapping[int, tuple[WorkTime, ...]]
    start: tuple[Point, GivenCoordinates] | None
    wecom: tuple[str, ...] | None
    """The user id; empty where the row clears it."""


def read_person_row(row: Row, datum: Datum) -> PersonRow | list[Problem]:
    """The row, or everything that is wrong with it."""
    given, problems = read_cells(row, COLUMNS)
    described = {name: given[name] for name in _DESCRIBED if name in given}
    problem = problem_with({**described, "external_id": given.get("external_id")})
    start: tuple[Point, GivenCoordinates] | InvalidInput | None = None
    if "latitude" in given and "longitude" in given:
        pair = {name: given[name] for name in ("latitude", "longitude")}
        start = locate({**pair, "datum": given.get("datum", datum)}, "latitude, longitude")
    elif "latitude" in given or "longitude" in given:
        start = InvalidInput("latitude, longitude", "one of the two is missing")
    found = [problem, start if isinstance(start, InvalidInput) else None]
    problems += [refused(row.line, each) for each in found if each is not None]
    if "external_id" not in given and not any(each.column == "external_id" for each in problems):
        problems.append(Problem(row.line, "external_id", "is missing"))
    if problems:
        return problems
    return PersonRow(
        line=row.line,
        external_id=given["external_id"],
        described=described,
        team=(given["team"] or ()) if "team" in given else None,
        superior=given.get("superior"),
        days={index: given[day] or () for index, day in enumerate(DAYS) if day in given},
        start=None if isinstance(start, InvalidInput) else start,
        wecom=tuple(filter(None, [given["wecom_user_id"]])) if "wecom_user_id" in given else None,
    )

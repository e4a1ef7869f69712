"""One row of an account file, a customer and its site, read purely; for seed/import_accounts.py."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from domain.accounts import Tier
from domain.accounts import problem_with as account_problem
from domain.opening_hours import parse_problem
from domain.places import Datum
from domain.refusals import InvalidInput
from domain.sites import locate
from domain.sites import problem_with as site_problem
from seed.cells import Column, Problem, names_of, number, one_of, read_cells, refused, zone
from seed.csv_file import Row

_DATUM_WORDS = {"wgs-84": Datum.WGS84, "gcj-02": Datum.GCJ02, "bd-09": Datum.BD09}
COLUMNS = (
    Column("external_id", ("id", "account_id", "customer_id", "外部编号", "客户编号"), clearable=False),
    Column("name", ("account", "account_name", "customer", "customer_name", "名称", "客户名称"), clearable=False),
    Column("tier", ("level", "等级", "客户等级"), one_of(Tier), clearable=False),
    Column("industry", ("category", "branch", "行业")),
    Column("region", ("area", "区域")),
    Column("phone", ("telephone", "电话")),
    Column("note", ("notes", "remark", "备注")),
    Column("owner", ("owner_email", "owner_external_id", "负责人")),
    Column("site_name", ("branch_name", "门店名称"), clearable=False),
    Column("latitude", ("lat", "纬度"), number, clearable=False),
    Column("longitude", ("lon", "lng", "经度"), number, clearable=False),
    Column("datum", ("坐标系",), one_of(Datum, _DATUM_WORDS), clearable=False),
    Column("address", ("street", "地址")),
    Column("postcode", ("postal_code", "zip", "邮编")),
    Column("city", ("town", "城市")),
    Column("time_zone", ("timezone", "时区"), zone, clearable=False),
    Column("opening_hours", ("hours", "营业时间")),
    Column("radius_m", ("radius", "半径"), number, clearable=False),
)  # fmt: skip
NAMES = names_of(COLUMNS)
_ACCOUNT = frozenset({"name", "tier", "industry", "region", "phone", "note"})
_SITE = frozenset({"region", "time_zone", "opening_hours", "radius_m"})
_PLACE = ("address", "postcode", "city")


@dataclass(frozen=True, slots=True)
class AccountRow:
    """What a row says: changes of the account and of its site (None clears), and its coordinates if it has any.

    `owner` is None where the row names nobody and empty where it clears the owner.
    """

    line: int
    external_id: str
    account: Mapping[str, Any]
    site: Mapping[str, Any]
    coordinates: Mapping[str, Any] | None
    owner: str | None
    warnings: tuple[Problem, ...] = ()


def read_account_row(row: Row, datum: Datum) -> AccountRow | list[Problem]:
    """The row, or everything that is wrong with it. Opening hours that cannot be read are left out with a warning."""
    given, problems = read_cells(row, COLUMNS)
    site = {name: given[name] for name in _SITE if name in given}
    if "site_name" in given:
        site["name"] = given["site_name"]
    if any(name in given for name in _PLACE):
        site["address"] = _address(given)
    account = {name: given[name] for name in _ACCOUNT if name in given}
    warnings: list[Problem] = []
    hours = site.get("opening_hours")
    wrong = parse_problem(hours) if hours is not None else None
    if wrong is not None:
        del site["opening_hours"]
        warnings.append(Problem(row.line, "opening_hours", f"left out, {hours!r} {wrong.reason}", fatal=False))
    coordinates = None
    if ("latitude" in given) != ("longitude" in given):
        missing = "longitude" if "latitude" in given else "latitude"
        # A cell that could not be read has been reported already.
        if not any(problem.column == missing for problem in problems):
            problems.append(Problem(row.line, missing, "is missing"))
    elif "latitude" in given:
        coordinates = {name: given[name] for name in ("latitude", "longitude")} | {"datum": given.get("datum", datum)}
    found = [account_problem({**account, "external_id": given.get("external_id")}), site_problem(site)]
    located = locate(coordinates) if coordinates is not None else None
    found += [located] if isinstance(located, InvalidInput) else []
    problems += [refused(row.line, each) for each in found if each is not None]
    if "external_id" not in given and not any(problem.column == "external_id" for problem in problems):
        problems.append(Problem(row.line, "external_id", "is missing"))
    if problems:
        return [replace(each, column=_shown(each.column)) for each in problems]
    owner = (given["owner"] or "") if "owner" in given else None
    return AccountRow(row.line, given["external_id"], account, site, coordinates, owner, tuple(warnings))


def _shown(column: str) -> str:
    return "latitude, longitude" if column == "coordinates" else column


def _address(given: Mapping[str, Any]) -> str | None:
    """One line: the street, then postcode and city; None where all of it was cleared."""
    town = " ".join(given[name] for name in ("postcode", "city") if given.get(name))
    return ", ".join(part for part in (given.get("address"), town) if part) or None

"""Calendars as an organization keeps them: versions, its own exceptions, imported holidays, and what cannot be saved.

Used by resolvers/calendars.py; domain/calendar.py counts on what `CalendarRecord.calendar` gives.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from enum import StrEnum
from itertools import pairwise

from domain.calendar import ALWAYS, Calendar, Interval, calendar_problem, hours, known_zone, workdays, written_hours
from domain.ids import OrgId, PersonId
from domain.refusals import InvalidInput, NotFound, Refusal, VersionConflict

MAX_CALENDARS = 50
MAX_INTERVALS = 24
"""Of one day."""
MAX_DATES = 1_000
"""Own exceptions of one calendar; imported holidays come on top."""
MAX_NAME = 100
_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}")


@dataclass(frozen=True, slots=True)
class SpecialDay:
    """What replaces the week on one date: open in these intervals, or closed where there are none."""

    intervals: tuple[Interval, ...] = ()
    name: str | None = None


@dataclass(frozen=True, slots=True)
class HolidayYear:
    """A year whose holidays were imported; provisional where the country has yet to publish its make-up days."""

    country: str
    year: int
    subdivision: str | None = None
    provisional: bool = False


@dataclass(frozen=True, slots=True)
class CalendarRecord:
    """The newest version of an organization's calendar, or an earlier one; `exceptions` win over `holidays`."""

    id: str
    org_id: OrgId
    key: str
    name: str
    version: int
    zone: str
    weekly: tuple[tuple[Interval, ...], ...]
    exceptions: Mapping[str, SpecialDay] = field(default_factory=dict)
    holidays: Mapping[str, SpecialDay] = field(default_factory=dict)
    years: tuple[HolidayYear, ...] = ()
    saved_at: datetime | None = None
    """None for a preset, which is not stored."""
    saved_by: PersonId | None = None

    @property
    def calendar(self) -> Calendar:
        """What clocks count on."""
        special = {**self.holidays, **self.exceptions}
        return Calendar(
            self.key,
            self.version,
            self.zone,
            self.weekly,
            {day: special[day].intervals for day in sorted(special)},
            tuple(sorted({each.year for each in self.years if each.provisional})),
        )


@dataclass(frozen=True, slots=True)
class CalendarDraft:
    """A calendar as people write it: seven texts such as `09:00-12:00 13:30-18:00`, Monday first; empty is closed."""

    key: str
    name: str
    time_zone: str
    weekly: Sequence[str]
    exceptions: Sequence[Mapping[str, str | None]] = ()
    """`date` (ISO), `times` and perhaps `name`."""


def calendar_id(org_id: OrgId, key: str) -> str:
    """The only id a calendar of that key can have."""
    return f"{org_id}:{key}"


def presets(org_id: OrgId, zone: str) -> dict[str, CalendarRecord]:
    """The calendars that every organization has without saving any; WORKDAY is in the organization's zone."""
    named = ((ALWAYS, "Around the clock"), (workdays(zone), "Monday to Friday"))
    return {
        each.name: CalendarRecord(
            calendar_id(org_id, each.name), org_id, each.name, name, each.version, each.zone, each.weekly
        )
        for each, name in named
    }


def edited_calendar(
    before: CalendarRecord | None,
    draft: CalendarDraft,
    org_id: OrgId,
    expected_version: int | None,
    person_id: PersonId,
    now: datetime,
) -> CalendarRecord | Refusal:
    """The next version as drafted; without an expected version only a new key is accepted. Imported holidays stay."""
    problem = key_problem(draft.key, taken=before is not None and expected_version is None)
    if problem is not None:
        return problem
    if draft.key in presets(org_id, "UTC"):
        return InvalidInput("key", "belongs to a preset")
    if not 0 < len(draft.name.strip()) <= MAX_NAME:
        return InvalidInput("name", f"must have 1 to {MAX_NAME} characters")
    stale = version_problem(draft.key, None if before is None else before.version, expected_version)
    if stale is not None:
        return stale
    parsed = _parsed(draft)
    if isinstance(parsed, InvalidInput):
        return parsed
    weekly, exceptions = parsed
    blank = CalendarRecord(calendar_id(org_id, draft.key), org_id, draft.key, draft.name, 0, draft.time_zone, weekly)
    after = replace(
        before or blank,
        name=draft.name.strip(),
        version=(before or blank).version + 1,
        zone=draft.time_zone,
        weekly=weekly,
        exceptions=exceptions,
        saved_at=now,
        saved_by=person_id,
    )
    return calendar_problem(after.calendar, now) or after


def key_problem(key: str, *, taken: bool) -> InvalidInput | None:
    """Why nothing new can be saved under the key."""
    if _KEY.fullmatch(key) is None:
        return InvalidInput("key", "must be 1 to 40 of A-Z, a-z, 0-9, _ and -, a letter or digit first")
    if taken:
        return InvalidInput("key", "is taken; pass expectedVersion to save the next version")
    return None


def version_problem(key: str, version: int | None, expected_version: int | None) -> Refusal | None:
    """Why the version that was expected is not the one to follow; `version` is None where there is none."""
    if expected_version is None or version == expected_version:
        return None
    return NotFound(key) if version is None else VersionConflict(key, version)


_Week = tuple[tuple[Interval, ...], ...]


def _parsed(draft: CalendarDraft) -> tuple[_Week, dict[str, SpecialDay]] | InvalidInput:
    try:
        known_zone(draft.time_zone)
    except ValueError:
        return InvalidInput("timeZone", "must be an IANA zone such as Asia/Shanghai")
    if len(draft.weekly) != 7:
        return InvalidInput("weekly", "must be seven texts, Monday first")
    week = []
    for number, text in enumerate(draft.weekly):
        intervals = open_times(text, f"weekly[{number}]")
        if isinstance(intervals, InvalidInput):
            return intervals
        week.append(intervals)
    if len(draft.exceptions) > MAX_DATES:
        return InvalidInput("exceptions", f"may be {MAX_DATES} at the most")
    exceptions: dict[str, SpecialDay] = {}
    for number, given in enumerate(draft.exceptions):
        day = _special_day(given, f"exceptions[{number}]")
        if isinstance(day, InvalidInput):
            return day
        if day[0] in exceptions:
            return InvalidInput(f"exceptions[{number}].date", "is there twice")
        exceptions[day[0]] = day[1]
    return tuple(week), exceptions


def _special_day(given: Mapping[str, str | None], path: str) -> tuple[str, SpecialDay] | InvalidInput:
    key, name = given["date"] or "", given.get("name")
    try:
        if date.fromisoformat(key).isoformat() != key:
            raise ValueError(key)
    except ValueError:
        return InvalidInput(f"{path}.date", "must be a date written YYYY-MM-DD")
    if name is not None and not 0 < len(name) <= MAX_NAME:
        return InvalidInput(f"{path}.name", f"must have 1 to {MAX_NAME} characters")
    intervals = open_times(given["times"] or "", f"{path}.times")
    return intervals if isinstance(intervals, InvalidInput) else (key, SpecialDay(intervals, name))


def open_times(text: str, path: str) -> tuple[Interval, ...] | InvalidInput:
    """The intervals of one day in order; refused where one ends before it begins, or two overlap."""
    try:
        intervals = sorted(hours(text), key=lambda each: each.opens_s)
    except ValueError as problem:
        return InvalidInput(path, str(problem)[:200])
    if len(intervals) > MAX_INTERVALS:
        return InvalidInput(path, f"may hold {MAX_INTERVALS} intervals")
    for one, other in pairwise(intervals):
        if other.opens_s < one.closes_s:
            return InvalidInput(path, f"{written_hours((one,))} and {written_hours((other,))} overlap")
    return tuple(intervals)


class DayChange(StrEnum):
    """What an import does to one date."""

    ADDED = "ADDED"
    CHANGED = "CHANGED"
    REMOVED = "REMOVED"
    SAME = "SAME"


@dataclass(frozen=True, slots=True)
class ImportedDay:
    """One date of an import: what it becomes (or was, where it goes); `overridden` where an own exception wins."""

    date: str
    change: DayChange
    day: SpecialDay
    overridden: bool


def with_holidays(
    before: CalendarRecord,
    year: HolidayYear,
    closed: Mapping[str, str],
    worked: Mapping[str, str],
    person_id: PersonId,
    now: datetime,
) -> CalendarRecord | InvalidInput:
    """The next version with this year's holidays in the place of those imported before.

    A make-up workday is open as most open days of the week are, unless the week has it open already.
    """
    usual = _usual_day(before.weekly)
    days = {key: SpecialDay((), name[:MAX_NAME]) for key, name in closed.items()}
    for key, name in worked.items():
        if not before.weekly[date.fromisoformat(key).weekday()]:
            days[key] = SpecialDay(usual, name)
    others = {key: day for key, day in before.holidays.items() if not key.startswith(f"{year.year:04d}-")}
    after = replace(
        before,
        version=before.version + 1,
        holidays=others | days,
        years=tuple(sorted((*(each for each in before.years if each.year != year.year), year), key=_by_year)),
        saved_at=now,
        saved_by=person_id,
    )
    return calendar_problem(after.calendar, now) or after


def imported_days(before: CalendarRecord, after: CalendarRecord, year: int) -> list[ImportedDay]:
    """What an import of the year changes, by date."""
    prefix = f"{year:04d}-"
    changes = []
    for key in sorted(each for each in {*before.holidays, *after.holidays} if each.startswith(prefix)):
        old, new = before.holidays.get(key), after.holidays.get(key)
        if old is None or new is None:
            change = DayChange.ADDED if old is None else DayChange.REMOVED
        else:
            change = DayChange.SAME if old == new else DayChange.CHANGED
        day = new if new is not None else old
        assert day is not None
        changes.append(ImportedDay(key, change, day, key in before.exceptions))
    return changes


def _by_year(each: HolidayYear) -> int:
    return each.year


def _usual_day(weekly: _Week) -> tuple[Interval, ...]:
    """The intervals that most open days have; of several the earliest day's."""
    open_days = [day for day in weekly if day]
    return max(open_days, key=open_days.count, default=())

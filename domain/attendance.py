"""Whether a person is at work: recorded absences and the roster together. For assignment, notices and planning."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from domain.absences import PersonAbsence
from domain.calendar import Span, known_zone
from domain.people import Person
from domain.shifts import Roster, planned_shift


def is_absent(person: Person, at: datetime) -> bool:
    """Whether the person is away at that instant, by a recorded absence or by a day of leave in the roster."""
    return is_away(person.roster, person.absences, at)


def is_away(roster: Roster | None, absences: Iterable[PersonAbsence], at: datetime) -> bool:
    """As `is_absent`, of what is known of a person."""
    if any(each.covers(at) for each in absences):
        return True
    if roster is None or not roster.absences:
        return False
    day = at.astimezone(known_zone(roster.zone)).date().isoformat()
    return any(each.first <= day <= each.last for each in roster.absences)


def working_zone(person: Person) -> ZoneInfo:
    """The zone the person works in: their roster's, else their own."""
    return known_zone(person.roster.zone if person.roster is not None else person.time_zone)


def working_date(person: Person, started_at: datetime) -> date:
    """The person's local date of a shift that started then."""
    return started_at.astimezone(working_zone(person)).date()


def planned_work(person: Person, day: date) -> Span | None:
    """The shift that begins on the person's local date, cut where they are away at its start or end; None if free."""
    span = planned_shift(person.roster, day) if person.roster is not None else None
    for absence in person.absences:
        if span is None:
            return None
        starts_at, ends_at = span
        if absence.covers(starts_at):
            starts_at = absence.until_at
        elif starts_at < absence.from_at < ends_at <= absence.until_at:
            ends_at = absence.from_at
        span = (starts_at, ends_at) if starts_at < ends_at else None
    return span


def zone_of(person: Person) -> str:
    """The zone in which the person's days begin."""
    return person.roster.zone if person.roster is not None else person.time_zone


def work_day(person: Person, at: datetime) -> date:
    """The date on which the work of that instant began: a planned shift may go on past the local midnight."""
    today = at.astimezone(known_zone(zone_of(person))).date()
    before = planned_work(person, today - timedelta(days=1))
    return today - timedelta(days=1) if before is not None and at < before[1] else today


def next_work(person: Person, after: datetime, days: int = 31) -> Span | None:
    """The first planned shift that starts after the instant; None where the next `days` are free."""
    if person.roster is None:
        return None
    today = after.astimezone(known_zone(person.roster.zone)).date()
    for ahead in range(-1, days + 1):
        work = planned_work(person, today + timedelta(days=ahead))
        if work is not None and work[0] > after:
            return work
    return None

"""Weeks: their names, their instants over changes of the clock, and the work day of a night shift."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.access import Role
from domain.attendance import work_day
from domain.ids import OrgId, PersonId
from domain.people import Person, PersonState
from domain.shifts import Roster, work_times
from domain.weeks import Week

BEGIN = datetime(2026, 11, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("day", "text"),
    [
        (date(2026, 11, 23), "2026-W48"),
        (date(2026, 11, 29), "2026-W48"),
        (date(2026, 11, 30), "2026-W49"),
        (date(2027, 1, 3), "2026-W53"),
        (date(2024, 12, 30), "2025-W01"),
    ],
)
def test_names(day: date, text: str) -> None:
    assert str(Week.of(day)) == text
    assert day in Week.parse(text).days


@pytest.mark.parametrize("text", ["", "2026-48", "2026-W54", "2026-W00", "1999-W01", "2200-W01", "2026-W048", "W48"])
def test_names_of_no_week(text: str) -> None:
    with pytest.raises(ValueError, match=r"week|Invalid"):
        Week.parse(text)


@pytest.mark.parametrize(
    ("zone", "monday", "hours"),
    [
        ("Asia/Shanghai", date(2026, 11, 23), 168),
        ("Europe/Berlin", date(2026, 3, 23), 167),
        ("Europe/Berlin", date(2026, 10, 19), 169),
    ],
)
def test_span_is_as_long_as_the_week_is_there(zone: str, monday: date, hours: int) -> None:
    since, until = Week(monday).span(zone)
    assert until - since == timedelta(hours=hours)
    assert Week(monday).plus(1).span(zone)[0] == until


@given(st.dates(date(2000, 1, 3), date(2199, 12, 22)))
def test_parse_reads_what_is_written(day: date) -> None:
    week = Week.of(day)
    assert Week.parse(str(week)) == week
    assert week.plus(1).days[0] - week.days[-1] == timedelta(days=1)


def person(work: str | None) -> Person:
    roster = None if work is None else Roster("Asia/Shanghai", (work_times(work),) * 7)
    return Person(
        id=PersonId("per_1"),
        org_id=OrgId("org_1"),
        email="rep@example.test",
        name="Rep",
        role=Role.REP,
        team_id=None,
        state=PersonState.ACTIVE,
        locale="en",
        time_zone="Asia/Shanghai",
        created_at=BEGIN,
        updated_at=BEGIN,
        roster=roster,
    )


@pytest.mark.parametrize(
    ("work", "local", "day"),
    [
        (None, "2026-11-24T00:30", 24),
        ("09:00-18:00", "2026-11-24T00:30", 24),
        ("22:00-06:00", "2026-11-24T05:59", 23),
        ("22:00-06:00", "2026-11-24T06:00", 24),
        ("22:00-06:00", "2026-11-24T22:00", 24),
    ],
)
def test_work_day_of_a_shift_that_crosses_midnight(work: str | None, local: str, day: int) -> None:
    at = datetime.fromisoformat(f"{local}+08:00")
    assert work_day(person(work), at) == date(2026, 11, day)

"""Who is at work when, and rules of absences and deputies, without a database."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from domain.absences import (
    AbsenceKind,
    AbsenceOverlaps,
    PersonAbsence,
    deputy_cycle,
    ended,
    window_problem,
    with_absence,
)
from domain.attendance import is_absent, next_work, planned_work
from domain.ids import AbsenceId, OrgId, PersonId
from domain.refusals import InvalidInput, WrongState
from domain.shifts import Absence, Roster, work_times
from tests.support.outbox import a_person

NOW = datetime(2026, 11, 23, 1, tzinfo=UTC)
"""A Monday, 09:00 in Shanghai."""
ROSTER = Roster("Asia/Shanghai", (work_times("09:00-18:00"),) * 5 + ((), ()))
REP = a_person(OrgId("o"), NOW, id=PersonId("rep"), roster=ROSTER)
MONDAY = date(2026, 11, 23)


def away(first_h: float, last_h: float, deputy: str | None = None, person: str = "rep") -> PersonAbsence:
    """Away in these hours after NOW."""
    return PersonAbsence(
        AbsenceId(f"{person}:{first_h}"),
        PersonId(person),
        NOW + timedelta(hours=first_h),
        NOW + timedelta(hours=last_h),
        AbsenceKind.OTHER,
        PersonId(deputy) if deputy else None,
        PersonId("boss"),
        NOW,
    )


@pytest.mark.parametrize(
    ("hours", "absent"), [(-0.001, False), (0, True), (4.999, True), (5, False), (30, True), (31, False)]
)
def test_absent_from_the_first_instant_to_before_the_last(hours: float, absent: bool) -> None:
    person = replace(REP, absences=(away(0, 5), away(30, 31)))
    assert is_absent(person, NOW + timedelta(hours=hours)) is absent


@pytest.mark.parametrize(("hours", "absent"), [(14.9, False), (15, True), (38.9, True), (39, False)])
def test_a_day_of_leave_in_the_roster_is_a_local_day(hours: float, absent: bool) -> None:
    person = replace(REP, roster=replace(ROSTER, absences=(Absence("2026-11-24", "2026-11-24"),)))
    assert is_absent(person, NOW + timedelta(hours=hours)) is absent


@pytest.mark.parametrize(
    ("absence", "work"),
    [
        (away(-24, 0), (0, 9)),
        (away(-1, 3), (3, 9)),
        (away(6, 30), (0, 6)),
        (away(3, 4), (0, 9)),
        (away(0, 9), None),
        (away(-10, 100), None),
        (away(9, 12), (0, 9)),
    ],
)
def test_a_shift_is_cut_where_the_person_is_away(absence: PersonAbsence, work: tuple[int, int] | None) -> None:
    planned = planned_work(replace(REP, absences=(absence,)), MONDAY)
    expected = None if work is None else (NOW + timedelta(hours=work[0]), NOW + timedelta(hours=work[1]))
    assert planned == expected


def test_the_next_shift_after_an_absence() -> None:
    person = replace(REP, absences=(away(10, 50),))
    assert next_work(person, NOW + timedelta(hours=9)) == (NOW + timedelta(hours=50), NOW + timedelta(hours=57))
    friday = NOW + timedelta(days=4)
    assert next_work(REP, friday) == (NOW + timedelta(days=7), NOW + timedelta(days=7, hours=9))
    assert next_work(replace(REP, roster=None), NOW) is None
    assert next_work(replace(REP, roster=Roster("UTC", ((),) * 7)), NOW) is None


@pytest.mark.parametrize(
    ("first_h", "last_h", "field"),
    [
        (0, 24, None),
        (-24 * 30, 1, None),
        (5, 5, "untilAt"),
        (5, 4, "untilAt"),
        (-24, -1, "untilAt"),
        (0, 24 * 401, "untilAt"),
        (-24 * 32, 5, "fromAt"),
        (24 * 401, 24 * 402, "fromAt"),
    ],
)
def test_when_somebody_can_be_away(first_h: float, last_h: float, field: str | None) -> None:
    absence = away(first_h, last_h)
    problem = window_problem(absence.from_at, absence.until_at, NOW)
    assert (problem.field if problem else None) == field


@pytest.mark.parametrize(
    ("first_h", "last_h", "fits"), [(0, 10, True), (20, 30, True), (9, 11, False), (12, 13, False)]
)
def test_absences_of_a_person_do_not_overlap(first_h: float, last_h: float, fits: bool) -> None:
    there = away(10, 20)
    changed = with_absence((there,), away(first_h, last_h), NOW)
    assert isinstance(changed, tuple) is fits
    if isinstance(changed, tuple):
        assert [each.from_at for each in changed] == sorted(each.from_at for each in changed)
    else:
        assert changed == AbsenceOverlaps(there.id, there.from_at, there.until_at)


def test_absences_long_past_are_dropped_and_their_number_is_limited() -> None:
    old = away(-24 * 500, -24 * 499)
    assert with_absence((old,), away(0, 1), NOW) == (away(0, 1),)
    many = tuple(away(each, each + 1) for each in range(100))
    assert isinstance(with_absence(many, away(200, 201), NOW), InvalidInput)


def test_ending_an_absence() -> None:
    running, coming, over = away(-5, 5), away(10, 20), away(-20, -10)
    absences = (over, running, coming)
    assert ended(absences, running.id, NOW) == (over, replace(running, until_at=NOW), coming)
    assert ended(absences, coming.id, NOW) == (over, running)
    assert ended(absences, over.id, NOW) == WrongState(over.id, "OVER")
    assert ended(absences, "nothing", NOW) is None


A_AWAY = away(0, 10, "b", "a")


@pytest.mark.parametrize(
    ("others", "cycle"),
    [
        ([], None),
        ([away(5, 15, "a", "b")], ("a", "b")),
        ([away(10, 15, "a", "b")], None),
        ([away(5, 15, None, "b")], None),
        ([away(5, 15, "c", "b"), away(6, 7, "a", "c")], ("a", "b", "c")),
        ([away(5, 7, "c", "b"), away(7, 9, "a", "c")], None),
        ([away(0, 5, "c", "b"), away(0, 5, "d", "c"), away(0, 5, "c", "d")], None),
    ],
)
def test_deputies_who_would_stand_in_for_each_other(
    others: list[PersonAbsence], cycle: tuple[PersonId, ...] | None
) -> None:
    by_person: dict[PersonId, list[PersonAbsence]] = {}
    for each in others:
        by_person.setdefault(each.person_id, []).append(each)
    assert deputy_cycle(A_AWAY, by_person) == cycle

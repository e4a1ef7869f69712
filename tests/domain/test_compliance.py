"""Weeks of norms as tables: days of work, states by the day, and when reps are reminded and flagged."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.absences import AbsenceKind, PersonAbsence
from domain.compliance import NormMoment, NormState, days_of_work, kept, moments
from domain.ids import AbsenceId, NormEntryId, OrgId
from domain.norm_entries import Deed, NormKind
from domain.norms import NormMode, Norms
from domain.people import Person
from domain.shifts import Roster, work_times
from domain.weeks import Week
from tests.domain.test_weeks import person

ORG = OrgId("org_1")
NORMS = Norms(ORG, ORG)
WEEK = Week.parse("2026-W48")
MONDAY = WEEK.monday
WORK_DAYS = WEEK.days[:5]
WORK = (*[work_times("09:00-18:00")] * 5, (), ())


def rostered(**changes: object) -> Person:
    return replace(person(None), roster=Roster("Asia/Shanghai", WORK), **changes)  # type: ignore[arg-type]


def items(day: date, *keys: str) -> list[Deed]:
    at = datetime.combine(day, datetime.min.time(), UTC)
    named = keys or NORMS.keys
    return [Deed(NormEntryId(f"nrm_{day}{key}"), NormKind.MUST_DO, key, day.isoformat(), at) for key in named]


def insights(count: int) -> list[Deed]:
    at = datetime.combine(MONDAY, datetime.min.time(), UTC)
    return [
        Deed(NormEntryId(f"nrm_i{each}"), NormKind.INSIGHT, "NEED", MONDAY.isoformat(), at, f"Learnt no. {each}")
        for each in range(count)
    ]


FULL = [each for day in WORK_DAYS for each in items(day)]
SUNDAY, NEXT_MONDAY = WEEK.days[6], WEEK.plus(1).monday


@pytest.mark.parametrize(
    ("deeds", "today", "state", "met", "missed", "missing"),
    [
        ([*FULL, *insights(2)], NEXT_MONDAY, NormState.MET, 5, 0, 0),
        ([*FULL, *insights(2)], WORK_DAYS[4], NormState.MET, 5, 0, 0),
        ([*FULL, *insights(1)], NEXT_MONDAY, NormState.MISSED, 5, 0, 1),
        ([*FULL, *insights(1)], SUNDAY, NormState.PENDING, 5, 0, 1),
        ([*FULL[:-1], *insights(2)], NEXT_MONDAY, NormState.MISSED, 4, 1, 0),
        ([*FULL[:-1], *insights(2)], WORK_DAYS[4], NormState.PENDING, 4, 0, 0),
        ([], MONDAY, NormState.PENDING, 0, 0, 2),
        ([], WORK_DAYS[1], NormState.MISSED, 0, 1, 2),
        ([*items(SUNDAY), *insights(3)], NEXT_MONDAY, NormState.MISSED, 1, 5, 0),
        ([*FULL, *items(MONDAY, "STOCK"), *insights(2)], NEXT_MONDAY, NormState.MET, 5, 0, 0),
    ],
)
def test_kept(deeds: list[Deed], today: date, state: NormState, met: int, missed: int, missing: int) -> None:
    week = kept(WEEK, NORMS, WORK_DAYS, deeds, today)
    assert (week.state, week.days_met, week.days_missed, week.insights_missing) == (state, met, missed, missing)


@pytest.mark.parametrize(("keys", "state"), [(3, NormState.MET), (2, NormState.MISSED), (0, NormState.MISSED)])
def test_a_day_wants_three_different_items(keys: int, state: NormState) -> None:
    done = [*items(MONDAY, *NORMS.keys[:keys]), *items(MONDAY, "STOCK")] if keys else []
    week = kept(WEEK, NORMS, WORK_DAYS, done, WORK_DAYS[1])
    assert week.days[0].state is state
    assert len(week.days[0].entry_ids) == len(done)


@pytest.mark.parametrize(("work_days", "wanted"), [(0, 0), (1, 1), (2, 2), (5, 2)])
def test_insights_asked_for_are_at_most_one_a_work_day(work_days: int, wanted: int) -> None:
    week = kept(WEEK, NORMS, WEEK.days[:work_days], [], NEXT_MONDAY)
    assert week.insights_wanted == wanted
    assert week.state is (NormState.MISSED if work_days else NormState.FREE)


def test_leave_and_free_days_are_no_work_days() -> None:
    assert days_of_work(rostered(), WEEK) == set(WORK_DAYS)
    midnight = datetime(2026, 11, 23, 16, tzinfo=UTC)
    back = midnight + timedelta(days=2)
    me = rostered().id
    leave = PersonAbsence(AbsenceId("abs_1"), me, midnight, back, AbsenceKind.VACATION, None, me, midnight)
    assert days_of_work(rostered(absences=(leave,)), WEEK) == {MONDAY, *WORK_DAYS[3:]}
    assert days_of_work(person(None), WEEK, [MONDAY, NEXT_MONDAY]) == {MONDAY}


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("after", "until", "found"),
    [
        ("2026-11-27T06:59", "2026-11-27T07:00", [NormMoment.REMINDER]),
        ("2026-11-27T07:00", "2026-11-29T15:59", []),
        ("2026-11-29T15:59", "2026-11-29T16:00", [NormMoment.END]),
        ("2026-11-29T16:00", "2026-12-04T06:59", []),
        ("2026-11-20T07:00", "2026-11-29T16:00", [NormMoment.END, NormMoment.REMINDER, NormMoment.END]),
    ],
)
def test_moments_are_those_of_the_reps_zone(after: str, until: str, found: list[NormMoment]) -> None:
    assert [kind for _, kind, _ in moments(rostered(), NORMS, utc(after), utc(until))] == found
    off = replace(NORMS, mode=NormMode.OFF)
    assert moments(rostered(), off, utc(after), utc(until)) == []


def test_a_week_ends_with_the_night_shift_of_its_sunday() -> None:
    night = replace(person("22:00-06:00"))
    ends = [at for at, kind, _ in moments(night, NORMS, utc("2026-11-29T12:00"), utc("2026-11-30T12:00"))]
    assert ends == [utc("2026-11-29T22:00")]


def test_after_a_long_time_without_a_worker_four_weeks_are_caught_up() -> None:
    found = moments(rostered(), NORMS, utc("2026-01-01T00:00"), utc("2026-11-29T16:00"))
    assert {str(week) for _, _, week in found} == {f"2026-W{each}" for each in range(45, 49)}


@given(st.lists(st.tuples(st.integers(0, 6), st.sampled_from(NORMS.keys)), max_size=30), st.integers(0, 8))
def test_doing_more_never_makes_a_week_worse(done: list[tuple[int, str]], ahead: int) -> None:
    today = MONDAY + timedelta(days=ahead)
    deeds = [each for number, key in done for each in items(WEEK.days[number], key)]
    order = [NormState.MISSED, NormState.PENDING, NormState.MET]
    ranks = [
        order.index(kept(WEEK, NORMS, WORK_DAYS, [*deeds[:count], *insights(2)], today).state)
        for count in range(len(deeds) + 1)
    ]
    assert ranks == sorted(ranks)

"""Beat plans as values: steps of their life, differences, what publishing does to visits, and words."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.access import Actor, Role
from domain.beat_plans import (
    BeatChangeKind,
    BeatPlan,
    BeatPlanNotReady,
    BeatPlanState,
    BeatVisit,
    StandingVisit,
    beat_changes,
    failed,
    made,
    overlaps,
    period_problem,
    publication,
    published,
    solved,
    superseded,
    visit_id,
)
from domain.beat_words import what_differs, why_left_out
from domain.ids import BeatPlanId, OrgId, PersonId, SiteId, VisitId, is_id
from domain.refusals import InvalidInput, VersionConflict, WrongState

NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)
TODAY = NOW.date()
PLAN = BeatPlan(
    BeatPlanId("btp_1"),
    PersonId("m"),
    None,
    (PersonId("r"),),
    "2026-03-02",
    "2026-03-15",
    False,
    BeatPlanState.SOLVING,
    NOW,
)
DRAFT = replace(PLAN, state=BeatPlanState.DRAFT, version=2)


def at(day: int, site: str = "s", rep: str = "r") -> BeatVisit:
    return BeatVisit(f"2026-03-{day:02}", PersonId(rep), SiteId(site))


def standing(name: str, day: int, site: str = "s", state: str = "PLANNED", **said: bool) -> StandingVisit:
    facts = {"is_appointment": False, "of_plan": True} | said
    return StandingVisit(VisitId(name), SiteId(site), f"2026-03-{day:02}", state, **facts)


@pytest.mark.parametrize(
    ("first", "weeks", "field"),
    [
        (TODAY, 1, None),
        (TODAY, 8, None),
        (TODAY, 0, "weeks"),
        (TODAY, 9, "weeks"),
        (TODAY - timedelta(days=1), 1, "first"),
        (TODAY + timedelta(days=90), 1, None),
        (TODAY + timedelta(days=91), 1, "first"),
    ],
)
def test_periods(first: date, weeks: int, field: str | None) -> None:
    problem = period_problem(first, weeks, TODAY)
    assert (problem.field if problem else None) == field


def test_the_life_of_a_plan() -> None:
    drafted = solved(PLAN, NOW)
    assert isinstance(drafted, BeatPlan)
    assert (drafted.state, drafted.version, drafted.solved_at) == (BeatPlanState.DRAFT, 2, NOW)
    in_force = published(drafted, 2, TODAY, NOW)
    assert isinstance(in_force, BeatPlan)
    assert (in_force.state, in_force.pending, made(in_force).pending) == (BeatPlanState.PUBLISHED, True, False)
    assert (superseded(in_force).state, superseded(in_force).pending) == (BeatPlanState.SUPERSEDED, False)
    gone = failed(PLAN, "INTERNAL", NOW)
    assert isinstance(gone, BeatPlan)
    assert (gone.state, gone.failure) == (BeatPlanState.FAILED, "INTERNAL")


def test_steps_that_are_refused() -> None:
    assert isinstance(published(PLAN, None, TODAY, NOW), BeatPlanNotReady)
    assert isinstance(published(DRAFT, 1, TODAY, NOW), VersionConflict)
    assert isinstance(published(DRAFT, 2, TODAY + timedelta(days=1), NOW), InvalidInput)
    for state in (BeatPlanState.PUBLISHED, BeatPlanState.SUPERSEDED, BeatPlanState.FAILED):
        assert isinstance(published(replace(DRAFT, state=state), 2, TODAY, NOW), WrongState)
        assert isinstance(solved(replace(PLAN, state=state), NOW), WrongState)
        assert isinstance(failed(replace(PLAN, state=state), "x", NOW), WrongState)


@pytest.mark.parametrize(
    ("rep", "first", "last", "together"),
    [
        ("r", "2026-03-15", "2026-03-20", True),
        ("r", "2026-03-16", "2026-03-20", False),
        ("r", "2026-02-20", "2026-03-02", True),
        ("r", "2026-02-20", "2026-03-01", False),
        ("q", "2026-03-02", "2026-03-15", False),
    ],
)
def test_plans_that_overlap(rep: str, first: str, last: str, together: bool) -> None:
    other = replace(PLAN, rep_ids=(PersonId(rep),), first=first, last=last)
    assert overlaps(PLAN, other) is overlaps(other, PLAN) is together


@pytest.mark.parametrize(
    ("before", "after", "changes"),
    [
        ([at(2)], [at(2)], []),
        ([at(2)], [at(3)], [(BeatChangeKind.MOVED, "2026-03-02", "2026-03-03")]),
        ([at(2)], [at(2, rep="q")], [(BeatChangeKind.MOVED, "2026-03-02", "2026-03-02")]),
        ([at(2)], [], [(BeatChangeKind.REMOVED, "2026-03-02", None)]),
        ([], [at(2)], [(BeatChangeKind.ADDED, None, "2026-03-02")]),
        ([at(2), at(9)], [at(9), at(12)], [(BeatChangeKind.MOVED, "2026-03-02", "2026-03-12")]),
        (
            [at(2, "a")],
            [at(2, "b")],
            [(BeatChangeKind.REMOVED, "2026-03-02", None), (BeatChangeKind.ADDED, None, "2026-03-02")],
        ),
    ],
)
def test_changes(before: list[BeatVisit], after: list[BeatVisit], changes: list[object]) -> None:
    assert [(each.kind, each.from_date, each.to_date) for each in beat_changes(before, after)] == changes


PLACES = st.lists(st.builds(at, st.integers(1, 28), st.sampled_from("abc"), st.sampled_from("rq")), max_size=12)


@given(PLACES, PLACES)
def test_changes_lead_from_one_plan_to_the_other(before: list[BeatVisit], after: list[BeatVisit]) -> None:
    visits = Counter(before)
    for each in beat_changes(before, after):
        if each.from_date is not None and each.from_rep_id is not None:
            visits[BeatVisit(each.from_date, each.from_rep_id, each.site_id)] -= 1
        if each.to_date is not None and each.to_rep_id is not None:
            visits[BeatVisit(each.to_date, each.to_rep_id, each.site_id)] += 1
    assert +visits == Counter(after)


@pytest.mark.parametrize(
    ("wanted", "found", "create", "keep", "drop"),
    [
        ([at(2)], [], [at(2)], [], []),
        ([at(2)], [standing("v", 2)], [], [("v", at(2))], []),
        ([at(2)], [standing("v", 5)], [], [("v", at(2))], []),
        ([at(2)], [standing("v", 2, of_plan=False)], [], [("v", at(2))], []),
        ([at(2)], [standing("v", 5, of_plan=False)], [at(2)], [], []),
        ([at(2)], [standing("v", 2, is_appointment=True)], [], [], []),
        ([at(2)], [standing("v", 2, state="DONE")], [], [], []),
        ([at(2)], [standing("v", 2, state="CANCELLED")], [at(2)], [], []),
        ([at(2)], [standing("v", 2, state="MISSED")], [at(2)], [], []),
        ([], [standing("v", 2)], [], [], ["v"]),
        ([], [standing("v", 2, of_plan=False)], [], [], []),
        ([], [standing("v", 2, state="OPEN")], [], [], []),
        ([at(9)], [standing("v", 2), standing("w", 9)], [], [("w", at(9))], ["v"]),
        ([at(2)], [standing("v", 2, site="t")], [at(2)], [], ["v"]),
    ],
)
def test_publication(
    wanted: list[BeatVisit],
    found: list[StandingVisit],
    create: list[BeatVisit],
    keep: list[tuple[str, BeatVisit]],
    drop: list[str],
) -> None:
    change = publication(wanted, found)
    assert (list(change.create), list(change.keep), list(change.drop)) == (create, keep, drop)


def test_ids_of_visits_are_those_of_their_place() -> None:
    one, other = BeatPlanId("btp_1"), BeatPlanId("btp_2")
    assert is_id("vis", visit_id(one, at(2)))
    assert visit_id(one, at(2)) == visit_id(one, at(2, rep="q"))
    assert len({visit_id(one, at(2)), visit_id(one, at(3)), visit_id(one, at(2, "t")), visit_id(other, at(2))}) == 4


def reader(locale: str) -> Actor:
    return Actor(OrgId("o"), PersonId("p"), Role.REP, None, frozenset(), locale=locale)


@pytest.mark.parametrize(
    ("why", "date_", "day_why", "limit", "english", "chinese"),
    [
        ("NO_LOCATION", None, None, None, "The site has no position on the map.", "该网点没有地图位置。"),
        (
            "NO_ROOM",
            "2026-03-02",
            None,
            None,
            "The day on 2026-03-02 has as many visits as it may.",
            "2026-03-02当日拜访已排满。",
        ),
        (
            "DAY",
            "2026-03-02",
            "OUTSIDE_SHIFT",
            None,
            "It has no place in the day on 2026-03-02. The site cannot be reached, visited and left within the shift.",
            "2026-03-02当日无法安排。班次内无法往返并完成拜访。",
        ),
    ],
)
def test_why_left_out(
    why: str, date_: str | None, day_why: str | None, limit: str | None, english: str, chinese: str
) -> None:
    assert why_left_out(why, date_, day_why, limit, actor=reader("en")) == english
    assert why_left_out(why, date_, day_why, limit, actor=reader("zh-CN")) == chinese


@pytest.mark.parametrize(
    ("kind", "from_date", "to_date", "reps", "english", "chinese"),
    [
        ("ADDED", None, "2026-03-02", (None, "r"), "New on 2026-03-02.", "新增：2026-03-02。"),
        ("REMOVED", "2026-03-02", None, ("r", None), "No visit on 2026-03-02 any more.", "取消：2026-03-02。"),
        (
            "MOVED",
            "2026-03-02",
            "2026-03-03",
            ("r", "r"),
            "Moved from 2026-03-02 to 2026-03-03.",
            "由2026-03-02改至2026-03-03。",
        ),
        (
            "MOVED",
            "2026-03-02",
            "2026-03-03",
            ("r", "q"),
            "Moved from 2026-03-02 to 2026-03-03. Somebody else makes it.",
            "由2026-03-02改至2026-03-03。由他人拜访。",
        ),
    ],
)
def test_what_differs(
    kind: str,
    from_date: str | None,
    to_date: str | None,
    reps: tuple[str | None, str | None],
    english: str,
    chinese: str,
) -> None:
    assert what_differs(kind, from_date, to_date, *reps, actor=reader("en")) == english
    assert what_differs(kind, from_date, to_date, *reps, actor=reader("zh-CN")) == chinese

"""Beat plans: each rule of a period kept and broken, every drop with its reason, and the checker on bad plans."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from routing.check import Rule
from routing.check_period import check_period
from routing.period_problem import (
    MAX_DAYS,
    MAX_SITES,
    Cadence,
    PeriodDropReason,
    PeriodLimit,
    PeriodPlan,
    PeriodProblem,
    PeriodSite,
)
from routing.problem import DropReason
from routing.solver.period_model import ANY_REP, NOT_PLANNED, Option, Slot, build_model
from routing.solver.period_search import cost_of, search_period
from tests.routing.cases import east
from tests.routing.periods import (
    FIRST,
    FORTNIGHTLY,
    MONTHLY,
    TRAVEL,
    WEEKLY,
    on,
    open_on,
    period,
    planned,
    promised,
    rep,
    shift,
    site,
)


def _days(plan: PeriodPlan, site_id: str) -> list[int]:
    return [(day - FIRST).days for day, _ in plan.visits_of(site_id)]


def _reasons(plan: PeriodPlan) -> list[tuple[str, PeriodDropReason]]:
    return [(drop.site_id, drop.reason) for drop in plan.dropped]


def test_each_tier_is_visited_as_often_as_it_should_be() -> None:
    plan = planned(
        period(
            site("a", 2, WEEKLY, last_visit=on(-7)),
            site("b", 3, FORTNIGHTLY, last_visit=on(-14)),
            site("c", 4, MONTHLY, last_visit=on(-28)),
            weeks=4,
        )
    )
    assert [len(_days(plan, name)) for name in "abc"] == [4, 2, 1]
    assert plan.dropped == ()


def test_nothing_is_planned_where_nothing_is_due() -> None:
    plan = planned(period(site("c", 4, MONTHLY, last_visit=on(-3))))
    assert (plan.days, plan.dropped) == ((), ())


def test_holidays_and_absences_are_days_without_visits() -> None:
    away = {on(0), on(1), on(7), on(8), on(9)}
    plan = planned(period(site("a"), site("b", 5), weeks=2, reps=(rep(weeks=2, away=away),)))
    assert plan.days
    assert not {day.date for day in plan.days} & away


def test_a_long_absence_stretches_the_spacing_and_says_so() -> None:
    away = {on(number) for number in range(5, 21)}
    plan = planned(period(site("a", last_visit=on(-7)), weeks=4, reps=(rep(weeks=4, away=away),)))
    assert _reasons(plan) == [("a", PeriodDropReason.SPACING)]
    assert len(_days(plan, "a")) == 2


@pytest.mark.parametrize(("most", "left_out"), [(3, 0), (2, 1)])
def test_no_day_has_more_visits_than_it_may(most: int, left_out: int) -> None:
    who = rep(away={on(number) for number in range(1, 5)})
    plan = planned(period(site("a"), site("b"), site("c", value=20), reps=(who,), most_a_day=most))
    assert _reasons(plan) == [("c", PeriodDropReason.NO_ROOM)] * left_out


@pytest.mark.parametrize(("reserved", "left_out"), [(0.0, 0), (0.25, 1)])
def test_a_share_of_the_shift_stays_free(reserved: float, left_out: int) -> None:
    who = rep(away={on(number) for number in range(1, 5)}, hours=2.0)
    names = ("a", "b", "c", "d")
    plan = planned(period(*(site(name, 0) for name in names), reps=(who,), reserved=reserved))
    assert len(plan.dropped) == left_out
    assert sum(each.visits for each in plan.work) == 4 - left_out


def test_a_promised_visit_keeps_its_day_time_and_rep() -> None:
    both = ("r1", "r2")
    reps = (rep("r1"), rep("r2"))
    plan = planned(
        period(
            site("a", 9, rep_ids=both, appointments=(promised(on(2), 6, "r2"),), last_visit=on(-7)),
            site("b", 9, None, rep_ids=both, appointments=(promised(on(3), 8, "r1"),)),
            reps=reps,
        )
    )
    assert plan.visits_of("a") == ((on(2), "r2"),)
    assert plan.visits_of("b") == ((on(3), "r1"),)
    starts = {stop.candidate_id: stop.start_at for day in plan.days for stop in day.plan.stops}
    assert starts == {"a": promised(on(2), 6).at, "b": promised(on(3), 8).at}


def test_two_promises_at_one_time_name_each_other() -> None:
    plan = planned(
        period(
            site("a", 1, None, appointments=(promised(on(2), 6),)),
            site("b", 9, None, appointments=(promised(on(2), 6),)),
        )
    )
    (drop,) = plan.dropped
    assert (drop.reason, drop.date) == (PeriodDropReason.DAY, on(2))
    assert drop.why is not None
    assert set(drop.why.conflicts_with) | {drop.site_id} == {"a", "b"}


def test_opening_hours_choose_the_day() -> None:
    plan = planned(period(site("a", windows=open_on(on(3))), site("b", windows=open_on(on(1), closes=1.6))))
    assert (_days(plan, "a"), _days(plan, "b")) == ([3], [1])


def test_visits_that_exclude_each_other_within_a_day_go_to_different_ones() -> None:
    noon = open_on(on(1), on(2), opens=5.0, closes=5.6)
    plan = planned(period(*(site(name, windows=noon) for name in "ab")))
    assert sorted([*_days(plan, "a"), *_days(plan, "b")]) == [1, 2]
    assert plan.dropped == ()


def test_part_of_a_way_is_better_than_nothing() -> None:
    who = rep(weeks=2, away={on(number) for number in range(14) if number not in {0, 7}}, hours=1.0)
    plan = planned(
        period(
            site("a", 0, WEEKLY, last_visit=on(-7)),
            site("b", 0, None, appointments=(promised(on(7), 1.0),)),
            weeks=2,
            reps=(replace(who, shifts=(who.shifts[0], shift(on(7), closes=1.5))),),
        )
    )
    assert _days(plan, "a") == [0]
    assert [(drop.site_id, drop.reason, drop.date) for drop in plan.dropped] == [("a", PeriodDropReason.DAY, on(7))]


BAD_SITES = {
    PeriodDropReason.NO_LOCATION: site("x", point=None),
    PeriodDropReason.NO_REP: site("x", rep_ids=("r9",)),
    PeriodDropReason.CLOSED: site("x", windows=open_on(on(5))),
    PeriodDropReason.DAY: site("x", 400.0),
}


@pytest.mark.parametrize("reason", BAD_SITES)
def test_what_cannot_be_visited_says_why(reason: PeriodDropReason) -> None:
    plan = planned(period(site("a"), BAD_SITES[reason]))
    assert ("x", reason) in _reasons(plan)
    assert _days(plan, "a") != []
    if reason is PeriodDropReason.DAY:
        assert plan.dropped[0].why is not None
        assert plan.dropped[0].why.reason is DropReason.OUTSIDE_SHIFT


def test_of_too_many_sites_the_least_valuable_are_left_out() -> None:
    cheap = [site(f"s{number:03}", windows={}) for number in range(MAX_SITES)]
    plan = planned(period(*cheap, site("x", value=1)))
    assert _reasons(plan)[-1] == ("x", PeriodDropReason.OVER_LIMIT)
    assert {reason for _, reason in _reasons(plan)[:-1]} == {PeriodDropReason.CLOSED}


def test_near_sites_share_a_day() -> None:
    east_end = [site(f"e{number}", 30 + number / 2) for number in range(3)]
    west_end = [site(f"w{number}", -30 - number / 2) for number in range(3)]
    plan = planned(period(*east_end, *west_end, most_a_day=3))
    assert {frozenset(stop.candidate_id[0] for stop in day.plan.stops) for day in plan.days} == {
        frozenset("e"),
        frozenset("w"),
    }


def test_shared_sites_are_shared_out_evenly() -> None:
    both = ("r1", "r2")
    sites = [site(f"s{number:02}", 1 + number / 10, FORTNIGHTLY, rep_ids=both) for number in range(10)]
    plan = planned(period(*sites, reps=(rep("r1"), rep("r2"))))
    assert sorted(each.visits for each in plan.work) == [5, 5]


def test_a_plan_in_force_is_kept_where_nothing_speaks_against_it() -> None:
    sites = [site(f"s{number}", number) for number in range(1, 6)]
    before = planned(period(*sites, weeks=2))
    visits = {each.id: tuple((who, day) for day, who in before.visits_of(each.id)) for each in sites}
    held = [replace(each, current=visits[each.id]) for each in sites]
    after = planned(period(*held, weeks=2), PeriodLimit(20.0, seed=5, rounds=60))
    assert {each.id: after.visits_of(each.id) for each in sites} == {
        each.id: before.visits_of(each.id) for each in sites
    }


def test_a_search_without_time_keeps_the_plan_in_force() -> None:
    sites = [site(f"s{number}", number * 3) for number in range(1, 7)]
    before = planned(period(*sites, weeks=2))
    held = [replace(each, current=tuple((who, day) for day, who in before.visits_of(each.id))) for each in sites]
    after = planned(period(*held, weeks=2), PeriodLimit(20.0, rounds=0))
    assert {each.id: after.visits_of(each.id) for each in sites} == {
        each.id: before.visits_of(each.id) for each in sites
    }
    assert sum(each.travel_s for each in after.work) <= sum(each.travel_s for each in before.work)


def test_a_plan_in_force_gives_way_where_it_has_no_room() -> None:
    sites = [site(f"s{number}", current=(("r1", on(0)),)) for number in range(3)]
    plan = planned(period(*sites, most_a_day=2))
    assert plan.dropped == ()
    assert sum(day.date == on(0) for day in plan.days for _ in day.plan.stops) == 2


def test_equal_questions_have_equal_answers() -> None:
    problem = period(*(site(f"s{number}", number, FORTNIGHTLY) for number in range(1, 9)), weeks=2)
    assert planned(problem) == planned(problem)


def test_who_stops_the_search_gets_a_plan() -> None:
    plan = planned(period(site("a"), site("b", 5)), PeriodLimit(20.0, stop=_at_once))
    assert {stop.candidate_id for day in plan.days for stop in day.plan.stops} == {"a", "b"}


def _at_once() -> bool:
    return True


def test_a_period_without_reps_or_sites() -> None:
    assert planned(PeriodProblem(FIRST, FIRST, (), ())).days == ()
    assert _reasons(planned(PeriodProblem(FIRST, FIRST, (), (site("a"),)))) == [("a", PeriodDropReason.NO_REP)]


@pytest.mark.parametrize(
    "make",
    [
        lambda: Cadence(7, 8, 10),
        lambda: Cadence(7, 0, 10),
        lambda: Cadence(7, 4, 6),
        lambda: PeriodProblem(FIRST, on(-1), (), ()),
        lambda: PeriodProblem(FIRST, on(MAX_DAYS), (), ()),
        lambda: period(site("a"), site("a")),
        lambda: period(most_a_day=0),
        lambda: period(reserved=1.0),
        lambda: period(change_s=-1),
        lambda: site("a", service_s=-1),
        lambda: shift(FIRST, 5.0, 4.0),
        lambda: PeriodLimit(0.0),
        lambda: PeriodLimit(1.0, rounds=-1),
    ],
)
def test_questions_that_make_no_sense(make: Any) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        make()


def test_the_longest_period_is_allowed() -> None:
    assert PeriodProblem(FIRST, on(MAX_DAYS - 1), (), ()).last == on(55)


@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_whatever_is_asked_is_planned_or_dropped(data: st.DataObject) -> None:
    cadences = st.sampled_from([WEEKLY, FORTNIGHTLY, MONTHLY, Cadence(1, 1, 3), None])
    weeks = data.draw(st.integers(1, 2))
    sites = tuple(
        _drawn(data, f"s{number}", data.draw(cadences), weeks) for number in range(data.draw(st.integers(0, 8)))
    )
    away = {on(each) for each in data.draw(st.sets(st.integers(0, 13), max_size=6))}
    reps = (rep("r1", weeks, away, lunch=True), rep("r2", weeks, home=None))
    problem = period(*sites, weeks=weeks, reps=reps, most_a_day=data.draw(st.integers(1, 8)))
    plan = planned(problem, PeriodLimit(20.0, rounds=15))
    # The door has verified it; here that the verification would have spoken.
    assert check_period(problem, plan, TRAVEL) == ()
    spoken = {stop.candidate_id for day in plan.days for stop in day.plan.stops}
    spoken |= {drop.site_id for drop in plan.dropped}
    assert {each.id for each in sites if each.last_visit is None and each.cadence is not None} <= spoken


def _drawn(data: st.DataObject, name: str, cadence: Cadence | None, weeks: int) -> PeriodSite:
    away_km = data.draw(st.floats(-40, 40))
    promises = data.draw(st.lists(st.tuples(st.integers(0, 7 * weeks - 1), st.integers(1, 9)), max_size=1))
    opens = data.draw(st.none() | st.sets(st.integers(0, 13), max_size=14))
    days_ago = data.draw(st.none() | st.integers(1, 40))
    return site(
        name,
        away_km,
        cadence,
        rep_ids=data.draw(st.sampled_from([("r1",), ("r2",), ("r1", "r2")])),
        appointments=tuple(promised(on(day), hour) for day, hour in promises),
        windows=None if opens is None else open_on(*(on(each) for each in opens), opens=2, closes=7),
        last_visit=None if days_ago is None else on(-days_ago),
        value=data.draw(st.sampled_from([0, 20, 50, 100])),
    )


def _late(plan: PeriodPlan) -> PeriodPlan:
    day = plan.days[0]
    moved = replace(day, plan=replace(day.plan, stops=()))
    return replace(plan, days=(moved, *plan.days[1:]))


BROKEN: dict[str, tuple[Any, Rule]] = {
    "visits too few": (_late, Rule.WINDOW),
    "a day nobody works": (
        lambda plan: replace(plan, days=(replace(plan.days[0], date=on(5)), *plan.days[1:])),
        Rule.SHIFT,
    ),
    "a rep nobody knows": (
        lambda plan: replace(plan, days=(replace(plan.days[0], rep_id="r9"), *plan.days[1:])),
        Rule.SHIFT,
    ),
    "work that does not add up": (
        lambda plan: replace(plan, work=(replace(plan.work[0], visits=99),)),
        Rule.TOTALS,
    ),
    "ways that do not add up": (
        lambda plan: replace(plan, work=(replace(plan.work[0], distance_m=1.0),)),
        Rule.TOTALS,
    ),
    "a day twice": (lambda plan: replace(plan, days=(*plan.days, plan.days[0])), Rule.WINDOW),
}


@pytest.mark.parametrize("name", BROKEN)
def test_the_checker_finds(name: str) -> None:
    problem = period(site("a", 2, WEEKLY, last_visit=on(-7)), weeks=2)
    plan = planned(problem)
    change, rule = BROKEN[name]
    assert rule in {fault.rule for fault in check_period(problem, change(plan), TRAVEL)}


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"rep_ids": ("r9",)}, Rule.CANDIDATES),
        ({"cadence": Cadence(3, 3, 3)}, Rule.WINDOW),
        ({"last_visit": on(-1)}, Rule.WINDOW),
        ({"appointments": (promised(on(3), 3),)}, Rule.APPOINTMENT),
        ({"cadence": None}, Rule.APPOINTMENT),
        ({"windows": {}}, Rule.WINDOW),
    ],
)
def test_the_checker_holds_a_plan_against_its_question(change: dict[str, Any], rule: Rule) -> None:
    asked = site("a", 2, WEEKLY, last_visit=on(-7))
    plan = planned(period(asked, weeks=2))
    other = period(replace(asked, **change), weeks=2)
    assert rule in {fault.rule for fault in check_period(other, plan, TRAVEL)}


def test_the_search_keeps_rooms_and_loads_and_counts_what_it_costs() -> None:
    points = [east(number) for number in (1, 2, 3, 20)]
    table = TRAVEL.table([*points, east(0)])
    ways = [Option((0,), ANY_REP), Option((1,), ANY_REP, 50.0)]
    slots = [Slot(0, 0, 4, 4, 7200.0, 2.0), Slot(1, 0, 4, 4, 7200.0, 1.0)]
    model = build_model(table.leg_s, [600.0] * 4, [1.0] * 4, [9e5, 8e5, 7e5, 6e5], [ways] * 4, slots)
    found = search_period(model, 20.0, rounds=40)
    assert sorted(map(len, found.routes)) == [1, 2]
    assert found.chosen[3] == NOT_PLANNED
    legs = sum(model.leg[a, b] for route in found.routes for a, b in zip([4, *route], [*route, 4], strict=True))
    assert cost_of(model, found) == pytest.approx(legs + 50.0 + 6e5)


def test_a_far_site_is_worth_its_way_before_driving_is() -> None:
    plan = planned(period(site("a", 70, value=20), site("b", 1), reps=(rep(hours=9.0),)))
    assert plan.dropped == ()
    assert max(day.plan.end_at for day in plan.days) - timedelta(hours=9) <= shift(on(4)).start_at

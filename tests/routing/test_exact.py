"""The proof: against all orders, against the other engine, on tables no map would give, and at its limits."""

from __future__ import annotations

from itertools import permutations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from benchmarks.field_days import field_day
from routing.day import Day, build_day
from routing.plan import plan_day
from routing.problem import DayProblem, Limit, Proof
from routing.solver import exact
from routing.solver.exact import MAX_EXACT, solve_exactly
from routing.solver.insertion import greedy, improve
from routing.solver.must_sets import must_sets
from routing.solver.ortools_day import search_day
from routing.travel_times.geodesic import GeodesicTravelTimes
from tests.routing.cases import HOME, TableTimes, day, east, hour, lunch, realistic, visit, window

GEODESIC = GeodesicTravelTimes()


def never() -> bool:
    return False


def built(problem: DayProblem, travel: TableTimes | GeodesicTravelTimes = GEODESIC) -> Day:
    """Without the visits that no time allows, as the door leaves them out."""
    whole = build_day(problem, problem.candidates, travel)
    return whole.only([node for node in range(whole.count) if whole.starts[node]])


def best_of_all_orders(whole: Day) -> tuple[int, int, int]:
    orders = (order for size in range(whole.count + 1) for order in permutations(range(whole.count), size))
    return max(whole.score(order) for order in orders if whole.is_feasible(order))


@st.composite
def odd_days(draw: st.DrawFn) -> Day:
    """Up to five visits with any table: one-way streets, detours that are shorter, places without a way."""
    count = draw(st.integers(1, 5))
    points = [HOME, *(east(number + 1) for number in range(count))]
    legs = st.sampled_from([60.0, 600.0, 900.0, 1500.0, 3600.0, 7200.0, float("nan")])
    seconds = {(a, b): draw(legs) for a in points for b in points if a != b}
    candidates = []
    for number in range(count):
        fixed = draw(st.none() | st.none() | st.integers(4, 30))
        opens = draw(st.none() | st.integers(4, 30))
        windows = None
        if opens is not None and fixed is None:
            windows = (window(opens / 4, opens / 4 + draw(st.integers(2, 12)) / 4), window(8, 9.5))
        candidates.append(
            visit(
                f"c{number}",
                number + 1,
                service_s=draw(st.sampled_from([0, 600, 1800, 5400])),
                value=draw(st.sampled_from([1, 20, 50, 143, 300])),
                windows=windows,
                fixed_at=None if fixed is None else hour(fixed / 4),
                must=draw(st.booleans()),
            )
        )
    problem = day(
        *candidates,
        start=draw(st.sampled_from([HOME, None])),
        end=draw(st.sampled_from([HOME, None])),
        shift_end=hour(draw(st.integers(2, 10))),
        lunch=draw(st.sampled_from([None, lunch(), lunch(1, 3), lunch(3.5, 4.25)])),
    )
    return built(problem, TableTimes(seconds))


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(odd_days(), st.sampled_from([1, 300]))
def test_no_order_is_better_than_the_proven_one(whole: Day, beam: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        # With one label a layer the first run finds little, and the second has to find it all.
        patch.setattr(exact, "_BEAM", beam)
        order, proven = solve_exactly(whole, [], never)
    assert proven
    assert whole.is_feasible(order)
    assert whole.score(order) == best_of_all_orders(whole)


@pytest.mark.parametrize(("count", "seed"), [(12, 1), (16, 2), (20, 4), (24, 1), (28, 2)])
def test_the_search_never_beats_the_proof(count: int, seed: int) -> None:
    problem = field_day(count, seed)
    plan = plan_day(problem, GEODESIC, Limit(60.0, solutions=1))
    assert plan.proof is Proof.OPTIMAL
    whole = built(problem)
    mine = whole.score([whole.ids.index(stop.candidate_id) for stop in plan.stops])
    whole = whole.only([node for node in range(whole.count) if whole.is_feasible([node])])
    found = search_day(whole, greedy(whole), seconds=0.2, seed=seed, solutions=None, is_over=never)
    assert whole.score(improve(whole, found, never)) <= mine


def test_must_visits_that_exclude_each_other_are_told_apart() -> None:
    whole = built(
        day(
            visit("a", 1, fixed_at=hour(3), must=True, value=20),
            visit("b", 2, fixed_at=hour(3.25), must=True, value=50),
            visit("c", 3, fixed_at=hour(6), must=True, value=20),
            visit("d", 4, value=100),
        )
    )
    assert list(must_sets(whole, []))[:2] == [frozenset({0, 2}), frozenset({1, 2})]
    order, proven = solve_exactly(whole, [], never)
    assert proven
    assert sorted(whole.ids[node] for node in order) == ["b", "c", "d"]


def test_the_largest_day_it_takes() -> None:
    whole = built(realistic(MAX_EXACT + 12, 2))
    whole = whole.only([node for node in range(whole.count) if whole.is_feasible([node])][:MAX_EXACT])
    assert whole.count == MAX_EXACT
    hint = greedy(whole)
    calls = iter(range(10**9))
    order, _ = solve_exactly(whole, hint, lambda: next(calls) > 60)
    assert whole.is_feasible(order)
    assert whole.score(order) > whole.score(hint)
    assert solve_exactly(built(realistic(MAX_EXACT + 12, 2)), [3], never) == ([3], False)


def test_stopped_it_keeps_the_plan_it_was_given() -> None:
    assert solve_exactly(built(realistic(20, 3)), [2], lambda: True) == ([2], False)

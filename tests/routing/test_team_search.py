"""Ruin and recreate keeps every limit of the days it works on, counts right, and is never worse than its first plan."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.day import Break, Day
from routing.plan import plan_day, plan_team
from routing.problem import Limit
from routing.solver import team_search
from routing.solver.compiled import IS_COMPILED
from routing.solver.ortools_day import prizes
from routing.solver.team_model import model_of
from routing.solver.team_moves import empty_state, refresh
from routing.solver.team_search import make_ready, make_ready_aside, search_routes
from routing.team import Team, build_team
from routing.team_problem import Rep, TeamProblem
from routing.travel_times.geodesic import GeodesicTravelTimes
from tests.routing.cases import HOME, hour, lunch, realistic, visit, window

GEODESIC = GeodesicTravelTimes()
FOREVER = 600.0


def built(count: int, seed: int, *, load: int | None = None) -> Team:
    """Two with different shifts, lunch for one of them, who share a day of real proportions."""
    day = realistic(count, seed)
    reps = (
        Rep("a", day.shift_start, day.shift_end, day.start, day.end, day.lunch, max_load=load),
        Rep("b", hour(2), hour(9), None, HOME, None, max_load=load),
    )
    return build_team(TeamProblem(reps, day.candidates), GEODESIC)[0]


def searched(team: Team, hint: list[list[int]] | None = None, rounds: int = 25, seed: int = 0) -> list[list[int]]:
    """In so many rounds."""
    first = hint or [[] for _ in team.days]
    return search_routes(team.days, first, seconds=FOREVER, seed=seed, rounds=rounds, is_over=lambda: False)


@pytest.mark.parametrize("seed", range(4))
def test_every_answer_keeps_all_limits_and_beats_an_empty_plan(seed: int) -> None:
    team = built(24, seed, load=None if seed % 2 else 5)
    routes = searched(team, seed=seed)
    assert team.is_feasible(routes)
    assert team.score(routes) > (0, 0, 0)
    if seed % 2 == 0:
        assert max(map(len, routes)) <= 5


def test_it_is_never_worse_than_its_first_plan() -> None:
    team = built(20, 3)
    good = searched(team, rounds=60)
    for seed in range(3):
        assert team.score(searched(team, good, rounds=1, seed=seed)) >= team.score(good)


def test_equal_seeds_and_rounds_give_equal_routes() -> None:
    team = built(18, 5)
    assert searched(team, seed=7) == searched(team, seed=7)


def test_it_ends_when_it_is_told_to() -> None:
    team = built(18, 5)
    asked = iter([False, False, True])
    first: list[list[int]] = [[], []]
    assert search_routes(team.days, first, seconds=FOREVER, seed=0, is_over=lambda: next(asked)) != first
    assert search_routes(team.days, first, seconds=FOREVER, seed=0, is_over=lambda: True) == first


def test_a_visit_that_only_one_may_make_is_made_by_that_one() -> None:
    candidates = (visit("x", 3, rep_id="b"), visit("y", -3, needs=frozenset({"tea"})))
    reps = (
        Rep("a", hour(1), hour(9), HOME, HOME, None, skills=frozenset({"tea"})),
        Rep("b", hour(1), hour(9), HOME, HOME, None),
    )
    team, _ = build_team(TeamProblem(reps, candidates), GEODESIC)
    routes = searched(team, rounds=10)
    assert [[team.days[0].ids[node] for node in route] for route in routes] == [["y"], ["x"]]


def test_a_must_visit_is_made_before_any_value() -> None:
    candidates = (
        visit("must", 3, value=1, must=True, windows=(window(2, 2.5),)),
        visit("rich", -3, value=900, windows=(window(2, 2.5),)),
    )
    team, _ = build_team(TeamProblem((Rep("a", hour(1), hour(9), HOME, HOME, None),), candidates), GEODESIC)
    assert [[team.days[0].ids[node] for node in route] for route in searched(team, rounds=10)] == [["must"]]


# --- the rule of time, once more from behind --------------------------------------------------------------------------


@st.composite
def line_days(draw: st.DrawFn) -> tuple[Day, list[int]]:
    """A day with two windows and perhaps lunch for each of some visits on a line, and an order of all of them."""
    count = draw(st.integers(1, 5))
    places = [*(draw(st.integers(-20, 20)) for _ in range(count)), 0, draw(st.integers(-5, 5))]
    starts = []
    for _ in range(count):
        opens, width, gap, more = (draw(st.integers(0, high)) for high in (60, 40, 40, 40))
        starts.append(((opens, opens + width), (opens + width + gap + 1, opens + width + gap + 1 + more)))
    meal = None
    if draw(st.booleans()):
        opens = draw(st.integers(-20, 90))
        meal = Break(opens, opens + draw(st.integers(0, 60)), draw(st.integers(1, 25)))
    leg = [[abs(a - b) for b in places] for a in places]
    day = Day(
        origin=hour(0),
        horizon=draw(st.integers(20, 200)),
        ids=tuple(map(str, range(count))),
        service=tuple(draw(st.integers(0, 10)) for _ in range(count)),
        worth=(1,) * count,
        must=(False,) * count,
        fixed=(False,) * count,
        starts=tuple(starts),
        lunch=meal,
        leg=leg,
        leg_m=[[float(each) for each in row] for row in leg],
        leg_estimated=[[False] * len(row) for row in leg],
        load=(1,) * count,
        max_load=None,
    )
    return day, draw(st.permutations(range(count)))


@settings(deadline=None, max_examples=60)
@given(line_days())
def test_labels_from_before_and_latest_times_from_behind_agree_with_the_day(case: tuple[Day, list[int]]) -> None:
    day, order = case
    model = model_of([day], np.array(prizes(day), dtype=np.float64))
    state = empty_state(model)
    state.route[0, : len(order)] = order
    state.length[0] = len(order)
    refresh(model, state, 0)
    assert list(zip(state.before[0, : len(order) + 1], state.after[0, : len(order) + 1], strict=True)) == day.labels(
        order
    )
    # Whether the rest can be driven is known at each visit from the times to be ready there.
    for place, node in enumerate(order):
        at = order[place - 1] if place else day.count
        before, after = day.gap(day.labels(order)[place], day.leg[at][node])
        fits = before <= state.late_before[0, place] or after <= state.late_after[0, place]
        assert fits == day.is_feasible(order)


# --- when it is used --------------------------------------------------------------------------------------------------


def test_where_nothing_is_compiled_nothing_gets_ready() -> None:
    assert not IS_COMPILED, "tests run the loops as they are written"
    make_ready()
    make_ready_aside()
    assert not team_search.is_ready()


def test_both_doors_use_it_once_it_is_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def counted(days: list[Day], hint: list[list[int]], **_: object) -> list[list[int]]:
        asked.append(len(days))
        return hint

    monkeypatch.setattr("routing.plan.is_ready", lambda: True)
    monkeypatch.setattr("routing.team_plan.is_ready", lambda: True)
    monkeypatch.setattr("routing.plan.search_routes", counted)
    monkeypatch.setattr("routing.team_plan.search_routes", counted)
    day = replace(realistic(60, 1), lunch=lunch())
    reps = tuple(Rep(name, day.shift_start, day.shift_end, HOME, HOME, day.lunch) for name in ("a", "b"))
    plan_team(TeamProblem(reps, day.candidates), GEODESIC, Limit(20))
    plan_day(day, GEODESIC, Limit(20))
    assert asked == [2, 1]
    # So many solutions of one search: the same whether it is ready or not.
    plan_team(TeamProblem(reps, day.candidates), GEODESIC, Limit(20, solutions=1))
    plan_day(day, GEODESIC, Limit(20, solutions=1))
    assert asked == [2, 1]

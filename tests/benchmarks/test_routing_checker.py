"""The routing benchmark's checker accepts exactly the answers that keep all limits, and recounts their worth."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.routing.checker import judge
from benchmarks.routing.instance import Aim, Break, Instance, Routes, Vehicle, Visit
from benchmarks.routing.planner import MatrixTravelTimes, day_of
from routing.check import check_plan
from routing.plan import plan_day
from routing.problem import Limit

# Visits 0, 1, 2 on a line at 10, 20 and 30 from the depot, which is place 3.
LINE = tuple(tuple(abs(a - b) for b in (10, 20, 30, 0)) for a in (10, 20, 30, 0))
ALWAYS = ((0, 1_000),)


def instance(
    *visits: Visit,
    closes: int = 100,
    lunch: Break | None = None,
    aim: Aim = Aim.MOST_VALUE,
    capacity: int | None = None,
) -> Instance:
    """Of three visits; those not given are always open, take 5 and are worth 1."""
    all_visits = (*visits, *(Visit(ALWAYS, 5) for _ in range(3 - len(visits))))
    return Instance("line", aim, all_visits, (Vehicle(3, 3, 0, closes, capacity, lunch),), LINE)


def faults(asked: Instance, *routes: tuple[int, ...]) -> tuple[str, ...]:
    """Of an answer."""
    return judge(asked, routes).faults


@pytest.mark.parametrize(
    ("asked", "routes", "fault"),
    [
        (instance(closes=75), ((0, 1, 2),), None),
        (instance(closes=74), ((0, 1, 2),), "vehicle 0: it is back too late, at 75"),
        (instance(Visit(((0, 10),), 5)), ((0, 1),), None),
        (instance(Visit(((0, 9),), 5)), ((0, 1),), "vehicle 0: visit 0 is reached too late, at 10"),
        (instance(Visit(((0, 9), (60, 70)), 5)), ((0,),), None),
        (instance(Visit(((0, 9), (80, 90)), 5)), ((0,),), None),
        (instance(Visit(((0, 9), (86, 90)), 5)), ((0,),), "vehicle 0: it is back too late, at 101"),
        (instance(Visit(ALWAYS, 5, load=4), capacity=5), ((0, 1),), None),
        (instance(Visit(ALWAYS, 5, load=5), capacity=5), ((0, 1),), "vehicle 0: it carries 6 of 5"),
        (instance(), ((0, 0),), "visit 0 is made 2 times"),
        (instance(), ((0, 7),), "there is no visit 7"),
        (instance(), ((-1,),), "there is no visit -1"),
        (instance(), ((0,), (1,)), "2 routes for 1 vehicles"),
        (instance(Visit(ALWAYS, 5, must=True)), ((1,),), "visit 0 is not made"),
        (instance(), (), None),
        (instance(aim=Aim.LEAST_TRAVEL), ((0, 1),), "visit 2 is not made"),
        (instance(aim=Aim.LEAST_TRAVEL), ((2, 1, 0),), None),
    ],
)
def test_each_limit_on_both_of_its_sides(asked: Instance, routes: Routes, fault: str | None) -> None:
    assert faults(asked, *routes) == (() if fault is None else (fault,))


@pytest.mark.parametrize(
    ("lunch", "closes", "sound"),
    [
        # The route alone takes 75: drives of 10 and the way back of 30, three visits of 5.
        (Break(0, 100, 20), 95, True),
        (Break(0, 100, 20), 75, True),  # afterwards
        (Break(0, 74, 20), 94, False),
        (Break(0, 74, 20), 95, True),
        (Break(12, 13, 2), 78, False),  # has to be awaited, before the first visit
        (Break(12, 13, 2), 79, True),
        (Break(12, 15, 2), 77, True),
        (Break(0, 9, 20), 95, True),  # on the first drive
        (Break(-30, -20, 20), 75, True),  # over before the shift
        (Break(-10, -10, 20), 84, False),  # still eating when it begins
        (Break(-10, -10, 20), 85, True),
        (Break(80, 90, 20), 75, True),
    ],
)
def test_lunch_lies_between_visits_on_drives_or_outside(lunch: Break, closes: int, sound: bool) -> None:
    asked = instance(closes=closes, lunch=lunch)
    assert (faults(asked, (0, 1, 2)) == ()) is sound


def test_value_and_travel_are_counted_from_the_routes() -> None:
    asked = instance(Visit(ALWAYS, 5, value=7), Visit(ALWAYS, 5, value=9))
    two = replace(asked, vehicles=asked.vehicles * 2)
    verdict = judge(two, ((1,), (2,)))
    assert (verdict.faults, verdict.value, verdict.travel) == ((), 10, 40 + 60)
    assert judge(two, ((), (0, 1))).travel == 40


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 80), st.integers(0, 60), st.integers(0, 10), st.integers(1, 9)), min_size=3, max_size=3
    ),
    st.integers(20, 120),
    st.none() | st.tuples(st.integers(-30, 60), st.integers(0, 60), st.integers(1, 30)),
)
def test_the_best_sound_order_is_worth_what_the_planner_proves(
    windows: list[tuple[int, int, int, int]], closes: int, lunch: tuple[int, int, int] | None
) -> None:
    meal = None if lunch is None else Break(lunch[0], lunch[0] + lunch[1], lunch[2])
    visits = [Visit(((opens, opens + width),), service, value) for opens, width, service, value in windows]
    asked = instance(*visits, closes=closes, lunch=meal)
    orders = [order for size in range(4) for order in permutations(range(3), size) if not faults(asked, order)]
    best = max((judge(asked, (order,)).value, -judge(asked, (order,)).travel) for order in orders)
    problem = day_of(asked, asked.vehicles[0])
    plan = plan_day(problem, MatrixTravelTimes(asked), Limit(30))
    assert check_plan(problem, plan, MatrixTravelTimes(asked)) == ()
    assert (plan.value, -plan.travel_s) == best

"""Questions nobody should ask: each is answered by a verified plan with reasons, or refused by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings

from domain.places import Point
from routing.check import check_plan
from routing.plan import plan_day
from routing.problem import MAX_CANDIDATES, DayProblem, DropReason, Limit, Lunch, Window
from routing.travel_times.geodesic import GeodesicTravelTimes
from tests.routing.cases import HOME, TableTimes, day, east, hour, lunch, realistic, visit, window
from tests.routing.test_plan import problems

GEODESIC = GeodesicTravelTimes()
NAN = float("nan")
LONDON, SYDNEY = Point(51.5, -0.1), Point(-33.87, 151.21)

ANSWERED: dict[str, tuple[DayProblem, TableTimes | GeodesicTravelTimes, dict[str, DropReason]]] = {
    "service longer than the shift": (
        day(visit("long", service_s=9 * 3600 + 1), visit("good", 2)),
        GEODESIC,
        {"long": DropReason.OUTSIDE_SHIFT},
    ),
    "service as long as the shift": (day(visit("whole", service_s=9 * 3600), start=None, end=None), GEODESIC, {}),
    "no start": (day(visit("a"), visit("b", 3), start=None), GEODESIC, {}),
    "no start, no end": (day(visit("a"), visit("b", 3), start=None, end=None, lunch=lunch()), GEODESIC, {}),
    "one place for all": (day(*(visit(f"v{number}", 1) for number in range(6)), lunch=lunch()), GEODESIC, {}),
    "two continents": (
        day(visit("here", 1), visit("london", point=LONDON), visit("sydney", point=SYDNEY)),
        GEODESIC,
        {"london": DropReason.OUTSIDE_SHIFT, "sydney": DropReason.OUTSIDE_SHIFT},
    ),
    "a start on another continent": (
        day(visit("a"), visit("b", 2), start=LONDON, end=LONDON),
        GEODESIC,
        {"a": DropReason.OUTSIDE_SHIFT, "b": DropReason.OUTSIDE_SHIFT},
    ),
    "cells that are no number": (
        day(visit("island", 3), visit("good", 2)),
        TableTimes({(HOME, east(3)): NAN, (east(2), east(3)): NAN}),
        {"island": DropReason.UNREACHABLE},
    ),
    "no cell is a number": (
        day(visit("a"), visit("b", 2)),
        TableTimes(otherwise=NAN),
        {"a": DropReason.UNREACHABLE, "b": DropReason.UNREACHABLE},
    ),
    "no way home": (day(visit("a")), TableTimes({(east(1), HOME): NAN}), {"a": DropReason.UNREACHABLE}),
    "never open": (day(visit("a", windows=()), visit("b", 2)), GEODESIC, {"a": DropReason.NO_OPEN_WINDOW}),
    "open for a moment": (
        day(visit("a", windows=(window(3, 3),)), visit("b", 2)),
        GEODESIC,
        {"a": DropReason.NO_OPEN_WINDOW},
    ),
    "a shift without time": (day(visit("a"), shift_end=hour(1)), GEODESIC, {"a": DropReason.OUTSIDE_SHIFT}),
}


@pytest.mark.parametrize("name", ANSWERED)
def test_it_is_answered_with_reasons(name: str) -> None:
    problem, travel, expected = ANSWERED[name]
    plan = plan_day(problem, travel, Limit(5.0))
    assert check_plan(problem, plan, travel) == ()
    assert {drop.candidate_id: drop.reason for drop in plan.dropped} == expected
    assert len(plan.stops) + len(plan.dropped) == len(problem.candidates)


def test_two_thousand_candidates_are_answered_for_the_most_valuable() -> None:
    problem = realistic(2_000, 4)
    plan = plan_day(problem, GEODESIC, Limit(0.5))
    over = {drop.candidate_id for drop in plan.dropped if drop.reason is DropReason.OVER_LIMIT}
    assert len(over) >= 2_000 - MAX_CANDIDATES - 200
    assert len(plan.stops) + len(plan.dropped) == 2_000
    assert len(plan.stops) >= 7
    musts = {candidate.id for candidate in problem.candidates if candidate.must}
    assert not musts & over


@pytest.mark.parametrize(
    ("build", "named"),
    [
        (lambda: window(3, 2), "window ends before"),
        (lambda: Window(hour(1), hour(2).replace(tzinfo=None)), "end_at"),
        (lambda: day(shift_end=hour(0.5)), "shift ends before"),
        (lambda: Lunch(window(3, 3.5), 1_801), "lunch is longer"),
        (lambda: visit("a", service_s=-1), "service_s"),
        (lambda: visit("a", value=-1), "value"),
        (lambda: day(visit("a"), visit("a")), "share an id"),
        (lambda: Point(NAN, 0), "finite"),
        (lambda: Point(90.1, 0), "latitude"),
    ],
)
def test_what_cannot_be_meant_is_refused_by_name(build: Callable[[], object], named: str) -> None:
    with pytest.raises(ValueError, match=named):
        build()


# --- properties -------------------------------------------------------------------------------------------------------


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(problems(7))
def test_other_candidates_never_push_out_a_must_visit(problem: DayProblem) -> None:
    musts = tuple(candidate for candidate in problem.candidates if candidate.must)
    names = {candidate.id for candidate in musts}
    among_themselves = plan_day(replace(problem, candidates=musts), GEODESIC, Limit(5.0))
    among_all = plan_day(problem, GEODESIC, Limit(5.0))
    assert sum(stop.candidate_id in names for stop in among_all.stops) == len(among_themselves.stops)
    agreed = {candidate.id: candidate.fixed_at for candidate in problem.candidates}
    assert all(agreed[stop.candidate_id] in {None, stop.start_at} for stop in among_all.stops)


@pytest.mark.parametrize("seed", [1, 2])
def test_more_time_never_makes_a_searched_plan_worse(seed: int) -> None:
    problem = realistic(70, seed)
    values = [plan_day(problem, GEODESIC, Limit(30.0, solutions=count)).value for count in (1, 8)]
    assert values == sorted(values)


@pytest.mark.parametrize("hours", [0.5, 2])
def test_a_longer_shift_never_makes_a_proven_plan_worse(hours: float) -> None:
    problem = realistic(14, 6)
    problem = replace(problem, candidates=tuple(replace(each, must=False) for each in problem.candidates))
    longer = replace(problem, shift_end=problem.shift_end + timedelta(hours=hours))
    assert plan_day(longer, GEODESIC, Limit(30.0)).value >= plan_day(problem, GEODESIC, Limit(30.0)).value

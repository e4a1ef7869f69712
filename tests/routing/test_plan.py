from __future__ import annotations

import pickle
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from datetime import timedelta
from itertools import permutations
from multiprocessing import get_context
from time import monotonic

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.places import Point
from routing.check import check_plan
from routing.day import build_day
from routing.plan import plan_day
from routing.problem import Candidate, DayPlan, DayProblem, DropReason, Limit, Limiting, Lunch, Proof, Window
from routing.solver.exact import MAX_EXACT
from routing.travel_times.geodesic import GeodesicTravelTimes
from tests.routing.cases import HOME, TableTimes, day, east, hour, lunch, realistic, visit, window

GEODESIC = GeodesicTravelTimes()
EVEN = TableTimes()
QUICK = Limit(0.25)


def names(plan: DayPlan) -> list[str]:
    return [stop.candidate_id for stop in plan.stops]


def reasons(plan: DayPlan) -> dict[str, DropReason]:
    return {drop.candidate_id: drop.reason for drop in plan.dropped}


# --- each constraint kept, and its reason when it cannot be -----------------------------------------------------------

ALONE: list[tuple[str, Candidate, DropReason]] = [
    ("no point", visit("x", point=None), DropReason.NO_LOCATION),
    ("closed all day", visit("x", windows=()), DropReason.NO_OPEN_WINDOW),
    ("open tomorrow", visit("x", windows=(window(25, 30),)), DropReason.NO_OPEN_WINDOW),
    ("open before the shift", visit("x", windows=(window(0, 1),)), DropReason.NO_OPEN_WINDOW),
    ("open too short", visit("x", windows=(window(3, 3.25), window(5, 5.4))), DropReason.WINDOW_TOO_SHORT),
    ("shift cuts the window", visit("x", windows=(window(9.75, 14),)), DropReason.WINDOW_TOO_SHORT),
    ("service longer than shift", visit("x", service_s=10 * 3600), DropReason.OUTSIDE_SHIFT),
    ("too far to be back", visit("x", 130), DropReason.OUTSIDE_SHIFT),
    ("too far for its window", visit("x", 50, windows=(window(1, 2),)), DropReason.OUTSIDE_SHIFT),
    ("appointment before the shift", visit("x", fixed_at=hour(0.5)), DropReason.OUTSIDE_SHIFT),
    ("appointment ends after it", visit("x", fixed_at=hour(9.75)), DropReason.OUTSIDE_SHIFT),
    ("appointment too soon", visit("x", 10, fixed_at=hour(1)), DropReason.OUTSIDE_SHIFT),
    ("appointment while closed", visit("x", fixed_at=hour(3), windows=(window(5, 9),)), DropReason.NO_OPEN_WINDOW),
    ("closes during it", visit("x", fixed_at=hour(3), windows=(window(2, 3.2),)), DropReason.WINDOW_TOO_SHORT),
    ("all of lunch time", visit("x", fixed_at=hour(3), service_s=3 * 3600), DropReason.LUNCH_CONFLICT),
    ("other continent", visit("x", point=Point(-33.9, 18.4)), DropReason.OUTSIDE_SHIFT),
]


@pytest.mark.parametrize(("candidate", "reason"), [case[1:] for case in ALONE], ids=[case[0] for case in ALONE])
def test_infeasible_alone_names_its_reason_and_does_not_hurt_others(candidate: Candidate, reason: DropReason) -> None:
    plan = plan_day(day(candidate, visit("good", 2), lunch=lunch()), GEODESIC, QUICK)
    assert reasons(plan) == {"x": reason}
    assert names(plan) == ["good"]


def test_what_would_make_it_fit_does() -> None:
    far = visit("far", 130)
    drop = plan_day(day(far), GEODESIC, QUICK).dropped[0]
    assert drop.needs.later_end_s is not None
    longer = day(far, shift_end=hour(10) + timedelta(seconds=drop.needs.later_end_s))
    assert names(plan_day(longer, GEODESIC, QUICK)) == ["far"]
    too_short = replace(longer, shift_end=longer.shift_end - timedelta(seconds=1))
    assert names(plan_day(too_short, GEODESIC, QUICK)) == []


@pytest.mark.parametrize(
    "candidate",
    [
        visit("x", 3, windows=(window(4, 6),)),
        visit("x", 3, windows=(window(1, 1.1), window(8, 9))),
        visit("x", 3, windows=(window(2, 2.25), window(2.25, 2.5))),
        visit("x", 3, fixed_at=hour(4) + timedelta(microseconds=1500)),
        visit("x", 3, service_s=0, windows=(window(5, 5),)),
    ],
    ids=["waits", "second window", "touching windows are one", "appointment", "a moment"],
)
def test_windows_and_appointments_are_kept(candidate: Candidate) -> None:
    plan = plan_day(day(candidate, lunch=lunch()), GEODESIC, QUICK)
    assert names(plan) == ["x"]


def test_lunch_is_held_between_visits() -> None:
    visits = [visit(f"v{number}", number + 1, service_s=3600) for number in range(9)]
    plan = plan_day(day(*visits, lunch=lunch()), GEODESIC, QUICK)
    assert plan.lunch is not None
    assert hour(3.5) <= plan.lunch.start_at
    assert plan.lunch.end_at <= hour(5.5)
    assert plan.lunch.end_at - plan.lunch.start_at == timedelta(minutes=45)
    without = plan_day(day(*visits), GEODESIC, QUICK)
    assert len(without.stops) >= len(plan.stops)


@pytest.mark.parametrize(
    ("start", "end", "taken"), [(6, 10, False), (1, 3, False), (5, 10, False), (4, 10, True), (1, 5, True)]
)
def test_lunch_outside_the_shift_is_the_own_time(start: float, end: float, *, taken: bool) -> None:
    plan = plan_day(day(visit("a", 1), shift_start=hour(start), shift_end=hour(end), lunch=lunch()), GEODESIC, QUICK)
    assert (plan.lunch is not None) == taken
    assert names(plan) == ["a"]


def test_lunch_interrupts_a_drive_that_fills_its_window() -> None:
    plan = plan_day(day(visit("far"), lunch=lunch()), TableTimes(otherwise=4 * 3600.0), QUICK)
    assert plan.dropped[0].reason is DropReason.OUTSIDE_SHIFT
    free = plan_day(day(visit("far"), lunch=lunch(), shift_end=hour(12)), TableTimes(otherwise=4.9 * 3600.0), QUICK)
    assert names(free) == []
    plan = plan_day(day(visit("far"), lunch=lunch(), end=None), TableTimes(otherwise=5 * 3600.0), QUICK)
    assert plan.lunch == window(3.5, 4.25)
    assert plan.stops[0].arrive_at == hour(6.75)


@pytest.mark.parametrize("start", [HOME, None])
@pytest.mark.parametrize("end", [HOME, None])
def test_start_and_end_are_optional(start: Point | None, end: Point | None) -> None:
    plan = plan_day(day(visit("a", 5), start=start, end=end), EVEN, QUICK)
    assert plan.travel_s == 600 * ((start is not None) + (end is not None))
    assert plan.stops[0].start_at == hour(1) + timedelta(seconds=600 if start else 0)


# --- unreachable cells ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("missing", [float("nan"), float("inf")])
def test_unreachable_cells_are_data(missing: float) -> None:
    island, good = visit("island", 5), visit("good", 2)
    assert island.point is not None
    assert good.point is not None
    cut = {(point, island.point): missing for point in (HOME, good.point)}
    plan = plan_day(day(island, good), TableTimes(cut), QUICK)
    assert names(plan) == ["good"]
    assert reasons(plan) == {"island": DropReason.UNREACHABLE}
    only_by_good = TableTimes({(HOME, island.point): missing})
    assert names(plan_day(day(island, good), only_by_good, QUICK)) == ["good", "island"]
    assert reasons(plan_day(day(island, good), TableTimes(otherwise=missing), QUICK)) == {
        "island": DropReason.UNREACHABLE,
        "good": DropReason.UNREACHABLE,
    }


def test_a_large_day_with_holes_in_the_table() -> None:
    problem = realistic(40, 3)
    points = [candidate.point for candidate in problem.candidates if candidate.point]
    holes = {(a, b): float("nan") for i, a in enumerate(points) for j, b in enumerate(points) if (i + j) % 3 == 0}
    plan = plan_day(problem, TableTimes(holes), Limit(0.4))
    assert plan.stops


# --- reasons of the search --------------------------------------------------------------------------------------------


def test_displaced_names_the_visit_and_the_price() -> None:
    rich, poor = visit("rich", 5, value=300), visit("poor", -5, value=20)
    plan = plan_day(day(rich, poor, shift_end=hour(2)), EVEN, QUICK)
    assert names(plan) == ["rich"]
    (drop,) = plan.dropped
    assert drop.reason is DropReason.DISPLACED_BY_VALUE
    assert drop.displaced_by == ("rich",)
    assert drop.extra_s == 1800 + 600
    assert drop.limit is Limiting.SHIFT_END
    assert drop.needs.later_end_s == 3 * 600 + 2 * 1800 - 3600


def test_appointments_at_the_same_time_are_named_as_a_conflict() -> None:
    first, second = (
        visit("first", 1, fixed_at=hour(4), must=True, value=50),
        visit("second", 2, fixed_at=hour(4.25), must=True, value=60),
    )
    plan = plan_day(day(first, second, visit("other", 3)), GEODESIC, QUICK)
    assert set(names(plan)) == {"second", "other"}
    (drop,) = plan.dropped
    assert drop.conflicts_with == ("second",)
    assert drop.limit is Limiting.APPOINTMENT


def test_a_must_visit_outranks_any_value() -> None:
    poor, rich = visit("poor", 5, value=1, must=True), visit("rich", -5, value=10_000)
    plan = plan_day(day(poor, rich, shift_end=hour(2)), EVEN, QUICK)
    assert names(plan) == ["poor"]
    assert plan.bound >= plan.value


def test_more_than_the_planner_takes() -> None:
    problem = realistic(330, 2)
    plan = plan_day(problem, GEODESIC, Limit(0.5))
    over = [drop for drop in plan.dropped if drop.reason is DropReason.OVER_LIMIT]
    assert len(over) == 30
    assert plan.proof is Proof.UNKNOWN


# --- always an answer -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "problem",
    [
        day(),
        day(lunch=lunch()),
        day(visit("a"), shift_end=hour(1)),
        day(visit("a"), visit("b", point=None), start=None, end=None, lunch=lunch()),
        day(*[visit(f"v{number}", 1) for number in range(40)], lunch=lunch()),
        day(*[visit(f"v{number}", 0) for number in range(40)]),
        day(*[visit(f"v{number}", 0, service_s=0, value=0) for number in range(20)]),
        day(visit("here", 1), visit("there", point=Point(51.5, -0.1)), visit("pole", point=Point(90, 0))),
        day(*[visit(f"v{number}", number, fixed_at=hour(4), must=True) for number in range(15)]),
        day(visit("a"), shift_start=hour(1) + timedelta(milliseconds=500), shift_end=hour(1) + timedelta(seconds=0.6)),
    ],
    ids=["none", "lunch alone", "no shift", "no ends", "same place", "home", "free", "continents", "clash", "blink"],
)
def test_odd_days_are_answered(problem: DayProblem) -> None:
    plan = plan_day(problem, GEODESIC, QUICK)
    assert len(plan.stops) + len(plan.dropped) == len(problem.candidates)


@pytest.mark.parametrize(
    "build",
    [
        lambda: window(3, 2),
        lambda: Window(hour(1).replace(tzinfo=None), hour(2)),
        lambda: Lunch(window(3, 3.5), 3600),
        lambda: Lunch(window(3, 3.5), 0),
        lambda: visit("a", service_s=-1),
        lambda: visit("a", value=-1),
        lambda: visit("a", fixed_at=hour(1).replace(tzinfo=None)),
        lambda: day(visit("a"), visit("a")),
        lambda: day(shift_end=hour(0)),
        lambda: Limit(seconds=0),
        lambda: Limit(seconds=float("nan")),
        lambda: Limit(solutions=0),
    ],
)
def test_impossible_questions_are_refused(build: Callable[[], object]) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        build()


def test_a_day_of_thirty_is_answered_in_a_second() -> None:
    problem = realistic(30, 1)
    began = monotonic()
    plan = plan_day(problem, GEODESIC, Limit(1.0))
    assert monotonic() - began < 1.5
    assert len(plan.stops) >= 7
    assert plan.lunch is not None
    assert plan.value <= plan.bound


def test_a_day_too_large_for_a_proof_is_searched() -> None:
    plan = plan_day(realistic(MAX_EXACT + 30, 1), GEODESIC, Limit(0.4))
    assert plan.proof is Proof.UNKNOWN
    assert plan.value < plan.bound


def test_stop_is_honoured() -> None:
    asked: list[float] = []
    began = monotonic()

    def stop() -> bool:
        asked.append(monotonic())
        return monotonic() - began > 0.4

    plan = plan_day(realistic(60, 1), GEODESIC, Limit(30.0, stop=stop))
    assert monotonic() - began < 1.5
    assert plan.stops
    assert len(asked) >= 4


def test_stopped_before_it_began_still_answers() -> None:
    plan = plan_day(realistic(60, 1), GEODESIC, Limit(30.0, stop=lambda: True))
    assert plan.stops


@pytest.mark.parametrize("count", [9, 25])
def test_equal_seed_and_solutions_give_equal_plans(count: int) -> None:
    problem = realistic(count, 5)
    limit = Limit(20.0, seed=7, solutions=40)
    plan = plan_day(problem, GEODESIC, limit)
    shuffled = replace(problem, candidates=tuple(reversed(problem.candidates)))
    assert plan_day(problem, GEODESIC, limit) == plan
    assert plan_day(shuffled, GEODESIC, limit).stops == plan.stops


def test_runs_in_another_process() -> None:
    problem = realistic(6, 2)
    assert pickle.loads(pickle.dumps(problem)) == problem
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        assert pool.submit(plan_day, problem, GEODESIC, QUICK).result() == plan_day(problem, GEODESIC, QUICK)


# --- properties -------------------------------------------------------------------------------------------------------


@st.composite
def candidates(draw: st.DrawFn, most: int) -> tuple[Candidate, ...]:
    found = []
    for number in range(draw(st.integers(0, most))):
        spans = draw(st.none() | st.lists(st.tuples(st.integers(0, 44), st.integers(0, 16)), max_size=2))
        fixed = draw(st.none() | st.none() | st.integers(2, 40))
        found.append(
            Candidate(
                id=f"c{number}",
                point=draw(st.sampled_from([None, *(east(kilometres) for kilometres in range(-30, 30, 4))])),
                service_s=draw(st.sampled_from([0, 600, 1800, 5400])),
                value=draw(st.integers(1, 400)),
                windows=None if spans is None else tuple(window(a / 4, (a + length) / 4) for a, length in spans),
                fixed_at=None if fixed is None else hour(fixed / 4),
                must=draw(st.booleans()),
            )
        )
    return tuple(found)


@st.composite
def problems(draw: st.DrawFn, most: int) -> DayProblem:
    begins = draw(st.integers(4, 20))
    return day(
        *draw(candidates(most)),
        shift_start=hour(begins / 4),
        shift_end=hour((begins + draw(st.integers(0, 36))) / 4),
        start=draw(st.sampled_from([HOME, None])),
        end=draw(st.sampled_from([HOME, east(7), None])),
        lunch=draw(st.sampled_from([None, lunch(), lunch(3.5, 4.25), lunch(2, 6, 90)])),
    )


def without_must(problem: DayProblem) -> DayProblem:
    return replace(problem, candidates=tuple(replace(candidate, must=False) for candidate in problem.candidates))


bounded = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@bounded
@given(problems(7))
def test_every_plan_is_sound_and_complete(problem: DayProblem) -> None:
    plan = plan_day(problem, GEODESIC, QUICK)
    assert check_plan(problem, plan, GEODESIC) == ()
    assert sorted(names(plan) + list(reasons(plan))) == sorted(candidate.id for candidate in problem.candidates)
    assert plan.proof is Proof.OPTIMAL


@settings(bounded, max_examples=25)
@given(problems(16), st.integers(0, 3))
def test_searched_plans_are_sound_and_complete(problem: DayProblem, seed: int) -> None:
    plan = plan_day(problem, GEODESIC, Limit(5.0, seed=seed, solutions=3))
    assert check_plan(problem, plan, GEODESIC) == ()
    assert len(plan.stops) + len(plan.dropped) == len(problem.candidates)


@bounded
@given(problems(6), st.integers(0, 8))
def test_a_longer_shift_never_lowers_the_value(problem: DayProblem, quarters: int) -> None:
    problem = without_must(problem)
    longer = replace(problem, shift_end=problem.shift_end + timedelta(minutes=15 * quarters))
    assert plan_day(longer, GEODESIC, QUICK).value >= plan_day(problem, GEODESIC, QUICK).value


@bounded
@given(problems(4))
def test_the_proven_plan_is_the_best_of_all_orders(problem: DayProblem) -> None:
    plan = plan_day(problem, GEODESIC, QUICK)
    located = [candidate for candidate in problem.candidates if candidate.point is not None]
    whole = build_day(problem, located, GEODESIC)
    orders = [order for size in range(len(located) + 1) for order in permutations(range(len(located)), size)]
    best = max(whole.score(order) for order in orders if whole.is_feasible(order))
    assert whole.score([whole.ids.index(name) for name in names(plan)]) == best


@settings(bounded, max_examples=25)
@given(problems(6))
def test_the_named_later_end_is_enough(problem: DayProblem) -> None:
    problem = without_must(problem)
    plan = plan_day(problem, GEODESIC, QUICK)
    for drop in plan.dropped:
        if drop.needs.later_end_s is not None and drop.reason is DropReason.NO_FEASIBLE_INSERTION:
            longer = replace(problem, shift_end=problem.shift_end + timedelta(seconds=drop.needs.later_end_s))
            assert plan_day(longer, GEODESIC, QUICK).value > plan.value


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_an_answer_is_never_worse_than_what_is_possible_of_its_hint(seed: int) -> None:
    problem = realistic(MAX_EXACT + 30, seed)
    first = plan_day(problem, GEODESIC, Limit(20.0, solutions=12))
    hint = ("nobody", *names(first), *names(first))
    again = plan_day(replace(problem, hint=hint), GEODESIC, Limit(30.0, stop=lambda: True))
    assert again.value >= first.value
    gone = first.stops[0].candidate_id
    fewer = replace(problem, hint=hint, candidates=tuple(each for each in problem.candidates if each.id != gone))
    value = {each.id: each.value for each in problem.candidates}
    assert plan_day(fewer, GEODESIC, Limit(30.0, stop=lambda: True)).value >= first.value - value[gone]

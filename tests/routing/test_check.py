from __future__ import annotations

import pickle
from dataclasses import replace
from datetime import timedelta

import pytest

from routing.check import Fault, InconsistentPlanError, Rule, check_plan
from routing.plan import plan_day
from routing.problem import DayPlan, DayProblem, Dropped, DropReason, Limit, Window
from tests.routing.cases import TableTimes, day, hour, lunch, visit, window

TRAVEL = TableTimes()


def sound() -> tuple[DayProblem, DayPlan]:
    problem = day(
        visit("a", 1, windows=(window(1, 3),)),
        visit("b", 2, fixed_at=hour(3), must=True),
        visit("c", 3, windows=(window(3.5, 9),)),
        lunch=lunch(),
    )
    return problem, plan_day(problem, TRAVEL, Limit(1.0))


def with_stop(plan: DayPlan, index: int, **changes: object) -> DayPlan:
    stops = list(plan.stops)
    stops[index] = replace(stops[index], **changes)  # type: ignore[arg-type]
    return replace(plan, stops=tuple(stops))


def shifted(plan: DayPlan, index: int, seconds: int) -> DayPlan:
    stop, by = plan.stops[index], timedelta(seconds=seconds)
    return with_stop(plan, index, start_at=stop.start_at + by, leave_at=stop.leave_at + by)


def test_a_sound_plan_has_no_faults() -> None:
    problem, plan = sound()
    assert [stop.candidate_id for stop in plan.stops] == ["a", "b", "c"]
    assert check_plan(problem, plan, TRAVEL) == ()


@pytest.mark.parametrize("seconds", [1, -1])
@pytest.mark.parametrize("index", [0, 1, 2])
def test_every_second_counts(index: int, seconds: int) -> None:
    problem, plan = sound()
    assert check_plan(problem, shifted(plan, index, seconds), TRAVEL)


def bad_plans() -> dict[str, tuple[Rule, DayProblem, DayPlan]]:
    problem, plan = sound()
    assert plan.lunch is not None
    eaten = plan.lunch
    minute = timedelta(minutes=1)
    a, b, c = problem.candidates
    return {
        "lost": (Rule.CANDIDATES, problem, replace(plan, stops=plan.stops[1:])),
        "twice": (
            Rule.CANDIDATES,
            problem,
            replace(plan, dropped=(Dropped("a", DropReason.NO_LOCATION),)),
        ),
        "short service": (
            Rule.SERVICE,
            problem,
            with_stop(plan, 0, leave_at=plan.stops[0].leave_at - minute),
        ),
        "before arrival": (Rule.SERVICE, problem, shifted(plan, 0, -60)),
        "closed": (Rule.WINDOW, replace(problem, candidates=(replace(a, windows=(window(5, 9),)), b, c)), plan),
        "closed all day": (Rule.WINDOW, replace(problem, candidates=(replace(a, windows=()), b, c)), plan),
        "appointment": (
            Rule.APPOINTMENT,
            replace(problem, candidates=(a, replace(b, fixed_at=hour(3.1)), c)),
            plan,
        ),
        "shift ends": (Rule.SHIFT, replace(problem, shift_end=plan.end_at - timedelta(seconds=1)), plan),
        "shift starts": (Rule.SHIFT, replace(problem, shift_start=hour(2)), plan),
        "no lunch": (Rule.LUNCH, problem, replace(plan, lunch=None)),
        "unasked lunch": (Rule.LUNCH, replace(problem, lunch=None), plan),
        "short lunch": (Rule.LUNCH, problem, replace(plan, lunch=Window(eaten.start_at, eaten.end_at - minute))),
        "late lunch": (Rule.LUNCH, problem, replace(plan, lunch=Window(hour(5), hour(5.75)))),
        "lunch in a visit": (
            Rule.LUNCH,
            problem,
            replace(plan, lunch=Window(plan.stops[1].start_at, plan.stops[1].start_at + timedelta(minutes=45))),
        ),
        "wrong leg": (Rule.TRAVEL, problem, with_stop(plan, 1, leg_s=601)),
        "wrong distance": (Rule.TRAVEL, problem, with_stop(plan, 1, leg_distance_m=1.0)),
        "jump": (Rule.TRAVEL, problem, with_stop(plan, 1, arrive_at=plan.stops[1].arrive_at - minute)),
        "late home": (Rule.TRAVEL, problem, replace(plan, end_at=plan.end_at + 60 * minute)),
        "lunch before home": (Rule.LUNCH, problem, replace(plan, end_at=plan.end_at + minute)),
        "no place": (Rule.TRAVEL, replace(problem, candidates=(replace(a, point=None), b, c)), plan),
        "value": (Rule.TOTALS, problem, replace(plan, value=plan.value + 1, bound=10**6)),
        "bound": (Rule.TOTALS, problem, replace(plan, bound=plan.value - 1)),
        "travel": (Rule.TOTALS, problem, replace(plan, travel_s=plan.travel_s - 1)),
        "distance": (Rule.TOTALS, problem, replace(plan, distance_m=plan.distance_m + 1)),
    }


@pytest.mark.parametrize("name", bad_plans())
def test_each_broken_rule_is_named(name: str) -> None:
    rule, problem, plan = bad_plans()[name]
    assert rule in {fault.rule for fault in check_plan(problem, plan, TRAVEL)}


def test_a_leg_without_a_way_is_a_fault() -> None:
    problem, plan = sound()
    nowhere = TableTimes(otherwise=float("nan"))
    assert {fault.rule for fault in check_plan(problem, plan, nowhere)} == {Rule.TRAVEL}


def test_the_error_crosses_a_process_boundary() -> None:
    error = InconsistentPlanError((Fault(Rule.LUNCH, "a", "detail"),))
    copy = pickle.loads(pickle.dumps(error))
    assert copy.faults == error.faults
    assert str(copy) == str(error) == "LUNCH a detail"

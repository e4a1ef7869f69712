"""Independent verification of a day plan against the problem; the door runs it on every answer, tests on bad plans.

It shares no code with the solvers: only the question, the answer and the travel times.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from math import ceil

from domain.places import Point
from routing.problem import Candidate, DayPlan, DayProblem, Window, merge_windows
from routing.travel_times.matrix import TravelTimes

_DISTANCE_TOLERANCE_M = 0.01


class Rule(StrEnum):
    """What a plan can break."""

    CANDIDATES = "CANDIDATES"
    TRAVEL = "TRAVEL"
    SERVICE = "SERVICE"
    WINDOW = "WINDOW"
    APPOINTMENT = "APPOINTMENT"
    SHIFT = "SHIFT"
    LUNCH = "LUNCH"
    REP = "REP"
    SKILL = "SKILL"
    LOAD = "LOAD"
    TOTALS = "TOTALS"


@dataclass(frozen=True, slots=True)
class Fault:
    """One broken rule; `candidate_id` is None where it concerns the whole plan."""

    rule: Rule
    candidate_id: str | None
    detail: str


class InconsistentPlanError(RuntimeError):
    """A plan failed its verification: a defect of the planner, never of the question."""

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        super().__init__("; ".join(f"{fault.rule} {fault.candidate_id or ''} {fault.detail}" for fault in faults))
        self.faults = faults

    def __reduce__(self) -> tuple[type[InconsistentPlanError], tuple[tuple[Fault, ...]]]:
        """Exceptions are rebuilt from their arguments when they cross a process boundary."""
        return (type(self), (self.faults,))


def check_plan(problem: DayProblem, plan: DayPlan, travel: TravelTimes) -> tuple[Fault, ...]:
    """Every fault of `plan`; empty for a sound one."""
    asked = {candidate.id: candidate for candidate in problem.candidates}
    named = [stop.candidate_id for stop in plan.stops] + [drop.candidate_id for drop in plan.dropped]
    if sorted(named) != sorted(asked):
        return (Fault(Rule.CANDIDATES, None, "planned and dropped together are not the candidates asked for"),)
    return (
        *_stop_faults(problem, plan, asked),
        *_lunch_faults(problem, plan),
        *_travel_faults(problem, plan, asked, travel),
        *_total_faults(plan, asked),
    )


def _stop_faults(problem: DayProblem, plan: DayPlan, asked: dict[str, Candidate]) -> Iterator[Fault]:
    for stop in plan.stops:
        candidate = asked[stop.candidate_id]
        if not stop.arrive_at <= stop.start_at:
            yield Fault(Rule.SERVICE, candidate.id, "starts before it arrives")
        if stop.leave_at - stop.start_at != timedelta(seconds=candidate.service_s):
            yield Fault(Rule.SERVICE, candidate.id, "does not last the service time")
        if stop.start_at < problem.shift_start or stop.leave_at > problem.shift_end:
            yield Fault(Rule.SHIFT, candidate.id, "lies outside the shift")
        if candidate.windows is not None and not any(
            window.start_at <= stop.start_at and stop.leave_at <= window.end_at
            for window in merge_windows(candidate.windows)
        ):
            yield Fault(Rule.WINDOW, candidate.id, "is not inside one open window")
        if candidate.fixed_at is not None and stop.start_at != candidate.fixed_at.replace(microsecond=0):
            yield Fault(Rule.APPOINTMENT, candidate.id, "does not start at the agreed time")
        if None not in (candidate.rep_id, problem.rep_id) and candidate.rep_id != problem.rep_id:
            yield Fault(Rule.REP, candidate.id, "is locked to somebody else")
        if not candidate.needs <= problem.skills:
            yield Fault(Rule.SKILL, candidate.id, "needs a skill that is not there")
    if problem.max_load is not None and sum(asked[each.candidate_id].load for each in plan.stops) > problem.max_load:
        yield Fault(Rule.LOAD, None, "the visits together are more than a day's load")
    if plan.end_at > problem.shift_end and plan.stops:
        yield Fault(Rule.SHIFT, None, "the route is over after the shift")


def _lunch_faults(problem: DayProblem, plan: DayPlan) -> Iterator[Fault]:
    if problem.lunch is None:
        if plan.lunch is not None:
            yield Fault(Rule.LUNCH, None, "nobody asked for lunch")
        return
    window, length = problem.lunch.window, timedelta(seconds=problem.lunch.duration_s)
    if plan.lunch is None:
        # Part of a second is lost where the window and the shift do not begin on a whole one.
        margin = timedelta(seconds=1)
        before = window.start_at + length <= problem.shift_start + margin
        if not before and window.end_at - length < problem.shift_end - margin:
            yield Fault(Rule.LUNCH, None, "there is no lunch, and none fits outside the shift")
        return
    lunch = plan.lunch
    if lunch.end_at - lunch.start_at != length:
        yield Fault(Rule.LUNCH, None, "lunch has the wrong length")
    if lunch.start_at < window.start_at - timedelta(seconds=1) or lunch.end_at > window.end_at + timedelta(seconds=1):
        yield Fault(Rule.LUNCH, None, "lunch is outside its window")
    for stop in plan.stops:
        if lunch.start_at < stop.leave_at and stop.start_at < lunch.end_at:
            yield Fault(Rule.LUNCH, stop.candidate_id, "a visit overlaps lunch")
        if lunch.start_at < stop.arrive_at < lunch.end_at:
            yield Fault(Rule.LUNCH, stop.candidate_id, "arrives in the middle of lunch")
    if plan.stops and lunch.start_at < plan.end_at < lunch.end_at:
        yield Fault(Rule.LUNCH, None, "the route ends in the middle of lunch")


def _travel_faults(
    problem: DayProblem, plan: DayPlan, asked: dict[str, Candidate], travel: TravelTimes
) -> Iterator[Fault]:
    if not plan.stops:
        return
    route: list[Point] = []
    for stop in plan.stops:
        point = asked[stop.candidate_id].point
        if point is None:
            yield Fault(Rule.TRAVEL, stop.candidate_id, "has no location")
            return
        route.append(point)
    ends = (problem.start or route[0], problem.end or route[-1])
    points = [ends[0], *route, ends[1]]
    distinct = list(dict.fromkeys(points))
    table = travel.table(distinct)
    legs: list[tuple[str | None, float, int, bool, datetime, datetime]] = []
    left_at = _whole_second(problem.shift_start)
    for stop in plan.stops:
        legs.append((stop.candidate_id, stop.leg_distance_m, stop.leg_s, stop.leg_estimated, left_at, stop.arrive_at))
        left_at = stop.leave_at
    legs.append((None, plan.end_leg_distance_m, plan.end_leg_s, plan.end_leg_estimated, left_at, plan.end_at))
    for number, (name, metres, seconds, estimated, begins, ends_at) in enumerate(legs):
        origin, target = distinct.index(points[number]), distinct.index(points[number + 1])
        known_m = 0.0 if origin == target else float(table.distance_m[origin, target])
        known_s = 0.0 if origin == target else float(table.leg_s[origin, target])
        if not (abs(known_m - metres) <= _DISTANCE_TOLERANCE_M and known_s < float("inf")):
            yield Fault(Rule.TRAVEL, name, "the leg has another length, or there is no way")
        elif seconds != ceil(known_s):
            yield Fault(Rule.TRAVEL, name, "the leg takes another time")
        elif estimated != (table.estimated is not None and bool(table.estimated[origin, target])):
            yield Fault(Rule.TRAVEL, name, "the leg does not say whether it is an estimate")
        free_start = number == 0 and problem.start is None
        elapsed = (ends_at - begins).total_seconds()
        if elapsed < 0 or (not free_start and elapsed != seconds + _overlap_s(plan.lunch, begins, ends_at)):
            yield Fault(Rule.TRAVEL, name, "departure, leg and arrival do not add up")


def _overlap_s(lunch: Window | None, begins: datetime, ends: datetime) -> float:
    if lunch is None:
        return 0.0
    return max(0.0, (min(ends, lunch.end_at) - max(begins, lunch.start_at)).total_seconds())


def _total_faults(plan: DayPlan, asked: dict[str, Candidate]) -> Iterator[Fault]:
    if plan.value != sum(asked[stop.candidate_id].value for stop in plan.stops):
        yield Fault(Rule.TOTALS, None, "value is not the sum of the visits")
    if plan.bound < plan.value:
        yield Fault(Rule.TOTALS, None, "the plan exceeds its own bound")
    if plan.travel_s != sum(stop.leg_s for stop in plan.stops) + plan.end_leg_s:
        yield Fault(Rule.TOTALS, None, "travel time is not the sum of the legs")
    if (
        abs(plan.distance_m - sum(stop.leg_distance_m for stop in plan.stops) - plan.end_leg_distance_m)
        > _DISTANCE_TOLERANCE_M
    ):
        yield Fault(Rule.TOTALS, None, "distance is not the sum of the legs")


def _whole_second(moment: datetime) -> datetime:
    return moment if moment.microsecond == 0 else moment.replace(microsecond=0) + timedelta(seconds=1)

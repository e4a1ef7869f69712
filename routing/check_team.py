"""Independent verification of a team's plan against its problem; the door of a team's day runs it on every answer.

Each route is verified as the day of its representative (check.py), then what concerns the team.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from routing.check import Fault, Rule, check_plan
from routing.team_problem import TeamPlan, TeamProblem
from routing.travel_times.matrix import TravelTimes

_DISTANCE_TOLERANCE_M = 0.01


def check_team_plan(problem: TeamProblem, plan: TeamPlan, travel: TravelTimes) -> tuple[Fault, ...]:
    """Every fault of `plan`; empty for a sound one."""
    asked = {candidate.id: candidate for candidate in problem.candidates}
    visited = [stop.candidate_id for route in plan.routes for stop in route.plan.stops]
    if sorted(visited + [drop.candidate_id for drop in plan.dropped]) != sorted(asked):
        return (Fault(Rule.CANDIDATES, None, "planned and dropped together are not the candidates asked for"),)
    if [route.rep_id for route in plan.routes] != [rep.id for rep in problem.reps]:
        return (Fault(Rule.REP, None, "the routes are not those of the team"),)
    faults: list[Fault] = []
    for rep, route in zip(problem.reps, plan.routes, strict=True):
        own = tuple(asked[stop.candidate_id] for stop in route.plan.stops)
        found = check_plan(rep.day(own), route.plan, travel)
        faults += [replace(fault, detail=f"{rep.id}: {fault.detail}") for fault in found]
    return (*faults, *_total_faults(plan))


def _total_faults(plan: TeamPlan) -> Iterator[Fault]:
    plans = [route.plan for route in plan.routes]
    if plan.value != sum(each.value for each in plans):
        yield Fault(Rule.TOTALS, None, "value is not the sum of the routes")
    if plan.bound < plan.value:
        yield Fault(Rule.TOTALS, None, "the plan exceeds its own bound")
    if plan.travel_s != sum(each.travel_s for each in plans):
        yield Fault(Rule.TOTALS, None, "travel time is not the sum of the routes")
    if abs(plan.distance_m - sum(each.distance_m for each in plans)) > _DISTANCE_TOLERANCE_M:
        yield Fault(Rule.TOTALS, None, "distance is not the sum of the routes")

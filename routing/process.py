"""What the processes of a pool run. They load the solver, so that a process which only asks for plans never does."""

from __future__ import annotations

from dataclasses import dataclass

from domain.places import Point
from routing.period_problem import PeriodLimit, PeriodPlan, PeriodProblem
from routing.problem import DayPlan, DayProblem, Limit
from routing.replan_problem import Replanned, ReplanProblem
from routing.team_problem import TeamPlan, TeamProblem
from routing.travel_times.matrix import RoadMap
from routing.travel_times.source import TravelSource


@dataclass(frozen=True, slots=True)
class SolvedDay:
    """A plan and the ways it drives: one line to each stop, then the one to the end of the route where there is any."""

    plan: DayPlan
    lines: tuple[tuple[Point, ...], ...]


def plan_in_process(problem: DayProblem, limit: Limit, source: TravelSource) -> SolvedDay:
    """`plan_day` with travel times from `source`, the solver loaded at the first call."""
    from routing.plan import plan_day  # noqa: PLC0415 - see the module
    from routing.solver.team_search import make_ready_aside  # noqa: PLC0415
    from routing.travel_times.opening import open_travel_times  # noqa: PLC0415

    travel = open_travel_times(source)
    plan = plan_day(problem, travel, limit)
    make_ready_aside()
    points, estimated = _route(problem, plan)
    return SolvedDay(plan, tuple(travel.lines(points, estimated)) if points else ())


@dataclass(frozen=True, slots=True)
class SolvedTeam:
    """A team's plan, and each of its routes with the ways it drives, in the same order."""

    plan: TeamPlan
    days: tuple[SolvedDay, ...]


def team_in_process(problem: TeamProblem, limit: Limit, source: TravelSource) -> SolvedTeam:
    """`plan_team` with travel times from `source`, the solver loaded at the first call."""
    from routing.plan import plan_team  # noqa: PLC0415
    from routing.solver.team_search import make_ready_aside  # noqa: PLC0415
    from routing.travel_times.opening import open_travel_times  # noqa: PLC0415

    travel = open_travel_times(source)
    plan = plan_team(problem, travel, limit)
    make_ready_aside()
    return SolvedTeam(plan, _driven(problem, plan, travel))


@dataclass(frozen=True, slots=True)
class SolvedAgain:
    """A day planned again, and each of its routes with the ways it drives, in the same order."""

    answer: Replanned
    days: tuple[SolvedDay, ...]


def replan_in_process(problem: ReplanProblem, limit: Limit, source: TravelSource) -> SolvedAgain:
    """`replan` with travel times from `source`, the solver loaded at the first call."""
    from routing.plan import replan  # noqa: PLC0415
    from routing.travel_times.opening import open_travel_times  # noqa: PLC0415

    travel = open_travel_times(source)
    answer = replan(problem, travel, limit)
    return SolvedAgain(answer, _driven(problem.team, answer.plan, travel))


def _driven(problem: TeamProblem, plan: TeamPlan, travel: RoadMap) -> tuple[SolvedDay, ...]:
    days = []
    for rep, route in zip(problem.reps, plan.routes, strict=True):
        points, estimated = _route(rep.day(problem.candidates), route.plan)
        days.append(SolvedDay(route.plan, tuple(travel.lines(points, estimated)) if points else ()))
    return tuple(days)


def period_in_process(problem: PeriodProblem, limit: PeriodLimit, source: TravelSource) -> PeriodPlan:
    """`plan_period` with travel times from `source`, the solver loaded at the first call."""
    from routing.period import plan_period  # noqa: PLC0415 - see the module
    from routing.travel_times.opening import open_travel_times  # noqa: PLC0415

    return plan_period(problem, open_travel_times(source), limit)


def _route(problem: DayProblem, plan: DayPlan) -> tuple[list[Point], list[bool]]:
    """The points of the route and which of its legs are estimates; without a start it begins at the first visit."""
    place = {candidate.id: candidate.point for candidate in problem.candidates}
    stops = [point for stop in plan.stops if (point := place[stop.candidate_id]) is not None]
    if not stops:
        return [], []
    end = [] if problem.end is None else [problem.end]
    estimated = [stop.leg_estimated for stop in plan.stops] + [plan.end_leg_estimated] * len(end)
    return [problem.start or stops[0], *stops, *end], estimated

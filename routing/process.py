"""What the processes of a pool run. They load the solver, so that a process which only asks for plans never does."""

from __future__ import annotations

from routing.problem import DayPlan, DayProblem, Limit


def plan_in_process(problem: DayProblem, limit: Limit) -> DayPlan:
    """`plan_day` with travel times as the crow flies, the solver loaded at the first call."""
    from routing.plan import plan_day  # noqa: PLC0415 - see the module
    from routing.travel_times.geodesic import GeodesicTravelTimes  # noqa: PLC0415

    return plan_day(problem, GeodesicTravelTimes(), limit)

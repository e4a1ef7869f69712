"""Our planner as an engine of the routing benchmark, through its public door; the matrix comes as its travel times."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

import numpy as np

from benchmarks.routing.instance import OURS, Answer, Instance, Routes, Vehicle
from domain.places import Point
from routing.plan import plan_day, plan_team
from routing.problem import Candidate, DayPlan, DayProblem, Limit, Lunch, Window
from routing.solver.team_search import make_ready
from routing.team_problem import Rep, TeamProblem
from routing.travel_times.matrix import TravelTable

_ORIGIN = datetime(2026, 3, 2, tzinfo=UTC)
_DEGREES = 0.001
"""Places lie this far apart on a meridian: any distinct points do, their distances come from the matrix."""


class MatrixTravelTimes:
    """The travel times of an instance, asked for by the points of `point_of`; a unit is a second and a metre."""

    def __init__(self, instance: Instance) -> None:
        self._matrix = np.array(instance.travel, dtype=np.float64)

    def table(self, points: Sequence[Point]) -> TravelTable:
        """The table between these places."""
        places = [round(point.latitude / _DEGREES) for point in points]
        cells = self._matrix[np.ix_(places, places)]
        return TravelTable(cells, cells.copy())


def point_of(place: int) -> Point:
    """Stands for the place in what the planner is asked."""
    return Point(place * _DEGREES, 0.0)


class Planner:
    """`plan_day` for one vehicle, `plan_team` for several."""

    name = OURS
    is_seeded = True

    def __init__(self) -> None:
        make_ready()

    def can_state(self, instance: Instance) -> bool:
        """All of it."""
        del instance
        return True

    def answers(self, instance: Instance, seed: int, moments_s: Sequence[float]) -> Mapping[float, Answer]:
        """See `Engine`; one question for each moment, as its answer is what the caller waits for."""
        found: dict[float, Answer] = {}
        for moment in moments_s:
            began = time.perf_counter()
            routes = _planned(instance, Limit(moment, seed))
            found[moment] = Answer(routes, time.perf_counter() - began)
        return found


def _planned(instance: Instance, limit: Limit) -> Routes:
    travel = MatrixTravelTimes(instance)
    if len(instance.vehicles) == 1:
        day = plan_day(day_of(instance, instance.vehicles[0]), travel, limit)
        return (_visits(day),)
    team = plan_team(team_of(instance), travel, limit)
    return tuple(_visits(route.plan) for route in team.routes)


def _visits(plan: DayPlan) -> tuple[int, ...]:
    return tuple(int(stop.candidate_id) for stop in plan.stops)


def team_of(instance: Instance) -> TeamProblem:
    """The instance as the day of a team."""
    reps = tuple(
        Rep(
            f"{number:02}",
            _at(vehicle.opens),
            _at(vehicle.closes),
            point_of(vehicle.start),
            point_of(vehicle.end),
            _lunch(vehicle),
            max_load=vehicle.capacity,
        )
        for number, vehicle in enumerate(instance.vehicles)
    )
    return TeamProblem(reps, candidates_of(instance))


def day_of(instance: Instance, vehicle: Vehicle) -> DayProblem:
    """The instance as the day of one vehicle."""
    return DayProblem(
        _at(vehicle.opens),
        _at(vehicle.closes),
        point_of(vehicle.start),
        point_of(vehicle.end),
        _lunch(vehicle),
        candidates_of(instance),
        max_load=vehicle.capacity,
    )


def candidates_of(instance: Instance) -> tuple[Candidate, ...]:
    """The visits; windows end with the service of who comes last."""
    return tuple(
        Candidate(
            f"{number:03}",
            point_of(number),
            visit.service,
            visit.value,
            tuple(Window(_at(opens), _at(closes + visit.service)) for opens, closes in visit.starts),
            must=instance.must(number),
            load=visit.load,
        )
        for number, visit in enumerate(instance.visits)
    )


def _lunch(vehicle: Vehicle) -> Lunch | None:
    lunch = vehicle.lunch
    if lunch is None:
        return None
    return Lunch(Window(_at(lunch.opens), _at(lunch.last_start + lunch.duration)), lunch.duration)


def _at(units: int) -> datetime:
    return _ORIGIN + timedelta(seconds=units)

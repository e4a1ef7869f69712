"""Generated days of the planner's own kind, put as instances of the routing benchmark."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from math import ceil, floor
from typing import Protocol

from benchmarks.routing.instance import Aim, Break, Instance, Vehicle, Visit
from domain.places import Point
from routing.problem import Candidate, Lunch, merge_windows
from routing.travel_times.geodesic import GeodesicTravelTimes


class Shift(Protocol):
    """What a `DayProblem` and a `Rep` of a team have in common."""

    @property
    def shift_start(self) -> datetime:
        """Begins."""

    @property
    def shift_end(self) -> datetime:
        """Is over."""

    @property
    def start(self) -> Point | None:
        """Where the route begins."""

    @property
    def end(self) -> Point | None:
        """Where it ends."""

    @property
    def lunch(self) -> Lunch | None:
        """The break in it."""


def instance_of(name: str, candidates: Sequence[Candidate], shifts: Sequence[Shift]) -> Instance:
    """In seconds from the first shift's start. Every candidate has a point, every route a start and an end."""
    origin = min(each.shift_start for each in shifts)

    def seconds(moment: datetime) -> float:
        return (moment - origin).total_seconds()

    def visit_of(one: Candidate) -> Visit:
        starts = [(0, floor(seconds(max(each.shift_end for each in shifts))) - one.service_s)]
        if one.windows is not None:
            starts = [
                (max(0, ceil(seconds(window.start_at))), floor(seconds(window.end_at)) - one.service_s)
                for window in merge_windows(one.windows)
            ]
        if one.fixed_at is not None:
            fixed = floor(seconds(one.fixed_at))
            starts = [(fixed, fixed) for opens, closes in starts if opens <= fixed <= closes]
        return Visit(
            tuple((opens, closes) for opens, closes in starts if opens <= closes), one.service_s, one.value, one.must
        )

    def lunch_of(lunch: Lunch | None) -> Break | None:
        if lunch is None:
            return None
        opens = ceil(seconds(lunch.window.start_at))
        return Break(opens, floor(seconds(lunch.window.end_at)) - lunch.duration_s, lunch.duration_s)

    points = [one.point for one in candidates]
    vehicles = []
    for each in shifts:
        start, end = (_depot(points, len(candidates), point) for point in (each.start, each.end))
        opens, closes = ceil(seconds(each.shift_start)), floor(seconds(each.shift_end))
        vehicles.append(Vehicle(start, end, opens, closes, lunch=lunch_of(each.lunch)))
    located = [point for point in points if point is not None]
    assert len(located) == len(points), "generated days have all their points"
    table = GeodesicTravelTimes().table(located)
    travel = tuple(tuple(ceil(leg) for leg in row) for row in table.leg_s.tolist())
    return Instance(name, Aim.MOST_VALUE, tuple(visit_of(one) for one in candidates), tuple(vehicles), travel)


def _depot(points: list[Point | None], visits: int, point: Point | None) -> int:
    """The place of a depot among `points`, added where it is new."""
    if point not in points[visits:]:
        points.append(point)
    return points.index(point, visits)


def without_lunch(instance: Instance) -> Instance:
    """The sub-problem that engines without breaks can state."""
    vehicles = tuple(replace(vehicle, lunch=None) for vehicle in instance.vehicles)
    return replace(instance, vehicles=vehicles)

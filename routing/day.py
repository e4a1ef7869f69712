"""A day problem in whole seconds and indices, and the one rule of time on it; shared by solvers, explanation and door.

Node numbers: 0 .. n-1 are candidates, n is the start and n + 1 the end of the route. Times count from shift start.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from math import ceil, floor

import numpy as np

from domain.places import Point
from routing.problem import Candidate, DayProblem, merge_windows
from routing.travel_times.matrix import TravelTimes

NEVER = 10**9
_DEAD = (NEVER, NEVER)

Label = tuple[int, int]
"""The earliest time the route can go on: before lunch, and with lunch behind it. NEVER where that cannot be."""


@dataclass(frozen=True, slots=True)
class Break:
    """Lunch may start from `opens` to `last_start` and takes `duration` seconds."""

    opens: int
    last_start: int
    duration: int


@dataclass(frozen=True, slots=True)
class Day:
    """See the module; `starts[i]` are the ranges in which service at i may start, `worth` is a value of at least 1."""

    origin: datetime
    horizon: int
    ids: tuple[str, ...]
    service: tuple[int, ...]
    worth: tuple[int, ...]
    must: tuple[bool, ...]
    fixed: tuple[bool, ...]
    starts: tuple[tuple[tuple[int, int], ...], ...]
    lunch: Break | None
    leg: list[list[int]]
    leg_m: list[list[float]]
    leg_estimated: list[list[bool]]
    load: tuple[int, ...]
    max_load: int | None

    @property
    def count(self) -> int:
        """How many candidates there are."""
        return len(self.ids)

    def at(self, second: int) -> datetime:
        """The moment `second` seconds after the origin."""
        return self.origin + timedelta(seconds=second)

    def only(self, nodes: Sequence[int]) -> Day:
        """The same day with these candidates alone, in this order."""
        keep = [*nodes, self.count, self.count + 1]
        return replace(
            self,
            ids=tuple(self.ids[i] for i in nodes),
            service=tuple(self.service[i] for i in nodes),
            worth=tuple(self.worth[i] for i in nodes),
            must=tuple(self.must[i] for i in nodes),
            fixed=tuple(self.fixed[i] for i in nodes),
            starts=tuple(self.starts[i] for i in nodes),
            load=tuple(self.load[i] for i in nodes),
            leg=[[self.leg[a][b] for b in keep] for a in keep],
            leg_m=[[self.leg_m[a][b] for b in keep] for a in keep],
            leg_estimated=[[self.leg_estimated[a][b] for b in keep] for a in keep],
        )

    def first(self) -> Label:
        """Where every route begins."""
        if self.lunch is None:
            return (NEVER, 0)
        if self.lunch.opens < 0:
            return (0, max(0, self.lunch.opens + self.lunch.duration))
        return (0, NEVER)

    def gap(self, label: Label, leg: int) -> Label:
        """Drive for `leg` seconds, with or without having lunch before, on the way or on arrival."""
        before, after = label
        if leg >= NEVER:
            return _DEAD
        lunch = self.lunch
        if lunch is not None and before < NEVER and max(before, lunch.opens) <= lunch.last_start:
            fed = max(before + leg, lunch.opens) + lunch.duration
            return (before + leg, min(after + leg, fed, NEVER))
        return (NEVER, min(after + leg, NEVER))

    def step(self, label: Label, origin: int, node: int) -> Label:
        """From the end of service at `origin` to the end of service at `node`."""
        before, after = self.gap(label, self.leg[origin][node])
        starts, service = self.starts[node], self.service[node]
        return (_begin(before, starts, service), _begin(after, starts, service))

    def finish(self, label: Label, origin: int) -> int:
        """When the route is over, ignoring the end of the shift; NEVER if lunch has found no place."""
        before, after = self.gap(label, self.leg[origin][self.count + 1])
        if self.lunch is not None and before <= self.lunch.last_start:
            return min(before, after)
        return after

    def labels(self, order: Sequence[int]) -> list[Label]:
        """The label at the start and after each visit of `order`."""
        result, at = [self.first()], self.count
        for node in order:
            result.append(self.step(result[-1], at, node))
            at = node
        return result

    def end_of(self, order: Sequence[int]) -> int:
        """When the route is over, ignoring the end of the shift; NEVER where it breaks another limit."""
        if not order:
            return 0
        return self.finish(self.labels(order)[-1], order[-1])

    def is_feasible(self, order: Sequence[int]) -> bool:
        """Whether the route keeps all limits."""
        return self.is_carried(order) and self.end_of(order) <= self.horizon

    def is_carried(self, nodes: Iterable[int]) -> bool:
        """Whether the loads of these visits together are not too much."""
        return self.max_load is None or sum(self.load[i] for i in nodes) <= self.max_load

    def travel(self, order: Sequence[int]) -> int:
        """Driving time in seconds, to the end of the route; none for a day without visits."""
        if not order:
            return 0
        path = [self.count, *order, self.count + 1]
        return sum(self.leg[a][b] for a, b in pairwise(path))

    def score(self, order: Sequence[int]) -> tuple[int, int, int]:
        """What is to be maximised: must-visits, then value, then less travel."""
        return (sum(self.must[i] for i in order), sum(self.worth[i] for i in order), -self.travel(order))


def _begin(ready: int, starts: tuple[tuple[int, int], ...], service: int) -> int:
    for low, high in starts:
        if ready <= high:
            return (max(ready, low)) + service
    return NEVER


def build_day(problem: DayProblem, candidates: Sequence[Candidate], travel: TravelTimes) -> Day:
    """The problem for these candidates, all of which have a point. Asks `travel` once."""
    origin = whole_origin(problem)
    located = [candidate.point for candidate in candidates if candidate.point is not None]
    leg, leg_m, leg_estimated = _legs(located, problem.start, problem.end, travel)
    lunch = None
    if problem.lunch is not None:
        window = problem.lunch.window
        opens = ceil((window.start_at - origin).total_seconds())
        last_start = floor((window.end_at - origin).total_seconds()) - problem.lunch.duration_s
        lunch = Break(opens, max(opens, last_start), problem.lunch.duration_s)
    return Day(
        origin=origin,
        horizon=floor((problem.shift_end - origin).total_seconds()),
        ids=tuple(one.id for one in candidates),
        service=tuple(one.service_s for one in candidates),
        worth=tuple(max(1, one.value) for one in candidates),
        must=tuple(one.must for one in candidates),
        fixed=tuple(one.fixed_at is not None for one in candidates),
        starts=tuple(start_ranges(one, origin) for one in candidates),
        lunch=lunch,
        leg=leg,
        leg_m=leg_m,
        leg_estimated=leg_estimated,
        load=tuple(one.load for one in candidates),
        max_load=problem.max_load,
    )


def whole_origin(problem: DayProblem) -> datetime:
    """The shift's start in UTC, on the first whole second."""
    start = problem.shift_start.astimezone(UTC)
    return start if start.microsecond == 0 else start.replace(microsecond=0) + timedelta(seconds=1)


def start_ranges(candidate: Candidate, origin: datetime) -> tuple[tuple[int, int], ...]:
    """The seconds at which site and appointment let service start; the end of the shift is not in it."""
    if candidate.windows is None:
        ranges = [(0, NEVER - 1)]
    else:
        ranges = [
            (
                max(0, ceil((window.start_at - origin).total_seconds())),
                floor((window.end_at - origin).total_seconds()) - candidate.service_s,
            )
            for window in merge_windows(candidate.windows)
        ]
    if candidate.fixed_at is not None:
        fixed = floor((candidate.fixed_at - origin).total_seconds())
        ranges = [(fixed, fixed) for low, high in ranges if low <= fixed <= high]
    return tuple((low, high) for low, high in ranges if low <= high)


def _legs(
    located: Sequence[Point], start: Point | None, end: Point | None, travel: TravelTimes
) -> tuple[list[list[int]], list[list[float]], list[list[bool]]]:
    points = [*located, *(point for point in (start, end) if point is not None)]
    distinct = list(dict.fromkeys(points))
    place = {point: index for index, point in enumerate(distinct)}
    count = len(located)
    leg_s = np.zeros((count + 2, count + 2), dtype=np.int64)
    leg_m = np.zeros((count + 2, count + 2), dtype=np.float64)
    estimated = np.zeros((count + 2, count + 2), dtype=np.bool_)
    if distinct:
        table = travel.table(distinct)
        reachable = table.reachable
        seconds = np.where(reachable, np.minimum(np.ceil(np.where(reachable, table.leg_s, 0)), NEVER), NEVER)
        metres = np.where(reachable, table.distance_m, np.inf)
        np.fill_diagonal(seconds, 0)
        np.fill_diagonal(metres, 0)
        nodes = list(range(count))
        where = [place[point] for point in located]
        for node, point in ((count, start), (count + 1, end)):
            if point is not None:
                nodes.append(node)
                where.append(place[point])
        leg_s[np.ix_(nodes, nodes)] = seconds[np.ix_(where, where)]
        leg_m[np.ix_(nodes, nodes)] = metres[np.ix_(where, where)]
        if table.estimated is not None:
            estimated[np.ix_(nodes, nodes)] = table.estimated[np.ix_(where, where)]
    return leg_s.tolist(), leg_m.tolist(), estimated.tolist()

"""Judges an answer of the routing benchmark by the instance alone; shares no code with any planner.

Routes are driven as early as can be. Where a lunch is due, every place for it is tried.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from benchmarks.routing.instance import Break, Instance, Routes, Vehicle


@dataclass(frozen=True, slots=True)
class Verdict:
    """Without faults the answer is sound; `value` and `travel` are recounted from the routes."""

    faults: tuple[str, ...]
    value: int = 0
    travel: int = 0


def judge(instance: Instance, routes: Routes) -> Verdict:
    """What the routes are worth, or what is wrong with them."""
    faults: list[str] = []
    if len(routes) > len(instance.vehicles):
        faults.append(f"{len(routes)} routes for {len(instance.vehicles)} vehicles")
    visited = Counter(visit for route in routes for visit in route)
    unknown = sorted(visit for visit in visited if not 0 <= visit < len(instance.visits))
    if unknown or faults:
        return Verdict((*faults, *(f"there is no visit {visit}" for visit in unknown)))
    faults += [f"visit {visit} is made {times} times" for visit, times in sorted(visited.items()) if times > 1]
    faults += [
        f"visit {visit} is not made"
        for visit in range(len(instance.visits))
        if instance.must(visit) and visit not in visited
    ]
    for number, (vehicle, route) in enumerate(zip(instance.vehicles, routes, strict=False)):
        fault = _fault(instance, vehicle, route)
        if fault is not None:
            faults.append(f"vehicle {number}: {fault}")
    value = sum(instance.visits[visit].value for visit in visited)
    travel = sum(_travel(instance, vehicle, route) for vehicle, route in zip(instance.vehicles, routes, strict=False))
    return Verdict(tuple(faults), value, travel)


def _travel(instance: Instance, vehicle: Vehicle, route: Sequence[int]) -> int:
    if not route:
        return 0
    return sum(instance.travel[a][b] for a, b in pairwise([vehicle.start, *route, vehicle.end]))


def _fault(instance: Instance, vehicle: Vehicle, route: Sequence[int]) -> str | None:
    load = sum(instance.visits[visit].load for visit in route)
    if vehicle.capacity is not None and load > vehicle.capacity:
        return f"it carries {load} of {vehicle.capacity}"
    if not route:
        return None
    lunch = vehicle.lunch
    if lunch is None:
        return _drive(instance, vehicle, route, vehicle.opens, lunch_before=None)
    early = None
    if lunch.opens < vehicle.opens:
        # Already eating when the shift begins.
        begins = max(vehicle.opens, lunch.opens + lunch.duration)
        early = _drive(instance, vehicle, route, begins, lunch_before=None)
        if early is None:
            return None
    gaps = range(len(route) + 2)
    tried = [_drive(instance, vehicle, route, vehicle.opens, lunch_before=gap) for gap in gaps]
    return None if None in tried else f"no place for lunch ({early or tried[-1]})"


def _drive(
    instance: Instance, vehicle: Vehicle, route: Sequence[int], begins: int, lunch_before: int | None
) -> str | None:
    """What fails first with lunch before that stop (the end is the last one, past it means afterwards)."""
    at, now = vehicle.start, begins
    for number, visit in enumerate(route):
        ready = _arrival(instance, vehicle, at, visit, now, eats=number == lunch_before)
        if ready is None:
            return f"lunch is too late before visit {visit}"
        begun = [max(ready, opens) for opens, closes in instance.visits[visit].starts if ready <= closes]
        if not begun:
            return f"visit {visit} is reached too late, at {ready}"
        at, now = visit, min(begun) + instance.visits[visit].service
    back = _arrival(instance, vehicle, at, vehicle.end, now, eats=lunch_before == len(route))
    if back is None:
        return "lunch is too late on the way back"
    if back > vehicle.closes:
        return f"it is back too late, at {back}"
    if lunch_before == len(route) + 1 and vehicle.lunch is not None and back > vehicle.lunch.last_start:
        return "lunch is too late after the route"
    return None


def _arrival(instance: Instance, vehicle: Vehicle, at: int, to: int, now: int, *, eats: bool) -> int | None:
    arrives = now + instance.travel[at][to]
    if not eats:
        return arrives
    lunch: Break | None = vehicle.lunch
    assert lunch is not None
    begins = max(now, lunch.opens)
    if begins > lunch.last_start:
        return None
    # On the drive it is interrupted; lunch that begins after the drive follows it.
    return max(arrives, begins) + lunch.duration

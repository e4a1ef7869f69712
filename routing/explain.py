"""Why a candidate that would fit on an empty day is not in the plan, and what would make it fit; used by the door."""

from __future__ import annotations

from collections.abc import Sequence

from routing.day import NEVER, Day
from routing.problem import Dropped, DropReason, Limiting, Needs
from routing.solver.insertion import best_insertion

MAX_DETAILED = 60


def explain_drops(day: Day, order: Sequence[int]) -> tuple[Dropped, ...]:
    """The binding reason of each candidate outside `order`, most valuable first.

    Displacement is looked for in the MAX_DETAILED most valuable ones; the others carry the limit that binds.
    """
    planned = set(order)
    left = sorted(
        (node for node in range(day.count) if node not in planned),
        key=lambda i: (not day.must[i], -day.worth[i], day.ids[i]),
    )
    shorter = shorter_by_one(day, order)
    return tuple(
        explain_drop(day, order, shorter if rank < MAX_DETAILED else {}, node) for rank, node in enumerate(left)
    )


def shorter_by_one(day: Day, order: Sequence[int]) -> dict[int, list[int]]:
    """For each planned visit the order without it, where that keeps all limits."""
    shorter = {out: [node for node in order if node != out] for out in order}
    return {out: rest for out, rest in shorter.items() if day.is_feasible(rest)}


def explain_drop(day: Day, order: Sequence[int], shorter: dict[int, list[int]], node: int) -> Dropped:
    """The binding reason of one candidate outside `order`; displacement is looked for among `shorter`."""
    limit, limit_at, overrun = _binding(day, order, node)
    later_end = _later_end(day, order, node)
    displaced_by = _displacing(day, shorter, node)
    extra = _added(day, order, node) if displaced_by else overrun
    return Dropped(
        day.ids[node],
        DropReason.DISPLACED_BY_VALUE if displaced_by else DropReason.NO_FEASIBLE_INSERTION,
        limit=limit,
        limit_at=None if limit_at in (None, node) else day.ids[limit_at],
        extra_s=None if extra >= NEVER else extra,
        displaced_by=displaced_by,
        conflicts_with=tuple(
            day.ids[other]
            for other in order
            if (day.must[other] or day.fixed[other])
            and not day.is_feasible([node, other])
            and not day.is_feasible([other, node])
        ),
        needs=Needs(later_end_s=later_end),
    )


def _routes_with(order: Sequence[int], node: int) -> list[list[int]]:
    return [[*order[:position], node, *order[position:]] for position in range(len(order) + 1)]


def _binding(day: Day, order: Sequence[int], node: int) -> tuple[Limiting, int | None, int]:
    """The limit that breaks by the fewest seconds over all places for `node`."""
    return min((_first_break(day, route) for route in _routes_with(order, node)), key=lambda one: one[2])


def _first_break(day: Day, route: Sequence[int]) -> tuple[Limiting, int | None, int]:
    if not day.is_carried(route):
        return (Limiting.LOAD, None, NEVER)
    label, at = day.first(), day.count
    for node in route:
        if day.leg[at][node] >= NEVER:
            return (Limiting.UNREACHABLE, node, NEVER)
        arrive = min(day.gap(label, day.leg[at][node]))
        label = day.step(label, at, node)
        if min(label) >= NEVER:
            if arrive >= NEVER:
                return (Limiting.LUNCH, node, NEVER - 1)
            kind = Limiting.APPOINTMENT if day.fixed[node] else Limiting.WINDOW
            return (kind, node, arrive - day.starts[node][-1][1])
        at = node
    if day.leg[at][day.count + 1] >= NEVER:
        return (Limiting.UNREACHABLE, None, NEVER)
    end = day.finish(label, at)
    if end >= NEVER:
        late = label[0] - day.lunch.last_start if day.lunch is not None else 0
        return (Limiting.LUNCH, None, max(1, late))
    return (Limiting.SHIFT_END, None, end - day.horizon)


def _later_end(day: Day, order: Sequence[int], node: int) -> int | None:
    if not day.is_carried([*order, node]):
        return None
    end = min(day.end_of(route) for route in _routes_with(order, node))
    return end - day.horizon if day.horizon < end < NEVER else None


def _displacing(day: Day, shorter: dict[int, list[int]], node: int) -> tuple[str, ...]:
    """The least planned visit, worth at least as much as `node`, whose place `node` could take."""
    mine = (day.must[node], day.worth[node])
    for out in sorted(shorter, key=lambda i: (day.must[i], day.worth[i], day.ids[i])):
        rest = shorter[out]
        if (day.must[out], day.worth[out]) >= mine and best_insertion(day, rest, day.labels(rest), node) is not None:
            return (day.ids[out],)
    return ()


def _added(day: Day, order: Sequence[int], node: int) -> int:
    now = day.travel(order)
    return day.service[node] + min(day.travel(route) - now for route in _routes_with(order, node))

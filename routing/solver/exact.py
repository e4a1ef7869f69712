"""The proven best day for few candidates, by dynamic programming over sets of visits; used by the door."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from routing.day import NEVER, Day, Label

MAX_EXACT = 10
_MAX_LABELS = 60_000


@dataclass(frozen=True, slots=True)
class _Partial:
    label: Label
    travel: int
    node: int
    parent: _Partial | None


def solve_exactly(day: Day, is_over: Callable[[], bool]) -> list[int] | None:
    """The best order by `Day.score`, or None where the day is too large or the search was stopped.

    Partial routes over the same set of visits with the same last one are kept while neither is at least as early (both
    before and after lunch) and as short as the other (M. Held and R. Karp, 1962, with time as a second criterion).
    """
    if day.count > MAX_EXACT:
        return None
    best: tuple[tuple[int, int, int], _Partial | None] = ((0, 0, 0), None)
    layer: dict[tuple[int, int], list[_Partial]] = {(0, day.count): [_Partial(day.first(), 0, day.count, None)]}
    made = 0
    while layer:
        following: dict[tuple[int, int], list[_Partial]] = {}
        for (visited, at), partials in layer.items():
            if is_over() or made > _MAX_LABELS:
                return None
            for partial in partials:
                for node in range(day.count):
                    if visited >> node & 1:
                        continue
                    label = day.step(partial.label, at, node)
                    if min(label) > day.horizon:
                        continue
                    made += 1
                    grown = _Partial(label, partial.travel + day.leg[at][node], node, partial)
                    _keep(following.setdefault((visited | 1 << node, node), []), grown)
        for (visited, at), partials in following.items():
            nodes = [node for node in range(day.count) if visited >> node & 1]
            musts, worth = sum(day.must[i] for i in nodes), sum(day.worth[i] for i in nodes)
            for partial in partials:
                score = (musts, worth, -partial.travel - day.leg[at][day.count + 1])
                if score > best[0] and day.finish(partial.label, at) <= day.horizon:
                    best = (score, partial)
        layer = following
    order: list[int] = []
    step = best[1]
    while step is not None and step.parent is not None:
        order.append(step.node)
        step = step.parent
    return order[::-1]


def _keep(partials: list[_Partial], grown: _Partial) -> None:
    early, late, travel = grown.label[0], grown.label[1], grown.travel
    if travel >= NEVER:
        return
    for known in partials:
        if known.label[0] <= early and known.label[1] <= late and known.travel <= travel:
            return
    partials[:] = [
        known
        for known in partials
        if not (early <= known.label[0] and late <= known.label[1] and travel <= known.travel)
    ]
    partials.append(grown)

"""Times for a route that keep as many published times as possible; used by the search and the door of replanning.

A visit starts as soon as it can or, if that is too early, at its published time: waiting costs nothing, moving does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from routing.day import NEVER, Break, Day
from routing.timeline import earliest_times


@dataclass(frozen=True, slots=True)
class Promises:
    """Published starts by node, in seconds of the day; a visit has moved that starts `moved_after_s` off its own."""

    starts: Mapping[int, int]
    moved_after_s: int

    def is_moved(self, node: int, start: int) -> bool:
        """Whether that start is not what was published."""
        at = self.starts.get(node)
        return at is not None and abs(start - at) >= self.moved_after_s

    def moved(self, day: Day, order: Sequence[int]) -> set[int]:
        """Which visits of a feasible order have moved at its earliest times."""
        times = earliest_times(day, order)
        assert times is not None
        return {node for node, (_, start, _) in zip(order, times.visits, strict=True) if self.is_moved(node, start)}


@dataclass(frozen=True, slots=True)
class _Step:
    """The earliest end of service with so many visits moved; the first one is the start of the route."""

    over_at: int
    lunch_at: int | None = None
    start: int = 0
    before: _Step | None = None


_Steps = dict[tuple[bool, int], _Step]
"""By whether lunch was had, and how many visits have moved."""


def fewest_moved(day: Day, order: Sequence[int], promises: Promises) -> int | None:
    """How many visits of the order have to move; None where it breaks a limit."""
    if not any(node in promises.starts for node in order):
        return 0 if day.is_feasible(order) else None
    found = _best(day, order, promises)
    return None if found is None else found[0]


def kept_times(day: Day, order: Sequence[int], promises: Promises) -> Day:
    """The day narrowed to times at which the feasible order moves the fewest visits."""
    if not order:
        return day
    found = _best(day, order, promises)
    assert found is not None, "the order is feasible"
    _, end, last = found
    settled = _with_lunch(day, last.lunch_at, end)
    step: _Step | None = last
    for node in reversed(order):
        assert step is not None
        settled, step = _at(settled, node, step.start), step.before
    # What starts a little early without having moved stays where it was as well, if nothing else moves for it.
    for node in reversed(order):
        at = promises.starts.get(node)
        if at is not None and settled.starts[node][0][0] < at and _is_open(day, node, at):
            tried = _at(settled, node, at)
            if earliest_times(tried, order) is not None:
                settled = tried
    return settled


def _best(day: Day, order: Sequence[int], promises: Promises) -> tuple[int, int, _Step] | None:
    """The fewest moved visits, when the route is over at the earliest with so few, and its last step."""
    if not day.is_carried(order):
        return None
    before, after = day.first()
    steps: _Steps = {}
    if before < NEVER:
        steps[False, 0] = _Step(before)
    if after < NEVER:
        steps[True, 0] = _Step(after, None if day.lunch is None else day.lunch.opens)
    at = day.count
    for node in order:
        steps = _grown(day, steps, at, node, promises)
        at = node
    best: tuple[int, int, _Step] | None = None
    for (fed, moved), step in steps.items():
        for over, lunch_at in _arrivals(day, step, day.leg[at][day.count + 1], fed=fed):
            hungry = day.lunch is not None and lunch_at is None
            if over > day.horizon or (hungry and day.lunch is not None and over > day.lunch.last_start):
                continue
            if best is None or (moved, over) < best[:2]:
                best = (moved, over, replace(step, lunch_at=lunch_at))
    return best


def _grown(day: Day, steps: _Steps, at: int, node: int, promises: Promises) -> _Steps:
    grown: _Steps = {}
    for (fed, moved), step in steps.items():
        for ready, lunch_at in _arrivals(day, step, day.leg[at][node], fed=fed):
            for start in _starts(day, node, ready, promises):
                key = (lunch_at is not None or day.lunch is None, moved + promises.is_moved(node, start))
                over_at = start + day.service[node]
                if key not in grown or over_at < grown[key].over_at:
                    grown[key] = _Step(over_at, lunch_at, start, step)
    return grown


def _arrivals(day: Day, step: _Step, leg: int, *, fed: bool) -> list[tuple[int, int | None]]:
    """When the drive is over and when lunch was: on the way, too, where it is still to come."""
    if leg >= NEVER:
        return []
    lunch = day.lunch
    if fed or lunch is None:
        return [(step.over_at + leg, step.lunch_at)]
    if max(step.over_at, lunch.opens) > lunch.last_start:
        return []
    arrive = step.over_at + leg
    lunch_at = min(max(arrive, lunch.opens), lunch.last_start)
    return [(arrive, None), (max(arrive, lunch.opens) + lunch.duration, lunch_at)]


def _starts(day: Day, node: int, ready: int, promises: Promises) -> list[int]:
    """The earliest start, and the published one where that is later."""
    soonest = next((max(ready, low) for low, high in day.starts[node] if ready <= high), None)
    if soonest is None:
        return []
    at = promises.starts.get(node)
    return [soonest, at] if at is not None and soonest < at and _is_open(day, node, at) else [soonest]


def _is_open(day: Day, node: int, at: int) -> bool:
    return any(low <= at <= high for low, high in day.starts[node])


def _at(day: Day, node: int, start: int) -> Day:
    """The day with the visit starting just then."""
    return replace(day, starts=(*day.starts[:node], ((start, start),), *day.starts[node + 1 :]))


def _with_lunch(day: Day, lunch_at: int | None, end: int) -> Day:
    """The day with lunch at that time; after the route where there is none."""
    if day.lunch is None:
        return day
    if lunch_at is None:
        return replace(day, lunch=replace(day.lunch, opens=max(day.lunch.opens, end)))
    return replace(day, lunch=Break(lunch_at, lunch_at, day.lunch.duration))

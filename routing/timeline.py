"""Clock times of an order of visits, lunch included; the door turns a solver's order into a plan with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from routing.day import Day


@dataclass(frozen=True, slots=True)
class Times:
    """Per visit (arrive, start, leave), the start of lunch (None: none asked for) and the end of the route; seconds."""

    visits: tuple[tuple[int, int, int], ...]
    lunch: int | None
    end: int


def earliest_times(day: Day, order: Sequence[int]) -> Times | None:
    """The times that end a feasible order soonest, or None where the order breaks a limit."""
    if not order:
        return Times((), _free_lunch(day), 0)
    # Lunch before the shift (-1), in the gap before each visit, on the way to the end, or after it.
    gaps: Sequence[int | None] = [None] if day.lunch is None else range(len(order) + 1, -2, -1)
    found = [times for gap in gaps if (times := _times_with_lunch(day, order, gap)) is not None]
    return min(found, key=lambda times: times.end, default=None)


def _free_lunch(day: Day) -> int | None:
    if day.lunch is None:
        return None
    return max(day.lunch.opens, min(0, day.lunch.last_start))


def _times_with_lunch(day: Day, order: Sequence[int], lunch_gap: int | None) -> Times | None:
    now, lunch_at, at, end = 0, None, day.count, 0
    visits: list[tuple[int, int, int]] = []
    lunch = day.lunch
    if lunch is not None and lunch_gap == -1:
        if lunch.opens >= 0:
            return None
        lunch_at, now = lunch.opens, max(0, lunch.opens + lunch.duration)
    for gap, node in enumerate([*order, day.count + 1]):
        arrive = now + day.leg[at][node]
        ready = arrive
        if lunch is not None and gap == lunch_gap:
            if max(now, lunch.opens) > lunch.last_start:
                return None
            if now >= lunch.opens:
                lunch_at, arrive = now, arrive + lunch.duration
                ready = arrive
            elif arrive <= lunch.last_start:
                lunch_at = max(arrive, lunch.opens)
                ready = lunch_at + lunch.duration
            else:
                lunch_at, arrive = lunch.opens, arrive + lunch.duration
                ready = arrive
        if node == day.count + 1:
            end = ready
            break
        start = next((max(ready, low) for low, high in day.starts[node] if ready <= high), None)
        if start is None:
            return None
        now, at = start + day.service[node], node
        visits.append((arrive, start, now))
    if end > day.horizon:
        return None
    if lunch is not None and lunch_gap == len(order) + 1:
        lunch_at = max(end, lunch.opens)
        if lunch_at > lunch.last_start:
            return None
    return Times(tuple(visits), lunch_at, end)

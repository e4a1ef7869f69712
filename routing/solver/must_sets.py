"""Which must-visits go together in one day; used by routing/solver/exact.py."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from routing.day import Day, Label
from routing.solver.bounds import shortest_driving

_MAX_LISTED = 9


def must_sets(day: Day, known: Sequence[int]) -> Iterator[frozenset[int]]:
    """Sets of must-visits, largest first, one of which is what the best plan holds; `known` is a feasible order.

    All in one set where `known` holds them all or where they are too many to list.
    """
    musts = [node for node in range(day.count) if day.must[node]]
    kept = sum(day.must[node] for node in known)
    if kept == len(musts) or len(musts) > _MAX_LISTED:
        yield frozenset(musts)
        return
    yield from sorted(
        (each for each in _feasible(day, musts) if len(each) >= kept), key=lambda each: (-len(each), sorted(each))
    )


def _feasible(day: Day, musts: Sequence[int]) -> set[frozenset[int]]:
    """The sets that a day without other visits could hold.

    Driving is taken as the shortest over any way: dropping the visits in between never makes a route longer then.
    """
    relaxed = replace(day, leg=shortest_driving(day).tolist())
    found = {frozenset[int]()}
    layer: dict[tuple[frozenset[int], int], set[Label]] = {(frozenset(), day.count): {day.first()}}
    while layer:
        following: dict[tuple[frozenset[int], int], set[Label]] = {}
        for (visited, at), labels in layer.items():
            for node in musts:
                if node in visited:
                    continue
                for label in labels:
                    done = relaxed.step(label, at, node)
                    if min(done) <= day.horizon:
                        following.setdefault((visited | {node}, node), set()).add(done)
        for (visited, at), labels in following.items():
            if any(relaxed.finish(label, at) <= day.horizon for label in labels):
                found.add(visited)
        layer = following
    return found

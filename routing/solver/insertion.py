"""Routes by insertion: a first plan that always exists, and the small steps that finish any plan; used by the door."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from routing.day import NEVER, Day, Label


def best_insertion(day: Day, order: Sequence[int], labels: Sequence[Label], node: int) -> tuple[int, int] | None:
    """(added driving seconds, position) of the cheapest feasible place for `node`, or None.

    `labels` is `day.labels(order)`.
    """
    best: tuple[int, int] | None = None
    if not day.is_carried([*order, node]):
        return None
    leg, end = day.leg, day.count + 1
    for position in range(len(order) + 1):
        before = order[position - 1] if position else day.count
        after = order[position] if position < len(order) else end
        added = leg[before][node] + leg[node][after] - (leg[before][after] if order else 0)
        if leg[before][node] >= NEVER or leg[node][after] >= NEVER or (best is not None and added >= best[0]):
            continue
        if _fits(day, order, labels, node, position):
            best = (added, position)
    return best


def _fits(day: Day, order: Sequence[int], labels: Sequence[Label], node: int, position: int) -> bool:
    at = order[position - 1] if position else day.count
    label = day.step(labels[position], at, node)
    at = node
    for index in range(position, len(order)):
        if min(label) > day.horizon:
            return False
        label = day.step(label, at, order[index])
        at = order[index]
        known = labels[index + 1]
        if label[0] <= known[0] and label[1] <= known[1]:
            # No later than the route that is feasible already: the rest of it holds as it is.
            return True
    return min(label) <= day.horizon and day.finish(label, at) <= day.horizon


def greedy(day: Day) -> list[int]:
    """Insert by must, appointment, then value per second of service and nearest leg, each at its cheapest place."""

    def density(node: int) -> float:
        nearest = min(day.leg[node][other] for other in range(day.count + 2) if other != node)
        return day.worth[node] / (day.service[node] + nearest + 1)

    return insert_all(
        day, [], sorted(range(day.count), key=lambda i: (not day.must[i], not day.fixed[i], -density(i), day.ids[i]))
    )


def insert_all(day: Day, order: Sequence[int], nodes: Iterable[int]) -> list[int]:
    """`order` with each of `nodes`, in turn, at its cheapest feasible place; those without one stay out."""
    route = list(order)
    labels = day.labels(route)
    for node in nodes:
        place = best_insertion(day, route, labels, node)
        if place is not None:
            route.insert(place[1], node)
            labels = day.labels(route)
    return route


def improve(day: Day, order: Sequence[int], is_over: Callable[[], bool]) -> list[int]:
    """A plan that is no worse: visits moved to cheaper places, dropped ones inserted or exchanged for lesser ones.

    When it was not stopped, no dropped candidate fits into the result or pays for taking out a single visit.
    """
    route = list(order)
    while not is_over():
        route = _relocated(day, route)
        planned = set(route)
        dropped = sorted((i for i in range(day.count) if i not in planned), key=lambda i: _rank(day, i), reverse=True)
        route = insert_all(day, route, dropped)
        exchanged = _exchanged(day, route, [i for i in dropped if i not in set(route)], is_over)
        if exchanged is None:
            return route
        route = exchanged
    return route


def _rank(day: Day, node: int) -> tuple[bool, int, str]:
    return (day.must[node], day.worth[node], day.ids[node])


def _relocated(day: Day, route: list[int]) -> list[int]:
    for node in list(route):
        rest = [other for other in route if other != node]
        if not day.is_feasible(rest):
            continue
        place = best_insertion(day, rest, day.labels(rest), node)
        if place is not None:
            moved = [*rest[: place[1]], node, *rest[place[1] :]]
            if day.travel(moved) < day.travel(route):
                route = moved
    return route


def _exchanged(day: Day, route: list[int], dropped: Sequence[int], is_over: Callable[[], bool]) -> list[int] | None:
    """The route after the first exchange of one planned visit for one dropped visit that ranks above it, or None."""
    shorter = {out: [node for node in route if node != out] for out in route}
    labels = {out: day.labels(rest) for out, rest in shorter.items() if day.is_feasible(rest)}
    cheapest_first = sorted(labels, key=lambda i: _rank(day, i))
    for node in dropped:
        if is_over():
            return None
        for out in cheapest_first:
            if (day.must[out], day.worth[out]) >= (day.must[node], day.worth[node]):
                break
            place = best_insertion(day, shorter[out], labels[out], node)
            if place is not None:
                return [*shorter[out][: place[1]], node, *shorter[out][place[1] :]]
    return None

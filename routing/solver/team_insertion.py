"""A team's routes by insertion: a first plan that always exists, and what still fits into any plan; used by the door
of a team's day."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from routing.solver.insertion import best_insertion, improve
from routing.team import Routes, Team


def insert_all(team: Team, routes: Routes, nodes: Iterable[int], is_over: Callable[[], bool]) -> Routes:
    """The routes with each of `nodes`, in turn, at its cheapest feasible place; those without one stay out."""
    grown = [list(route) for route in routes]
    labels = [day.labels(route) for day, route in zip(team.days, grown, strict=True)]
    for node in nodes:
        if is_over():
            break
        best: tuple[int, int, int] | None = None
        for rep, day in enumerate(team.days):
            place = best_insertion(day, grown[rep], labels[rep], node) if team.may[rep][node] else None
            if place is not None and (best is None or place[0] < best[0]):
                best = (place[0], place[1], rep)
        if best is not None:
            _, position, rep = best
            grown[rep].insert(position, node)
            labels[rep] = team.days[rep].labels(grown[rep])
    return grown


def greedy(team: Team, is_over: Callable[[], bool]) -> Routes:
    """Insert by must, appointment, then value per second of service and nearest leg, each at its cheapest place."""
    day, count = team.days[0], team.count

    def density(node: int) -> float:
        nearest = min((day.leg[node][other] for other in range(count) if other != node), default=0)
        return day.worth[node] / (day.service[node] + nearest + 1)

    order = sorted(range(count), key=lambda i: (not day.must[i], not day.fixed[i], -density(i), day.ids[i]))
    return insert_all(team, [[] for _ in team.days], order, is_over)


def possible(team: Team, hints: Mapping[str, Sequence[str]]) -> Routes:
    """The hints without what is unknown, repeated, or does not fit after those before it."""
    place = {name: node for node, name in enumerate(team.days[0].ids)}
    routes: Routes = [[] for _ in team.days]
    taken: set[int] = set()
    for rep, rep_id in enumerate(team.rep_ids):
        for name in dict.fromkeys(hints.get(rep_id, ())):
            node = place.get(name)
            if node is None or node in taken or not team.may[rep][node]:
                continue
            if team.days[rep].is_feasible([*routes[rep], node]):
                routes[rep].append(node)
                taken.add(node)
    return routes


def completed(team: Team, routes: Routes) -> Routes:
    """The routes with every candidate inserted that still fits."""
    while True:
        longer = insert_all(team, routes, team.left_out(routes), lambda: False)
        if sum(map(len, longer)) == sum(map(len, routes)):
            return routes
        routes = longer


def improved(team: Team, routes: Routes, is_over: Callable[[], bool]) -> Routes:
    """A plan that is no worse: each representative's day improved in turn with what the others leave."""
    routes = [list(route) for route in routes]
    for rep, day in enumerate(team.days):
        free = [node for node in (*routes[rep], *team.left_out(routes)) if team.may[rep][node]]
        number = {node: index for index, node in enumerate(free)}
        better = improve(day.only(free), [number[node] for node in routes[rep]], is_over)
        routes[rep] = [free[index] for index in better]
    return routes

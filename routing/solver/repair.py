"""The search of replanning: routes near the published ones, ruined and repaired under the price of change.

Used by routing/replan.py. Every plan it looks at is rated with the times it would be answered with, so that nothing is
moved, handed to somebody else or left out for less than that costs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random

from routing.promised import Promises, fewest_moved
from routing.solver.insertion import best_insertion
from routing.team import Routes, Team

_MOST_REMOVED = 6
_MOST_TRIED = 24
"""So many of what is left out may come into a plan in one step."""
_PATIENCE = 40
"""After so many rounds for each candidate without a better plan the search ends."""
_RETURN = 0.03
"""How often a step begins from the best plan again."""

Rank = tuple[int, int, int]
"""Must-visits, value less the price of changes, less driving: see `Worth`."""


@dataclass(slots=True)
class Rated:
    """A team with what was published: `owner` says by node whose visit it was, None for somebody who is not there.

    `gain` is what a visit adds by node, the price of dropping it included.
    """

    team: Team
    owner: Mapping[int, int | None]
    promises: tuple[Promises, ...]
    gain: tuple[int, ...]
    moved_price: int
    reassigned_price: int
    _known: dict[tuple[int, tuple[int, ...]], Rank | None] = field(default_factory=dict)

    def rank(self, routes: Routes) -> Rank | None:
        """How good the routes are; None where one breaks a limit."""
        total = (0, 0, 0)
        for rep, route in enumerate(routes):
            each = self._rank_of(rep, tuple(route))
            if each is None:
                return None
            total = (total[0] + each[0], total[1] + each[1], total[2] + each[2])
        return total

    def is_taken_over(self, node: int, rep: int) -> bool:
        """Whether that representative would make a visit which was published for another one."""
        return node in self.owner and self.owner[node] != rep

    def _rank_of(self, rep: int, route: tuple[int, ...]) -> Rank | None:
        key = (rep, route)
        if key not in self._known:
            self._known[key] = self._rated(rep, route)
        return self._known[key]

    def _rated(self, rep: int, route: tuple[int, ...]) -> Rank | None:
        day = self.team.days[rep]
        moved = fewest_moved(day, route, self.promises[rep])
        if moved is None:
            return None
        taken = sum(self.is_taken_over(node, rep) for node in route)
        gain = sum(self.gain[node] for node in route) - self.moved_price * moved - self.reassigned_price * taken
        return (sum(day.must[node] for node in route), gain, -day.travel(route))


def repaired(
    rated: Rated,
    starts: Sequence[Routes],
    *,
    seed: int,
    rounds: int | None,
    enough: Rank | None,
    is_over: Callable[[], bool],
) -> Routes:
    """The best routes seen from `starts` on, the first of which is feasible.

    Ends after `rounds`, after many that found nothing, with `enough`, which is known not to be exceeded, or when the
    caller says so.
    """
    best, best_rank = starts[0], rated.rank(starts[0])
    assert best_rank is not None, "the search begins with routes that keep the limits"
    for routes in starts[1:]:
        rank = rated.rank(routes)
        if rank is not None and rank > best_rank:
            best, best_rank = routes, rank
    if not rated.team.count:
        return best
    random = Random(seed)  # noqa: S311 - a search, no secret
    current, current_rank = best, best_rank
    done, found_at, patience = 0, 0, _PATIENCE * (rated.team.count + 5)
    while not is_over() and (rounds is None or done < rounds) and done - found_at < patience and best_rank != enough:
        done += 1
        if random.random() < _RETURN:
            current, current_rank = best, best_rank
        tried = _repair(rated, *_ruined(rated.team, current, random), random, is_over)
        rank = rated.rank(tried)
        if rank is not None and rank >= current_rank:
            current, current_rank = tried, rank
            if rank > best_rank:
                best, best_rank, found_at = tried, rank, done
    return best


def _ruined(team: Team, routes: Routes, random: Random) -> tuple[Routes, list[int]]:
    """The routes without a few visits near one another, and those visits; whole days stay possible."""
    day, centre = team.days[0], random.randrange(team.count)
    visited = [node for route in routes for node in route]
    near = sorted(visited, key=lambda node: (day.leg[centre][node], node))
    removed = near[: random.randint(0, min(_MOST_REMOVED, len(near)))]
    gone = set(removed)
    rest = [[node for node in route if node not in gone] for route in routes]
    for rep, route in enumerate(rest):
        # Where driving over a third place is faster than driving straight, a shorter route may take longer.
        if not team.days[rep].is_feasible(route):
            rest[rep] = list(routes[rep])
            removed = [node for node in removed if node not in rest[rep]]
    return rest, removed


def _repair(rated: Rated, routes: Routes, removed: list[int], random: Random, is_over: Callable[[], bool]) -> Routes:
    team = rated.team
    day, out = team.days[0], set(removed)
    others = [node for node in team.left_out(routes) if node not in out]
    if len(others) > _MOST_TRIED:
        others = random.sample(others, _MOST_TRIED)
    weight = {node: rated.gain[node] * random.uniform(0.6, 1.4) for node in (*removed, *others)}
    labels = [each.labels(route) for each, route in zip(team.days, routes, strict=True)]
    for node in sorted(weight, key=lambda i: (not day.must[i], not day.fixed[i], -weight[i], i)):
        if is_over():
            break
        place = _place(rated, routes, labels, node, random)
        if place is not None:
            rep, position = place
            routes[rep].insert(position, node)
            labels[rep] = team.days[rep].labels(routes[rep])
    return routes


def _place(
    rated: Rated, routes: Routes, labels: list[list[tuple[int, int]]], node: int, random: Random
) -> tuple[int, int] | None:
    """Whose route and where: mostly with whom it was published and in the published order, else where it costs least
    driving."""
    team, owner = rated.team, rated.owner.get(node)
    if owner is not None and team.may[owner][node] and random.random() < 0.8:
        kept = _published_place(rated, routes[owner], owner, node) if random.random() < 0.6 else None
        if kept is not None:
            return owner, kept
        place = best_insertion(team.days[owner], routes[owner], labels[owner], node)
        if place is not None:
            return owner, place[1]
    found = [
        (place[0] * random.uniform(0.9, 1.1), rep, place[1])
        for rep, day in enumerate(team.days)
        if team.may[rep][node] and (place := best_insertion(day, routes[rep], labels[rep], node)) is not None
    ]
    return min(found)[1:] if found else None


def _published_place(rated: Rated, route: list[int], owner: int, node: int) -> int | None:
    """Before the first visit of the route that was published for later."""
    starts = rated.promises[owner].starts
    position = next((i for i, other in enumerate(route) if starts.get(other, -1) > starts[node]), len(route))
    return position if rated.team.days[owner].is_feasible([*route[:position], node, *route[position:]]) else None

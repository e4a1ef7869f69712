"""A team's day in whole seconds and node numbers: a `Day` for each representative over the same candidates.

Shared by the solvers of a team's day, its explanation and its door. A candidate that somebody may not or can never make
has no time at which that person could start it, so every route with it breaks a limit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from routing.constraints import check_alone, check_without_travel
from routing.day import Day, build_day, whole_origin
from routing.problem import MAX_CANDIDATES, Candidate, Dropped, DropReason
from routing.team_problem import Rep, TeamProblem
from routing.travel_times.matrix import TravelTimes

Routes = list[list[int]]
"""The nodes each representative visits, in order; by the number of the representative."""

_CLOSEST_LAST = (
    DropReason.NO_LOCATION,
    DropReason.LOCKED_TO_ANOTHER,
    DropReason.MISSING_SKILL,
    DropReason.OVER_LOAD,
    DropReason.NO_OPEN_WINDOW,
    DropReason.UNREACHABLE,
    DropReason.WINDOW_TOO_SHORT,
    DropReason.OUTSIDE_SHIFT,
    DropReason.LUNCH_CONFLICT,
)


@dataclass(frozen=True, slots=True)
class Team:
    """See the module; `may[rep][node]` says who can make which visit at all."""

    rep_ids: tuple[str, ...]
    days: tuple[Day, ...]
    may: tuple[tuple[bool, ...], ...]

    @property
    def count(self) -> int:
        """How many candidates there are."""
        return self.days[0].count

    def score(self, routes: Routes) -> tuple[int, int, int]:
        """What is to be maximised: must-visits, then value, then less driving."""
        each = [day.score(route) for day, route in zip(self.days, routes, strict=True)]
        return (sum(one[0] for one in each), sum(one[1] for one in each), sum(one[2] for one in each))

    def is_feasible(self, routes: Routes) -> bool:
        """Whether every route keeps its limits and nothing is visited twice."""
        visited = [node for route in routes for node in route]
        return len(visited) == len(set(visited)) and all(
            day.is_feasible(route) for day, route in zip(self.days, routes, strict=True)
        )

    def left_out(self, routes: Routes) -> list[int]:
        """What nobody visits, must-visits and the most valuable first."""
        day, visited = self.days[0], {node for route in routes for node in route}
        return sorted(
            (node for node in range(self.count) if node not in visited),
            key=lambda i: (not day.must[i], -day.worth[i], day.ids[i]),
        )


def build_team(problem: TeamProblem, travel: TravelTimes) -> tuple[Team, tuple[Dropped, ...]]:
    """The team with the candidates that somebody could visit, and why nobody could visit the others."""
    usable: list[Candidate] = []
    dropped: list[Dropped] = []
    for candidate in problem.candidates:
        drops = [_without_travel(rep, candidate) for rep in problem.reps]
        if None in drops:
            usable.append(candidate)
        else:
            dropped.append(_closest([drop for drop in drops if drop is not None]))
    usable.sort(key=lambda one: (not one.must, one.fixed_at is None, -one.value, one.id))
    dropped += [Dropped(one.id, DropReason.OVER_LIMIT) for one in usable[MAX_CANDIDATES:]]
    kept = tuple(sorted(usable[:MAX_CANDIDATES], key=lambda one: one.id))
    ends = [point for rep in problem.reps for point in (rep.start, rep.end)]
    points = [point for point in (*(one.point for one in kept), *ends) if point is not None]
    if points:
        # Everything at once: the days then find their parts of it.
        travel.table(list(dict.fromkeys(points)))
    days = [_day_of(rep, kept, travel) for rep in problem.reps]
    alone = [
        [_without_travel(rep, one) or _reaching(rep, check_alone(day, node)) for node, one in enumerate(kept)]
        for rep, day in zip(problem.reps, days, strict=True)
    ]
    nodes = []
    for node in range(len(kept)):
        drops = [row[node] for row in alone]
        if None in drops:
            nodes.append(node)
        else:
            dropped.append(_closest([drop for drop in drops if drop is not None]))
    may = tuple(tuple(row[node] is None for node in nodes) for row in alone)
    team = Team(
        tuple(rep.id for rep in problem.reps),
        tuple(_only_allowed(day.only(nodes), allowed) for day, allowed in zip(days, may, strict=True)),
        may,
    )
    return team, tuple(dropped)


def _day_of(rep: Rep, kept: tuple[Candidate, ...], travel: TravelTimes) -> Day:
    day = build_day(rep.day(kept), kept, travel)
    # A shift that is over before its first whole second.
    return day if day.horizon >= 0 else replace(day, horizon=0)


def _without_travel(rep: Rep, candidate: Candidate) -> Dropped | None:
    problem = rep.day(())
    if problem.shift_end < whole_origin(problem):
        return Dropped(candidate.id, DropReason.OUTSIDE_SHIFT, rep_id=rep.id)
    return _reaching(rep, check_without_travel(problem, candidate))


def _reaching(rep: Rep, drop: Dropped | None) -> Dropped | None:
    return None if drop is None else replace(drop, rep_id=rep.id)


def _closest(drops: Sequence[Dropped]) -> Dropped:
    """Of the reasons of everybody the one that is nearest to a visit; nobody is named where all share it."""
    nearest = max(drops, key=lambda drop: (_CLOSEST_LAST.index(drop.reason), -_missing_s(drop)))
    shared = all(replace(drop, rep_id=None) == replace(nearest, rep_id=None) for drop in drops)
    return replace(nearest, rep_id=None) if shared else nearest


def _missing_s(drop: Dropped) -> int:
    needs = (drop.needs.later_end_s, drop.needs.earlier_start_s, drop.needs.shorter_service_s)
    return min((each for each in needs if each is not None), default=10**9)


def _only_allowed(day: Day, allowed: Sequence[bool]) -> Day:
    starts = tuple(ranges if can else () for ranges, can in zip(day.starts, allowed, strict=True))
    return replace(day, starts=starts)

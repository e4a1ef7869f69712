"""Why a candidate that somebody could visit is not in the plan of a team, and whose day it came closest to fitting
into; used by the door of a team's day."""

from __future__ import annotations

from dataclasses import replace

from routing.explain import MAX_DETAILED, explain_drop, shorter_by_one
from routing.problem import Dropped, DropReason
from routing.team import Routes, Team


def explain_team_drops(team: Team, routes: Routes) -> tuple[Dropped, ...]:
    """The binding reason of each candidate outside the routes, most valuable first; displacement as for a day."""
    shorter = [shorter_by_one(day, route) for day, route in zip(team.days, routes, strict=True)]
    return tuple(_explain(team, routes, shorter, node, rank) for rank, node in enumerate(team.left_out(routes)))


def _explain(team: Team, routes: Routes, shorter: list[dict[int, list[int]]], node: int, rank: int) -> Dropped:
    found = [
        replace(explain_drop(day, routes[rep], shorter[rep] if rank < MAX_DETAILED else {}, node), rep_id=rep_id)
        for rep, (day, rep_id) in enumerate(zip(team.days, team.rep_ids, strict=True))
        if team.may[rep][node]
    ]
    return min(found, key=_distance)


def _distance(drop: Dropped) -> tuple[bool, bool, int, int]:
    """Most telling first: whose visits are worth more, then where least is missing."""
    missing = 10**9 if drop.extra_s is None else drop.extra_s
    later = 10**9 if drop.needs.later_end_s is None else drop.needs.later_end_s
    return (drop.reason is not DropReason.DISPLACED_BY_VALUE, bool(drop.conflicts_with), later, missing)

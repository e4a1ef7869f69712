"""The rest of a published day planned again under a price of change: the door `replan` of routing/plan.py."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from time import monotonic

from routing.budget import Budget
from routing.explain_team import explain_team_drops
from routing.problem import Dropped, DropReason, Limit, Proof
from routing.promised import Promises, kept_times
from routing.replan_problem import Replanned, ReplanProblem, Worth
from routing.solver.exact import solve_exactly
from routing.solver.insertion import best_insertion
from routing.solver.ortools_team import search_team
from routing.solver.repair import Rank, Rated, repaired
from routing.solver.team_insertion import completed, possible
from routing.team import Routes, Team, build_team
from routing.team_plan import team_answer
from routing.travel_times.matrix import AskedOnce, TravelTimes

_PROOF_SHARE = 0.35
_SEARCH_SHARE = 0.35
"""So much of the time goes into a plan that ignores what moving costs; the rest into repairing."""
_SHORTEST_SEARCH_S = 0.05
# Kept back for the times, the reasons and the verification.
_RESERVE_SHARE = 0.3
_RESERVE_S = 0.03
_RESERVE_PER_CANDIDATE_S = 0.004


def replan(problem: ReplanProblem, travel: TravelTimes, limit: Limit) -> Replanned:
    """Most must-visits, then most value less the price of what changes, then least driving.

    Never worse by that than keeping the published plan without what is not possible any more. Answers and verifies as
    `plan_team` does; a visit that would fit but not pay for what it moves is left out as NOT_WORTH_THE_CHANGE. With
    `limit.solutions` the search ends after that many repairs.
    """
    travel = AskedOnce(travel)
    team, alone = build_team(problem.team, travel)
    # Only now: a road engine has a time limit of its own.
    budget = Budget(limit)
    rated = _rated(problem, team)
    kept = possible(team, _published_orders(problem))
    routes, proven = _search(rated, kept, limit, budget)
    # Where moving costs nothing, nobody waits for a published time.
    days = (
        team.days
        if not problem.price.moved
        else tuple(
            kept_times(day, route, promises)
            for day, route, promises in zip(team.days, routes, rated.promises, strict=True)
        )
    )
    over = any(drop.reason is DropReason.OVER_LIMIT for drop in alone)
    plan = team_answer(
        problem.team,
        replace(team, days=days),
        routes,
        travel,
        dropped=(*_left_out(team, routes), *alone),
        proof=Proof.OPTIMAL if proven and not over else Proof.UNKNOWN,
        seed=limit.seed,
    )
    moved = sorted(
        node
        for day, route, promises in zip(days, routes, rated.promises, strict=True)
        for node in (promises.moved(day, route) if route else ())
    )
    taken = [node for rep, route in enumerate(routes) for node in route if rated.is_taken_over(node, rep)]
    visited = {team.days[0].ids[node] for route in routes for node in route} if team.count else set()
    dropped = tuple(stop.candidate_id for stop in problem.published if stop.candidate_id not in visited)
    ids, price = team.days[0].ids, problem.price
    return Replanned(
        plan=plan,
        moved=tuple(ids[node] for node in moved),
        reassigned=tuple(ids[node] for node in sorted(taken)),
        dropped=dropped,
        price=price.moved * len(moved) + price.reassigned * len(taken) + price.dropped * len(dropped),
        worth=_worth(problem, rated.rank(routes)),
        kept=_worth(problem, rated.rank(kept)),
    )


def _worth(problem: ReplanProblem, rank: Rank | None) -> Worth:
    assert rank is not None, "routes keep the limits"
    # The price of dropping is counted as a gain of each published visit that is made.
    must_visits, gain, driving = rank
    return Worth(must_visits, gain - problem.price.dropped * len(problem.published), -driving)


def _rated(problem: ReplanProblem, team: Team) -> Rated:
    number = {name: node for node, name in enumerate(team.days[0].ids)}
    reps = {rep_id: rep for rep, rep_id in enumerate(team.rep_ids)}
    published = {number[stop.candidate_id]: stop for stop in problem.published if stop.candidate_id in number}
    starts: list[dict[int, int]] = [{} for _ in team.days]
    owner: dict[int, int | None] = {}
    for node, stop in published.items():
        rep = owner[node] = reps.get(stop.rep_id)
        if rep is not None:
            starts[rep][node] = round((stop.start_at - team.days[rep].origin).total_seconds())
    price = problem.price
    return Rated(
        team=team,
        owner=owner,
        promises=tuple(Promises(each, price.moved_after_s) for each in starts),
        gain=tuple(
            worth + (price.dropped if node in published else 0) for node, worth in enumerate(team.days[0].worth)
        ),
        moved_price=price.moved,
        reassigned_price=price.reassigned,
    )


def _published_orders(problem: ReplanProblem) -> Mapping[str, list[str]]:
    orders: dict[str, list[str]] = {}
    for stop in sorted(problem.published, key=lambda each: each.start_at):
        orders.setdefault(stop.rep_id, []).append(stop.candidate_id)
    return orders


def _search(rated: Rated, kept: Routes, limit: Limit, budget: Budget) -> tuple[Routes, bool]:
    """The best routes found, and whether they are proven to be: no better ones even if moving cost nothing."""
    team = rated.team
    if not team.count:
        return kept, True
    begun = [kept, completed(team, kept)]
    valued = replace(team, days=tuple(replace(day, worth=rated.gain) for day in team.days))
    reserve_s = min(_RESERVE_SHARE * limit.seconds, _RESERVE_S + _RESERVE_PER_CANDIDATE_S * team.count)
    left_s = budget.left_s() - reserve_s
    ends = monotonic() + left_s
    best: Rank | None = None
    if len(team.days) == 1:
        proof_ends = monotonic() + left_s * _PROOF_SHARE
        day, first = valued.days[0], max((each[0] for each in begun), key=valued.days[0].score)
        order, proven = solve_exactly(day, first, lambda: monotonic() > proof_ends or budget.is_over())
        begun.append([order])
        best = day.score(order) if proven else None
    search_s, asked = left_s * _SEARCH_SHARE, None if limit.stop is None else budget.is_over
    if best is None and search_s > _SHORTEST_SEARCH_S and not budget.is_over():
        found = search_team(
            valued, begun[1], seconds=search_s, seed=limit.seed, solutions=limit.solutions, is_over=asked
        )
        if team.is_feasible(found):
            begun.append(found)
    routes = repaired(
        rated,
        begun,
        seed=limit.seed,
        rounds=limit.solutions,
        enough=best,
        is_over=lambda: monotonic() > ends or budget.is_over(),
    )
    return routes, best is not None and rated.rank(routes) == best


def _left_out(team: Team, routes: Routes) -> list[Dropped]:
    """Why each candidate that somebody could visit is in no route."""
    number = {name: node for node, name in enumerate(team.days[0].ids)}
    labels = [day.labels(route) for day, route in zip(team.days, routes, strict=True)]
    dropped = []
    for drop in explain_team_drops(team, routes):
        node = number[drop.candidate_id]
        fits = next(
            (
                rep_id
                for rep, (day, rep_id) in enumerate(zip(team.days, team.rep_ids, strict=True))
                if team.may[rep][node] and best_insertion(day, routes[rep], labels[rep], node) is not None
            ),
            None,
        )
        unpaid = Dropped(drop.candidate_id, DropReason.NOT_WORTH_THE_CHANGE, rep_id=fits)
        dropped.append(drop if fits is None else unpaid)
    return dropped

"""The planner's only public doors: `plan_day` for one representative, `plan_team` for a team, `replan` for the
rest of a published day. Called by workers and resolvers in a process pool: synchronous, picklable in and out, no state
kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from time import monotonic

from routing.answer import day_answer
from routing.budget import Budget
from routing.check import InconsistentPlanError, check_plan
from routing.constraints import check_alone, check_without_travel
from routing.day import Day, build_day, whole_origin
from routing.explain import explain_drops
from routing.problem import (
    MAX_CANDIDATES,
    Candidate,
    DayPlan,
    DayProblem,
    Dropped,
    DropReason,
    Limit,
    Proof,
)
from routing.replan import replan
from routing.solver.exact import solve_exactly
from routing.solver.insertion import greedy, improve, insert_all
from routing.solver.ortools_day import search_day
from routing.solver.team_search import is_ready, search_routes
from routing.team_plan import plan_team
from routing.travel_times.matrix import AskedOnce, TravelTimes

__all__ = ["plan_day", "plan_team", "replan"]

_SHORTEST_SEARCH_S = 0.02
# Kept back from the search for the last improvements, the reasons and the verification.
_RESERVE_SHARE = 0.4
_RESERVE_S = 0.02
_RESERVE_PER_CANDIDATE_S = 0.001
_PROOF_SHARE = 0.6
"""So much of the time goes into a proof before the search has its turn."""


def plan_day(problem: DayProblem, travel: TravelTimes, limit: Limit) -> DayPlan:
    """Choose and order the visits of one day: most must-visits, then most value, then least driving.

    Always answers, with an empty route if nothing fits, and names the binding reason of each visit left out. Every plan
    is verified by `routing.check` first; InconsistentPlanError would be a defect of this package. Of more than
    MAX_CANDIDATES candidates the least valuable are left out as OVER_LIMIT. A value of 0 counts as the least one.
    """
    travel = AskedOnce(travel)
    day, alone = _feasible_day(problem, travel)
    # Only now: a road engine has a time limit of its own.
    budget = Budget(limit)
    order, proof = _solve(day, problem.hint, limit, budget) if day.count else ([], Proof.OPTIMAL)
    if any(drop.reason is DropReason.OVER_LIMIT for drop in alone):
        proof = Proof.UNKNOWN
    plan = day_answer(problem, day, order, dropped=(*explain_drops(day, order), *alone), proof=proof, seed=limit.seed)
    faults = check_plan(problem, plan, travel)
    if faults:
        raise InconsistentPlanError(faults)
    return plan


@dataclass(frozen=True, slots=True)
class _Kept:
    candidates: tuple[Candidate, ...]
    dropped: tuple[Dropped, ...]


def _preselect(problem: DayProblem) -> _Kept:
    dropped: list[Dropped] = []
    usable: list[Candidate] = []
    for candidate in problem.candidates:
        drop = check_without_travel(problem, candidate)
        if drop is None:
            usable.append(candidate)
        else:
            dropped.append(drop)
    usable.sort(key=lambda one: (not one.must, one.fixed_at is None, -one.value, one.id))
    dropped += [Dropped(one.id, DropReason.OVER_LIMIT) for one in usable[MAX_CANDIDATES:]]
    return _Kept(tuple(sorted(usable[:MAX_CANDIDATES], key=lambda one: one.id)), tuple(dropped))


def _feasible_day(problem: DayProblem, travel: TravelTimes) -> tuple[Day, tuple[Dropped, ...]]:
    """The problem of the candidates that could be visited, and why the others could not."""
    if problem.shift_end < whole_origin(problem):
        alone = tuple(Dropped(one.id, DropReason.OUTSIDE_SHIFT) for one in problem.candidates)
        return replace(build_day(problem, (), travel), horizon=0), alone
    kept = _preselect(problem)
    day = build_day(problem, kept.candidates, travel)
    dropped = list(kept.dropped)
    nodes: list[int] = []
    for node in range(day.count):
        drop = check_alone(day, node)
        if drop is None:
            nodes.append(node)
        else:
            dropped.append(drop)
    return day.only(nodes), tuple(dropped)


def _solve(day: Day, hint: Sequence[str], limit: Limit, budget: Budget) -> tuple[list[int], Proof]:
    best = improve(day, max(greedy(day), _possible(day, hint), key=day.score), budget.is_over)
    proof_ends = monotonic() + budget.left_s() * _PROOF_SHARE
    best, proven = solve_exactly(day, best, lambda: monotonic() > proof_ends or budget.is_over())
    if proven:
        return best, Proof.OPTIMAL
    search_s = budget.left_s() - min(_RESERVE_SHARE * limit.seconds, _RESERVE_S + _RESERVE_PER_CANDIDATE_S * day.count)
    if search_s > _SHORTEST_SEARCH_S and not budget.is_over():
        found = _searched(day, best, search_s, limit, budget)
        if day.is_feasible(found):
            best = max(best, improve(day, found, budget.is_over), key=day.score)
    return _completed(day, best), Proof.UNKNOWN


def _searched(day: Day, hint: Sequence[int], seconds: float, limit: Limit, budget: Budget) -> list[int]:
    if limit.solutions is None and is_ready():
        return search_routes([day], [list(hint)], seconds=seconds, seed=limit.seed, is_over=budget.is_over)[0]
    return search_day(day, hint, seconds=seconds, seed=limit.seed, solutions=limit.solutions, is_over=budget.is_over)


def _possible(day: Day, hint: Sequence[str]) -> list[int]:
    """The hint without what is unknown or does not fit after those before it; empty where it still keeps no limit."""
    place = {name: node for node, name in enumerate(day.ids)}
    order: list[int] = []
    for name in dict.fromkeys(hint):
        node = place.get(name)
        if node is not None and day.is_feasible([*order, node]):
            order.append(node)
    return order


def _completed(day: Day, order: list[int]) -> list[int]:
    """The order with every candidate inserted that still fits."""
    while True:
        planned = set(order)
        left = sorted(
            (i for i in range(day.count) if i not in planned),
            key=lambda i: (not day.must[i], -day.worth[i], day.ids[i]),
        )
        longer = insert_all(day, order, left)
        if len(longer) == len(order):
            return order
        order = longer

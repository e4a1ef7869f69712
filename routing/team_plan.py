"""The day of a team, answered by the door `plan_team` of routing/plan.py."""

from __future__ import annotations

from routing.answer import day_answer, knapsack_bound, room_of
from routing.budget import Budget
from routing.check import InconsistentPlanError
from routing.check_team import check_team_plan
from routing.day import NEVER
from routing.explain_team import explain_team_drops
from routing.problem import Dropped, DropReason, Limit, Proof
from routing.solver.ortools_team import search_team
from routing.solver.team_insertion import completed, greedy, improved, possible
from routing.solver.team_search import is_ready, search_routes
from routing.team import Routes, Team, build_team
from routing.team_problem import TeamPlan, TeamProblem, TeamRoute
from routing.travel_times.matrix import AskedOnce, TravelTimes

_SHORTEST_SEARCH_S = 0.02
# Kept back from the search for the last insertions, the reasons and the verification.
_RESERVE_SHARE = 0.4
_RESERVE_S = 0.05
_RESERVE_PER_CANDIDATE_S = 0.002


def plan_team(problem: TeamProblem, travel: TravelTimes, limit: Limit) -> TeamPlan:
    """Share out and order the visits of a team's day: most must-visits, then most value, then least driving.

    Always answers, with empty routes if nothing fits, and names the binding reason of each visit left out. Every plan
    is verified by `routing.check_team` first; InconsistentPlanError would be a defect of this package. Of more than
    MAX_CANDIDATES candidates the least valuable are left out as OVER_LIMIT. A value of 0 counts as the least one.
    """
    travel = AskedOnce(travel)
    team, alone = build_team(problem, travel)
    # Only now: a road engine has a time limit of its own.
    budget = Budget(limit)
    routes = _solve(team, problem, limit, budget) if team.count else [[] for _ in problem.reps]
    over = any(drop.reason is DropReason.OVER_LIMIT for drop in alone)
    proof = Proof.UNKNOWN if over or team.count else Proof.OPTIMAL
    dropped = (*explain_team_drops(team, routes), *alone)
    return team_answer(problem, team, routes, travel, dropped=dropped, proof=proof, seed=limit.seed)


def team_answer(
    problem: TeamProblem,
    team: Team,
    routes: Routes,
    travel: TravelTimes,
    *,
    dropped: tuple[Dropped, ...],
    proof: Proof,
    seed: int,
) -> TeamPlan:
    """The plan that makes the visits in these orders at the earliest times of the team's days, verified."""
    candidates = {candidate.id: candidate for candidate in problem.candidates}
    answers = []
    for rep, day, route in zip(problem.reps, team.days, routes, strict=True):
        own = tuple(candidates[day.ids[node]] for node in route)
        answer = day_answer(
            rep.day(own), day.only(route), range(len(route)), dropped=(), proof=Proof.UNKNOWN, seed=seed
        )
        answers.append(TeamRoute(rep.id, answer))
    value = sum(each.plan.value for each in answers)
    plan = TeamPlan(
        routes=tuple(answers),
        dropped=dropped,
        value=value,
        distance_m=sum(each.plan.distance_m for each in answers),
        travel_s=sum(each.plan.travel_s for each in answers),
        proof=proof,
        bound=max(value, _value_bound(team, problem)),
        seed=seed,
    )
    faults = check_team_plan(problem, plan, travel)
    if faults:
        raise InconsistentPlanError(faults)
    return plan


def _solve(team: Team, problem: TeamProblem, limit: Limit, budget: Budget) -> Routes:
    best = max(greedy(team, budget.is_over), possible(team, problem.hints), key=team.score)
    reserve_s = min(_RESERVE_SHARE * limit.seconds, _RESERVE_S + _RESERVE_PER_CANDIDATE_S * team.count)
    search_s = budget.left_s() - reserve_s
    if search_s > _SHORTEST_SEARCH_S and not budget.is_over():
        found = _searched(team, best, search_s, limit, budget)
        if team.is_feasible(found):
            best = max(best, found, key=team.score)
    return completed(team, improved(team, best, budget.is_over))


def _searched(team: Team, hint: Routes, seconds: float, limit: Limit, budget: Budget) -> Routes:
    if limit.solutions is None and is_ready():
        return search_routes(team.days, hint, seconds=seconds, seed=limit.seed, is_over=budget.is_over)
    return search_team(
        team,
        hint,
        seconds=seconds,
        seed=limit.seed,
        solutions=limit.solutions,
        is_over=None if limit.stop is None else budget.is_over,
    )


def _value_bound(team: Team, problem: TeamProblem) -> int:
    """A value no plan exceeds: a fractional knapsack of service plus the shortest way in, in the shifts of all."""
    if not team.count:
        return 0
    horizon = max(day.horizon for day in team.days)
    day, count = team.days[0], team.count
    ways_in = []
    for node in range(count):
        between = min((day.leg[other][node] for other in range(count) if other != node), default=NEVER)
        starts = (
            each.leg[count][node] for each, rep in zip(team.days, problem.reps, strict=True) if rep.start is not None
        )
        ways_in.append(min(between, *starts, NEVER))
    # Who begins anywhere has no way to the first visit.
    free = sum(rep.start is None for rep in problem.reps) * max((way for way in ways_in if way <= horizon), default=0)
    if any(rep.start is None for rep in problem.reps):
        ways_in = [0 if way > horizon else way for way in ways_in]
    costs = [service + way for service, way in zip(day.service, ways_in, strict=True)]
    return knapsack_bound(costs, day.worth, sum(room_of(each) for each in team.days) + free)

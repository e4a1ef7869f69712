"""Published days and what happens to them, for the tests of replanning."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random

from routing.problem import Candidate, DayProblem, Limit
from routing.replan_problem import PriceOfChange, PublishedStop, ReplanProblem
from routing.team_plan import plan_team
from routing.team_problem import Rep, TeamPlan, TeamProblem
from routing.travel_times.geodesic import GeodesicTravelTimes
from tests.routing.cases import HOME, hour, lunch, realistic

PRICE = PriceOfChange(moved=5, reassigned=20, dropped=30, moved_after_s=900)
FREE = PriceOfChange(moved=0, reassigned=0, dropped=0, moved_after_s=900)
ROADS = GeodesicTravelTimes()
QUICK = Limit(seconds=30, solutions=12)


def team(candidates: tuple[Candidate, ...], reps: int = 1) -> TeamProblem:
    """Representatives r0, r1, ... with the same day from HOME."""
    return TeamProblem(
        tuple(Rep(f"r{number}", hour(1), hour(10), HOME, HOME, lunch()) for number in range(reps)), candidates
    )


def as_team(problem: DayProblem) -> TeamProblem:
    return team(problem.candidates)


def published(plan: TeamPlan) -> tuple[PublishedStop, ...]:
    """What was told to the representatives."""
    return tuple(
        PublishedStop(stop.candidate_id, route.rep_id, stop.start_at)
        for route in plan.routes
        for stop in route.plan.stops
    )


def planned(problem: TeamProblem, seed: int = 0) -> tuple[PublishedStop, ...]:
    """A published plan of these days."""
    return published(plan_team(problem, ROADS, Limit(seconds=0.2, seed=seed)))


def starts(plan: TeamPlan) -> dict[str, tuple[str, datetime]]:
    """Who makes each visit, and when."""
    return {stop.candidate_id: (stop.rep_id, stop.start_at) for stop in published(plan)}


def price_of(problem: ReplanProblem, made: Mapping[str, tuple[str, datetime]]) -> int:
    """What a plan costs by the words of the price, counted from its times alone."""
    price, total = problem.price, 0
    for stop in problem.published:
        if stop.candidate_id not in made:
            total += price.dropped
            continue
        rep_id, start_at = made[stop.candidate_id]
        if rep_id != stop.rep_id:
            total += price.reassigned
        elif abs((start_at - stop.start_at).total_seconds()) >= price.moved_after_s:
            total += price.moved
    return total


def without(problem: ReplanProblem, name: str) -> ReplanProblem:
    """The customer cancelled."""
    candidates = tuple(each for each in problem.team.candidates if each.id != name)
    stops = tuple(each for each in problem.published if each.candidate_id != name)
    return ReplanProblem(replace(problem.team, candidates=candidates), stops, problem.price)


def late(problem: ReplanProblem, minutes: float) -> ReplanProblem:
    """Everybody is free only so much later."""
    reps = tuple(
        replace(rep, shift_start=min(rep.shift_end, rep.shift_start + timedelta(minutes=minutes)))
        for rep in problem.team.reps
    )
    return replace(problem, team=replace(problem.team, reps=reps))


def absent(problem: ReplanProblem, rep_id: str) -> ReplanProblem:
    """One of several is away."""
    return replace(
        problem, team=replace(problem.team, reps=tuple(each for each in problem.team.reps if each.id != rep_id))
    )


def something_happened(count: int, seed: int, price: PriceOfChange, reps: int = 1) -> ReplanProblem:
    """A generated day after its plan was published: lateness, a cancellation, news, an absence, or several."""
    random = Random(seed)
    known = realistic(count, seed).candidates
    news = tuple(replace(each, id=f"n{each.id}") for each in realistic(2, seed + 1).candidates)
    asked = team(known, reps)
    stops = planned(asked, seed)
    with_news = replace(asked, candidates=(*known, *news)) if random.random() < 0.5 else asked
    problem = ReplanProblem(with_news, stops, price)
    if stops and random.random() < 0.5:
        problem = without(problem, random.choice(stops).candidate_id)
    if random.random() < 0.6:
        problem = late(problem, random.choice([10, 45, 150]))
    if reps > 1 and random.random() < 0.5:
        problem = absent(problem, "r0")
    return problem

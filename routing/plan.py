"""The planner's only public door: `plan_day` answers one representative's day. Called by workers and resolvers in a
process pool: synchronous, picklable in and out, no state kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from time import monotonic

from routing.check import InconsistentPlanError, check_plan
from routing.constraints import check_alone, check_without_travel
from routing.day import NEVER, Day, build_day, whole_origin
from routing.explain import explain_drops
from routing.problem import (
    MAX_CANDIDATES,
    Candidate,
    DayPlan,
    DayProblem,
    Dropped,
    DropReason,
    Limit,
    PlannedStop,
    Proof,
    Window,
)
from routing.solver.exact import solve_exactly
from routing.solver.insertion import greedy, improve, insert_all
from routing.solver.ortools_day import search_day
from routing.timeline import earliest_times
from routing.travel_times.matrix import AskedOnce, TravelTimes

_LOOK_EVERY_S = 0.02
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
    budget = _Budget(limit)
    order, proof = _solve(day, problem.hint, limit, budget) if day.count else ([], Proof.OPTIMAL)
    if any(drop.reason is DropReason.OVER_LIMIT for drop in alone):
        proof = Proof.UNKNOWN
    plan = _to_plan(problem, day, order, alone, proof, limit.seed)
    faults = check_plan(problem, plan, travel)
    if faults:
        raise InconsistentPlanError(faults)
    return plan


class _Budget:
    """When to stop: at the end of the time allowed, or when the caller asks; asked far more often than it looks."""

    def __init__(self, limit: Limit) -> None:
        self._ends = monotonic() + limit.seconds
        self._stop: Callable[[], bool] | None = limit.stop
        self._looked = float("-inf")
        self._over = False

    def left_s(self) -> float:
        """Seconds left."""
        return self._ends - monotonic()

    def is_over(self) -> bool:
        """Whether to stop now."""
        if not self._over:
            now = monotonic()
            self._over = now >= self._ends
            if self._stop is not None and not self._over and now - self._looked >= _LOOK_EVERY_S:
                self._looked = now
                self._over = self._stop()
        return self._over


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


def _solve(day: Day, hint: Sequence[str], limit: Limit, budget: _Budget) -> tuple[list[int], Proof]:
    best = improve(day, max(greedy(day), _possible(day, hint), key=day.score), budget.is_over)
    proof_ends = monotonic() + budget.left_s() * _PROOF_SHARE
    best, proven = solve_exactly(day, best, lambda: monotonic() > proof_ends or budget.is_over())
    if proven:
        return best, Proof.OPTIMAL
    search_s = budget.left_s() - min(_RESERVE_SHARE * limit.seconds, _RESERVE_S + _RESERVE_PER_CANDIDATE_S * day.count)
    if search_s > _SHORTEST_SEARCH_S and not budget.is_over():
        found = search_day(
            day, best, seconds=search_s, seed=limit.seed, solutions=limit.solutions, is_over=budget.is_over
        )
        if day.is_feasible(found):
            best = max(best, improve(day, found, budget.is_over), key=day.score)
    return _completed(day, best), Proof.UNKNOWN


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


def _value_bound(day: Day, *, has_start: bool) -> int:
    """A value no plan exceeds: a fractional knapsack of service plus the shortest way in, in the shift."""
    ways_in: list[int] = []
    # Without a start the first visit costs no way in: leave its way out of the weights and give the room back once.
    last = day.count if has_start else day.count - 1
    for node in range(day.count):
        sources = [other for other in range(last + 1) if other != node]
        ways_in.append(min((day.leg[source][node] for source in sources), default=0))
    free = 0 if has_start else max((way for way in ways_in if way <= day.horizon), default=0)
    if any(way > day.horizon for way in ways_in) and not has_start:
        ways_in = [0] * day.count
    room = float(day.horizon + free)
    bound = 0.0
    costs = [day.service[node] + min(way, NEVER) for node, way in enumerate(ways_in)]
    for node in sorted(range(day.count), key=lambda i: costs[i] / day.worth[i]):
        if costs[node] <= room:
            room -= costs[node]
            bound += day.worth[node]
        else:
            bound += day.worth[node] * room / costs[node]
            break
    return int(bound + 1e-6)


def _to_plan(
    problem: DayProblem, day: Day, order: Sequence[int], alone: Sequence[Dropped], proof: Proof, seed: int
) -> DayPlan:
    times = earliest_times(day, order)
    assert times is not None, "solvers return feasible orders"
    values = {candidate.id: candidate.value for candidate in problem.candidates}
    stops: list[PlannedStop] = []
    at = day.count
    for node, (arrive, start, leave) in zip(order, times.visits, strict=True):
        # Without a start the representative appears at the first visit when it begins.
        arrived = start if problem.start is None and not stops else arrive
        stops.append(
            PlannedStop(
                day.ids[node],
                day.leg_m[at][node],
                day.leg[at][node],
                day.at(arrived),
                day.at(start),
                day.at(leave),
                day.leg_estimated[at][node],
            )
        )
        at = node
    end_m, end_s = (day.leg_m[at][day.count + 1], day.leg[at][day.count + 1]) if stops else (0.0, 0)
    lunch = None
    if day.lunch is not None and times.lunch is not None:
        begins, over = times.lunch, times.lunch + day.lunch.duration
        if begins < day.horizon and over > 0:
            lunch = Window(day.at(begins), day.at(over))
    value = sum(values[stop.candidate_id] for stop in stops)
    # Must-visits rank above value: with them another plan may be worth more than the best one.
    if proof is Proof.OPTIMAL and not any(day.must):
        bound = value
    else:
        bound = max(value, _value_bound(day, has_start=problem.start is not None))
    return DayPlan(
        stops=tuple(stops),
        lunch=lunch,
        dropped=(*explain_drops(day, order), *alone),
        value=value,
        distance_m=sum(stop.leg_distance_m for stop in stops) + end_m,
        travel_s=sum(stop.leg_s for stop in stops) + end_s,
        end_leg_distance_m=end_m,
        end_leg_s=end_s,
        end_at=day.at(times.end),
        proof=proof,
        bound=bound,
        seed=seed,
        end_leg_estimated=bool(stops) and day.leg_estimated[at][day.count + 1],
    )

"""From an order of visits to the plan that is answered, with clock times and a bound; used by the planner's doors."""

from __future__ import annotations

from collections.abc import Sequence

from routing.day import NEVER, Day
from routing.problem import DayPlan, DayProblem, Dropped, PlannedStop, Proof, Window
from routing.timeline import earliest_times


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
    costs = [day.service[node] + min(way, NEVER) for node, way in enumerate(ways_in)]
    return knapsack_bound(costs, day.worth, room_of(day) + free)


def room_of(day: Day) -> int:
    """The seconds of the shift that driving and visits can fill: not those of a lunch that has to lie within it."""
    lunch = day.lunch
    if lunch is None or lunch.opens < 0 or lunch.last_start + lunch.duration > day.horizon:
        return day.horizon
    return max(0, day.horizon - lunch.duration)


def knapsack_bound(costs: Sequence[int], worth: Sequence[int], room: int) -> int:
    """What can be gained at most where each thing costs so much of the room, parts of things included."""
    left, bound = float(room), 0.0
    for thing in sorted(range(len(costs)), key=lambda i: costs[i] / worth[i]):
        if costs[thing] > left:
            bound += worth[thing] * left / costs[thing]
            break
        left -= costs[thing]
        bound += worth[thing]
    return int(bound + 1e-6)


def day_answer(
    problem: DayProblem, day: Day, order: Sequence[int], *, dropped: tuple[Dropped, ...], proof: Proof, seed: int
) -> DayPlan:
    """The plan that makes the visits in this order, which keeps the limits."""
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
        dropped=dropped,
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

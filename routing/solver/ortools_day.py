"""One day's route by OR-Tools' routing search (guided local search from a given plan); ortools_team.py does a team's.

Guided local search, not iterated local search: on days of 30-120 candidates with one second it was as good or better,
and only it ends when the search is told to stop.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from ortools.constraint_solver import pywrapcp, routing_enums_pb2

from routing.day import Day

_MEAN_PRIZE_LEGS = 5
_MUST_PRIZES = 100
_MIN_LEG_S = 60
_CALLS_PER_LOOK = 32

# The wheel ships stubs without types.
_cp: Any = pywrapcp
_log = logging.getLogger(__name__)


def search_day(
    day: Day,
    hint: Sequence[int],
    *,
    seconds: float,
    seed: int,
    solutions: int | None,
    is_over: Callable[[], bool],
) -> list[int]:
    """The best order found within `seconds`, starting from `hint` (a feasible order); `hint` itself if none is better.

    `seed` numbers the nodes anew, which is what steers this search. Orders keep the model's limits; the caller still
    verifies them. `is_over` is asked every few milliseconds.
    """
    nodes = [int(i) for i in np.random.default_rng(seed).permutation(day.count)]
    names = [*nodes, day.count, day.count + 1]
    number = {node: index for index, node in enumerate(nodes)}
    manager = _cp.RoutingIndexManager(day.count + 2, 1, [day.count], [day.count + 1])
    model = _cp.RoutingModel(manager)
    index_of = [manager.NodeToIndex(i) for i in range(day.count + 2)]
    too_long = day.horizon + 1
    legs = [[min(day.leg[a][b], too_long) for b in names] for a in names]
    service = [day.service[node] if node < day.count else 0 for node in names]
    arcs = model.RegisterTransitMatrix(legs)
    model.SetArcCostEvaluatorOfAllVehicles(arcs)
    times = model.RegisterTransitMatrix([[leg + service[row] for leg in legs[row]] for row in range(day.count + 2)])
    model.AddDimension(times, day.horizon, day.horizon, False, "time")
    time = model.GetDimensionOrDie("time")
    worth = prizes(day)
    for position, node in enumerate(nodes):
        index = index_of[position]
        model.AddDisjunction([index], worth[node])
        allow_starts(time.CumulVar(index), day.starts[node], day.horizon - day.service[node])
    if day.lunch is not None:
        lunch = model.solver().FixedDurationIntervalVar(
            day.lunch.opens, day.lunch.last_start, day.lunch.duration, False, "lunch"
        )
        visit_times = [0] * model.Size()
        for position in range(day.count):
            visit_times[index_of[position]] = service[position]
        time.SetBreakIntervalsOfVehicle([lunch], 0, visit_times)
    if day.max_load is not None:
        loads = [min(day.load[node], day.max_load + 1) if node < day.count else 0 for node in names]
        carried = model.RegisterUnaryTransitVector(loads)
        model.AddDimension(carried, 0, day.max_load, True, "load")
    parameters = _cp.DefaultRoutingSearchParameters()
    parameters.first_solution_strategy = routing_enums_pb2.FirstSolutionStrategy.LOCAL_CHEAPEST_INSERTION
    parameters.local_search_metaheuristic = routing_enums_pb2.LocalSearchMetaheuristic.GUIDED_LOCAL_SEARCH
    parameters.time_limit.FromMilliseconds(max(1, int(seconds * 1000)))
    if solutions is not None:
        parameters.solution_limit = solutions
    limit = model.solver().CustomLimit(every(_CALLS_PER_LOOK, is_over))
    model.AddSearchMonitor(limit)
    model.CloseModelWithParameters(parameters)
    start = model.ReadAssignmentFromRoutes([[index_of[number[node]] for node in hint]], True)
    if start is None:
        _log.warning("the search model refused the first plan of %d visits", len(hint))
        found = model.SolveWithParameters(parameters)
    else:
        found = model.SolveFromAssignmentWithParameters(start, parameters)
    if found is None:
        return list(hint)
    order: list[int] = []
    index = found.Value(model.NextVar(model.Start(0)))
    while not model.IsEnd(index):
        order.append(names[manager.IndexToNode(index)])
        index = found.Value(model.NextVar(index))
    return order


def prizes(day: Day) -> list[int]:
    """What leaving a visit out costs: five mean legs for a visit of mean value.

    The search is sensitive to this scale: far larger prizes made plans a third worse in trials.
    """
    usable = [leg for row in day.leg[: day.count] for leg in row[: day.count] if 0 < leg <= day.horizon]
    mean_leg = max(_MIN_LEG_S, sum(usable) / len(usable)) if usable else _MIN_LEG_S
    mean_prize = _MEAN_PRIZE_LEGS * mean_leg
    per_value = mean_prize / (sum(day.worth) / day.count)
    extra = [_MUST_PRIZES * mean_prize if must else 0 for must in day.must]
    return [round(worth * per_value + more) for worth, more in zip(day.worth, extra, strict=True)]


def allow_starts(variable: Any, ranges: Sequence[tuple[int, int]], last: int) -> None:
    """Restricts a time to these ranges, and to `last`."""
    variable.SetRange(max(0, ranges[0][0]), min(last, ranges[-1][1]))
    for (_, closes), (opens, _) in pairwise(ranges):
        if closes + 1 <= opens - 1:
            variable.RemoveInterval(closes + 1, opens - 1)


def every(calls: int, question: Callable[[], bool]) -> Callable[[], bool]:
    """Ask only at one call in `calls`: the search asks a quarter of a million times a second."""
    count = 0
    answer = False

    def ask() -> bool:
        nonlocal count, answer
        count += 1
        if not answer and count % calls == 0:
            answer = question()
        return answer

    return ask

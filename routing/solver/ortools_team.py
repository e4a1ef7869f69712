"""A team's routes by OR-Tools' routing search, which models every constraint of a team's day: shifts, lunch, windows,
appointments, skills, locks and loads. Used by the door of a team's day.

Iterated local search that ruins strings of neighbouring visits and inserts them again (J. Christiaens and
G. Vanden Berghe, 2020), as OR-Tools has it: on generated days of teams it was far ahead of guided local search.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from ortools.constraint_solver import pywrapcp, routing_enums_pb2

from routing.solver.ortools_day import allow_starts, every, prizes
from routing.team import Routes, Team

_CALLS_PER_LOOK = 32
_REMOVED = 10
_BYPASS = 0.5

# The wheel ships stubs without types.
_cp: Any = pywrapcp
_log = logging.getLogger(__name__)


def search_team(
    team: Team,
    hint: Routes,
    *,
    seconds: float,
    seed: int,
    solutions: int | None,
    is_over: Callable[[], bool] | None,
) -> Routes:
    """The best routes found within `seconds`; `hint` (feasible routes) where there are none.

    `seed` numbers the nodes anew. The caller verifies the answer. With `is_over`, which is asked every few
    milliseconds, it is guided local search from `hint`: iterated local search begins from a plan of its own and only
    ends with its time.
    """
    nodes = [int(i) for i in np.random.default_rng(seed).permutation(team.count)]
    model, manager = _model(team, nodes)
    parameters = _parameters(seconds, solutions)
    if is_over is None:
        _iterate(parameters)
        found = model.SolveWithIteratedLocalSearch(parameters)
    else:
        found = _guided(model, manager, parameters, [[nodes.index(node) for node in route] for route in hint], is_over)
    if found is None:
        return hint
    return [_route(model, manager, found, rep, nodes) for rep in range(len(team.days))]


def _guided(model: Any, manager: Any, parameters: Any, hint: Routes, is_over: Callable[[], bool]) -> Any:
    parameters.local_search_metaheuristic = routing_enums_pb2.LocalSearchMetaheuristic.GUIDED_LOCAL_SEARCH
    model.AddSearchMonitor(model.solver().CustomLimit(every(_CALLS_PER_LOOK, is_over)))
    model.CloseModelWithParameters(parameters)
    start = model.ReadAssignmentFromRoutes([[manager.NodeToIndex(place) for place in route] for route in hint], True)
    if start is None:
        _log.warning("the search model refused the first plan of %d visits", sum(map(len, hint)))
        return model.SolveWithParameters(parameters)
    return model.SolveFromAssignmentWithParameters(start, parameters)


def _model(team: Team, nodes: Sequence[int]) -> tuple[Any, Any]:
    """The model; `nodes` first, then the start and the end of each representative."""
    count, reps = team.count, len(team.days)
    origin = min(day.origin for day in team.days)
    offsets = [int((day.origin - origin).total_seconds()) for day in team.days]
    horizon = max(offset + day.horizon for offset, day in zip(offsets, team.days, strict=True))
    starts = [count + 2 * rep for rep in range(reps)]
    manager = _cp.RoutingIndexManager(count + 2 * reps, reps, starts, [start + 1 for start in starts])
    model = _cp.RoutingModel(manager)
    legs = _legs(team, nodes, horizon + 1)
    service = np.zeros(len(legs), dtype=np.int64)
    service[:count] = [team.days[0].service[node] for node in nodes]
    model.SetArcCostEvaluatorOfAllVehicles(model.RegisterTransitMatrix(legs.tolist()))
    times = model.RegisterTransitMatrix((legs + service[:, None]).tolist())
    model.AddDimension(times, horizon, horizon, False, "time")
    time = model.GetDimensionOrDie("time")
    worth = prizes(team.days[0])
    for position, node in enumerate(nodes):
        index = manager.NodeToIndex(position)
        model.AddDisjunction([index], worth[node])
        may = [rep for rep in range(reps) if team.may[rep][node]]
        if len(may) < reps:
            # -1 is nobody. The method made for this takes no list from here.
            model.VehicleVar(index).SetValues([-1, *may])
        # Who begins first has the ranges of all: those of others only lack what lies before their shift.
        first = min(may, key=offsets.__getitem__)
        ranges = [(low + offsets[first], high + offsets[first]) for low, high in team.days[first].starts[node]]
        allow_starts(time.CumulVar(index), ranges, horizon - int(service[position]))
    visit_times = [0] * model.Size()
    for position in range(count):
        visit_times[manager.NodeToIndex(position)] = int(service[position])
    for rep, (day, offset) in enumerate(zip(team.days, offsets, strict=True)):
        time.CumulVar(model.Start(rep)).SetRange(offset, offset + day.horizon)
        time.CumulVar(model.End(rep)).SetRange(offset, offset + day.horizon)
        if day.lunch is not None:
            lunch = model.solver().FixedDurationIntervalVar(
                day.lunch.opens + offset, day.lunch.last_start + offset, day.lunch.duration, False, f"lunch {rep}"
            )
            time.SetBreakIntervalsOfVehicle([lunch], rep, visit_times)
    _limit_loads(model, team, nodes)
    return model, manager


def _legs(team: Team, nodes: Sequence[int], too_long: int) -> NDArray[np.int64]:
    count, reps = team.count, len(team.days)
    legs = np.full((count + 2 * reps, count + 2 * reps), too_long, dtype=np.int64)
    for rep, day in enumerate(team.days):
        where = [*range(count), count + 2 * rep, count + 2 * rep + 1]
        of = [*nodes, count, count + 1]
        legs[np.ix_(where, where)] = np.minimum(np.array(day.leg, dtype=np.int64)[np.ix_(of, of)], too_long)
    return legs


def _limit_loads(model: Any, team: Team, nodes: Sequence[int]) -> None:
    total = sum(team.days[0].load)
    most = [total if day.max_load is None else min(total, day.max_load) for day in team.days]
    if min(most) == total:
        return
    loads = [*(team.days[0].load[node] for node in nodes), *([0] * (2 * len(team.days)))]
    carried = model.RegisterUnaryTransitVector(loads)
    model.AddDimensionWithVehicleCapacity(carried, 0, most, True, "load")


def _parameters(seconds: float, solutions: int | None) -> Any:
    parameters = _cp.DefaultRoutingSearchParameters()
    parameters.first_solution_strategy = routing_enums_pb2.FirstSolutionStrategy.LOCAL_CHEAPEST_INSERTION
    parameters.time_limit.FromMilliseconds(max(1, int(seconds * 1000)))
    if solutions is not None:
        parameters.solution_limit = solutions
    return parameters


def _iterate(parameters: Any) -> None:
    parameters.use_iterated_local_search = True
    search = parameters.iterated_local_search_parameters
    search.reference_solution_acceptance_strategy.simulated_annealing.automatic_temperatures = True
    ruin = search.ruin_recreate_parameters.ruin_strategies.add().sisr
    ruin.max_removed_sequence_size = _REMOVED
    ruin.avg_num_removed_visits = _REMOVED
    ruin.bypass_factor = _BYPASS


def _route(model: Any, manager: Any, found: Any, rep: int, nodes: Sequence[int]) -> list[int]:
    route: list[int] = []
    index = found.Value(model.NextVar(model.Start(rep)))
    while not model.IsEnd(index):
        route.append(nodes[manager.IndexToNode(index)])
        index = found.Value(model.NextVar(index))
    return route

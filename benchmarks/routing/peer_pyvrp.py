"""PyVRP as a peer: its own model, parameters as it ships; it knows no lunch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import numpy as np

from benchmarks.routing.instance import Answer, Instance, MissingEngineError, prizes
from benchmarks.routing.recorder import Recorder

_vrp: Any = import_module("pyvrp") if find_spec("pyvrp") else None


class PyVrp:
    """A visit with several windows becomes a group of clients of which one may be served."""

    name = "PyVRP"
    is_seeded = True

    def __init__(self) -> None:
        if _vrp is None:
            raise MissingEngineError("pyvrp is not installed")

    def can_state(self, instance: Instance) -> bool:
        """No lunch."""
        return all(vehicle.lunch is None for vehicle in instance.vehicles)

    def answers(self, instance: Instance, seed: int, moments_s: Sequence[float]) -> Mapping[float, Answer]:
        """See `Engine`; one search, looked at when the moments pass."""
        recorder = Recorder(moments_s)
        data, visit_of, vehicles_of = _data(instance)

        class Watch(_vrp.IteratedLocalSearchCallbacks):  # type: ignore[misc]
            def on_best(self, best: Any) -> None:
                if best.is_feasible():
                    recorder.keep(_routes(instance, best, visit_of, vehicles_of))

        parameters = _vrp.SolveParams(ils=_vrp.IteratedLocalSearchParams(callbacks=Watch()))
        left_s = max(0.01, moments_s[-1] - recorder.spent_s())
        _vrp.solve(data, _vrp.stop.MaxRuntime(left_s), seed, collect_stats=False, params=parameters)
        return recorder.answers()


def _data(instance: Instance) -> tuple[Any, list[int], list[list[int]]]:
    """The problem, the visit of each client, the vehicles of each type."""
    worth = prizes(instance)
    clients: list[Any] = []
    groups: list[Any] = []
    visit_of: list[int] = []
    has_loads = instance.vehicles[0].capacity is not None
    for number, visit in enumerate(instance.visits):
        several = len(visit.starts) > 1
        if several:
            alternatives = list(range(len(clients), len(clients) + len(visit.starts)))
            groups.append(_vrp.ClientGroup(alternatives, required=instance.must(number)))
        for opens, closes in visit.starts:
            clients.append(
                _vrp.Client(
                    location=number,
                    delivery=[visit.load] if has_loads else [],
                    service_duration=visit.service,
                    tw_early=opens,
                    tw_late=closes,
                    prize=worth[number],
                    required=instance.must(number) and not several,
                    group=len(groups) - 1 if several else None,
                )
            )
            visit_of.append(number)
    depots = list(range(len(instance.visits), len(instance.travel)))
    alike: dict[Any, list[int]] = {}
    for number, vehicle in enumerate(instance.vehicles):
        alike.setdefault(vehicle, []).append(number)
    types = [
        _vrp.VehicleType(
            num_available=len(numbers),
            capacity=[vehicle.capacity] if has_loads else [],
            start_depot=depots.index(vehicle.start),
            end_depot=depots.index(vehicle.end),
            tw_early=vehicle.opens,
            tw_late=vehicle.closes,
        )
        for vehicle, numbers in alike.items()
    ]
    matrix = np.array(instance.travel, dtype=np.int64)
    data = _vrp.ProblemData(
        locations=[_vrp.Location(0, 0) for _ in instance.travel],
        clients=clients,
        depots=[_vrp.Depot(place) for place in depots],
        vehicle_types=types,
        distance_matrices=[matrix],
        duration_matrices=[matrix],
        groups=groups,
    )
    return data, visit_of, list(alike.values())


def _routes(
    instance: Instance, solution: Any, visit_of: Sequence[int], vehicles_of: Sequence[Sequence[int]]
) -> list[list[int]]:
    free = [list(numbers) for numbers in vehicles_of]
    routes: list[list[int]] = [[] for _ in instance.vehicles]
    for route in solution.routes():
        routes[free[route.vehicle_type()].pop()] = [visit_of[each.idx] for each in route if each.is_client()]
    return routes

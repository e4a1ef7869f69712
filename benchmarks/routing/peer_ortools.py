"""Plain OR-Tools as a peer: the model and parameters of its routing guide, nothing tuned but the weight of a visit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from random import Random
from typing import Any

from ortools.constraint_solver import pywrapcp, routing_enums_pb2

from benchmarks.routing.instance import Answer, Instance, prizes
from benchmarks.routing.recorder import Recorder

_MUST_LEGS = 1_000
# The wheel ships stubs without types.
_cp: Any = pywrapcp


class PlainOrTools:
    """Cheapest arcs first, then guided local search until the time is over; the seed numbers the places anew."""

    name = "OR-Tools"
    is_seeded = True

    def can_state(self, instance: Instance) -> bool:
        """All of it."""
        del instance
        return True

    def answers(self, instance: Instance, seed: int, moments_s: Sequence[float]) -> Mapping[float, Answer]:
        """See `Engine`; one search, looked at when the moments pass."""
        recorder = Recorder(moments_s)
        count, fleet = len(instance.visits), instance.vehicles
        names = list(range(count))
        Random(seed).shuffle(names)
        names += sorted({place for each in fleet for place in (each.start, each.end)})
        place = {name: number for number, name in enumerate(names)}
        manager = _cp.RoutingIndexManager(
            len(names), len(fleet), [place[each.start] for each in fleet], [place[each.end] for each in fleet]
        )
        model = _cp.RoutingModel(manager)
        legs = [[instance.travel[a][b] for b in names] for a in names]
        model.SetArcCostEvaluatorOfAllVehicles(model.RegisterTransitMatrix(legs))
        service = [instance.visits[name].service if name < count else 0 for name in names]
        closes = max(each.closes for each in fleet)
        transit = model.RegisterTransitMatrix([[service[a] + leg for leg in row] for a, row in enumerate(legs)])
        model.AddDimension(transit, closes, closes, False, "time")
        times = model.GetDimensionOrDie("time")
        if fleet[0].capacity is not None:
            loads = model.RegisterUnaryTransitVector(
                [instance.visits[name].load if name < count else 0 for name in names]
            )
            capacities = [each.capacity or 0 for each in fleet]
            model.AddDimensionWithVehicleCapacity(loads, 0, capacities, True, "load")
        worth = prizes(instance)
        for name, visit in enumerate(instance.visits):
            index = manager.NodeToIndex(place[name])
            least, most = visit.starts[0][0], visit.starts[-1][1]
            times.CumulVar(index).SetRange(least, min(most, closes))
            for (_, closed), (opens, _) in pairwise(visit.starts):
                times.CumulVar(index).RemoveInterval(closed + 1, opens - 1)
            model.AddDisjunction([index], worth[name] * (_MUST_LEGS if instance.must(name) else 1))
        on_the_way = [0] * model.Size()
        for name in range(count):
            on_the_way[manager.NodeToIndex(place[name])] = instance.visits[name].service
        for number, vehicle in enumerate(fleet):
            times.CumulVar(model.Start(number)).SetRange(vehicle.opens, vehicle.closes)
            times.CumulVar(model.End(number)).SetRange(vehicle.opens, vehicle.closes)
            if vehicle.lunch is not None:
                lunch = vehicle.lunch
                interval = model.solver().FixedDurationIntervalVar(
                    lunch.opens, lunch.last_start, lunch.duration, False, f"lunch {number}"
                )
                times.SetBreakIntervalsOfVehicle([interval], number, on_the_way)

        def look() -> None:
            if recorder.is_better(-float(model.CostVar().Value())):
                recorder.keep([_route(model, manager, names, number) for number in range(len(fleet))])

        model.AddAtSolutionCallback(look)
        parameters = _cp.DefaultRoutingSearchParameters()
        parameters.first_solution_strategy = routing_enums_pb2.FirstSolutionStrategy.PATH_CHEAPEST_ARC
        parameters.local_search_metaheuristic = routing_enums_pb2.LocalSearchMetaheuristic.GUIDED_LOCAL_SEARCH
        parameters.time_limit.FromMilliseconds(max(1, round((moments_s[-1] - recorder.spent_s()) * 1000)))
        model.SolveWithParameters(parameters)
        return recorder.answers()


def _route(model: Any, manager: Any, names: Sequence[int], vehicle: int) -> tuple[int, ...]:
    found: list[int] = []
    index = model.NextVar(model.Start(vehicle)).Value()
    while not model.IsEnd(index):
        found.append(names[manager.IndexToNode(index)])
        index = model.NextVar(index).Value()
    return tuple(found)

"""VROOM as a peer, through pyvroom: its largest effort on one thread, cut off by the clock.

Values become priorities from 0 to 100, the only weight it knows; a must-visit has 100, others at most 60.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from datetime import timedelta
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import numpy as np

from benchmarks.routing.instance import Aim, Answer, Instance, MissingEngineError

_vroom: Any = import_module("vroom") if find_spec("vroom") else None
_MOST_EFFORT = 5
_MUST, _MOST = 100, 60


class Vroom:
    """The same answer each time, except for what the clock cuts off."""

    name = "VROOM"
    is_seeded = False

    def __init__(self) -> None:
        if _vroom is None:
            raise MissingEngineError("pyvroom is not installed")

    def can_state(self, instance: Instance) -> bool:
        """All of it, a must-visit as one of high priority."""
        del instance
        return True

    def answers(self, instance: Instance, seed: int, moments_s: Sequence[float]) -> Mapping[float, Answer]:
        """See `Engine`; one search for each moment."""
        del seed
        found: dict[float, Answer] = {}
        for moment in moments_s:
            began = time.perf_counter()
            asked = _input(instance)
            left = timedelta(seconds=max(0.01, moment - (time.perf_counter() - began)))
            solved = asked.solve(exploration_level=_MOST_EFFORT, nb_threads=1, timeout=left)
            took_s = time.perf_counter() - began
            found[moment] = Answer(_routes(instance, solved), took_s)
        return found


def _input(instance: Instance) -> Any:
    asked = _vroom.Input()
    asked.set_durations_matrix("car", np.array(instance.travel, dtype=np.uint32))
    scale = min(1.0, _MOST / max(visit.value for visit in instance.visits))
    has_loads = instance.vehicles[0].capacity is not None
    for number, visit in enumerate(instance.visits):
        priority = _MUST if instance.must(number) else round(visit.value * scale)
        asked.add_job(
            _vroom.Job(
                number,
                location=number,
                default_service=visit.service,
                delivery=[visit.load] if has_loads else _vroom.Amount(),
                priority=0 if instance.aim is Aim.LEAST_TRAVEL else priority,
                time_windows=[_vroom.TimeWindow(opens, closes) for opens, closes in visit.starts],
            )
        )
    for number, vehicle in enumerate(instance.vehicles):
        lunch = vehicle.lunch
        breaks = []
        if lunch is not None:
            breaks = [_vroom.Break(number, [_vroom.TimeWindow(lunch.opens, lunch.last_start)], service=lunch.duration)]
        asked.add_vehicle(
            _vroom.Vehicle(
                number,
                start=vehicle.start,
                end=vehicle.end,
                capacity=[vehicle.capacity] if has_loads else _vroom.Amount(),
                time_window=_vroom.TimeWindow(vehicle.opens, vehicle.closes),
                breaks=breaks,
            )
        )
    return asked


def _routes(instance: Instance, solved: Any) -> tuple[tuple[int, ...], ...]:
    steps = solved.routes
    jobs = steps[steps["type"] == "job"]
    made: dict[int, list[int]] = {}
    for vehicle, visit in zip(jobs["vehicle_id"].tolist(), jobs["id"].tolist(), strict=True):
        made.setdefault(int(vehicle), []).append(int(visit))
    return tuple(tuple(made.get(number, ())) for number in range(len(instance.vehicles)))

"""What a road engine is asked and what it may answer; implemented by osrm.py and valhalla.py, called by road.py."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from domain.places import Point, distance_m
from routing.travel_times.matrix import Line

MAX_OFF_ROAD_M = 2_000.0
"""Engines move a point to the nearest road of their map, over any distance: further than this it is not on the map."""


class EngineError(Exception):
    """The engine gave no answer, or one that cannot be read: it is not asked again for a while."""


class EngineRefusedError(EngineError):
    """The engine works but refuses this question; a smaller one may pass. `no_way`: it says that there is none."""

    def __init__(self, text: str, *, no_way: bool = False) -> None:
        super().__init__(text)
        self.no_way = no_way


@dataclass(frozen=True, slots=True)
class Block:
    """Driving from s sources to t targets: metres and seconds, NaN where there is no way.

    `on_map` is False for the pairs of which a point lies off the engine's map: what it says of them means nothing.
    """

    distance_m: NDArray[np.float64]
    leg_s: NDArray[np.float64]
    on_map: NDArray[np.bool_]


class RoadEngine(Protocol):
    """A source of driving times over roads. Calls take at most about `timeout_s` and raise EngineError."""

    block_points: int
    """How many sources and how many targets a question may have."""
    line_points: int
    """How many points a line may lead through."""

    def block(self, sources: Sequence[Point], targets: Sequence[Point], timeout_s: float) -> Block:
        """Times and distances."""
        ...

    def lines(self, points: Sequence[Point], timeout_s: float) -> list[Line]:
        """The way between each point and the next."""
        ...


def numbers(rows: Any, count: tuple[int, int]) -> NDArray[np.float64]:
    """A table of numbers and nulls as NaN; EngineError where it is anything else."""
    try:
        table = np.array(rows, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise EngineError("a table holds something that is no number") from error
    if table.shape != count or (table < 0).any() or np.isinf(table).any():
        raise EngineError("a table has the wrong size or impossible numbers")
    return table


def off_road_m(point: Point, longitude: Any, latitude: Any) -> float:
    """How far the engine moved a point; infinitely far for what is no position."""
    try:
        return distance_m(point, Point(float(latitude), float(longitude)))
    except (TypeError, ValueError):
        return inf


def both(sources: Sequence[bool], targets: Sequence[bool]) -> NDArray[np.bool_]:
    """Pairs of which both ends hold."""
    return np.logical_and.outer(np.array(sources, dtype=np.bool_), np.array(targets, dtype=np.bool_))

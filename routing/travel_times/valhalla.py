"""Valhalla, over HTTP or embedded (the questions are the same JSON); opened by routing/travel_times/source.py."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any, Protocol

import numpy as np

from domain.places import Point
from domain.polylines import decode
from routing.travel_times.engine import (
    MAX_OFF_ROAD_M,
    Block,
    EngineError,
    EngineRefusedError,
    both,
    numbers,
    off_road_m,
)
from routing.travel_times.matrix import Line

_SHAPE_PRECISION = 6
_NO_WAY = {170, 442}
_REMEMBERED = 10_000


class Posting(Protocol):
    """How a question reaches the engine: status and JSON of the answer."""

    def post(self, path: str, body: Mapping[str, Any], timeout_s: float) -> tuple[int, dict[str, Any] | list[Any]]:
        """Raises EngineError."""
        ...


class Valhalla:
    """The actions `locate`, `sources_to_targets` and `route`, within their default limits (2,500 pairs, 20 stops)."""

    block_points = 50
    line_points = 20

    def __init__(self, engine: Posting, costing: str = "auto") -> None:
        self._engine = engine
        self._costing = costing
        self._located: dict[Point, bool] = {}

    def block(self, sources: Sequence[Point], targets: Sequence[Point], timeout_s: float) -> Block:
        """One matrix between the points that lie on the map: a single one that does not would fail all of it."""
        on_map = self._on_map([*sources, *targets], timeout_s)
        near, far = on_map[: len(sources)], on_map[len(sources) :]
        distance_m = np.full((len(sources), len(targets)), np.nan)
        leg_s = distance_m.copy()
        if any(near) and any(far):
            asked = {
                "sources": [_place(point) for point, known in zip(sources, near, strict=True) if known],
                "targets": [_place(point) for point, known in zip(targets, far, strict=True) if known],
                "costing": self._costing,
                "verbose": False,
            }
            table = self._object("/sources_to_targets", asked, timeout_s).get("sources_to_targets")
            if not isinstance(table, dict):
                raise EngineError("a matrix in a form that is not known")
            cells, count = np.ix_(near, far), (sum(near), sum(far))
            distance_m[cells] = numbers(table.get("distances"), count) * 1_000
            leg_s[cells] = numbers(table.get("durations"), count)
        return Block(distance_m, leg_s, both(near, far))

    def lines(self, points: Sequence[Point], timeout_s: float) -> list[Line]:
        """One route through all points."""
        asked = {
            "locations": [_place(point) for point in points],
            "costing": self._costing,
            "directions_type": "none",
        }
        found = self._object("/route", asked, timeout_s)
        try:
            legs = found["trip"]["legs"]
            lines = [tuple(point for point, _ in groupby(decode(leg["shape"], _SHAPE_PRECISION))) for leg in legs]
        except (KeyError, TypeError, ValueError) as error:
            raise EngineError("a route without lines") from error
        if len(lines) != len(points) - 1:
            raise EngineError("a route with too few legs")
        return lines

    def _on_map(self, points: Sequence[Point], timeout_s: float) -> list[bool]:
        if len(self._located) > _REMEMBERED:
            self._located.clear()
        new = list(dict.fromkeys(point for point in points if point not in self._located))
        if new:
            asked = {"locations": [_place(point) for point in new], "costing": self._costing}
            status, found = self._engine.post("/locate", asked, timeout_s)
            if status != 200 or not isinstance(found, list) or len(found) != len(new):
                raise EngineError("the points cannot be located")
            self._located.update({point: _is_near(point, place) for point, place in zip(new, found, strict=True)})
        return [self._located[point] for point in points]

    def _object(self, path: str, asked: dict[str, Any], timeout_s: float) -> dict[str, Any]:
        status, found = self._engine.post(path, asked, timeout_s)
        if not isinstance(found, dict):
            raise EngineError("an answer that is no object")
        if status != 200:
            raise EngineRefusedError(str(found.get("error")), no_way=found.get("error_code") in _NO_WAY)
        return found


def _place(point: Point) -> dict[str, float]:
    return {"lat": point.latitude, "lon": point.longitude}


def _is_near(point: Point, place: Any) -> bool:
    edges = place.get("edges") if isinstance(place, dict) else None
    return any(
        off_road_m(point, edge.get("correlated_lon"), edge.get("correlated_lat")) <= MAX_OFF_ROAD_M
        for edge in edges or ()
        if isinstance(edge, dict)
    )

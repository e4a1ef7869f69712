"""OSRM over HTTP: its services `table` and `route`; opened by routing/travel_times/source.py."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from domain.places import Point
from domain.polylines import decode
from routing.travel_times.engine import MAX_OFF_ROAD_M, Block, EngineError, EngineRefusedError, both, numbers
from routing.travel_times.engine import off_road_m as moved_m
from routing.travel_times.json_http import JsonHttp
from routing.travel_times.matrix import Line

_NO_WAY = {"NoRoute", "NoTable"}


class Osrm:
    """A server of `osrm-routed`, with its default limits (100 x 100 a table)."""

    block_points = 100
    line_points = 50

    def __init__(self, http: JsonHttp, profile: str = "driving") -> None:
        self._http = http
        self._profile = profile

    def block(self, sources: Sequence[Point], targets: Sequence[Point], timeout_s: float) -> Block:
        """One `table`."""
        query = {"annotations": "duration,distance", "generate_hints": "false"}
        points = list(sources)
        if list(sources) != list(targets):
            points += targets
            query["sources"] = ";".join(str(number) for number in range(len(sources)))
            query["destinations"] = ";".join(str(number) for number in range(len(sources), len(points)))
        found = self._ask("table", points, query, timeout_s)
        count = (len(sources), len(targets))
        return Block(
            distance_m=numbers(found.get("distances"), count),
            leg_s=numbers(found.get("durations"), count),
            on_map=both(_on_map(found.get("sources"), sources), _on_map(found.get("destinations"), targets)),
        )

    def lines(self, points: Sequence[Point], timeout_s: float) -> list[Line]:
        """One `route` through all points. The line of a leg is in its steps."""
        query = {"overview": "false", "steps": "true", "geometries": "polyline", "generate_hints": "false"}
        # Tables know no driving on in the direction of arrival; a rep who visited may turn round.
        query["continue_straight"] = "false"
        found = self._ask("route", points, query, timeout_s)
        try:
            legs = found["routes"][0]["legs"]
            lines = [_line(leg["steps"]) for leg in legs]
        except (IndexError, KeyError, TypeError, ValueError) as error:
            raise EngineError("a route without lines") from error
        if len(lines) != len(points) - 1:
            raise EngineError("a route with too few legs")
        return lines

    def _ask(self, service: str, points: Sequence[Point], query: dict[str, str], timeout_s: float) -> dict[str, Any]:
        where = ";".join(f"{point.longitude:.6f},{point.latitude:.6f}" for point in points)
        _, found = self._http.get(f"/{service}/v1/{self._profile}/{where}", query, timeout_s)
        code = found.get("code") if isinstance(found, dict) else None
        if not isinstance(found, dict) or not isinstance(code, str):
            raise EngineError("an answer without a code")
        if code != "Ok":
            raise EngineRefusedError(code, no_way=code in _NO_WAY)
        return found


def _on_map(waypoints: Any, points: Sequence[Point]) -> list[bool]:
    if not isinstance(waypoints, list) or len(waypoints) != len(points):
        raise EngineError("the places of a table are missing")
    found = []
    for waypoint, point in zip(waypoints, points, strict=True):
        location = waypoint.get("location") if isinstance(waypoint, dict) else None
        if not isinstance(location, list) or len(location) != 2:
            raise EngineError("a place of a table has no position")
        found.append(moved_m(point, *location) <= MAX_OFF_ROAD_M)
    return found


def _line(steps: Sequence[dict[str, Any]]) -> Line:
    points = [point for step in steps for point in decode(step["geometry"])]
    return tuple(point for point, _ in groupby(points))

"""Strict loopback stand-ins for OSRM and Valhalla on one small map, with faults on demand and a count of questions.

Roads are straight and a fifth longer than on a flat map, driven at 10 m/s; an island has no way on or off it. Limits
and error codes are those the real servers answer with by default; tests/routing/test_real_engines.py asks the real ones
the same questions.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from itertools import pairwise
from math import hypot
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from domain.places import Point, distance_m
from domain.polylines import encode

CENTRE = Point(47.14, 9.52)
MAP_DEGREES = 0.2
ISLAND = Point(47.30, 9.52)
"""On the map; points within 0.02 degrees of it are on the island."""
ROAD_FACTOR = 1.2
_M_PER_DEGREE = (111_180.0, 75_800.0)
SPEED_M_PER_S = 10.0
Fault = Callable[[], Awaitable[Response]]


def is_on_map(point: Point) -> bool:
    return (
        abs(point.latitude - CENTRE.latitude) <= MAP_DEGREES and abs(point.longitude - CENTRE.longitude) <= MAP_DEGREES
    )


def _is_on_island(point: Point) -> bool:
    return abs(point.latitude - ISLAND.latitude) < 0.02 and abs(point.longitude - ISLAND.longitude) < 0.02


def road_m(a: Point, b: Point) -> float | None:
    """None: no way."""
    if _is_on_island(a) != _is_on_island(b):
        return None
    north_m = (a.latitude - b.latitude) * _M_PER_DEGREE[0]
    east_m = (a.longitude - b.longitude) * _M_PER_DEGREE[1]
    return hypot(north_m, east_m) * ROAD_FACTOR


def bend(a: Point, b: Point) -> Point:
    """The one point between the ends of a way."""
    return Point(round(a.latitude, 5), round(b.longitude, 5))


@dataclass
class RoadServer:
    """Both servers; `faults` are used up one a question, `asked` holds what was asked."""

    asked: list[str] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    max_pairs: int | None = None
    fail_after: int | None = None

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/table/v1/driving/{where:path}", self._faulty(self._table)),
                Route("/route/v1/driving/{where:path}", self._faulty(self._route)),
                Route("/locate", self._faulty(self._locate), methods=["POST"]),
                Route("/sources_to_targets", self._faulty(self._matrix), methods=["POST"]),
                Route("/route", self._faulty(self._trip), methods=["POST"]),
            ]
        )

    def reset(self) -> None:
        self.asked.clear()
        self.faults.clear()
        self.max_pairs = self.fail_after = None

    def _faulty(self, answer: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
        async def answered(request: Request) -> Response:
            self.asked.append(request.url.path.split("/")[1])
            if self.fail_after is not None and len(self.asked) > self.fail_after:
                return await error_500()
            if self.faults:
                return await self.faults.pop(0)()
            return await answer(request)

        return answered

    # --- OSRM ---------------------------------------------------------------------------------------------------------

    async def _table(self, request: Request) -> Response:
        query = dict(request.query_params)
        assert query.pop("annotations") == "duration,distance"
        assert query.pop("generate_hints") == "false"
        assert set(query) <= {"sources", "destinations"}
        points = _coordinates(request)
        sources = [points[i] for i in _numbers(query.get("sources"), len(points))]
        targets = [points[i] for i in _numbers(query.get("destinations"), len(points))]
        if len(sources) * len(targets) > (self.max_pairs or 100 * 100):
            return JSONResponse({"code": "TooBig", "message": "Too many table coordinates"}, 400)
        lengths = [[road_m(_snapped(a), _snapped(b)) for b in targets] for a in sources]
        return JSONResponse(
            {
                "code": "Ok",
                "distances": lengths,
                "durations": [[None if each is None else each / SPEED_M_PER_S for each in row] for row in lengths],
                "sources": [_waypoint(each) for each in sources],
                "destinations": [_waypoint(each) for each in targets],
            }
        )

    async def _route(self, request: Request) -> Response:
        assert request.query_params["geometries"] == "polyline"
        assert request.query_params["continue_straight"] == "false"
        points = [_snapped(each) for each in _coordinates(request)]
        if any(road_m(a, b) is None for a, b in pairwise(points)):
            return JSONResponse({"code": "NoRoute", "message": "Impossible route between points"}, 400)
        legs = [
            {"steps": [{"geometry": encode([a, bend(a, b)])}, {"geometry": encode([bend(a, b), b])}]}
            for a, b in pairwise(points)
        ]
        return JSONResponse({"code": "Ok", "routes": [{"legs": legs}]})

    # --- Valhalla -----------------------------------------------------------------------------------------------------

    async def _locate(self, request: Request) -> Response:
        asked = await request.json()
        return JSONResponse([{"edges": _edges(_point(each)), "nodes": []} for each in asked["locations"]])

    async def _matrix(self, request: Request) -> Response:
        asked = await request.json()
        assert asked["costing"] == "auto"
        assert asked["verbose"] is False
        sources, targets = ([_point(each) for each in asked[key]] for key in ("sources", "targets"))
        if len(sources) * len(targets) > (self.max_pairs or 2_500):
            return _refused(150, "Exceeded max locations: 2500.000000")
        if max(distance_m(sources[0], each) for each in (*sources, *targets)) > 400_000:
            return _refused(154, "Path distance exceeds the max distance limit: 400000 meters")
        if not all(is_on_map(each) for each in (*sources, *targets)):
            return _refused(171, "No suitable edges near location")
        if all(road_m(a, b) is None for a in sources for b in targets):
            return _refused(170, "Locations are in unconnected regions. Go check/edit the map at osm.org")
        lengths = [[road_m(a, b) for b in targets] for a in sources]
        table = {
            "distances": [[None if each is None else round(each / 1_000, 3) for each in row] for row in lengths],
            "durations": [[None if each is None else round(each / SPEED_M_PER_S) for each in row] for row in lengths],
        }
        return JSONResponse({"sources_to_targets": table, "units": "kilometers", "algorithm": "costmatrix"})

    async def _trip(self, request: Request) -> Response:
        asked = await request.json()
        assert asked["directions_type"] == "none"
        points = [_point(each) for each in asked["locations"]]
        if len(points) > 20:
            return _refused(150, "Exceeded max locations: 20")
        if any(road_m(a, b) is None for a, b in pairwise(points)):
            return _refused(442, "No path could be found for input")
        legs = [{"shape": encode([a, bend(a, b), b], 6)} for a, b in pairwise(points)]
        return JSONResponse({"trip": {"legs": legs, "status": 0, "units": "kilometers"}})


async def error_500() -> Response:
    return JSONResponse({"error": "internal"}, 500)


async def page() -> Response:
    return PlainTextResponse("<h1>502 Bad Gateway</h1>", 502)


async def wrong_size() -> Response:
    return JSONResponse({"code": "Ok", "distances": [[0]], "durations": [[0]], "sources_to_targets": {}})


async def words() -> Response:
    table = {"distances": [["far"]], "durations": [["long"]]}
    return JSONResponse({"code": "Ok", **table, "sources_to_targets": table})


async def nothing() -> Response:
    return JSONResponse(None)


async def hang() -> Response:
    await asyncio.sleep(1.5)
    return JSONResponse({})


async def trickle() -> Response:
    async def drops() -> AsyncIterator[bytes]:
        while True:
            yield b" "
            await asyncio.sleep(0.05)

    return StreamingResponse(drops(), media_type="application/json")


def _refused(code: int, text: str) -> Response:
    return JSONResponse({"error_code": code, "error": text, "status_code": 400, "status": "Bad Request"}, 400)


def _numbers(text: str | None, count: int) -> list[int]:
    return list(range(count)) if text is None else [int(each) for each in text.split(";")]


def _coordinates(request: Request) -> list[Point]:
    pairs = [each.split(",") for each in request.path_params["where"].split(";")]
    return [Point(float(latitude), float(longitude)) for longitude, latitude in pairs]


def _snapped(point: Point) -> Point:
    """OSRM moves a point to its nearest road over any distance."""
    return point if is_on_map(point) else CENTRE


def _waypoint(point: Point) -> dict[str, Any]:
    at = _snapped(point)
    return {"name": "", "location": [at.longitude, at.latitude], "distance": distance_m(point, at)}


def _point(place: dict[str, float]) -> Point:
    return Point(place["lat"], place["lon"])


def _edges(point: Point) -> list[dict[str, Any]]:
    if not is_on_map(point):
        return []
    return [{"correlated_lat": point.latitude, "correlated_lon": point.longitude, "way_id": 1}]

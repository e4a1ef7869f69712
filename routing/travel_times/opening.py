"""Opens the source of travel times of a process; called by routing/process.py."""

from __future__ import annotations

import logging
from dataclasses import replace
from functools import lru_cache

from routing.travel_times.engine import EngineError, RoadEngine
from routing.travel_times.geodesic import GeodesicTravelTimes
from routing.travel_times.json_http import JsonHttp
from routing.travel_times.matrix import RoadMap
from routing.travel_times.osrm import Osrm
from routing.travel_times.reestimated import Reestimated
from routing.travel_times.road import RoadTravelTimes
from routing.travel_times.source import DETOUR, SPEED_KM_H, Engine, TravelSource
from routing.travel_times.valhalla import Valhalla

_log = logging.getLogger(__name__)


def open_travel_times(source: TravelSource) -> RoadMap:
    """The source with what it remembers, opened once in a process; estimates where its tiles cannot be read."""
    estimate = GeodesicTravelTimes(source.detour, source.speed_km_h / 3.6)
    if source.engine is Engine.NONE:
        return estimate
    # One engine with one memory, whatever an organization reckons with where the engine has no answer.
    roads = _opened(replace(source, detour=DETOUR, speed_km_h=SPEED_KM_H))
    return roads if estimate == GeodesicTravelTimes() else Reestimated(roads, estimate)


@lru_cache(maxsize=4)
def _opened(source: TravelSource) -> RoadMap:
    try:
        return RoadTravelTimes(_engine(source), timeout_s=source.timeout_s)
    except EngineError:
        _log.exception("the road engine cannot be opened: all legs are estimates")
        return GeodesicTravelTimes()


def _engine(source: TravelSource) -> RoadEngine:
    if source.engine is Engine.TILES:
        from routing.travel_times.valhalla_embedded import EmbeddedValhalla  # noqa: PLC0415 - an optional extra

        assert source.tiles is not None
        return Valhalla(EmbeddedValhalla(source.tiles), source.profile or "auto")
    assert source.url is not None
    http = JsonHttp(source.url)
    if source.engine is Engine.OSRM:
        return Osrm(http, source.profile or "driving")
    return Valhalla(http, source.profile or "auto")

"""Opens the source of travel times of a process; called by routing/process.py."""

from __future__ import annotations

import logging
from functools import lru_cache

from routing.travel_times.engine import EngineError, RoadEngine
from routing.travel_times.geodesic import GeodesicTravelTimes
from routing.travel_times.json_http import JsonHttp
from routing.travel_times.matrix import RoadMap
from routing.travel_times.osrm import Osrm
from routing.travel_times.road import RoadTravelTimes
from routing.travel_times.source import Engine, TravelSource
from routing.travel_times.valhalla import Valhalla

_log = logging.getLogger(__name__)


@lru_cache(maxsize=4)
def open_travel_times(source: TravelSource) -> RoadMap:
    """The source with what it remembers, opened once in a process; estimates where its tiles cannot be read."""
    if source.engine is Engine.NONE:
        return GeodesicTravelTimes()
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

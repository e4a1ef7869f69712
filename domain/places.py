"""Points on the WGS-84 ellipsoid and the distance between them; used by every rule that measures."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from math import isfinite
from typing import Any


class Datum(StrEnum):
    """The coordinate system a pair of numbers was measured in."""

    WGS84 = "WGS84"
    GCJ02 = "GCJ02"
    BD09 = "BD09"


@dataclass(frozen=True, slots=True)
class Point:
    """A WGS-84 position in degrees; raises ValueError outside the ranges of latitude and longitude."""

    latitude: float
    longitude: float

    def __post_init__(self) -> None:
        if not (isfinite(self.latitude) and isfinite(self.longitude)):
            raise ValueError("a coordinate must be a finite number")
        if abs(self.latitude) > 90 or abs(self.longitude) > 180:
            raise ValueError("latitude is within 90 and longitude within 180 degrees")


def distance_m(a: Point, b: Point) -> float:
    """Geodesic distance in metres (Karney's algorithm, through geopy)."""
    kilometres: float = _wgs84().measure((a.latitude, a.longitude), (b.latitude, b.longitude))
    return kilometres * 1_000


@cache
def _wgs84() -> Any:
    """Made once: what it prepares of the ellipsoid takes as long as measuring."""
    from geopy.distance import geodesic  # noqa: PLC0415 - loads an HTTP library, which not every process needs

    return geodesic()

"""How far a position is from a fence drawn as an area; used by domain/geofence.py."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import cos, hypot, radians, sin

from geographiclib.geodesic import Geodesic

from domain.places import Point
from domain.refusals import InvalidInput

MAX_CORNERS = 200


def area_problem(corners: Sequence[Point]) -> InvalidInput | None:
    """Why the corners make no fence: too few or too many (a closing corner counts once)."""
    if len(set(corners)) >= 3 and len(corners) <= MAX_CORNERS:
        return None
    return InvalidInput("area", f"must have 3 to {MAX_CORNERS} different corners")


def distance_to_area_m(point: Point, corners: Sequence[Point]) -> float:
    """Metres to the nearest geodesic edge, 0 inside; at least one corner.

    The corners are laid out by distance and azimuth around the point, where geodesics near it are straight lines.
    """
    flat = [_around(point, each) for each in corners]
    flat.append(flat[0])
    if _winds_around(flat):
        return 0.0
    return min(_to_segment(a, b) for a, b in pairwise(flat))


def _around(center: Point, corner: Point) -> tuple[float, float]:
    line = Geodesic.WGS84.Inverse(center.latitude, center.longitude, corner.latitude, corner.longitude)
    azimuth = radians(line["azi1"])
    return line["s12"] * sin(azimuth), line["s12"] * cos(azimuth)


def _winds_around(flat: Sequence[tuple[float, float]]) -> bool:
    inside = False
    for (x, y), (u, v) in pairwise(flat):
        if (y > 0) != (v > 0) and x + y / (y - v) * (u - x) > 0:
            inside = not inside
    return inside


def _to_segment(a: tuple[float, float], b: tuple[float, float]) -> float:
    along_x, along_y = b[0] - a[0], b[1] - a[1]
    squared = along_x * along_x + along_y * along_y
    share = 0.0 if squared == 0 else min(1.0, max(0.0, -(a[0] * along_x + a[1] * along_y) / squared))
    return hypot(a[0] + share * along_x, a[1] + share * along_y)

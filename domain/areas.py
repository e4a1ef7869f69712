"""How far a position is from a fence drawn as an area, and whether it lies in a territory.

Used by domain/geofence.py and the assignment rules.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import cos, hypot, radians, sin

from geographiclib.geodesic import Geodesic

from domain.places import Point
from domain.refusals import InvalidInput

MAX_CORNERS = 200
_NO_SURFACE = 1e-12
"""Square degrees."""


def area_problem(corners: Sequence[Point], field: str = "area") -> InvalidInput | None:
    """Why the corners enclose nothing: too few or too many (a closing corner counts once), or edges that cross."""
    if len(set(corners)) < 3 or len(corners) > MAX_CORNERS:
        return InvalidInput(field, f"must have 3 to {MAX_CORNERS} different corners")
    flat = _unrolled(corners)
    if abs(sum(x * v - u * y for (x, y), (u, v) in pairwise([*flat, flat[0]]))) < _NO_SURFACE:
        return InvalidInput(field, "encloses nothing")
    if _crosses_itself(flat):
        return InvalidInput(field, "has edges that cross")
    return None


def contains(corners: Sequence[Point], point: Point) -> bool:
    """Whether the point lies within the corners, joined by straight lines of latitude and longitude as on a map.

    Of two territories that share an edge, a point on it belongs to exactly one.
    """
    flat = _unrolled(corners)
    longitudes = [x for x, _ in flat]
    turns = (-360.0, 0.0, 360.0)
    return any(
        _winds_around([(x - point.longitude - turn, y - point.latitude) for x, y in (*flat, flat[0])])
        for turn in turns
        if min(longitudes) <= point.longitude + turn <= max(longitudes)
    )


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
    for start, end in pairwise(flat):
        # From south to north, so that neighbours find the same of an edge that each goes along its own way.
        (x, y), (u, v) = (start, end) if start[1] <= end[1] else (end, start)
        if (y > 0) != (v > 0) and x + y / (y - v) * (u - x) > 0:
            inside = not inside
    return inside


def _to_segment(a: tuple[float, float], b: tuple[float, float]) -> float:
    along_x, along_y = b[0] - a[0], b[1] - a[1]
    squared = along_x * along_x + along_y * along_y
    share = 0.0 if squared == 0 else min(1.0, max(0.0, -(a[0] * along_x + a[1] * along_y) / squared))
    return hypot(a[0] + share * along_x, a[1] + share * along_y)


def _unrolled(corners: Sequence[Point]) -> list[tuple[float, float]]:
    """Longitude and latitude without repeats, each corner the short way from the one before: past 180 if need be."""
    flat: list[tuple[float, float]] = []
    for each in corners:
        longitude = each.longitude
        if flat:
            longitude += round((flat[-1][0] - longitude) / 360) * 360
        if not flat or flat[-1] != (longitude, each.latitude):
            flat.append((longitude, each.latitude))
    if len(flat) > 1 and flat[0] == flat[-1]:
        flat.pop()
    return flat


def _crosses_itself(flat: Sequence[tuple[float, float]]) -> bool:
    edges = list(pairwise([*flat, flat[0]]))
    last = len(edges) - 1
    return any(
        _cross(*edges[i], *edges[j])
        for i in range(len(edges))
        for j in range(i + 2, len(edges))
        if not (i == 0 and j == last)
    )


def _cross(a: tuple[float, float], b: tuple[float, float], c: tuple[float, float], d: tuple[float, float]) -> bool:
    """Whether two edges pass through each other; touching is no crossing."""
    return _side(a, b, c) * _side(a, b, d) < 0 and _side(c, d, a) * _side(c, d, b) < 0


def _side(a: tuple[float, float], b: tuple[float, float], c: tuple[float, float]) -> float:
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])

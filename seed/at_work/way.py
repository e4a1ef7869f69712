"""Where somebody is who drives to a place; for seed/at_work/rep.py."""

from __future__ import annotations

from domain.places import Point
from domain.tracks import near_distance_m


def towards(here: Point, there: Point, metres: float) -> Point:
    """The point so far on the straight way, or its end."""
    length = near_distance_m(here, there)
    if length <= metres:
        return there
    share = metres / length
    return Point(
        here.latitude + share * (there.latitude - here.latitude),
        here.longitude + share * (there.longitude - here.longitude),
    )


def near(point: Point, north_m: float, east_m: float) -> Point:
    """The point moved by so many metres, good for a few hundred."""
    a_degree = near_distance_m(point, Point(point.latitude, point.longitude + 0.01)) * 100
    return Point(point.latitude + north_m / 111_195, point.longitude + east_m / a_degree)

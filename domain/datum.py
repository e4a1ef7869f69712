"""WGS-84 <-> GCJ-02 <-> BD-09, the offset coordinates of maps of mainland China; used wherever a coordinate comes in
or goes out. Outside the region of domain/mainland.py all three datums are the same numbers.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import atan2, cos, hypot, pi, radians, sin, sqrt

from domain.mainland import Pair, is_shifted
from domain.places import Datum, Point

# Krasovsky 1940, the ellipsoid the GCJ-02 shift is defined on: semi-major axis in metres, squared eccentricity.
_AXIS_M = 6378245.0
_ECCENTRICITY_2 = 0.00669342162296594323
_BD_WAVE = pi * 3000 / 180
# Each round shrinks the error at least 40 times (the shift changes by under 2 % of the way moved).
_ROUNDS = 8


@dataclass(frozen=True, slots=True)
class Converted:
    """A WGS-84 point, and whether its GCJ-02 or BD-09 claim lay outside the shifted region (taken as WGS-84)."""

    point: Point
    outside_region: bool


def to_wgs84(latitude: float, longitude: float, datum: Datum) -> Converted:
    """The WGS-84 point behind a pair in `datum`; within 1e-6 m inside the region, unchanged outside it.

    A pair claimed as GCJ-02 or BD-09 whose position is outside the region is taken as WGS-84 and flagged. Within about
    a kilometre of the region's edge a pair can have two readings; the shifted one is taken. Raises ValueError for
    numbers that are no position.
    """
    claimed = Point(latitude, longitude)
    if datum is Datum.WGS84:
        return Converted(claimed, outside_region=False)
    if 16 < latitude < 55 and 72 < longitude < 137:
        target = (latitude, longitude)
        gcj = _inverse_bd09(target) if datum is Datum.BD09 else target
        # A micrometre: what is left of the last round must not move a point across the region's edge.
        found = _rounded(_inverse_gcj02(gcj))
        if is_shifted(*found):
            return Converted(Point(*found), outside_region=False)
    return Converted(claimed, outside_region=True)


def from_wgs84(point: Point, datum: Datum) -> Pair:
    """(latitude, longitude) of a WGS-84 point in `datum`; unchanged outside the shifted region."""
    pair = (point.latitude, point.longitude)
    if datum is Datum.WGS84 or not is_shifted(*pair):
        return pair
    gcj = _gcj02(pair)
    return _bd09(gcj) if datum is Datum.BD09 else gcj


def _gcj02(pair: Pair) -> Pair:
    """The published GCJ-02 shift: two sums of sines in metres, laid on the Krasovsky ellipsoid."""
    latitude, longitude = pair
    x, y = longitude - 105.0, latitude - 35.0
    root = sqrt(abs(x))
    shared = 20 * sin(6 * pi * x) + 20 * sin(2 * pi * x)
    along_y = 20 * sin(pi * y) + 40 * sin(pi * y / 3) + 160 * sin(pi * y / 12) + 320 * sin(pi * y / 30)
    along_x = 20 * sin(pi * x) + 40 * sin(pi * x / 3) + 150 * sin(pi * x / 12) + 300 * sin(pi * x / 30)
    north_m = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root
    north_m += (shared + along_y) / 1.5
    east_m = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root
    east_m += (shared + along_x) / 1.5
    phi = radians(latitude)
    squared = 1 - _ECCENTRICITY_2 * sin(phi) ** 2
    meridian_m = _AXIS_M * (1 - _ECCENTRICITY_2) / (squared * sqrt(squared))
    parallel_m = _AXIS_M / sqrt(squared) * cos(phi)
    return latitude + north_m / meridian_m * 180 / pi, longitude + east_m / parallel_m * 180 / pi


def _bd09(gcj: Pair) -> Pair:
    """The published BD-09 step on top of GCJ-02: a small twist and a fixed offset."""
    y, x = gcj
    radius = hypot(x, y) + 0.00002 * sin(y * _BD_WAVE)
    angle = atan2(y, x) + 0.000003 * cos(x * _BD_WAVE)
    return radius * sin(angle) + 0.006, radius * cos(angle) + 0.0065


def _rounded(pair: Pair) -> Pair:
    return round(pair[0], 11), round(pair[1], 11)


def _inverse_gcj02(target: Pair) -> Pair:
    guess = target
    for _ in range(_ROUNDS):
        shown = _gcj02(guess)
        guess = (guess[0] + target[0] - shown[0], guess[1] + target[1] - shown[1])
    return guess


def _inverse_bd09(target: Pair) -> Pair:
    guess = (target[0] - 0.006, target[1] - 0.0065)
    for _ in range(_ROUNDS):
        shown = _bd09(guess)
        guess = (guess[0] + target[0] - shown[0], guess[1] + target[1] - shown[1])
    return guess

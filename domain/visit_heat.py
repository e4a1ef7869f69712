"""The squares of a heat map: a fixed grid of degrees whose side doubles until few enough are left; for reports."""

from __future__ import annotations

from collections.abc import Collection
from math import floor

from domain.places import Point

FINEST_DEG = 1 / 256
"""Some 430 m from south to north. A power of two: squares nest, and no pin falls beside its own by rounding."""
FEWEST, MOST = 10, 1_000
"""How many squares may be asked for. Ten always suffice: four squares hold the world."""
Square = tuple[int, int]
"""Row and column, from the equator and from Greenwich."""


def square_of(point: Point, side_deg: float) -> Square:
    """The square that a point lies in: its south and west edges belong to it."""
    return floor(point.latitude / side_deg), floor(point.longitude / side_deg)


def side_for(points: Collection[Point], most: int) -> float:
    """The shortest side with which the points lie in at most `most` squares."""
    side_deg = FINEST_DEG
    while len({square_of(each, side_deg) for each in points}) > most:
        side_deg *= 2
    return side_deg


def corners(square: Square, side_deg: float) -> tuple[Point, Point]:
    """South-west and north-east; what the grid has beyond a pole or the date line is left out."""
    (row, column) = square
    south, west = row * side_deg, column * side_deg
    return (
        Point(max(south, -90.0), max(west, -180.0)),
        Point(min(south + side_deg, 90.0), min(west + side_deg, 180.0)),
    )


def centre(square: Square, side_deg: float) -> Point:
    """Half way between its corners."""
    (south_west, north_east) = corners(square, side_deg)
    return Point(
        (south_west.latitude + north_east.latitude) / 2,
        (south_west.longitude + north_east.longitude) / 2,
    )

"""Lines on the map as text: the encoded polyline format, in five decimals of a degree unless said otherwise.

Routes are stored in it (routing/, resolvers/day_problem.py); the schema answers with it and with GeoJSON.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

from domain.places import Point

PRECISION = 5
_OFFSET = 63
_CHUNK = 0x20


def encode(points: Iterable[Point], precision: int = PRECISION) -> str:
    """The points as differences of rounded degrees, five bits a character."""
    scale = 10**precision
    rounded = [(0, 0), *((round(each.latitude * scale), round(each.longitude * scale)) for each in points)]
    return "".join(_number(b - a) for before, after in pairwise(rounded) for a, b in zip(before, after, strict=True))


def _number(value: int) -> str:
    left = ~(value << 1) if value < 0 else value << 1
    text = ""
    while left >= _CHUNK:
        text += chr((left % _CHUNK | _CHUNK) + _OFFSET)
        left >>= 5
    return text + chr(left + _OFFSET)


def decode(text: str, precision: int = PRECISION) -> tuple[Point, ...]:
    """The points of an encoded line; ValueError for text that is none."""
    numbers: list[int] = []
    value = shift = 0
    for letter in text:
        bits = ord(letter) - _OFFSET
        if not 0 <= bits < 2 * _CHUNK:
            raise ValueError("not an encoded line")
        value |= bits % _CHUNK << shift
        shift += 5
        if bits < _CHUNK:
            numbers.append(~(value >> 1) if value & 1 else value >> 1)
            value = shift = 0
    if shift or len(numbers) % 2:
        raise ValueError("an encoded line ends in the middle of a point")
    scale = 10**precision
    points: list[Point] = []
    latitude = longitude = 0
    for up, aside in zip(numbers[::2], numbers[1::2], strict=True):
        latitude, longitude = latitude + up, longitude + aside
        points.append(Point(latitude / scale, longitude / scale))
    return tuple(points)

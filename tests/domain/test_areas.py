"""Fences drawn as areas: inside is 0 m, outside the distance to the nearest edge."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.areas import area_problem, distance_to_area_m
from domain.places import Point, distance_m

SQUARE = (Point(60.0, 25.0), Point(60.0, 25.01), Point(60.005, 25.01), Point(60.005, 25.0))
AROUND_180 = (Point(-17.0, 179.99), Point(-17.0, -179.99), Point(-16.99, -179.99), Point(-16.99, 179.99))


def test_inside_is_zero() -> None:
    assert distance_to_area_m(Point(60.002, 25.005), SQUARE) == 0
    assert distance_to_area_m(Point(60.002, 25.005), tuple(reversed(SQUARE))) == 0
    assert distance_to_area_m(Point(-16.995, 180.0), AROUND_180) == 0


def test_outside_is_the_way_to_the_edge_or_corner() -> None:
    below = Point(59.999, 25.005)
    assert distance_to_area_m(below, SQUARE) == pytest.approx(distance_m(below, Point(60.0, 25.005)), abs=0.05)
    corner = Point(59.999, 24.999)
    assert distance_to_area_m(corner, SQUARE) == pytest.approx(distance_m(corner, SQUARE[0]), abs=1e-6)


@given(st.floats(59.9, 60.1), st.floats(24.8, 25.2))
def test_never_farther_than_any_corner(latitude: float, longitude: float) -> None:
    point = Point(latitude, longitude)
    assert 0 <= distance_to_area_m(point, SQUARE) <= min(distance_m(point, corner) for corner in SQUARE) + 1e-6


@given(st.floats(-90, 90), st.floats(-180, 180))
def test_any_position_has_a_distance(latitude: float, longitude: float) -> None:
    assert distance_to_area_m(Point(latitude, longitude), SQUARE) >= 0


def test_an_area_has_three_to_two_hundred_corners() -> None:
    assert area_problem(SQUARE) is None
    assert area_problem(SQUARE[:3]) is None
    assert area_problem((*SQUARE[:2], SQUARE[0])) is not None
    assert area_problem([Point(1 + i / 1000, 2 + i * i / 1e6) for i in range(201)]) is not None

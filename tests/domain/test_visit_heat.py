"""Squares of the heat map: every point in exactly one, few enough of them, and no wider than they must be."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.places import Point
from domain.visit_heat import FEWEST, FINEST_DEG, MOST, centre, corners, side_for, square_of

POINTS = st.builds(Point, st.floats(-90, 90), st.floats(-180, 180))


@given(POINTS, st.integers(0, 18))
def test_a_point_lies_in_its_square_and_that_in_the_wider_one(point: Point, doublings: int) -> None:
    side_deg = FINEST_DEG * 2**doublings
    row, column = square_of(point, side_deg)
    south_west, north_east = corners((row, column), side_deg)
    assert south_west.latitude <= point.latitude <= north_east.latitude
    assert south_west.longitude <= point.longitude <= north_east.longitude
    assert point.latitude < north_east.latitude or point.latitude == 90
    assert point.longitude < north_east.longitude or point.longitude == 180
    assert square_of(point, 2 * side_deg) == (row // 2, column // 2)
    if abs(point.latitude) < 90 and abs(point.longitude) < 180:
        assert square_of(centre((row, column), side_deg), side_deg) == (row, column)


@given(st.lists(POINTS, max_size=60, unique=True), st.integers(FEWEST, 20))
def test_the_side_is_the_shortest_with_few_enough_squares(points: list[Point], most: int) -> None:
    side_deg = side_for(points, most)
    assert len({square_of(each, side_deg) for each in points}) <= most
    assert side_deg == FINEST_DEG or len({square_of(each, side_deg / 2) for each in points}) > most


@pytest.mark.parametrize(("count", "widens"), [(MOST, False), (MOST + 1, True)])
def test_one_square_more_than_asked_for_doubles_the_side(count: int, widens: bool) -> None:
    points = [Point(30.0 + number * FINEST_DEG, 120.0) for number in range(count)]
    assert side_for(points, MOST) == FINEST_DEG * (2 if widens else 1)

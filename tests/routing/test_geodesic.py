from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.places import Point, distance_m
from routing.travel_times.geodesic import GeodesicTravelTimes, geodesic_table_m, straight
from routing.travel_times.matrix import Line, TravelTable
from routing.travel_times.opening import open_travel_times
from routing.travel_times.reestimated import Reestimated
from routing.travel_times.source import TravelSource

points = st.builds(Point, st.floats(-90, 90), st.floats(-180, 180))


@settings(deadline=None)
@given(st.lists(points, min_size=2, max_size=6))
def test_any_points_agree_with_the_definition(places: list[Point]) -> None:
    table = geodesic_table_m(places)
    for row, a in enumerate(places):
        for column, b in enumerate(places):
            assert table[row, column] == pytest.approx(distance_m(a, b), abs=0.001)


@settings(deadline=None)
@given(st.floats(-85, 85), st.floats(-180, 180), st.lists(st.tuples(st.floats(-1, 1), st.floats(-1, 1)), max_size=6))
def test_field_distances_agree_within_half_a_metre(
    latitude: float, longitude: float, moves: list[tuple[float, float]]
) -> None:
    places = [Point(latitude, longitude)]
    places += [Point(latitude + up, (longitude + aside + 180) % 360 - 180) for up, aside in moves]
    table = geodesic_table_m(places)
    assert np.isfinite(table).all()
    assert (table == table.T).all()
    for column, b in enumerate(places):
        assert abs(table[0, column] - distance_m(places[0], b)) < 0.5


@pytest.mark.parametrize(
    "pair",
    [
        (Point(0, 0), Point(0, 180)),
        (Point(0, 0), Point(0.5, 179.7)),
        (Point(90, 0), Point(-90, 0)),
        (Point(90, 0), Point(90, 77)),
        (Point(31.2, 179.999), Point(31.2, -179.999)),
        (Point(31.2, 121.4), Point(31.2, 121.4)),
        (Point(0, 10), Point(0, 11)),
    ],
)
def test_hard_pairs(pair: tuple[Point, Point]) -> None:
    assert geodesic_table_m(pair)[0, 1] == pytest.approx(distance_m(*pair), abs=0.001)


def test_travel_time_is_detour_over_speed_rounded_up() -> None:
    pair = (Point(31.2, 121.4), Point(31.3, 121.4))
    table = GeodesicTravelTimes(detour=1.35, speed_m_per_s=10).table(pair)
    assert table.distance_m[0, 1] == pytest.approx(distance_m(*pair) * 1.35, abs=0.01)
    assert table.leg_s[0, 1] == np.ceil(table.distance_m[0, 1] / 10)
    assert table.reachable.all()


@pytest.mark.parametrize("values", [{"detour": 0.9}, {"detour": float("nan")}, {"speed_m_per_s": 0}])
def test_profile_is_validated(values: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"detour|speed"):
        GeodesicTravelTimes(**values)


@pytest.mark.parametrize("shape", [((2, 3), (2, 3)), ((2, 2), (3, 3))])
def test_table_shape_is_validated(shape: tuple[tuple[int, int], tuple[int, int]]) -> None:
    with pytest.raises(ValueError, match="square"):
        TravelTable(np.zeros(shape[0]), np.zeros(shape[1]))


def test_table_refuses_negative_numbers() -> None:
    with pytest.raises(ValueError, match="negative"):
        TravelTable(np.zeros((1, 1)), np.array([[-1.0]]))


@dataclass
class HalfAnswered:
    """A road engine that answers for the first two of three points, in 100 m and 10 s."""

    def table(self, points: Sequence[Point]) -> TravelTable:
        estimated = ~np.eye(len(points), dtype=np.bool_)
        estimated[:2, :2] = False
        known = np.full((len(points), len(points)), 100.0)
        return TravelTable(known, known / 10, estimated)

    def lines(self, points: Sequence[Point], estimated: Sequence[bool]) -> list[Line]:
        return straight(points)


def test_an_organization_reckons_only_what_no_engine_answers_for() -> None:
    points = [Point(31.2, 121.4), Point(31.21, 121.4), Point(31.22, 121.4)]
    own = GeodesicTravelTimes(detour=2.0, speed_m_per_s=5.0)
    table = Reestimated(HalfAnswered(), own).table(points)
    assert table.leg_s[0, 1] == 10
    assert table.leg_s[0, 2] == own.table(points).leg_s[0, 2]
    assert table.distance_m[2, 1] == own.table(points).distance_m[2, 1]


def test_sources_open_with_the_detour_and_speed_they_name() -> None:
    points = [Point(31.2, 121.4), Point(31.21, 121.4)]
    usual = open_travel_times(TravelSource()).table(points)
    slow = open_travel_times(TravelSource(detour=2.7, speed_km_h=15.0)).table(points)
    assert slow.distance_m[0, 1] == pytest.approx(2 * usual.distance_m[0, 1])
    assert slow.leg_s[0, 1] == pytest.approx(4 * usual.leg_s[0, 1], abs=4)

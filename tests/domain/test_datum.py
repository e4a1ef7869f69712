"""Offset coordinates: exact both ways inside the region, untouched outside, and the region where people know it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.datum import from_wgs84, to_wgs84
from domain.mainland import is_shifted
from domain.places import Datum, Point, distance_m

TIANANMEN = Point(39.90734, 116.39089)
SHIFTED = [Datum.GCJ02, Datum.BD09]

INSIDE = {
    "Dandong": (40.124, 124.383),
    "Dongxing": (21.547, 107.97),
    "Futian": (22.52, 114.055),
    "Gongbei": (22.22, 113.549),
    "Haikou": (20.04, 110.32),
    "Heihe": (50.245, 127.50),
    "Hekou": (22.525, 103.96),
    "Hengqin": (22.12, 113.53),
    "Kashgar": (39.47, 75.99),
    "Khorgos": (44.21, 80.41),
    "Luohu": (22.537, 114.118),
    "Manzhouli": (49.597, 117.38),
    "Pingtan": (25.5, 119.79),
    "Ruili": (24.013, 97.852),
    "Sanya": (18.25, 109.51),
    "Shekou": (22.48, 113.91),
    "Suifenhe": (44.396, 131.15),
    "Tumen": (42.965, 129.85),
    "Xiamen": (24.46, 118.09),
    "Yadong": (27.48, 88.90),
    "Yantian": (22.59, 114.27),
}
OUTSIDE = {
    "Almaty": (43.25, 76.9),
    "Berlin": (52.52, 13.40),
    "Boten": (21.18, 101.67),
    "Coloane": (22.12, 113.565),
    "Hanoi": (21.03, 105.85),
    "Hong Kong": (22.28, 114.16),
    "Kathmandu": (27.7, 85.3),
    "Kinmen": (24.44, 118.35),
    "Lao Cai": (22.485, 103.97),
    "Macau": (22.2, 113.545),
    "Matsu": (26.16, 119.95),
    "Mong Cai": (21.524, 107.966),
    "Muse": (23.98, 97.90),
    "Sha Tau Kok": (22.545, 114.215),
    "Sheung Shui": (22.505, 114.128),
    "Sinuiju": (40.098, 124.398),
    "Sydney": (-33.87, 151.21),
    "Taipei": (25.03, 121.56),
    "Tung Ping Chau": (22.545, 114.43),
    "Ulaanbaatar": (47.9, 106.9),
    "Vladivostok": (43.1, 131.9),
    "Zabaikalsk": (49.65, 117.33),
}


@pytest.mark.parametrize("place", INSIDE)
def test_mainland_is_shifted(place: str) -> None:
    assert is_shifted(*INSIDE[place])


@pytest.mark.parametrize("place", OUTSIDE)
def test_elsewhere_all_datums_are_the_same(place: str) -> None:
    point = Point(*OUTSIDE[place])
    for datum in Datum:
        assert from_wgs84(point, datum) == (point.latitude, point.longitude)


@pytest.mark.parametrize(
    "place", ["Almaty", "Berlin", "Hong Kong", "Kathmandu", "Kinmen", "Macau", "Sydney", "Taipei", "Hanoi"]
)
@pytest.mark.parametrize("datum", SHIFTED)
def test_a_claim_outside_is_taken_as_wgs84_and_flagged(place: str, datum: Datum) -> None:
    converted = to_wgs84(*OUTSIDE[place], datum)
    assert converted.outside_region
    assert converted.point == Point(*OUTSIDE[place])


def test_wgs84_is_never_flagged() -> None:
    assert to_wgs84(52.5, 13.4, Datum.WGS84).outside_region is False
    assert to_wgs84(39.9, 116.4, Datum.WGS84).point == Point(39.9, 116.4)


def test_the_shift_at_tiananmen_breaks_a_200_m_fence() -> None:
    shown = from_wgs84(TIANANMEN, Datum.GCJ02)
    assert distance_m(TIANANMEN, Point(*shown)) == pytest.approx(555, abs=2)
    assert distance_m(TIANANMEN, to_wgs84(*shown, Datum.GCJ02).point) < 1e-6


@pytest.mark.parametrize(
    ("position", "shown"),
    [
        ((31.1774276, 121.5272106), (31.17530398364597, 121.531541859215)),
        ((22.543847, 113.912316), (22.540796131694766, 113.9171764808363)),
        ((39.911954, 116.377817), (39.91334545536069, 116.38404722455657)),
    ],
)
def test_published_gcj02_pairs(position: tuple[float, float], shown: tuple[float, float]) -> None:
    assert distance_m(Point(*from_wgs84(Point(*position), Datum.GCJ02)), Point(*shown)) < 1e-3


@given(st.floats(18.2, 53.5), st.floats(73.6, 135.0), st.sampled_from(SHIFTED))
def test_round_trip_inside(latitude: float, longitude: float, datum: Datum) -> None:
    latitude, longitude = round(latitude, 9), round(longitude, 9)
    point = Point(latitude, longitude)
    shown = from_wgs84(point, datum)
    if not is_shifted(latitude, longitude):
        assert shown == (latitude, longitude)
        return
    assert 10 < distance_m(point, Point(*shown)) < 3000
    converted = to_wgs84(*shown, datum)
    assert not converted.outside_region
    assert distance_m(point, converted.point) < 1e-6


@given(st.floats(-90, 90), st.floats(-180, 180), st.sampled_from(list(Datum)))
def test_identity_away_from_the_region(latitude: float, longitude: float, datum: Datum) -> None:
    if 17 < latitude < 54 and 73 < longitude < 136:
        longitude = -longitude
    assert from_wgs84(Point(latitude, longitude), datum) == (latitude, longitude)
    assert to_wgs84(latitude, longitude, datum).point == Point(latitude, longitude)


@pytest.mark.parametrize(
    ("latitude", "longitude"), [(float("nan"), 0), (0, float("inf")), (90.1, 0), (0, -180.1), (-91, 200)]
)
@pytest.mark.parametrize("datum", list(Datum))
def test_numbers_that_are_no_position(latitude: float, longitude: float, datum: Datum) -> None:
    with pytest.raises(ValueError, match=r"coordinate|latitude"):
        to_wgs84(latitude, longitude, datum)

"""Pins that move keep their history, and the squares around a point miss nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from math import cos, radians

from hypothesis import assume, given
from hypothesis import strategies as st

from domain.accounts import Tier
from domain.ids import AccountId, OrgId, SiteId
from domain.places import Datum, Point, distance_m
from domain.sites import KEPT_LOCATIONS, GivenCoordinates, Site, cell_of, cells_around, location_at, revise

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
DAY = timedelta(days=1)


def a_site() -> Site:
    point = Point(52.52, 13.405)
    return Site(
        id=SiteId("sit_1"),
        org_id=OrgId("org_1"),
        account_id=AccountId("acc_1"),
        name="Gate",
        location=point,
        given=GivenCoordinates(52.52, 13.405, Datum.WGS84),
        cell=cell_of(point),
        tier=Tier.B,
        time_zone="Europe/Berlin",
        owner_id=None,
        team_id=None,
        created_at=NOW,
        updated_at=NOW,
    )


def moved(site: Site, latitude: float, now: datetime) -> Site:
    coordinates = {"latitude": latitude, "longitude": 13.405, "datum": Datum.WGS84}
    revised = revise(site, {"coordinates": coordinates}, None, now)
    assert isinstance(revised, Site)
    return revised


def test_location_at_is_the_pin_that_was_valid_then() -> None:
    site = moved(moved(a_site(), 52.53, NOW + DAY), 52.54, NOW + 2 * DAY)
    for at, version, latitude in [
        (NOW - DAY, 1, 52.52),
        (NOW, 1, 52.52),
        (NOW + DAY - timedelta(seconds=1), 1, 52.52),
        (NOW + DAY, 2, 52.53),
        (NOW + 2 * DAY, 3, 52.54),
        (NOW + 9 * DAY, 3, 52.54),
    ]:
        found = location_at(site, at)
        assert (found.version, found.location.latitude) == (version, latitude)
    assert site.cell == cell_of(Point(52.54, 13.405))


def test_location_history_stays_small_and_the_same_pin_is_no_new_version() -> None:
    site = a_site()
    for number in range(1, 30):
        site = moved(site, 52 + number / 100, NOW + number * DAY)
    assert site.location_version == 30
    assert [each.version for each in site.earlier_locations] == list(range(30 - KEPT_LOCATIONS, 30))
    assert moved(site, site.location.latitude, NOW + 99 * DAY).location_version == 30


@given(st.floats(-85, 85), st.floats(-180, 180), st.floats(1, 10_000), st.floats(-1, 1), st.floats(-1, 1))
def test_cells_around_hold_every_point_of_the_circle(
    latitude: float, longitude: float, radius_m: float, up: float, along: float
) -> None:
    middle = Point(latitude, longitude)
    other_latitude = latitude + up * radius_m / 110_000
    shifted = longitude + along * radius_m / (110_000 * cos(radians(other_latitude)))
    other = Point(other_latitude, (shifted + 180) % 360 - 180)
    assume(distance_m(middle, other) <= radius_m)
    assert cell_of(other) in cells_around(middle, radius_m)

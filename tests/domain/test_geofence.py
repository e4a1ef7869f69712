"""Verdicts of positions at both sides of every limit."""

from __future__ import annotations

from datetime import UTC, datetime
from math import inf, nan

import pytest
from geopy.distance import geodesic
from hypothesis import given
from hypothesis import strategies as st

from domain.accounts import Tier
from domain.check_in_policies import CheckInPolicy, Mode
from domain.evidence import Evidence, Reason
from domain.geofence import Fence, Judgement, Verdict, judge, radius_problem, within_reach
from domain.ids import SiteId
from domain.places import Datum, Point, distance_m
from domain.refusals import InvalidInput

SITE = Point(60.17, 24.94)
AT = datetime(2026, 11, 23, 9, tzinfo=UTC)
POLICY = CheckInPolicy(version=7)


def away(metres: float) -> Point:
    found = geodesic(meters=metres).destination((SITE.latitude, SITE.longitude), bearing=40)
    return Point(found.latitude, found.longitude)


def evidence(
    point: Point = SITE, accuracy_m: float | None = 10, *, datum: Datum = Datum.WGS84, is_mock: bool = False
) -> Evidence:
    return Evidence(point.latitude, point.longitude, datum, accuracy_m, AT, is_mock=is_mock)


def judged(metres: float, accuracy_m: float, *, is_mock: bool = False, radius_m: float = 200) -> Judgement:
    found = judge(evidence(away(metres), accuracy_m, is_mock=is_mock), Fence(SITE, radius_m), POLICY)
    assert isinstance(found, Judgement)
    return found


@pytest.mark.parametrize(
    ("metres", "accuracy_m", "verdict"),
    [
        (0, 10, Verdict.INSIDE),
        (199.9, 100, Verdict.INSIDE),
        (199.9, 100.1, Verdict.INSIDE_WEAK),
        (199.9, 200, Verdict.INSIDE_WEAK),
        (0, 200.1, Verdict.NO_VERDICT),
        (0, 5000, Verdict.NO_VERDICT),
        (0, 5000.1, Verdict.NO_FIX),
        (200.1, 10, Verdict.BORDERLINE),
        (209.9, 10, Verdict.BORDERLINE),
        (210.1, 10, Verdict.OUTSIDE),
        (399.9, 200, Verdict.BORDERLINE),
        (400.1, 200, Verdict.OUTSIDE),
        (5000, 10, Verdict.OUTSIDE),
        (90_000, 6000, Verdict.NO_FIX),
    ],
)
def test_verdict_at_each_limit(metres: float, accuracy_m: float, verdict: Verdict) -> None:
    found = judged(metres, accuracy_m)
    assert found.verdict is verdict
    assert found.distance_m == pytest.approx(metres, abs=1e-3)
    assert found.uncertainty_m == accuracy_m
    assert (found.policy_version, found.radius_m) == (7, 200)
    assert found.reasons


@pytest.mark.parametrize(("metres", "beyond"), [(219.9, False), (220.1, True)])
def test_beyond_doubt_means_twice_the_accuracy(metres: float, beyond: bool) -> None:
    found = judged(metres, 10)
    assert found.beyond_doubt is beyond
    assert (Reason.BEYOND_DOUBT in found.reasons) is beyond


@pytest.mark.parametrize("accuracy_m", [10, 150, 300, 6000])
@pytest.mark.parametrize("metres", [0, 300, 5000])
def test_mock_goes_before_fix_and_fence(metres: float, accuracy_m: float) -> None:
    assert judged(metres, accuracy_m, is_mock=True).verdict is Verdict.REJECTED_MOCK


@pytest.mark.parametrize(
    ("latitude", "longitude", "accuracy_m", "field"),
    [
        (nan, 24.9, 10, "latitude"),
        (None, 24.9, 10, "latitude"),
        (inf, 24.9, 10, "latitude"),
        (90.001, 24.9, 10, "latitude"),
        (-90.001, 24.9, 10, "latitude"),
        (60, nan, 10, "longitude"),
        (60, None, 10, "longitude"),
        (60, -inf, 10, "longitude"),
        (60, 180.001, 10, "longitude"),
        (0, 0, 10, "latitude"),
        (-0.0, 0.0, 10, "latitude"),
        (60, 24.9, None, "accuracy_m"),
        (60, 24.9, 0, "accuracy_m"),
        (60, 24.9, -1, "accuracy_m"),
        (60, 24.9, nan, "accuracy_m"),
        (60, 24.9, inf, "accuracy_m"),
    ],
)
@pytest.mark.parametrize("is_mock", [False, True])
def test_bad_input_goes_before_everything(
    latitude: float | None, longitude: float | None, accuracy_m: float | None, field: str, is_mock: bool
) -> None:
    found = judge(Evidence(latitude, longitude, Datum.WGS84, accuracy_m, AT, is_mock=is_mock), Fence(SITE, 200), POLICY)
    assert isinstance(found, InvalidInput)
    assert found.field == field


@pytest.mark.parametrize(("latitude", "longitude"), [(90, 180), (-90, -180), (0, 0.1), (1e-9, 0)])
def test_the_ends_of_the_ranges_are_positions(latitude: float, longitude: float) -> None:
    assert isinstance(judge(Evidence(latitude, longitude, Datum.WGS84, 5, AT), Fence(SITE, 200), POLICY), Judgement)


@pytest.mark.parametrize(
    ("radius_m", "fine"), [(99.9, False), (100, True), (1000, True), (1000.1, False), (nan, False), (inf, False)]
)
def test_a_radius_is_100_to_1000_m(radius_m: float, fine: bool) -> None:
    assert (radius_problem(radius_m) is None) is fine
    assert isinstance(judge(evidence(), Fence(SITE, radius_m), POLICY), Judgement) is fine


def test_gcj02_is_converted_before_measuring() -> None:
    site = Point(39.90734, 116.39089)
    shown = (39.908743, 116.397129)
    assert distance_m(site, Point(*shown)) > 500
    sent = Evidence(*shown, Datum.GCJ02, 10, AT)
    found = judge(sent, Fence(site, 200), POLICY)
    assert isinstance(found, Judgement)
    assert found.verdict is Verdict.INSIDE
    assert found.distance_m < 5
    as_wgs84 = judge(Evidence(*shown, Datum.WGS84, 10, AT), Fence(site, 200), POLICY)
    assert isinstance(as_wgs84, Judgement)
    assert as_wgs84.verdict is Verdict.OUTSIDE


def test_a_gcj02_claim_outside_its_region_says_so() -> None:
    found = judge(evidence(datum=Datum.GCJ02), Fence(SITE, 200), POLICY)
    assert isinstance(found, Judgement)
    assert (found.verdict, found.reasons) == (Verdict.INSIDE, (Reason.WITHIN_FENCE, Reason.DATUM_OUTSIDE_REGION))


def test_an_area_replaces_the_radius() -> None:
    area = (Point(60.169, 24.93), Point(60.169, 24.95), Point(60.171, 24.95), Point(60.171, 24.93))
    inside = judge(evidence(Point(60.1699, 24.9305)), Fence(SITE, 200, area), POLICY)
    assert isinstance(inside, Judgement)
    assert (inside.verdict, inside.distance_m) == (Verdict.INSIDE, 0)
    near = evidence(Point(60.1713, 24.94), 5)
    outside = judge(near, Fence(SITE, 200, area), POLICY)
    assert isinstance(outside, Judgement)
    assert outside.verdict is Verdict.OUTSIDE
    with_margin = judge(near, Fence(SITE, 200, area, 40), POLICY)
    assert isinstance(with_margin, Judgement)
    assert with_margin.verdict is Verdict.INSIDE


_ORDER = [Verdict.INSIDE, Verdict.INSIDE_WEAK, Verdict.BORDERLINE, Verdict.OUTSIDE]


@given(st.floats(0, 3000), st.floats(0, 3000), st.floats(0.1, 200), st.floats(100, 1000))
def test_farther_is_never_better(near: float, far: float, accuracy_m: float, radius_m: float) -> None:
    near, far = sorted((near, far))
    one, other = (judged(metres, accuracy_m, radius_m=radius_m) for metres in (near, far))
    assert _ORDER.index(one.verdict) <= _ORDER.index(other.verdict)
    assert one.beyond_doubt <= other.beyond_doubt


_ANY = st.none() | st.floats()


@given(_ANY, _ANY, _ANY, st.sampled_from(list(Datum)), st.booleans(), st.floats())
def test_any_numbers_get_an_answer(
    latitude: float | None, longitude: float | None, accuracy_m: float | None, datum: Datum, mock: bool, radius_m: float
) -> None:
    sent = Evidence(latitude, longitude, datum, accuracy_m, AT, is_mock=mock)
    found = judge(sent, Fence(SITE, radius_m), POLICY)
    assert isinstance(found, Judgement | InvalidInput)
    assert judge(sent, Fence(SITE, radius_m), POLICY) == found


def test_a_tier_that_the_policy_does_not_name_is_soft() -> None:
    policy = CheckInPolicy(1, {Tier.A: Mode.HARD, Tier.C: Mode.OFF})
    assert [policy.mode(tier) for tier in Tier] == [Mode.HARD, Mode.SOFT, Mode.OFF]


def test_sites_within_reach_come_nearest_first() -> None:
    sites = [
        (SiteId("sit_far"), away(1000), 200.0),
        (SiteId("sit_edge"), away(249), 200.0),
        (SiteId("sit_here"), away(5), 100.0),
    ]
    assert [each.site_id for each in within_reach(SITE, 50, sites)] == ["sit_here", "sit_edge"]
    assert [each.site_id for each in within_reach(SITE, 48, sites)] == ["sit_here"]
    assert within_reach(SITE, 48, sites[2:])[0].distance_m == pytest.approx(5, abs=1e-3)
    assert within_reach(SITE, 48, sites[:2]) == ()

"""Check-in verdicts at both sides of every limit, and what each mode makes of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from math import inf, nan

import pytest
from geopy.distance import geodesic
from hypothesis import given
from hypothesis import strategies as st

from domain.accounts import Tier
from domain.geofence import (
    Evidence,
    FencePolicy,
    Judgement,
    MockLocation,
    Mode,
    Opening,
    OpenVisit,
    OutsideGeofence,
    Reason,
    ReasonRequired,
    SecondEvidence,
    SecondEvidenceRequired,
    Verdict,
    VisitAlreadyOpen,
    decide_opening,
    judge,
    radius_problem,
    second_opening,
    within_reach,
)
from domain.ids import SiteId, VisitId
from domain.places import Datum, Point, distance_m
from domain.refusals import InvalidInput

SITE = Point(60.17, 24.94)
AT = datetime(2026, 11, 23, 9, tzinfo=UTC)
POLICY = FencePolicy(version=7)


def away(metres: float) -> Point:
    found = geodesic(meters=metres).destination((SITE.latitude, SITE.longitude), bearing=40)
    return Point(found.latitude, found.longitude)


def evidence(
    point: Point = SITE, accuracy_m: float | None = 10, *, datum: Datum = Datum.WGS84, is_mock: bool = False
) -> Evidence:
    return Evidence(point.latitude, point.longitude, datum, accuracy_m, AT, is_mock=is_mock)


def judged(metres: float, accuracy_m: float, *, is_mock: bool = False, radius_m: float = 200) -> Judgement:
    found = judge(evidence(away(metres), accuracy_m, is_mock=is_mock), SITE, radius_m, POLICY)
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
    assert (found.policy_version, found.score, found.radius_m) == (7, 0, 200)
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
    found = judge(Evidence(latitude, longitude, Datum.WGS84, accuracy_m, AT, is_mock=is_mock), SITE, 200, POLICY)
    assert isinstance(found, InvalidInput)
    assert found.field == field


@pytest.mark.parametrize(("latitude", "longitude"), [(90, 180), (-90, -180), (0, 0.1), (1e-9, 0)])
def test_the_ends_of_the_ranges_are_positions(latitude: float, longitude: float) -> None:
    assert isinstance(judge(Evidence(latitude, longitude, Datum.WGS84, 5, AT), SITE, 200, POLICY), Judgement)


@pytest.mark.parametrize(
    ("radius_m", "fine"), [(99.9, False), (100, True), (1000, True), (1000.1, False), (nan, False), (inf, False)]
)
def test_a_radius_is_100_to_1000_m(radius_m: float, fine: bool) -> None:
    assert (radius_problem(radius_m) is None) is fine
    assert isinstance(judge(evidence(), SITE, radius_m, POLICY), Judgement) is fine


def test_gcj02_is_converted_before_measuring() -> None:
    site = Point(39.90734, 116.39089)
    shown = (39.908743, 116.397129)
    assert distance_m(site, Point(*shown)) > 500
    sent = Evidence(*shown, Datum.GCJ02, 10, AT)
    found = judge(sent, site, 200, POLICY)
    assert isinstance(found, Judgement)
    assert found.verdict is Verdict.INSIDE
    assert found.distance_m < 5
    as_wgs84 = judge(Evidence(*shown, Datum.WGS84, 10, AT), site, 200, POLICY)
    assert isinstance(as_wgs84, Judgement)
    assert as_wgs84.verdict is Verdict.OUTSIDE


def test_a_gcj02_claim_outside_its_region_says_so() -> None:
    found = judge(evidence(datum=Datum.GCJ02), SITE, 200, POLICY)
    assert isinstance(found, Judgement)
    assert (found.verdict, found.reasons) == (Verdict.INSIDE, (Reason.WITHIN_FENCE, Reason.DATUM_OUTSIDE_REGION))


def test_an_area_replaces_the_radius() -> None:
    area = [Point(60.169, 24.93), Point(60.169, 24.95), Point(60.171, 24.95), Point(60.171, 24.93)]
    inside = judge(evidence(Point(60.1699, 24.9305)), SITE, 200, POLICY, area=area)
    assert isinstance(inside, Judgement)
    assert (inside.verdict, inside.distance_m) == (Verdict.INSIDE, 0)
    near = evidence(Point(60.1713, 24.94), 5)
    outside = judge(near, SITE, 200, POLICY, area=area)
    assert isinstance(outside, Judgement)
    assert outside.verdict is Verdict.OUTSIDE
    with_margin = judge(near, SITE, 200, POLICY, area=area, margin_m=40)
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
    found = judge(sent, SITE, radius_m, POLICY)
    assert isinstance(found, Judgement | InvalidInput)
    assert judge(sent, SITE, radius_m, POLICY) == found


INSIDE, WEAK, BORDER = (0.0, 10.0), (0.0, 150.0), (205.0, 10.0)
OUTSIDE, FAR, VAGUE, LOST = (215.0, 10.0), (900.0, 10.0), (0.0, 300.0), (0.0, 9000.0)
GOOD = Opening(unverified=False, flagged=False)
FLAGGED = Opening(unverified=False, flagged=True)
DOUBTFUL = Opening(unverified=True, flagged=True)


@pytest.mark.parametrize(
    ("case", "mode", "reason", "second", "answer"),
    [
        (INSIDE, Mode.OFF, None, None, GOOD),
        (FAR, Mode.OFF, None, None, GOOD),
        (LOST, Mode.OFF, None, None, GOOD),
        (INSIDE, Mode.SOFT, None, None, GOOD),
        (WEAK, Mode.SOFT, None, None, ReasonRequired("INSIDE_WEAK")),
        (WEAK, Mode.SOFT, "parked below", None, DOUBTFUL),
        (BORDER, Mode.SOFT, " ", None, ReasonRequired("BORDERLINE")),
        (BORDER, Mode.SOFT, "side door", None, DOUBTFUL),
        (FAR, Mode.SOFT, "", None, ReasonRequired("OUTSIDE")),
        (FAR, Mode.SOFT, "moved", None, DOUBTFUL),
        (VAGUE, Mode.SOFT, None, SecondEvidence.QR, ReasonRequired("NO_VERDICT")),
        (LOST, Mode.SOFT, "cellar", None, DOUBTFUL),
        (INSIDE, Mode.HARD, None, None, GOOD),
        (WEAK, Mode.HARD, "reason", None, SecondEvidenceRequired("INSIDE_WEAK")),
        (WEAK, Mode.HARD, None, SecondEvidence.PHOTO, GOOD),
        (WEAK, Mode.HARD, None, SecondEvidence.QR, GOOD),
        (BORDER, Mode.HARD, None, None, FLAGGED),
        (OUTSIDE, Mode.HARD, None, None, ReasonRequired("OUTSIDE")),
        (OUTSIDE, Mode.HARD, "car park", None, DOUBTFUL),
        (FAR, Mode.HARD, "reason", SecondEvidence.PHOTO, OutsideGeofence),
        (VAGUE, Mode.HARD, "reason", None, SecondEvidenceRequired("NO_VERDICT")),
        (VAGUE, Mode.HARD, None, SecondEvidence.FIX, DOUBTFUL),
        (LOST, Mode.HARD, None, None, SecondEvidenceRequired("NO_FIX")),
        (LOST, Mode.HARD, None, SecondEvidence.QR, DOUBTFUL),
    ],
)
def test_what_a_mode_makes_of_a_verdict(
    case: tuple[float, float], mode: Mode, reason: str | None, second: SecondEvidence | None, answer: object
) -> None:
    found = decide_opening(judged(*case), mode, reason, second)
    assert isinstance(found, answer) if isinstance(answer, type) else found == answer


@pytest.mark.parametrize("mode", list(Mode))
def test_a_mock_location_never_opens(mode: Mode) -> None:
    answer = decide_opening(judged(0, 10, is_mock=True), mode, "reason", SecondEvidence.PHOTO)
    assert answer == MockLocation()


def test_refusals_carry_the_facts() -> None:
    refusal = decide_opening(judged(900, 10), Mode.HARD, None, None)
    assert isinstance(refusal, OutsideGeofence)
    assert refusal.distance_m == pytest.approx(900, abs=1e-3)
    assert (refusal.radius_m, refusal.uncertainty_m, refusal.code) == (200, 10, "OUTSIDE_GEOFENCE")
    assert "900 m" in refusal.message
    for other in (ReasonRequired("OUTSIDE"), SecondEvidenceRequired("NO_FIX"), MockLocation()):
        assert other.message


def test_a_tier_that_the_policy_does_not_name_is_soft() -> None:
    policy = FencePolicy(1, {Tier.A: Mode.HARD, Tier.C: Mode.OFF})
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


@pytest.mark.parametrize(
    ("site", "seconds", "same"),
    [("sit_1", 0, True), ("sit_1", 120, True), ("sit_1", -120, True), ("sit_1", 121, False), ("sit_2", 1, False)],
)
def test_a_second_check_in_is_the_same_visit_only_at_once_and_there(site: str, seconds: int, same: bool) -> None:
    open_visit = OpenVisit(VisitId("vis_1"), SiteId("sit_1"), AT)
    found = second_opening(open_visit, SiteId(site), AT + timedelta(seconds=seconds))
    if same:
        assert found == "vis_1"
    else:
        assert isinstance(found, VisitAlreadyOpen)
        assert (found.code, found.visit_id) == ("VISIT_OPEN", "vis_1")
        assert "vis_1" in found.message

"""What each mode makes of a verdict, and a second check-in while a visit is open."""

from __future__ import annotations

from datetime import timedelta

import pytest

from domain.check_in_policies import Mode
from domain.ids import SiteId, VisitId
from domain.openings import (
    MockLocation,
    Opening,
    OpenVisit,
    OutsideGeofence,
    ReasonRequired,
    SecondEvidence,
    SecondEvidenceRequired,
    VisitAlreadyOpen,
    decide_opening,
    second_opening,
)
from tests.domain.test_geofence import AT, judged

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
        (WEAK, Mode.SOFT, None, SecondEvidence.PHOTO, GOOD),
        (VAGUE, Mode.HARD, None, SecondEvidence.FIX, FLAGGED),
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

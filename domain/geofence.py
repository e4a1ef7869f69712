"""Where a check-in was, judged: evidence and policy in, a verdict with its reasons out; used by resolvers/visits.py.

`judge` is pure and versioned, so a stored check-in can be judged again. `decide_opening` turns a verdict into what
happens to the visit. A refusal never loses the evidence: the caller stores it with the judgement either way.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from math import isfinite
from typing import ClassVar

from domain.accounts import Tier
from domain.areas import distance_to_area_m
from domain.datum import to_wgs84
from domain.ids import SiteId, VisitId
from domain.places import Datum, Point, distance_m
from domain.refusals import InvalidInput, Refusal

DEFAULT_RADIUS_M = 200.0
MIN_RADIUS_M, MAX_RADIUS_M = 100.0, 1000.0
GOOD_ACCURACY_M, USABLE_ACCURACY_M, FIX_ACCURACY_M = 100.0, 200.0, 5000.0
SAME_VISIT = timedelta(minutes=2)


class Provider(StrEnum):
    """What measured the position, as the phone says."""

    GPS = "GPS"
    NETWORK = "NETWORK"
    FUSED = "FUSED"
    UNKNOWN = "UNKNOWN"


class Verdict(StrEnum):
    """What the evidence shows."""

    INSIDE = "INSIDE"
    INSIDE_WEAK = "INSIDE_WEAK"
    BORDERLINE = "BORDERLINE"
    OUTSIDE = "OUTSIDE"
    NO_VERDICT = "NO_VERDICT"
    NO_FIX = "NO_FIX"
    REJECTED_MOCK = "REJECTED_MOCK"


class Reason(StrEnum):
    """Why the verdict is what it is; the rep sees the same reasons as the manager."""

    WITHIN_FENCE = "WITHIN_FENCE"
    WEAK_ACCURACY = "WEAK_ACCURACY"
    FENCE_WITHIN_ACCURACY = "FENCE_WITHIN_ACCURACY"
    BEYOND_FENCE = "BEYOND_FENCE"
    BEYOND_DOUBT = "BEYOND_DOUBT"
    ACCURACY_TOO_POOR = "ACCURACY_TOO_POOR"
    NO_USABLE_FIX = "NO_USABLE_FIX"
    MOCK_LOCATION = "MOCK_LOCATION"
    DATUM_OUTSIDE_REGION = "DATUM_OUTSIDE_REGION"


class Mode(StrEnum):
    """How strictly a tier's fence is kept."""

    OFF = "OFF"
    SOFT = "SOFT"
    HARD = "HARD"


class SecondEvidence(StrEnum):
    """What may stand beside a weak position."""

    FIX = "FIX"
    PHOTO = "PHOTO"
    QR = "QR"


@dataclass(frozen=True, slots=True)
class Evidence:
    """A position as the phone sent it; degrees in `datum`, metres. Nothing is checked here: `judge` does."""

    latitude: float | None
    longitude: float | None
    datum: Datum
    accuracy_m: float | None
    captured_at: datetime
    provider: Provider = Provider.UNKNOWN
    is_mock: bool = False


@dataclass(frozen=True, slots=True)
class FencePolicy:
    """A version of an organization's rule: how each tier's fence is kept and how wide it is by default."""

    version: int
    modes: Mapping[Tier, Mode] = field(default_factory=lambda: dict.fromkeys(Tier, Mode.SOFT))
    radius_m: float = DEFAULT_RADIUS_M

    def mode(self, tier: Tier) -> Mode:
        """SOFT for a tier the policy does not name."""
        return self.modes.get(tier, Mode.SOFT)


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict and the figures behind it; `point` is the evidence in WGS-84."""

    verdict: Verdict
    reasons: tuple[Reason, ...]
    distance_m: float
    uncertainty_m: float
    radius_m: float
    point: Point
    policy_version: int
    score: int = 0

    @property
    def beyond_doubt(self) -> bool:
        """Outside even at twice the stated accuracy."""
        return self.distance_m - 2 * self.uncertainty_m > self.radius_m


def radius_problem(radius_m: float) -> InvalidInput | None:
    """Why a site cannot have this radius (100 to 1000 m, both included)."""
    if MIN_RADIUS_M <= radius_m <= MAX_RADIUS_M:
        return None
    return InvalidInput("radius_m", "must be 100 to 1000 m")


def evidence_problem(evidence: Evidence) -> InvalidInput | None:
    """Why the numbers can be no position."""
    latitude, longitude, accuracy_m = evidence.latitude, evidence.longitude, evidence.accuracy_m
    if latitude is None or not isfinite(latitude) or abs(latitude) > 90:
        return InvalidInput("latitude", "must be a number within 90 degrees")
    if longitude is None or not isfinite(longitude) or abs(longitude) > 180:
        return InvalidInput("longitude", "must be a number within 180 degrees")
    if latitude == 0 and longitude == 0:
        return InvalidInput("latitude", "0, 0 is the answer of a phone without a position")
    if accuracy_m is None or not isfinite(accuracy_m) or accuracy_m <= 0:
        return InvalidInput("accuracy_m", "must be a positive number of metres")
    return None


def judge(
    evidence: Evidence,
    site_point: Point,
    radius_m: float,
    policy: FencePolicy,
    *,
    area: Sequence[Point] = (),
    margin_m: float = 0.0,
) -> Judgement | InvalidInput:
    """The verdict for a site with a pin and a radius or, where `area` has corners, for that area with its margin.

    Bad input comes first, then a mock location, then a fix or accuracy too poor to judge, then the fence.
    """
    problem = evidence_problem(evidence) or (None if area else radius_problem(radius_m))
    if problem is not None:
        return problem
    # evidence_problem has seen that none of the three is missing.
    latitude, longitude, accuracy_m = (
        float(each) for each in (evidence.latitude, evidence.longitude, evidence.accuracy_m) if each is not None
    )
    converted = to_wgs84(latitude, longitude, evidence.datum)
    away_m = distance_to_area_m(converted.point, area) if area else distance_m(converted.point, site_point)
    reach_m = margin_m if area else radius_m
    verdict, reasons = _verdict(away_m, accuracy_m, reach_m, is_mock=evidence.is_mock)
    if converted.outside_region:
        reasons += (Reason.DATUM_OUTSIDE_REGION,)
    return Judgement(verdict, reasons, away_m, accuracy_m, reach_m, converted.point, policy.version)


def _verdict(away_m: float, accuracy_m: float, reach_m: float, *, is_mock: bool) -> tuple[Verdict, tuple[Reason, ...]]:
    if is_mock:
        return Verdict.REJECTED_MOCK, (Reason.MOCK_LOCATION,)
    if accuracy_m > FIX_ACCURACY_M:
        return Verdict.NO_FIX, (Reason.NO_USABLE_FIX,)
    if accuracy_m > USABLE_ACCURACY_M:
        return Verdict.NO_VERDICT, (Reason.ACCURACY_TOO_POOR,)
    if away_m <= reach_m:
        if accuracy_m <= GOOD_ACCURACY_M:
            return Verdict.INSIDE, (Reason.WITHIN_FENCE,)
        return Verdict.INSIDE_WEAK, (Reason.WITHIN_FENCE, Reason.WEAK_ACCURACY)
    if away_m - accuracy_m <= reach_m:
        return Verdict.BORDERLINE, (Reason.FENCE_WITHIN_ACCURACY,)
    if away_m - 2 * accuracy_m <= reach_m:
        return Verdict.OUTSIDE, (Reason.BEYOND_FENCE,)
    return Verdict.OUTSIDE, (Reason.BEYOND_FENCE, Reason.BEYOND_DOUBT)


@dataclass(frozen=True, slots=True)
class OutsideGeofence(Refusal):
    """Outside the fence even at twice the stated accuracy; the evidence is kept."""

    code: ClassVar[str] = "OUTSIDE_GEOFENCE"
    distance_m: float
    radius_m: float
    uncertainty_m: float

    @property
    def message(self) -> str:
        return (
            f"The position is {self.distance_m:.0f} m away (within {self.uncertainty_m:.0f} m); "
            f"the fence is {self.radius_m:.0f} m."
        )


@dataclass(frozen=True, slots=True)
class ReasonRequired(Refusal):
    """The visit opens only with a reason; send the check-in again with one and a new client key."""

    code: ClassVar[str] = "REASON_REQUIRED"
    verdict: str

    @property
    def message(self) -> str:
        return f"A check-in judged {self.verdict} needs a reason."


@dataclass(frozen=True, slots=True)
class SecondEvidenceRequired(Refusal):
    """The position is too weak alone; send a second fix, a photo or the site's code."""

    code: ClassVar[str] = "SECOND_EVIDENCE_REQUIRED"
    verdict: str

    @property
    def message(self) -> str:
        return f"A check-in judged {self.verdict} needs a second fix, a photo or the site's code."


@dataclass(frozen=True, slots=True)
class MockLocation(Refusal):
    """The phone reports a made-up position; only a supervisor can let it count, with a reason."""

    code: ClassVar[str] = "MOCK_LOCATION"

    @property
    def message(self) -> str:
        return "The phone reports a mock location; a supervisor can override with a reason."


@dataclass(frozen=True, slots=True)
class VisitAlreadyOpen(Refusal):
    """The rep is in another visit; the evidence is kept."""

    code: ClassVar[str] = "VISIT_OPEN"
    visit_id: VisitId
    site_id: SiteId

    @property
    def message(self) -> str:
        return f"The visit {self.visit_id} is still open; check out there first."


@dataclass(frozen=True, slots=True)
class Opening:
    """The visit opens. Unverified: it does not count as presence. Flagged: shown to the manager."""

    unverified: bool
    flagged: bool


OpeningRefusal = OutsideGeofence | ReasonRequired | SecondEvidenceRequired | MockLocation


def decide_opening(
    judgement: Judgement, mode: Mode, reason: str | None, second_evidence: SecondEvidence | None
) -> Opening | OpeningRefusal:
    """What a verdict does to the visit under the tier's mode; a blank reason is none.

    A mock location is refused in every mode. OFF opens, SOFT wants a reason outside INSIDE. HARD wants second evidence
    for a weak or missing position, a reason outside, and refuses what is outside beyond doubt.
    """
    verdict, given = judgement.verdict, bool(reason and reason.strip())
    if verdict is Verdict.REJECTED_MOCK:
        return MockLocation()
    if verdict is Verdict.INSIDE:
        return Opening(unverified=False, flagged=False)
    if mode is Mode.OFF:
        return Opening(unverified=False, flagged=False)
    if mode is Mode.SOFT:
        return Opening(unverified=True, flagged=True) if given else ReasonRequired(verdict)
    return _under_hard(judgement, given=given, second_evidence=second_evidence)


def _under_hard(
    judgement: Judgement, *, given: bool, second_evidence: SecondEvidence | None
) -> Opening | OpeningRefusal:
    verdict = judgement.verdict
    if verdict is Verdict.OUTSIDE:
        if judgement.beyond_doubt:
            return OutsideGeofence(judgement.distance_m, judgement.radius_m, judgement.uncertainty_m)
        return Opening(unverified=True, flagged=True) if given else ReasonRequired(verdict)
    if verdict is not Verdict.BORDERLINE and second_evidence is None:
        return SecondEvidenceRequired(verdict)
    if verdict is Verdict.INSIDE_WEAK:
        return Opening(unverified=False, flagged=False)
    return Opening(unverified=verdict is not Verdict.BORDERLINE, flagged=True)


@dataclass(frozen=True, slots=True)
class Nearby:
    """A site the rep may be standing at."""

    site_id: SiteId
    distance_m: float


def within_reach(point: Point, accuracy_m: float, sites: Iterable[tuple[SiteId, Point, float]]) -> tuple[Nearby, ...]:
    """The sites (id, pin, radius) whose fence the position may be in, nearest first; the rep chooses among several."""
    found = ((Nearby(site_id, distance_m(point, site_point)), radius_m) for site_id, site_point, radius_m in sites)
    near = (each for each, radius_m in found if each.distance_m - accuracy_m <= radius_m)
    return tuple(sorted(near, key=lambda each: (each.distance_m, each.site_id)))


@dataclass(frozen=True, slots=True)
class OpenVisit:
    """The visit a rep is in."""

    visit_id: VisitId
    site_id: SiteId
    opened_at: datetime


def second_opening(open_visit: OpenVisit, site_id: SiteId, at: datetime) -> VisitId | VisitAlreadyOpen:
    """A check-in while a visit is open: the same visit at the same site within 2 minutes, else VISIT_OPEN."""
    if site_id == open_visit.site_id and abs(at - open_visit.opened_at) <= SAME_VISIT:
        return open_visit.visit_id
    return VisitAlreadyOpen(open_visit.visit_id, open_visit.site_id)

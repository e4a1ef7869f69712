"""Where a check-in was: a position and a fence in, a verdict with its reasons out; used by domain/check_ins.py.

`judge` is pure and versioned, so a stored check-in can be judged again. What a verdict does to the visit is in
domain/openings.py, whether the position is to be believed in domain/suspicion.py.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from domain.areas import distance_to_area_m
from domain.check_in_policies import MAX_RADIUS_M, MIN_RADIUS_M, CheckInPolicy, FenceLimits
from domain.datum import to_wgs84
from domain.evidence import Evidence, Reason, evidence_problem
from domain.ids import SiteId
from domain.places import Point, distance_m
from domain.refusals import InvalidInput


class Verdict(StrEnum):
    """What the evidence shows."""

    INSIDE = "INSIDE"
    INSIDE_WEAK = "INSIDE_WEAK"
    BORDERLINE = "BORDERLINE"
    OUTSIDE = "OUTSIDE"
    NO_VERDICT = "NO_VERDICT"
    NO_FIX = "NO_FIX"
    REJECTED_MOCK = "REJECTED_MOCK"


@dataclass(frozen=True, slots=True)
class Fence:
    """What a position is measured against: a pin with a radius, or an area with a margin where it has corners."""

    pin: Point
    radius_m: float
    area: tuple[Point, ...] = ()
    margin_m: float = 0.0

    @property
    def reach_m(self) -> float:
        """How far from the pin or the area's edge is still inside."""
        return self.margin_m if self.area else self.radius_m

    def distance_m(self, point: Point) -> float:
        """Metres to the pin, or to the area's edge and 0 within it."""
        return distance_to_area_m(point, self.area) if self.area else distance_m(point, self.pin)


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

    @property
    def beyond_doubt(self) -> bool:
        """Outside even at twice the stated accuracy."""
        return self.distance_m - 2 * self.uncertainty_m > self.radius_m


def radius_problem(radius_m: float) -> InvalidInput | None:
    """Why a site cannot have this radius (100 to 1000 m, both included)."""
    if MIN_RADIUS_M <= radius_m <= MAX_RADIUS_M:
        return None
    return InvalidInput("radius_m", "must be 100 to 1000 m")


def judge(evidence: Evidence, fence: Fence, policy: CheckInPolicy) -> Judgement | InvalidInput:
    """The verdict of the position alone.

    Bad input comes first, then a mock location, then a fix or accuracy too poor to judge, then the fence.
    """
    problem = evidence_problem(evidence) or (None if fence.area else radius_problem(fence.radius_m))
    if problem is not None:
        return problem
    # evidence_problem has seen that none of the three is missing.
    latitude, longitude, accuracy_m = (
        float(each) for each in (evidence.latitude, evidence.longitude, evidence.accuracy_m) if each is not None
    )
    converted = to_wgs84(latitude, longitude, evidence.datum)
    away_m = fence.distance_m(converted.point)
    verdict, reasons = _verdict(away_m, accuracy_m, fence.reach_m, policy.fence, is_mock=evidence.is_mock)
    if converted.outside_region:
        reasons += (Reason.DATUM_OUTSIDE_REGION,)
    return Judgement(verdict, reasons, away_m, accuracy_m, fence.reach_m, converted.point, policy.version)


def _verdict(
    away_m: float, accuracy_m: float, reach_m: float, limits: FenceLimits, *, is_mock: bool
) -> tuple[Verdict, tuple[Reason, ...]]:
    if is_mock:
        return Verdict.REJECTED_MOCK, (Reason.MOCK_LOCATION,)
    if accuracy_m > limits.fix_accuracy_m:
        return Verdict.NO_FIX, (Reason.NO_USABLE_FIX,)
    if accuracy_m > limits.usable_accuracy_m:
        return Verdict.NO_VERDICT, (Reason.ACCURACY_TOO_POOR,)
    if away_m <= reach_m:
        if accuracy_m <= limits.good_accuracy_m:
            return Verdict.INSIDE, (Reason.WITHIN_FENCE,)
        return Verdict.INSIDE_WEAK, (Reason.WITHIN_FENCE, Reason.WEAK_ACCURACY)
    if away_m - accuracy_m <= reach_m:
        return Verdict.BORDERLINE, (Reason.FENCE_WITHIN_ACCURACY,)
    if away_m - 2 * accuracy_m <= reach_m:
        return Verdict.OUTSIDE, (Reason.BEYOND_FENCE,)
    return Verdict.OUTSIDE, (Reason.BEYOND_FENCE, Reason.BEYOND_DOUBT)


def with_code(judgement: Judgement) -> Judgement:
    """The verdict where the site's own code was shown: inside, whatever the position; a mock location stays one."""
    if judgement.verdict is Verdict.REJECTED_MOCK:
        return judgement
    contradicted = judgement.verdict is Verdict.OUTSIDE
    reasons = (Reason.SITE_CODE, Reason.CODE_CONTRADICTED) if contradicted else (Reason.SITE_CODE,)
    return replace(judgement, verdict=Verdict.INSIDE, reasons=reasons)


def by_code_alone(fence: Fence, policy: CheckInPolicy, *, is_mock: bool) -> Judgement:
    """The verdict of a code without a position: at the pin, as exact as the fence is wide."""
    verdict, reason = (Verdict.REJECTED_MOCK, Reason.MOCK_LOCATION) if is_mock else (Verdict.INSIDE, Reason.SITE_CODE)
    return Judgement(verdict, (reason,), 0.0, fence.reach_m, fence.reach_m, fence.pin, policy.version)


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

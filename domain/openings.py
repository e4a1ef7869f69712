"""What a verdict does to the visit: it opens, opens with doubt, or not, with the refusal to answer.

Used by domain/check_ins.py. A refusal never loses the evidence: the caller stores it either way.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import ClassVar

from domain.check_in_policies import Mode
from domain.geofence import Judgement, Verdict
from domain.ids import SiteId, VisitId
from domain.refusals import Refusal

SAME_VISIT = timedelta(minutes=2)


class SecondEvidence(StrEnum):
    """What may stand beside a weak position."""

    FIX = "FIX"
    PHOTO = "PHOTO"
    QR = "QR"


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

    A mock location is refused in every mode. OFF opens, SOFT wants a reason outside INSIDE, or second evidence for a
    weak position. HARD wants second evidence for a weak or missing position, after which one without a verdict counts
    as borderline, a reason outside, and refuses what is outside beyond doubt.
    """
    verdict, given = judgement.verdict, bool(reason and reason.strip())
    if verdict is Verdict.REJECTED_MOCK:
        return MockLocation()
    if verdict is Verdict.INSIDE:
        return Opening(unverified=False, flagged=False)
    if mode is Mode.OFF:
        return Opening(unverified=False, flagged=False)
    if verdict is Verdict.INSIDE_WEAK and second_evidence is not None:
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
    return Opening(unverified=verdict is Verdict.NO_FIX, flagged=True)


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

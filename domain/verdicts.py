"""The verdict engine: evidence, what lies beside it and a policy in; what to make of it out. Pure and versioned.

Its parts are the fence (geofence.py), the clocks (evidence_times.py), the signs (suspicion.py) and the site's code
(site_codes.py). Used by domain/check_ins.py for what arrives and by domain/rejudging.py for what is stored.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from domain.calendar import Span
from domain.check_in_policies import CheckInPolicy
from domain.evidence import Evidence, Provider, Reason
from domain.evidence_times import FixAge, TimeConfidence, Timing
from domain.geofence import Fence, Judgement, Verdict, by_code_alone, judge, with_code
from domain.ids import CheckInId, PersonId, SiteId
from domain.refusals import InvalidInput
from domain.suspicion import Sighting, TrackFix, signs_of

AT_SITE = frozenset({Verdict.INSIDE, Verdict.INSIDE_WEAK})
GONE = frozenset({Verdict.OUTSIDE, Verdict.REJECTED_MOCK})
TO_REVIEW = frozenset(
    {
        Reason.VERY_LATE,
        Reason.TIME_DOUBTFUL,
        Reason.CODE_CONTRADICTED,
        Reason.CODE_TIME_UNPROVED,
        Reason.PHOTO_REUSED,
        Reason.IMPOSSIBLE_TRAVEL,
        Reason.TWO_DEVICES,
        Reason.DEVICE_OF_TWO,
    }
)
"""Each of these, or a score as high as the policy says, makes a manager look."""
FLAGGED = frozenset(
    {
        Reason.STALE_FIX,
        Reason.OUTDATED_FIX,
        Reason.CLOCK_SKEW,
        Reason.CLOCK_SUSPECT,
        Reason.ANCHOR_NOT_ACCEPTED,
        Reason.FAST_TRAVEL,
    }
)


@dataclass(frozen=True, slots=True)
class Source:
    """Whose evidence it is, from which phone, about which site."""

    id: CheckInId
    owner_id: PersonId
    site_id: SiteId
    device_id: str | None = None


@dataclass(frozen=True, slots=True)
class Beside:
    """What was known besides: other evidence of the rep, the track, others on the same phone, uses of code and photo.

    `day` is the date of the tap at the site.
    """

    day: Span
    own: tuple[Sighting, ...] = ()
    track: TrackFix | None = None
    on_device: tuple[Sighting, ...] = ()
    device_shared: bool = False
    photo_reused: bool = False


@dataclass(frozen=True, slots=True)
class Finding:
    """All that was made of the evidence."""

    judgement: Judgement
    timing: Timing
    reasons: tuple[Reason, ...]
    score: int
    review: bool
    flagged: bool
    proves: bool


def find(
    source: Source,
    evidence: Evidence,
    timing: Timing,
    fence: Fence,
    beside: Beside,
    policy: CheckInPolicy,
    *,
    by_code: bool = False,
) -> Finding | InvalidInput:
    """What the evidence shows; `by_code`: an accepted code of the site came with it, and stands for a position too."""
    alone = by_code and (evidence.provider is Provider.QR or not evidence.has_position)
    judgement = by_code_alone(fence, policy, is_mock=evidence.is_mock) if alone else judge(evidence, fence, policy)
    if isinstance(judgement, InvalidInput):
        return judgement
    if by_code and not alone:
        judgement = with_code(judgement)
    signs = signs_of(
        _sighting(source, judgement, timing, measured=not alone),
        fence.pin,
        beside.own,
        beside.track,
        beside.on_device,
        beside.day,
        policy.signs,
        device_shared=beside.device_shared,
    )
    doubts = [
        reason
        for reason, holds in (
            (Reason.CODE_TIME_UNPROVED, by_code and timing.offline and timing.confidence is TimeConfidence.LOW),
            (Reason.PHOTO_REUSED, beside.photo_reused),
        )
        if holds
    ]
    reasons = (*judgement.reasons, *timing.reasons, *signs.reasons, *doubts)
    return Finding(
        judgement=judgement,
        timing=timing,
        reasons=reasons,
        score=signs.score,
        review=needs_review(reasons, signs.score, policy),
        flagged=is_flagged(reasons),
        proves=proves(judgement.verdict, timing.fix_age, by_code=by_code),
    )


def needs_review(reasons: Collection[Reason], score: int, policy: CheckInPolicy) -> bool:
    """Whether a manager has to look before it counts."""
    return score >= policy.signs.review_score or not TO_REVIEW.isdisjoint(reasons)


def is_flagged(reasons: Collection[Reason]) -> bool:
    """Whether it is odd enough to be shown to the manager, though it counts."""
    return not FLAGGED.isdisjoint(reasons)


def proves(verdict: Verdict, fix_age: FixAge, *, by_code: bool) -> bool:
    """Whether it can show presence, unless a manager has to look first."""
    return verdict in AT_SITE and (by_code or fix_age is not FixAge.OUTDATED)


def _sighting(source: Source, judgement: Judgement, timing: Timing, *, measured: bool) -> Sighting:
    return Sighting(
        id=source.id,
        owner_id=source.owner_id,
        at=timing.event_at,
        point=judgement.point,
        accuracy_m=judgement.uncertainty_m,
        device_id=source.device_id,
        site_id=source.site_id,
        counts=True,
        measured=measured,
    )

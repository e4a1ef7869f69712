"""Stored evidence judged again: where other evidence sheds new light on it, a manager stands for it, or rules change.

Used by resolvers/second_looks.py and by `python -m seed rejudge`. The evidence itself never changes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import ClassVar, get_args

from domain.accounts import Tier
from domain.arrivals import opening_of
from domain.check_in_policies import CheckInPolicy
from domain.check_ins import CheckIn, CheckInDirection, Vouch
from domain.evidence import Reason
from domain.evidence_times import FixAge, StaleFix, time_evidence
from domain.geofence import Fence, Judgement
from domain.ids import PersonId
from domain.openings import Opening, OpeningRefusal
from domain.refusals import InvalidInput, Refusal, WrongState
from domain.suspicion import Sighting, signs_of, spot, without_signs
from domain.verdicts import Beside, Source, find, is_flagged, needs_review, proves

MAX_REASON = 1_000
_BY_OTHERS = (Reason.DEVICE_OF_TWO,)
"""Signs that need the evidence of other people: once found they stay."""


_BY_POLICY = frozenset({None, StaleFix.code, *(each.code for each in get_args(OpeningRefusal))})
"""How check-ins end by their verdict alone."""


@dataclass(frozen=True, slots=True)
class OwnCheckIn(Refusal):
    """Nobody can stand for their own check-in."""

    code: ClassVar[str] = "OWN_CHECK_IN"
    id: str

    @property
    def message(self) -> str:
        return f"{self.id} is your own; somebody else has to stand for it."


def looked_at_again(check_in: CheckIn, own: Sequence[Sighting], policy: CheckInPolicy) -> CheckIn:
    """The check-in beside all evidence of the rep that is known now; itself where nothing changes."""
    if check_in.spot is None:
        return check_in
    # What others sent from the same phone is not looked at here, so no day is needed.
    day = (check_in.event_at, check_in.event_at)
    signs = signs_of(check_in.sighting, check_in.pin, own, check_in.track, (), day, policy.signs)
    kept = tuple(each for each in check_in.reasons if each in _BY_OTHERS)
    return _weighed(check_in, (*without_signs(check_in.reasons), *signs.reasons, *kept), signs.score, policy)


def on_shared_phone(check_in: CheckIn, policy: CheckInPolicy) -> CheckIn:
    """The check-in whose phone was another rep's on the same day."""
    if Reason.DEVICE_OF_TWO in check_in.reasons:
        return check_in
    return _weighed(check_in, (*check_in.reasons, Reason.DEVICE_OF_TWO), check_in.score, policy)


def judged_again(
    check_in: CheckIn, fence: Fence, tier: Tier, own: Sequence[Sighting], policy: CheckInPolicy
) -> CheckIn | InvalidInput:
    """What the policy makes of the stored evidence; what happened to the visit then is not undone."""
    timing = time_evidence(check_in.evidence, check_in.sending, check_in.received_at, policy.times)
    if isinstance(timing, InvalidInput):
        return timing
    source = Source(check_in.id, check_in.owner_id, check_in.site_id, check_in.device_id)
    # Who else used the phone and the photo is no matter of policy: what was found stays.
    kept = tuple(each for each in check_in.reasons if each in _BY_OTHERS)
    beside = Beside(
        (timing.event_at, timing.event_at),
        tuple(own),
        check_in.track,
        photo_reused=Reason.PHOTO_REUSED in check_in.reasons,
    )
    found = find(source, check_in.evidence, timing, fence, beside, policy, by_code=check_in.code_use is not None)
    if isinstance(found, InvalidInput):
        return found
    judged = replace(
        check_in,
        event_at=timing.event_at,
        time_source=timing.source,
        fix_age=timing.fix_age,
        offline=timing.offline,
        point=found.judgement.point,
        pin=fence.pin,
        spot=spot(found.judgement.point),
        verdict=found.judgement.verdict,
        distance_m=found.judgement.distance_m,
        uncertainty_m=found.judgement.uncertainty_m,
        radius_m=found.judgement.radius_m,
        policy_version=policy.version,
        mode=policy.mode(tier),
    )
    judged = replace(judged, refused=_refusal(judged))
    return _weighed(judged, (*found.reasons, *kept), found.score, policy)


def standing(check_in: CheckIn) -> str:
    """In a word or two what became of it: its verdict, and whether it was refused, is in doubt or counts."""
    if check_in.refused is not None:
        return f"{check_in.verdict}, refused: {check_in.refused}"
    if check_in.review:
        return f"{check_in.verdict}, under review"
    return f"{check_in.verdict}, {'unverified' if check_in.unverified else 'counts'}"


def _refusal(check_in: CheckIn) -> str | None:
    """The code a check-in would be refused with; what has nothing to do with the verdict stays."""
    if check_in.direction is CheckInDirection.DEPARTURE or check_in.refused not in _BY_POLICY:
        return check_in.refused
    if check_in.fix_age is FixAge.OUTDATED and not check_in.offline and check_in.code_use is None:
        return StaleFix.code
    opening = opening_of(check_in, _judgement(check_in))
    return opening.code if isinstance(opening, Refusal) else None


def vouch(
    check_in: CheckIn, by_id: PersonId, reason: str, now: datetime, *, override: bool
) -> CheckIn | InvalidInput | WrongState | OwnCheckIn:
    """The check-in for which a manager stands: after a look it counts for what it shows, overridden it counts at all.

    Only evidence that is under review can be released; only what does not count can be overridden.
    """
    if not reason.strip() or len(reason) > MAX_REASON:
        return InvalidInput("reason", f"must have 1 to {MAX_REASON} characters")
    if check_in.owner_id == by_id:
        return OwnCheckIn(check_in.id)
    if override and not (check_in.unverified or check_in.refused):
        return WrongState(check_in.id, "COUNTS")
    if not override and not check_in.review:
        return WrongState(check_in.id, "NOT_UNDER_REVIEW")
    refused = check_in.refused if override else None
    stood_for = replace(
        check_in,
        vouched=Vouch(by_id, now, reason.strip(), override, refused),
        refused=None if override else check_in.refused,
        review=False,
    )
    return replace(stood_for, unverified=not override and _is_unverified(stood_for))


def shows_presence(check_in: CheckIn) -> bool:
    """Whether the visit it opened has a check-in that proves presence."""
    if check_in.unverified:
        return False
    overridden = check_in.vouched is not None and check_in.vouched.overridden
    return overridden or proves(check_in.verdict, check_in.fix_age, by_code=check_in.code_use is not None)


def _weighed(check_in: CheckIn, reasons: tuple[Reason, ...], score: int, policy: CheckInPolicy) -> CheckIn:
    review = check_in.vouched is None and needs_review(reasons, score, policy)
    weighed = replace(check_in, reasons=reasons, score=score, review=review)
    overridden = check_in.vouched is not None and check_in.vouched.overridden
    opening = opening_of(weighed, _judgement(weighed))
    odd = not isinstance(opening, Opening) or opening.flagged or is_flagged(reasons) or check_in.refused is not None
    return replace(weighed, flagged=review or odd, unverified=not overridden and _is_unverified(weighed))


def _is_unverified(check_in: CheckIn) -> bool:
    if check_in.review:
        return True
    by_code = check_in.code_use is not None
    if check_in.direction is CheckInDirection.DEPARTURE:
        return not proves(check_in.verdict, check_in.fix_age, by_code=by_code)
    opening = opening_of(check_in, _judgement(check_in))
    doubted = not isinstance(opening, Opening) or opening.unverified
    return doubted or (check_in.fix_age is FixAge.OUTDATED and not by_code)


def _judgement(check_in: CheckIn) -> Judgement:
    return Judgement(
        check_in.verdict,
        check_in.reasons,
        check_in.distance_m,
        check_in.uncertainty_m,
        check_in.radius_m,
        check_in.point,
        check_in.policy_version,
    )

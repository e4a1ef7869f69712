"""Check-ins: evidence of a rep at a site, judged, and what it does to a visit; used by resolvers/check_ins.py.

Evidence is kept as it was sent, whatever it leads to: a refusal comes with the check-in that is to be stored.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from domain.access import Actor
from domain.accounts import Tier
from domain.calendar import DAY_S, Span, known_zone, wall_span
from domain.geofence import (
    Evidence,
    FencePolicy,
    Judgement,
    Mode,
    Opening,
    OpeningRefusal,
    OpenVisit,
    Reason,
    SecondEvidence,
    Verdict,
    VisitAlreadyOpen,
    decide_opening,
    judge,
    second_opening,
)
from domain.ids import AccountId, CheckInId, LeadId, OrgId, PersonId, SiteId, TeamId, VisitId
from domain.places import Point
from domain.refusals import InvalidInput, Refusal, WrongState
from domain.sites import Site, location_at
from domain.visits import (
    MAX_LATE,
    Visit,
    VisitKind,
    VisitOutcome,
    VisitState,
    arrive,
    confirm,
    evidence_time_problem,
    leave,
    texts_problem,
)

DEFAULT_POLICY = FencePolicy(1, {Tier.A: Mode.HARD, Tier.B: Mode.SOFT, Tier.C: Mode.SOFT})
ONLINE_WITHIN = timedelta(seconds=120)
_AT_SITE = frozenset({Verdict.INSIDE, Verdict.INSIDE_WEAK})
_FIELDS = {"accuracy_m": "accuracyM", "radius_m": "siteId"}


class CheckInDirection(StrEnum):
    """Whether the rep came or left."""

    ARRIVAL = "ARRIVAL"
    DEPARTURE = "DEPARTURE"


@dataclass(frozen=True, slots=True)
class Claim:
    """What a phone says about being at a site."""

    evidence: Evidence
    device_id: str | None = None
    note: str | None = None
    reason: str | None = None
    photo_hash: str | None = None
    lead_id: LeadId | None = None

    def problem(self, now: datetime) -> InvalidInput | None:
        """The first value that can never be accepted, apart from the position (`judge` looks at that)."""
        if len(self.device_id or "") > 100:
            return InvalidInput("deviceId", "must have at most 100 characters")
        if self.photo_hash is not None and not _is_sha256(self.photo_hash):
            return InvalidInput("photoHash", "must be a SHA-256 in 64 lower-case hexadecimal digits")
        return evidence_time_problem(self.evidence.captured_at, now) or texts_problem(
            note=self.note, reason=self.reason
        )


@dataclass(frozen=True, slots=True)
class CheckIn:
    """Evidence as sent, the judgement of it, and where it led. `refused` holds the code where no visit opened."""

    id: CheckInId
    org_id: OrgId
    owner_id: PersonId
    team_id: TeamId | None
    site_id: SiteId
    account_id: AccountId
    direction: CheckInDirection
    evidence: Evidence
    received_at: datetime
    event_at: datetime
    point: Point
    location_version: int
    verdict: Verdict
    reasons: tuple[Reason, ...]
    score: int
    distance_m: float
    uncertainty_m: float
    radius_m: float
    policy_version: int
    mode: Mode
    offline: bool
    review: bool
    flagged: bool
    unverified: bool = True
    refused: str | None = None
    visit_id: VisitId | None = None
    lead_id: LeadId | None = None
    device_id: str | None = None
    note: str | None = None
    reason: str | None = None
    photo_hash: str | None = None


@dataclass(frozen=True, slots=True)
class Arrival:
    """What to store after a check-in: the evidence, the visit where it changed or is new, and the refusal to answer."""

    check_in: CheckIn
    visit: Visit | None = None
    refusal: Refusal | None = None


@dataclass(frozen=True, slots=True)
class Departure:
    """What to store after a check-out; no check-in where it came without a position."""

    visit: Visit | InvalidInput | WrongState
    check_in: CheckIn | None = None


def check_in(
    actor: Actor,
    check_in_id: CheckInId,
    claim: Claim,
    site: Site,
    planned: Visit | None,
    open_visit: Visit | None,
    unplanned_id: VisitId,
    policy: FencePolicy,
    now: datetime,
    shift_end_at: datetime | None = None,
) -> Arrival | InvalidInput:
    """Judges the claim and opens the planned visit, or an unplanned one under `unplanned_id`.

    InvalidInput where there is nothing worth keeping. A second check-in at the same site within 2 minutes belongs to
    the visit that is open already.
    """
    planned_id = planned.id if planned is not None else None
    kept = _kept(actor, check_in_id, claim, site, CheckInDirection.ARRIVAL, policy, now, planned_id)
    if isinstance(kept, InvalidInput):
        return kept
    evidence, judgement = kept
    if planned is not None and planned.state not in {VisitState.PLANNED, VisitState.MISSED, VisitState.OPEN}:
        return _refused(evidence, WrongState(planned.id, planned.state))
    fills_gap = planned is not None and planned.state is VisitState.MISSED and evidence.offline
    if open_visit is not None and open_visit.opened_at is not None and not fills_gap:
        running = OpenVisit(open_visit.id, open_visit.site_id, open_visit.opened_at)
        same = second_opening(running, site.id, evidence.event_at)
        if isinstance(same, VisitAlreadyOpen):
            return _refused(evidence, same)
        settled = _settled(evidence, _opening(judgement, evidence, claim), same, evidence.lead_id)
        proves = judgement.verdict in _AT_SITE and not settled.unverified
        return Arrival(settled, confirm(open_visit, evidence.event_at, now) if proves else None)
    opening = _opening(judgement, evidence, claim)
    if isinstance(opening, Refusal):
        return _refused(evidence, opening)
    visit = planned or _unplanned(actor, unplanned_id, claim, site, evidence.event_at, now)
    lead_id = visit.lead_id or claim.lead_id
    verified = not opening.unverified and not evidence.review
    opened = arrive(
        visit,
        evidence.id,
        evidence.event_at,
        now,
        inside=verified and judgement.verdict in _AT_SITE,
        counts_for_lead=verified and lead_id is not None,
        late=evidence.offline,
        lead_id=lead_id,
        shift_end_at=shift_end_at,
    )
    return Arrival(_settled(evidence, opening, visit.id, lead_id), opened)


def check_out(
    actor: Actor,
    check_in_id: CheckInId,
    claim: Claim | None,
    site: Site,
    visit: Visit,
    at: datetime,
    outcome: VisitOutcome,
    next_step: str | None,
    note: str | None,
    policy: FencePolicy,
    now: datetime,
    seen_inside: Sequence[datetime] = (),
) -> Departure | InvalidInput:
    """Closes the visit at `at`; `claim` is the position, where the phone had one. A fence never keeps a visit open.

    `seen_inside` are other fixes inside the fence during the visit.
    """
    problem = evidence_time_problem(at, now) or texts_problem(nextStep=next_step, note=note)
    if problem is not None:
        return problem
    event_at = min(at, now)
    if claim is None:
        return Departure(leave(visit, event_at, outcome, next_step, note, now, inside_at=seen_inside))
    kept = _kept(actor, check_in_id, claim, site, CheckInDirection.DEPARTURE, policy, now)
    if isinstance(kept, InvalidInput):
        return kept
    evidence, judgement = kept
    unverified = judgement.verdict not in _AT_SITE or evidence.review
    inside_at = seen_inside if unverified else [*seen_inside, event_at]
    disproved = judgement.verdict is Verdict.REJECTED_MOCK
    left = leave(visit, event_at, outcome, next_step, note, now, inside_at=inside_at, disproved=disproved)
    refused = left.code if isinstance(left, Refusal) else None
    stored = replace(evidence, visit_id=visit.id, lead_id=visit.lead_id, unverified=unverified, refused=refused)
    return Departure(left, stored)


def best_match(visits: Sequence[Visit], site_id: SiteId, at: datetime) -> Visit | None:
    """Of a day's visits the one this check-in is for: planned or missed at the site, the nearest in time."""
    fitting = [
        each for each in visits if each.site_id == site_id and each.state in {VisitState.PLANNED, VisitState.MISSED}
    ]
    return min(fitting, key=lambda each: (abs(each.scheduled_at - at), each.id), default=None)


def local_day(at: datetime, zone: str) -> Span:
    """Start and end (UTC) of the date at the site."""
    place = known_zone(zone)
    return wall_span(place, at.astimezone(place).date(), 0, DAY_S)


def is_same_claim(stored: CheckIn, claim: Claim, site_id: str) -> bool:
    """Whether a check-in that has this id already says the same."""
    told = Claim(stored.evidence, stored.device_id, stored.note, stored.reason, stored.photo_hash, claim.lead_id)
    return stored.site_id == site_id and told == claim


def _kept(
    actor: Actor,
    check_in_id: CheckInId,
    claim: Claim,
    site: Site,
    direction: CheckInDirection,
    policy: FencePolicy,
    now: datetime,
    visit_id: VisitId | None = None,
) -> tuple[CheckIn, Judgement] | InvalidInput:
    problem = claim.problem(now)
    if problem is not None:
        return problem
    event_at = min(claim.evidence.captured_at, now)
    location = location_at(site, event_at)
    judgement = judge(claim.evidence, location.location, site.radius_m, policy)
    if isinstance(judgement, InvalidInput):
        return InvalidInput(_FIELDS.get(judgement.field, judgement.field), judgement.reason)
    review = now - event_at > MAX_LATE
    kept = CheckIn(
        id=check_in_id,
        org_id=actor.org_id,
        owner_id=actor.person_id,
        team_id=actor.team_id,
        site_id=site.id,
        account_id=site.account_id,
        direction=direction,
        evidence=claim.evidence,
        received_at=now,
        event_at=event_at,
        point=judgement.point,
        location_version=location.version,
        verdict=judgement.verdict,
        reasons=judgement.reasons,
        score=judgement.score,
        distance_m=judgement.distance_m,
        uncertainty_m=judgement.uncertainty_m,
        radius_m=judgement.radius_m,
        policy_version=judgement.policy_version,
        mode=policy.mode(site.tier),
        offline=now - event_at > ONLINE_WITHIN,
        review=review,
        flagged=review,
        visit_id=visit_id,
        lead_id=claim.lead_id,
        device_id=claim.device_id,
        note=claim.note,
        reason=claim.reason,
        photo_hash=claim.photo_hash,
    )
    return kept, judgement


def _opening(judgement: Judgement, evidence: CheckIn, claim: Claim) -> Opening | OpeningRefusal:
    second = SecondEvidence.PHOTO if claim.photo_hash else None
    return decide_opening(judgement, evidence.mode, claim.reason, second)


def _settled(
    evidence: CheckIn, opening: Opening | OpeningRefusal, visit_id: VisitId, lead_id: LeadId | None
) -> CheckIn:
    if isinstance(opening, Refusal):
        return replace(evidence, visit_id=visit_id, lead_id=lead_id, flagged=True)
    return replace(
        evidence,
        visit_id=visit_id,
        lead_id=lead_id,
        unverified=opening.unverified or evidence.review,
        flagged=opening.flagged or evidence.flagged,
    )


def _refused(evidence: CheckIn, refusal: Refusal) -> Arrival:
    return Arrival(replace(evidence, refused=refusal.code, flagged=True), refusal=refusal)


def _unplanned(actor: Actor, visit_id: VisitId, claim: Claim, site: Site, at: datetime, now: datetime) -> Visit:
    return Visit(
        id=visit_id,
        org_id=actor.org_id,
        site_id=site.id,
        account_id=site.account_id,
        owner_id=actor.person_id,
        team_id=actor.team_id,
        kind=VisitKind.UNPLANNED,
        state=VisitState.PLANNED,
        tier=site.tier,
        scheduled_at=at,
        created_at=now,
        updated_at=now,
        lead_id=claim.lead_id,
        version=0,
    )


def _is_sha256(text: str) -> bool:
    return len(text) == 64 and all(each in "0123456789abcdef" for each in text)

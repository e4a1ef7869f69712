"""Checking in and out: what evidence does to a visit, and the refusals that keep it; used by resolvers/check_ins.py."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from domain.access import Actor
from domain.check_in_policies import CheckInPolicy
from domain.check_ins import CheckIn, CheckInDirection, Claim, Told, at_place, code_use
from domain.evidence_times import FixAge, StaleFix
from domain.geofence import Fence, Judgement, Verdict
from domain.ids import CheckInId, LeadId, VisitId
from domain.openings import (
    SAME_VISIT,
    Opening,
    OpeningRefusal,
    OpenVisit,
    SecondEvidence,
    VisitAlreadyOpen,
    decide_opening,
    second_opening,
)
from domain.refusals import InvalidInput, Refusal, WrongState
from domain.site_codes import CodeNotAccepted
from domain.sites import Site, location_at
from domain.suspicion import Sighting, spot
from domain.verdicts import Beside, Finding, Source, find
from domain.visits import Visit, VisitKind, VisitOutcome, VisitState, arrive, confirm, leave, overtake, texts_problem

_STILL_TO_COME = frozenset({VisitState.PLANNED, VisitState.MISSED})
_FIELDS = {"accuracy_m": "accuracyM", "radius_m": "siteId"}


@dataclass(frozen=True, slots=True)
class Arrival:
    """What to store after a check-in: the evidence, visits that changed or are new, and the refusal to answer."""

    check_in: CheckIn
    visit: Visit | None = None
    refusal: Refusal | None = None
    overtaken: Visit | None = None
    """The visit that was open and now waits for its check-out beside the one that opens."""


@dataclass(frozen=True, slots=True)
class Departure:
    """What to store after a check-out; no check-in where it came without a position."""

    visit: Visit | InvalidInput | WrongState
    check_in: CheckIn | None = None


def check_in(
    actor: Actor,
    check_in_id: CheckInId,
    told: Told,
    site: Site,
    planned: Visit | None,
    open_visit: Visit | None,
    unplanned_id: VisitId,
    beside: Beside,
    policy: CheckInPolicy,
    now: datetime,
    shift_end_at: datetime | None = None,
) -> Arrival | InvalidInput | CodeNotAccepted:
    """Judges the claim and opens the planned visit, or an unplanned one under `unplanned_id`.

    InvalidInput or CodeNotAccepted where there is nothing worth keeping. `open_visit` is the one the rep was in at the
    time of the tap, or is in now. A second check-in at its site within 2 minutes belongs to it.
    """
    planned_id = planned.id if planned is not None else None
    kept = _kept(actor, check_in_id, told, site, CheckInDirection.ARRIVAL, beside, policy, now, planned_id)
    if not isinstance(kept, tuple):
        return kept
    evidence, finding = kept
    if told.code_problem is not None:
        return _refused(evidence, CodeNotAccepted(told.code_problem))
    if planned is not None and planned.state not in {VisitState.PLANNED, VisitState.MISSED, VisitState.OPEN}:
        return _refused(evidence, WrongState(planned.id, planned.state))
    if told.timing.fix_age is FixAge.OUTDATED and not evidence.offline and not told.by_code:
        return _refused(evidence, StaleFix())
    meets = _meets(evidence, open_visit)
    if isinstance(meets, VisitAlreadyOpen):
        return _refused(evidence, meets)
    opening = opening_of(evidence, finding.judgement)
    if not isinstance(meets, _Meeting):
        again = _settled(evidence, opening, meets, evidence.lead_id)
        assert open_visit is not None
        confirms = finding.proves and not again.unverified and open_visit.state is VisitState.OPEN
        return Arrival(again, confirm(open_visit, evidence.event_at, now) if confirms else None)
    if isinstance(opening, Refusal):
        return _refused(evidence, opening)
    visit = planned or _unplanned(evidence, unplanned_id, site, now)
    lead_id = visit.lead_id or told.claim.lead_id
    settled = _settled(evidence, opening, visit.id, lead_id)
    opened = arrive(
        visit,
        evidence.id,
        evidence.event_at,
        now,
        inside=not settled.unverified and finding.proves,
        counts_for_lead=not settled.unverified and lead_id is not None,
        late=evidence.offline,
        lead_id=lead_id,
        shift_end_at=shift_end_at,
        overtaken=meets is _Meeting.IS_EARLIER,
    )
    overtaken = overtake(open_visit, now) if open_visit is not None and meets is _Meeting.OVERTAKES else None
    return Arrival(settled, opened, overtaken=overtaken)


def open_all_the_same(
    evidence: CheckIn, planned: Visit | None, unplanned_id: VisitId, site: Site, now: datetime, *, is_busy: bool
) -> tuple[CheckIn, Visit]:
    """The visit of a check-in that was refused and is overridden: open, or to be completed by its check-out.

    The latter where the rep is in another visit by now, or was without a connection.
    """
    waits = is_busy or evidence.offline
    visit = planned if planned is not None and planned.state in _STILL_TO_COME else None
    opened = arrive(
        visit or _unplanned(evidence, unplanned_id, site, now),
        evidence.id,
        evidence.event_at,
        now,
        inside=True,
        counts_for_lead=evidence.lead_id is not None,
        late=waits,
        lead_id=evidence.lead_id,
        overtaken=waits,
    )
    return replace(evidence, visit_id=opened.id, lead_id=opened.lead_id), opened


class _Meeting(StrEnum):
    """How a check-in stands to the visit that is open."""

    NOTHING = "NOTHING"
    IS_EARLIER = "IS_EARLIER"
    OVERTAKES = "OVERTAKES"


def _meets(evidence: CheckIn, open_visit: Visit | None) -> _Meeting | VisitId | VisitAlreadyOpen:
    """What an open visit means for a check-in: it is the same, keeps it out, or is passed by late evidence."""
    if open_visit is None or open_visit.opened_at is None:
        return _Meeting.NOTHING
    running = OpenVisit(open_visit.id, open_visit.site_id, open_visit.opened_at)
    same = second_opening(running, evidence.site_id, evidence.event_at)
    if not isinstance(same, VisitAlreadyOpen):
        return same
    if evidence.offline and evidence.event_at < open_visit.opened_at:
        return _Meeting.IS_EARLIER
    # The check-out of the open visit may still be on its way where either was told late.
    told_late = evidence.offline or open_visit.offline
    return _Meeting.OVERTAKES if told_late and open_visit.state is VisitState.OPEN else same


def check_out(
    actor: Actor,
    check_in_id: CheckInId,
    told: Told,
    site: Site,
    visit: Visit,
    outcome: VisitOutcome,
    next_step: str | None,
    beside: Beside,
    policy: CheckInPolicy,
    now: datetime,
    seen_inside: Sequence[datetime] = (),
) -> Departure | InvalidInput | CodeNotAccepted:
    """Closes the visit at the time of the tap. A fence never keeps a visit open, nor does a missing position.

    `seen_inside` are other fixes inside the fence during the visit.
    """
    problem = texts_problem(nextStep=next_step)
    if problem is not None:
        return problem
    at, note = told.timing.event_at, told.claim.note
    if told.claim.code is None and not told.claim.evidence.has_position:
        return Departure(leave(visit, at, outcome, next_step, note, now, inside_at=seen_inside))
    kept = _kept(actor, check_in_id, told, site, CheckInDirection.DEPARTURE, beside, policy, now)
    if not isinstance(kept, tuple):
        return kept
    evidence, finding = kept
    unverified = not finding.proves or evidence.review
    inside_at = seen_inside if unverified else [*seen_inside, at]
    disproved = evidence.verdict is Verdict.REJECTED_MOCK
    left = leave(visit, at, outcome, next_step, note, now, inside_at=inside_at, disproved=disproved)
    stored = replace(
        evidence,
        note=None,
        visit_id=visit.id,
        lead_id=visit.lead_id,
        unverified=unverified,
        refused=left.code if isinstance(left, Refusal) else None,
    )
    return Departure(left, stored)


def occupied_at(visits: Sequence[Visit], at: datetime) -> Visit | None:
    """The visit the rep was in at that time, as far as is known now; one that is unfinished says nothing yet."""
    return next(
        (
            each
            for each in visits
            if each.opened_at is not None and each.closed_at is not None and each.opened_at <= at < each.closed_at
        ),
        None,
    )


def opening_of(evidence: CheckIn, judgement: Judgement) -> Opening | OpeningRefusal:
    """What the verdict does to the visit, with what else the rep sent."""
    return decide_opening(judgement, evidence.mode, evidence.reason, evidence.second_evidence)


def fence_at(site: Site, at: datetime) -> tuple[Fence, int]:
    """The fence that held at the time, and the version of the site's location."""
    location = location_at(site, at)
    return Fence(location.location, site.radius_m), location.version


def _second_evidence(claim: Claim, subject: Sighting, beside: Beside) -> SecondEvidence | None:
    """What stands beside the position: a photo nobody sent before, or another fix at the site just now."""
    if claim.photo_hash is not None and not beside.photo_reused:
        return SecondEvidence.PHOTO
    for each in beside.own:
        just_now = timedelta(0) <= subject.at - each.at <= SAME_VISIT
        if just_now and each.site_id == subject.site_id and each.id != subject.id and each.point != subject.point:
            return SecondEvidence.FIX
    return None


def _kept(
    actor: Actor,
    check_in_id: CheckInId,
    told: Told,
    site: Site,
    direction: CheckInDirection,
    beside: Beside,
    policy: CheckInPolicy,
    now: datetime,
    visit_id: VisitId | None = None,
) -> tuple[CheckIn, Finding] | InvalidInput | CodeNotAccepted:
    claim, timing = told.claim, told.timing
    if told.code_problem is not None and not claim.evidence.has_position:
        return CodeNotAccepted(told.code_problem)
    fence, location_version = fence_at(site, timing.event_at)
    source = Source(check_in_id, actor.person_id, site.id, claim.device_id)
    finding = find(source, claim.evidence, timing, fence, beside, policy, by_code=told.by_code)
    if isinstance(finding, InvalidInput):
        return InvalidInput(_FIELDS.get(finding.field, finding.field), finding.reason)
    judgement = finding.judgement
    evidence = claim.evidence if claim.evidence.has_position else at_place(judgement.point, claim.evidence)
    kept = CheckIn(
        id=check_in_id,
        org_id=actor.org_id,
        owner_id=actor.person_id,
        team_id=actor.team_id,
        site_id=site.id,
        account_id=site.account_id,
        direction=direction,
        evidence=evidence,
        received_at=now,
        event_at=timing.event_at,
        point=judgement.point,
        location_version=location_version,
        verdict=judgement.verdict,
        reasons=finding.reasons,
        score=finding.score,
        distance_m=judgement.distance_m,
        uncertainty_m=judgement.uncertainty_m,
        radius_m=judgement.radius_m,
        policy_version=judgement.policy_version,
        mode=policy.mode(site.tier),
        offline=timing.offline,
        review=finding.review,
        flagged=finding.review or finding.flagged,
        visit_id=visit_id,
        lead_id=claim.lead_id,
        device_id=claim.device_id,
        note=claim.note,
        reason=claim.reason,
        photo_hash=claim.photo_hash,
        sending=told.sending,
        time_source=timing.source,
        fix_age=timing.fix_age,
        pin=fence.pin,
        spot=spot(judgement.point),
        track=beside.track,
        code=claim.code,
        code_use=code_use(told.code_key, actor.person_id, direction) if told.code_key is not None else None,
    )
    return replace(kept, second_evidence=_second_evidence(claim, kept.sighting, beside)), finding


def _settled(
    evidence: CheckIn, opening: Opening | OpeningRefusal, visit_id: VisitId, lead_id: LeadId | None
) -> CheckIn:
    if isinstance(opening, Refusal):
        return replace(evidence, visit_id=visit_id, lead_id=lead_id, flagged=True)
    outdated = evidence.fix_age is FixAge.OUTDATED and evidence.code_use is None
    return replace(
        evidence,
        visit_id=visit_id,
        lead_id=lead_id,
        unverified=opening.unverified or evidence.review or outdated,
        flagged=opening.flagged or evidence.flagged,
    )


def _refused(evidence: CheckIn, refusal: Refusal) -> Arrival:
    return Arrival(replace(evidence, refused=refusal.code, flagged=True), refusal=refusal)


def _unplanned(evidence: CheckIn, visit_id: VisitId, site: Site, now: datetime) -> Visit:
    return Visit(
        id=visit_id,
        org_id=evidence.org_id,
        site_id=site.id,
        account_id=site.account_id,
        owner_id=evidence.owner_id,
        team_id=evidence.team_id,
        kind=VisitKind.UNPLANNED,
        state=VisitState.PLANNED,
        tier=site.tier,
        scheduled_at=evidence.event_at,
        created_at=now,
        updated_at=now,
        lead_id=evidence.lead_id,
        version=0,
    )

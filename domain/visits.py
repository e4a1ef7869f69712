"""Visits: a rep's appointment, plan or unplanned stop at a site, and every step of its life.

Used by resolvers/visits.py, resolvers/check_ins.py, route publishing and workers/visits.py. A step returns the changed
visit or a Refusal; `missed_after` and `auto_close_at` are set only while the worker has something to do.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from domain.accounts import Tier
from domain.ids import AccountId, CheckInId, LeadId, OrgId, PersonId, PlanId, SiteId, TeamId, VisitId
from domain.refusals import InvalidInput, VersionConflict, WrongState

DEFAULT_LENGTH = timedelta(minutes=30)
LONGEST_PLANNED = timedelta(hours=12)
LONGEST_OPEN = timedelta(hours=8)
"""An open visit closes by itself after this long where no end of shift is known."""
MISSED_GRACE = timedelta(minutes=15)
MAX_AHEAD = timedelta(days=400)
MAX_LATE = timedelta(hours=72)
MAX_EARLY = timedelta(minutes=2)
"""How far a phone's clock may run ahead of ours."""
DWELL = {Tier.A: timedelta(minutes=10), Tier.B: timedelta(minutes=5), Tier.C: timedelta(minutes=5)}


class VisitState(StrEnum):
    """Where a visit stands."""

    PLANNED = "PLANNED"
    OPEN = "OPEN"
    DONE = "DONE"
    TOUCH = "TOUCH"
    MISSED = "MISSED"
    CANCELLED = "CANCELLED"
    RESCHEDULED = "RESCHEDULED"
    AUTO_CLOSED = "AUTO_CLOSED"


class VisitKind(StrEnum):
    """How a visit came about."""

    APPOINTMENT = "APPOINTMENT"
    PLANNED = "PLANNED"
    UNPLANNED = "UNPLANNED"


class VisitOutcome(StrEnum):
    """What a visit led to."""

    ORDER = "ORDER"
    PROGRESS = "PROGRESS"
    NO_INTEREST = "NO_INTEREST"
    SERVICE = "SERVICE"
    NOBODY_THERE = "NOBODY_THERE"
    OTHER = "OTHER"


@dataclass(frozen=True, slots=True)
class Visit:
    """One visit. `scheduled_at` orders lists: the planned start, for an unplanned visit the moment it opened."""

    id: VisitId
    org_id: OrgId
    site_id: SiteId
    account_id: AccountId
    owner_id: PersonId
    team_id: TeamId | None
    kind: VisitKind
    state: VisitState
    tier: Tier
    scheduled_at: datetime
    created_at: datetime
    updated_at: datetime
    planned_start_at: datetime | None = None
    planned_end_at: datetime | None = None
    missed_after: datetime | None = None
    lead_id: LeadId | None = None
    plan_id: PlanId | None = None
    opened_at: datetime | None = None
    auto_close_at: datetime | None = None
    closed_at: datetime | None = None
    outcome: VisitOutcome | None = None
    next_step: str | None = None
    note: str | None = None
    reason: str | None = None
    replaces_id: VisitId | None = None
    last_check_in_id: CheckInId | None = None
    arrived_inside: bool = False
    """Whether the check-in proves presence; a visit without one never becomes verified."""
    counts_for_lead: bool = False
    """Whether its check-in stopped the lead's clock, provisionally until it is verified."""
    verified: bool = False
    offline: bool = False
    version: int = 1


def texts_problem(**texts: str | None) -> InvalidInput | None:
    """The first free text that is too long."""
    for field, text in texts.items():
        if len(text or "") > 4000:
            return InvalidInput(field, "must have at most 4000 characters")
    return None


def window(start_at: datetime, end_at: datetime | None, now: datetime) -> tuple[datetime, datetime] | InvalidInput:
    """Start and end of an appointment: 30 minutes where no end is given, 12 hours at the most."""
    ends_at = end_at if end_at is not None else start_at + DEFAULT_LENGTH
    if not timedelta(0) < ends_at - start_at <= LONGEST_PLANNED:
        return InvalidInput("endAt", "must be after the start, 12 hours at the most")
    if start_at < now - MAX_LATE or start_at > now + MAX_AHEAD:
        return InvalidInput("startAt", "must be within the last 72 hours or the next 400 days")
    return start_at, ends_at


def missed_after(planned_end_at: datetime, shift_end_at: datetime | None) -> datetime:
    """When a planned visit counts as missed: 15 minutes after the shift, or after its own end where that is later."""
    return max(planned_end_at, shift_end_at or planned_end_at) + MISSED_GRACE


def evidence_time_problem(at: datetime, now: datetime) -> InvalidInput | None:
    """Why a tap cannot have happened then: more than 2 minutes ahead. How late it may come is for the caller."""
    if at > now + MAX_EARLY:
        return InvalidInput("capturedAt", "lies in the future")
    return None


def reschedule(
    visit: Visit,
    new_id: VisitId,
    start_at: datetime,
    end_at: datetime,
    reason: str,
    expected_version: int | None,
    now: datetime,
    shift_end_at: datetime | None = None,
) -> tuple[Visit, Visit] | InvalidInput | WrongState | VersionConflict:
    """The visit marked RESCHEDULED, and the one that takes its place. A missed visit can be made good too."""
    problem = _may_end(visit, {VisitState.PLANNED, VisitState.MISSED}, reason, expected_version)
    if problem is not None:
        return problem
    moved = replace(visit, state=VisitState.RESCHEDULED, reason=reason, missed_after=None)
    following = replace(
        visit,
        id=new_id,
        kind=VisitKind.APPOINTMENT,
        state=VisitState.PLANNED,
        scheduled_at=start_at,
        planned_start_at=start_at,
        planned_end_at=end_at,
        missed_after=missed_after(end_at, shift_end_at),
        plan_id=None,
        replaces_id=visit.id,
        reason=None,
        created_at=now,
        updated_at=now,
        version=1,
    )
    return _next(moved, now), following


def cancel(
    visit: Visit, reason: str, expected_version: int | None, now: datetime
) -> Visit | InvalidInput | WrongState | VersionConflict:
    """The visit that will not happen."""
    problem = _may_end(visit, {VisitState.PLANNED}, reason, expected_version)
    if problem is not None:
        return problem
    return _next(visit, now, state=VisitState.CANCELLED, reason=reason, missed_after=None, closed_at=now)


def _may_end(
    visit: Visit, states: Collection[VisitState], reason: str, expected_version: int | None
) -> InvalidInput | WrongState | VersionConflict | None:
    if expected_version is not None and expected_version != visit.version:
        return VersionConflict(visit.id, visit.version)
    if visit.state not in states:
        return WrongState(visit.id, visit.state)
    if not reason.strip() or len(reason) > 500:
        return InvalidInput("reason", "must have 1 to 500 characters")
    return None


def arrive(
    visit: Visit,
    check_in_id: CheckInId,
    at: datetime,
    now: datetime,
    *,
    inside: bool,
    counts_for_lead: bool,
    late: bool,
    lead_id: LeadId | None = None,
    shift_end_at: datetime | None = None,
) -> Visit:
    """A check-in opens the visit. A late one at a missed visit makes it DONE, to be completed by its check-out."""
    if late and visit.state is VisitState.MISSED:
        state, closes_at = VisitState.DONE, now + MAX_LATE
    else:
        state = VisitState.OPEN
        closes_at = shift_end_at if shift_end_at is not None and shift_end_at > at else at + LONGEST_OPEN
    return _next(
        visit,
        now,
        state=state,
        lead_id=lead_id or visit.lead_id,
        missed_after=None,
        opened_at=at,
        auto_close_at=closes_at,
        last_check_in_id=check_in_id,
        arrived_inside=inside,
        counts_for_lead=counts_for_lead,
        offline=late,
    )


def leave(
    visit: Visit,
    at: datetime,
    outcome: VisitOutcome,
    next_step: str | None,
    note: str | None,
    now: datetime,
    *,
    gone: bool = False,
) -> Visit | InvalidInput | WrongState:
    """The visit checked out at `at`: DONE after a dwell of 5 minutes (tier A: 10), else TOUCH.

    Verified where the check-in was inside and the check-out, if it has a position, was not `gone` from the fence. An
    evidence of before the automatic end completes a visit that was closed automatically.
    """
    unfinished = visit.state is VisitState.DONE and visit.closed_at is None
    early_enough = visit.state is VisitState.AUTO_CLOSED and visit.closed_at is not None and at <= visit.closed_at
    if visit.opened_at is None or not (visit.state is VisitState.OPEN or unfinished or early_enough):
        return WrongState(visit.id, visit.state)
    if at < visit.opened_at:
        return InvalidInput("capturedAt", "lies before the check-in")
    stayed = at - visit.opened_at >= DWELL[visit.tier]
    return _next(
        visit,
        now,
        state=VisitState.DONE if stayed else VisitState.TOUCH,
        closed_at=at,
        auto_close_at=None,
        outcome=outcome,
        next_step=next_step,
        note=note if note is not None else visit.note,
        verified=stayed and visit.arrived_inside and not gone,
        offline=visit.offline or early_enough,
    )


def give_to(visit: Visit, owner_id: PersonId, team_id: TeamId | None, now: datetime) -> Visit:
    """The planned visit in other hands."""
    return _next(replace(visit, owner_id=owner_id, team_id=team_id), now)


def miss(visit: Visit, now: datetime) -> Visit | None:
    """The planned visit nobody came to; None where it is not due to be missed."""
    if visit.state is not VisitState.PLANNED or visit.missed_after is None or visit.missed_after > now:
        return None
    return _next(visit, now, state=VisitState.MISSED, missed_after=None)


def close_forgotten(visit: Visit, now: datetime) -> Visit | None:
    """The open visit closed at the end of the shift: unverified, and left out of dwell means.

    A visit that late evidence made DONE becomes a TOUCH when its check-out has not come within 72 hours.
    """
    due_at = visit.auto_close_at
    if due_at is None or due_at > now:
        return None
    if visit.state is VisitState.OPEN:
        return _next(visit, now, state=VisitState.AUTO_CLOSED, closed_at=due_at, auto_close_at=None)
    return _next(visit, now, state=VisitState.TOUCH, closed_at=visit.opened_at, auto_close_at=None)


def _next(visit: Visit, now: datetime, **changes: Any) -> Visit:
    return replace(visit, version=visit.version + 1, updated_at=now, **changes)

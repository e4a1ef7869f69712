"""Visits: a rep's appointment, plan or unplanned stop at a site, and every step of its life.

Used by resolvers/visits.py, resolvers/check_ins.py, route publishing and workers/visits.py. A step returns the changed
visit or a Refusal; `missed_after` and `auto_close_at` are set only while the worker has something to do.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from domain.accounts import Tier
from domain.dwell import is_long_enough
from domain.ids import AccountId, BeatPlanId, CheckInId, LeadId, OrgId, PersonId, PlanId, SiteId, TeamId, VisitId
from domain.refusals import InvalidInput, VersionConflict, WrongState

DEFAULT_LENGTH = timedelta(minutes=30)
LONGEST_PLANNED = timedelta(hours=12)
LONGEST_OPEN = timedelta(hours=8)
"""An open visit closes by itself after this long where no end of shift is known."""
MISSED_GRACE = timedelta(minutes=15)
MAX_AHEAD = timedelta(days=400)
MAX_LATE = timedelta(hours=72)
OUTCOME_WAIT = timedelta(hours=72)
"""How long a visit that ended without an outcome waits for it before it becomes a TOUCH."""


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
    beat_plan_id: BeatPlanId | None = None
    """The beat plan that made it or put it in its place."""
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
    last_inside_at: datetime | None = None
    """The latest evidence inside the fence; the provable stay ends there."""
    counts_for_lead: bool = False
    """Whether its check-in stopped the lead's clock, provisionally until it is verified."""
    verified: bool = False
    offline: bool = False
    auto_closed: bool = False
    """Whether its end is the shift's, which says nothing about the stay."""
    version: int = 1

    @property
    def lacks_proof(self) -> bool:
        """Whether only the length of the stay is still to be proved, such as by the fixes of live tracking."""
        if self.opened_at is None or self.closed_at is None or self.verified or self.outcome is None:
            return False
        return self.arrived_inside and is_long_enough(self.tier, self.opened_at, self.closed_at)


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
    overtaken: bool = False,
) -> Visit:
    """A check-in opens the visit. A late one at a missed visit makes it DONE, to be completed by its check-out.

    So does one that comes after that of a later visit (`overtaken`).
    """
    if late and (overtaken or visit.state is VisitState.MISSED):
        state, closes_at = VisitState.DONE, now + OUTCOME_WAIT
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
        last_inside_at=at if inside else None,
        counts_for_lead=counts_for_lead,
        offline=late,
    )


def confirm(visit: Visit, at: datetime, now: datetime) -> Visit:
    """A second fix inside the fence: it proves an arrival that was weak, and a stay until then."""
    latest = max(at, visit.last_inside_at or at)
    counts = visit.lead_id is not None
    return _next(visit, now, arrived_inside=True, last_inside_at=latest, counts_for_lead=counts)


def overtake(visit: Visit, now: datetime) -> Visit:
    """The visit whose check-out is still on its way when the next one opens: DONE, to be completed by it."""
    return _next(visit, now, state=VisitState.DONE, auto_close_at=now + OUTCOME_WAIT)


def reconsider(
    visit: Visit, now: datetime, *, inside: bool, counts: bool, inside_at: Iterable[datetime], disproved: bool
) -> Visit:
    """The visit after another look at its evidence: what that proves is decided anew, nothing else.

    `inside`: the check-in proves presence; `counts`: it counts at all; `inside_at`: all evidence inside the fence.
    """
    ends_at = visit.closed_at
    last_inside_at = max((each for each in inside_at if ends_at is None or each <= ends_at), default=None)
    ended = visit.outcome is not None and visit.state in {VisitState.DONE, VisitState.AUTO_CLOSED}
    stayed = (
        visit.opened_at is not None
        and last_inside_at is not None
        and is_long_enough(visit.tier, visit.opened_at, last_inside_at)
    )
    return _next(
        visit,
        now,
        arrived_inside=inside,
        last_inside_at=last_inside_at,
        counts_for_lead=counts and visit.lead_id is not None,
        verified=ended and stayed and inside and not disproved,
    )


def leave(
    visit: Visit,
    at: datetime,
    outcome: VisitOutcome,
    next_step: str | None,
    note: str | None,
    now: datetime,
    *,
    inside_at: Iterable[datetime] = (),
    disproved: bool = False,
) -> Visit | InvalidInput | WrongState:
    """The visit checked out at `at`: DONE after a stay of 5 minutes (tier A: 10), else TOUCH.

    Verified where it was entered inside and evidence inside the fence spans the stay: `inside_at` is further such
    evidence, beside what the visit knows. `disproved`: the check-out came with a made-up position. A tap before the
    automatic end replaces that end; one after it only brings the outcome, and the visit stays AUTO_CLOSED.
    """
    unfinished = visit.state is VisitState.DONE and visit.closed_at is None
    ended_at = visit.closed_at if visit.state is VisitState.AUTO_CLOSED else None
    waits = ended_at is not None and visit.outcome is None
    if visit.opened_at is None or not (visit.state is VisitState.OPEN or unfinished or waits):
        return WrongState(visit.id, visit.state)
    if at < visit.opened_at:
        return InvalidInput("capturedAt", "lies before the check-in")
    stays_closed = ended_at is not None and at > ended_at
    closed_at = ended_at if ended_at is not None and stays_closed else at
    known = (each for each in (visit.last_inside_at, *inside_at) if each is not None and each <= closed_at)
    last_inside_at = max(known, default=None)
    proved = last_inside_at is not None and is_long_enough(visit.tier, visit.opened_at, last_inside_at)
    state = VisitState.DONE if is_long_enough(visit.tier, visit.opened_at, closed_at) else VisitState.TOUCH
    return _next(
        visit,
        now,
        state=VisitState.AUTO_CLOSED if stays_closed else state,
        closed_at=closed_at,
        auto_close_at=None,
        auto_closed=stays_closed,
        last_inside_at=last_inside_at,
        outcome=outcome,
        next_step=next_step,
        note=note if note is not None else visit.note,
        verified=proved and visit.arrived_inside and not disproved,
        offline=visit.offline or ended_at is not None,
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
    """The open visit closed at the end of the shift: left out of dwell means, and unverified without an outcome.

    One that has ended and still waits for its outcome after 72 hours becomes a TOUCH.
    """
    due_at = visit.auto_close_at
    if due_at is None or due_at > now:
        return None
    if visit.state is VisitState.OPEN:
        waits_until = due_at + OUTCOME_WAIT
        return _next(
            visit, now, state=VisitState.AUTO_CLOSED, closed_at=due_at, auto_close_at=waits_until, auto_closed=True
        )
    ended_at = visit.closed_at or visit.opened_at
    return _next(visit, now, state=VisitState.TOUCH, closed_at=ended_at, auto_close_at=None)


def _next(visit: Visit, now: datetime, **changes: Any) -> Visit:
    return replace(visit, version=visit.version + 1, updated_at=now, **changes)

"""Scheduling, moving and cancelling visits: load, decide, save. Called by schema/visits.py."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from domain.access import Actor, Capability, Role, Scope
from domain.accounts import Tier
from domain.ids import LeadId, VisitId, is_id, new_id
from domain.notices import NoticeKind, Priority, event_key, make_notice
from domain.people import Person, PersonState
from domain.refusals import InvalidInput, NotFound, Refusal, VersionConflict
from domain.sites import Site
from domain.visits import Visit, VisitKind, VisitState, cancel, missed_after, reschedule, texts_problem, window
from resolvers.context import Context
from resolvers.once import Outcome, Saved, once
from resolvers.shifts import planned_at
from storage.driver import Document
from storage.leads import find_lead
from storage.outbox import Outbox
from storage.people import find_person
from storage.sites import find_site
from storage.stand_ins import acting_superior
from storage.store import Store
from storage.visits import COLLECTION, find_visit, insert_visit, save_visit


@dataclass(frozen=True, slots=True)
class NewVisit:
    """What a caller says about an appointment; the caller's own where no rep is named."""

    site_id: str
    start_at: datetime
    end_at: datetime | None = None
    id: str | None = None
    rep_id: str | None = None
    lead_id: str | None = None
    note: str | None = None


async def schedule_visit(context: Context, client_key: str, given: NewVisit) -> Document | Refusal:
    """The new appointment. Raises Forbidden."""
    actor = context.me
    own = given.rep_id is None or given.rep_id == actor.person_id
    context.require(Capability.DO_FIELD_WORK if own else Capability.PLAN_FOR_OTHERS)

    async def act(store: Store) -> Outcome:
        times = _checked(given, context.now)
        if isinstance(times, InvalidInput):
            return times
        rep = await find_person(store, actor.scope, given.rep_id or actor.person_id)
        if rep is None:
            return NotFound(given.rep_id or actor.person_id)
        site = await find_site(store, actor.scope, given.site_id)
        if site is None:
            return NotFound(given.site_id)
        if given.lead_id is not None and await find_lead(store, actor.scope, given.lead_id) is None:
            return NotFound(given.lead_id)
        unfit = _unfit(rep, site)
        if unfit is not None:
            return unfit
        return Saved(COLLECTION, await insert_visit(store, _appointment(given, rep, site, times, context.now)))

    return await once(context, "scheduleVisit", client_key, given, act)


def _checked(given: NewVisit, now: datetime) -> tuple[datetime, datetime] | InvalidInput:
    if given.id is not None and not is_id("vis", given.id):
        return InvalidInput("id", "must be vis_ and a ULID or UUID")
    return texts_problem(note=given.note) or window(given.start_at, given.end_at, now)


def _unfit(rep: Person, site: Site) -> InvalidInput | None:
    if rep.state is not PersonState.ACTIVE or rep.role not in {Role.REP, Role.MANAGER, Role.DIRECTOR}:
        return InvalidInput("repId", "does not make visits")
    if rep.role is Role.REP and rep.team_id != site.team_id:
        return InvalidInput("siteId", "belongs to another team than the rep")
    return None


def _appointment(given: NewVisit, rep: Person, site: Site, times: tuple[datetime, datetime], now: datetime) -> Visit:
    return Visit(
        id=VisitId(given.id or new_id("vis", now)),
        org_id=site.org_id,
        site_id=site.id,
        account_id=site.account_id,
        owner_id=rep.id,
        team_id=rep.team_id,
        kind=VisitKind.APPOINTMENT,
        state=VisitState.PLANNED,
        tier=site.tier,
        scheduled_at=times[0],
        planned_start_at=times[0],
        planned_end_at=times[1],
        missed_after=missed_after(times[1], end_of_shift(rep, times[0])),
        lead_id=LeadId(given.lead_id) if given.lead_id is not None else None,
        note=given.note,
        created_at=now,
        updated_at=now,
    )


async def reschedule_visit(
    context: Context,
    client_key: str,
    visit_id: str,
    start_at: datetime,
    end_at: datetime | None,
    reason: str,
    new_visit_id: str | None,
    expected_version: int | None,
) -> Document | Refusal:
    """The visit that takes the place of `visit_id`. Raises Forbidden."""
    actor, outbox = _planner(context), context.services.outbox

    async def act(store: Store) -> Outcome:
        if new_visit_id is not None and not is_id("vis", new_visit_id):
            return InvalidInput("newVisitId", "must be vis_ and a ULID or UUID")
        visit = await find_visit(store, actor.scope, visit_id)
        if visit is None:
            return NotFound(visit_id)
        times = window(start_at, end_at, context.now)
        if isinstance(times, InvalidInput):
            return times
        following_id = VisitId(new_visit_id or new_id("vis", context.now))
        rep = await find_person(store, Scope.whole_organization(actor.org_id), visit.owner_id)
        shift_end_at = end_of_shift(rep, times[0])
        moved = reschedule(visit, following_id, *times, reason, expected_version, context.now, shift_end_at)
        if isinstance(moved, Refusal):
            return moved
        old, following = moved
        if await save_visit(store, old) is None:
            return VersionConflict(visit_id, visit.version)
        await _tell_superior(store, actor, following, NoticeKind.VISIT_RESCHEDULED, context.now, outbox)
        return Saved(COLLECTION, await insert_visit(store, following))

    given = {
        "id": visit_id,
        "start_at": start_at,
        "end_at": end_at,
        "reason": reason,
        "new_id": new_visit_id,
        "expected_version": expected_version,
    }
    return await once(context, "rescheduleVisit", client_key, given, act)


async def cancel_visit(
    context: Context, client_key: str, visit_id: str, reason: str, expected_version: int | None
) -> Document | Refusal:
    """The cancelled visit. Raises Forbidden."""
    actor, outbox = _planner(context), context.services.outbox

    async def act(store: Store) -> Outcome:
        visit = await find_visit(store, actor.scope, visit_id)
        if visit is None:
            return NotFound(visit_id)
        cancelled = cancel(visit, reason, expected_version, context.now)
        if isinstance(cancelled, Refusal):
            return cancelled
        saved = await save_visit(store, cancelled)
        if saved is None:
            return VersionConflict(visit_id, visit.version)
        await _tell_superior(store, actor, cancelled, NoticeKind.VISIT_CANCELLED, context.now, outbox)
        return Saved(COLLECTION, saved)

    given = {"id": visit_id, "reason": reason, "expected_version": expected_version}
    return await once(context, "cancelVisit", client_key, given, act)


def end_of_shift(rep: Person | None, at: datetime) -> datetime | None:
    """When the planned shift around `at` ends; None without a roster or on a free day."""
    shift = planned_at(rep, at) if rep is not None else None
    return shift[1] if shift is not None else None


def _planner(context: Context) -> Actor:
    """Whoever may change a visit they see: its rep, and those who plan for others. Raises Forbidden."""
    if context.me.can(Capability.PLAN_FOR_OTHERS):
        return context.me
    return context.require(Capability.DO_FIELD_WORK)


async def _tell_superior(
    store: Store, actor: Actor, visit: Visit, kind: NoticeKind, now: datetime, outbox: Outbox
) -> None:
    """A tier A visit that does not take place as planned is told to the rep's superior, unless that is who did it."""
    if visit.tier is not Tier.A:
        return
    superior = await acting_superior(store, visit.org_id, visit.owner_id, visit.team_id, now)
    if superior is None or superior == actor.person_id:
        return
    notice = make_notice(visit.org_id, superior, kind, Priority.HIGH, event_key(kind, visit.id), now, visit_id=visit.id)
    await outbox.write(store, [notice], now)

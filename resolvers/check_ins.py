"""Checking in and out at a site: load, decide, save, with the lead's clocks in the same transaction.

Called by schema/check_ins.py. Evidence is stored with every answer but bad input and unknown ids.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from domain.access import Capability, Scope
from domain.check_ins import (
    DEFAULT_POLICY,
    CheckIn,
    Claim,
    Departure,
    best_match,
    is_same_claim,
    local_day,
)
from domain.check_ins import check_in as judge_check_in
from domain.check_ins import check_out as judge_check_out
from domain.datum import to_wgs84
from domain.errors import BadInput, Unavailable
from domain.geofence import FIX_ACCURACY_M, MAX_RADIUS_M, Evidence, evidence_problem, within_reach
from domain.ids import CheckInId, SiteId, VisitId, is_id, new_id
from domain.norm_entries import Said
from domain.places import Datum
from domain.refusals import IdTaken, InvalidInput, NotFound, Refusal, RetryLater
from domain.shifts import FORGOTTEN_AFTER
from domain.sites import Site
from domain.visits import Visit, VisitOutcome
from resolvers.context import Context
from resolvers.norm_entries import at_check_out
from resolvers.once import Outcome, Saved, once
from resolvers.sites import pin_of, sites_around
from resolvers.visit_results import contact_by_visit, seen_inside, settle_visit
from resolvers.visits import end_of_shift
from storage import check_ins, visits
from storage.codec import encode
from storage.driver import Document, DuplicateKeyError
from storage.leads import find_lead
from storage.norm_entries import insert_entries
from storage.people import find_person
from storage.shifts import find_latest
from storage.sites import find_site
from storage.store import Store

MAX_CANDIDATES = 20
_RACES = 3


@dataclass(frozen=True, slots=True)
class CheckInCall:
    """A check-in as the phone sends it."""

    site_id: str
    claim: Claim
    id: str | None = None
    visit_id: str | None = None


@dataclass(frozen=True, slots=True)
class CheckOutCall:
    """A check-out as the phone sends it; `claim` is None where it had no position."""

    visit_id: str
    outcome: VisitOutcome
    captured_at: datetime
    claim: Claim | None = None
    next_step: str | None = None
    note: str | None = None
    said: tuple[Said, ...] = ()
    """What was done of the norms, and insights, that come with the check-out."""


async def check_in(context: Context, client_key: str, given: CheckInCall) -> Document | Refusal:
    """The stored check-in with its verdict, or why no visit opened. Raises Forbidden."""
    context.require(Capability.DO_FIELD_WORK)

    async def act(store: Store) -> Outcome:
        return await _arrive_once(store, context, given, may_be_known)

    # An id that the device made is nearly always new, so it is looked for only where it turns out to be taken.
    may_be_known = False
    # Two phones that open a visit at once meet in a unique index; whoever comes second then sees the open visit.
    for _ in range(_RACES):
        try:
            answer = await once(context, "checkIn", client_key, given, act)
        except DuplicateKeyError:
            continue
        if may_be_known or not isinstance(answer, IdTaken):
            return answer
        may_be_known = True
    return RetryLater(1)


async def _arrive_once(store: Store, context: Context, given: CheckInCall, may_be_known: bool) -> Outcome:
    """Arrives, unless the id says that the device told the same before under another client key."""
    if given.id is not None and not is_id("chk", given.id):
        return InvalidInput("id", "must be chk_ and a ULID or UUID")
    outcome = None if may_be_known else await _arrive(store, context, given)
    # These end before anything is stored under the id, which may be taken all the same.
    if given.id is not None and (outcome is None or isinstance(outcome, InvalidInput | NotFound)):
        known = await check_ins.find_check_in(store, context.me.scope, given.id)
        if known is not None:
            return _told_before(known, given)
    return await _arrive(store, context, given) if outcome is None else outcome


async def _arrive(store: Store, context: Context, given: CheckInCall) -> Outcome:
    actor, now, claim = context.me, context.now, given.claim
    site = await find_site(store, actor.scope, given.site_id)
    if site is None:
        return NotFound(given.site_id)
    if claim.lead_id is not None and await find_lead(store, actor.scope, claim.lead_id) is None:
        return NotFound(claim.lead_id)
    planned = await _planned(store, context, given, site)
    if isinstance(planned, Refusal):
        return planned
    open_visit = await visits.find_open_visit(store, actor.org_id, actor.person_id)
    arrival = judge_check_in(
        actor,
        CheckInId(given.id or new_id("chk", now)),
        claim,
        site,
        planned,
        open_visit,
        VisitId(new_id("vis", now) if planned is None else planned.id),
        DEFAULT_POLICY,
        now,
        await _shift_ends(store, context, min(claim.evidence.captured_at, now)),
    )
    if isinstance(arrival, InvalidInput):
        return arrival
    saved = Saved(check_ins.COLLECTION, await check_ins.insert_check_in(store, arrival.check_in))
    visit = arrival.visit
    if visit is not None:
        kept = await (visits.insert_visit if visit.version == 1 else visits.save_visit)(store, visit)
        if kept is None:
            raise Unavailable(1)
        saved = replace(saved, beside=[(visits.COLLECTION, kept)])
        if visit.counts_for_lead:
            await contact_by_visit(store, visit, now, context.services.outbox)
    return arrival.refusal or saved


def _told_before(known: CheckIn, given: CheckInCall) -> Outcome:
    """The same check-in again under another client key is answered as before; another one under its id is refused."""
    if known.refused is not None or not is_same_claim(known, given.claim, given.site_id):
        return IdTaken(known.id)
    return Saved(check_ins.COLLECTION, encode(known))


async def _planned(store: Store, context: Context, given: CheckInCall, site: Site) -> Visit | Refusal | None:
    """The visit this check-in is for: the one it names, else the best of the site's day, else none."""
    actor = context.me
    if given.visit_id is None:
        at = min(given.claim.evidence.captured_at, context.now)
        day = local_day(at, site.time_zone)
        return best_match(await visits.list_visits_between(store, actor.org_id, actor.person_id, *day), site.id, at)
    visit = await visits.find_visit(store, actor.scope, given.visit_id)
    if visit is None or visit.owner_id != actor.person_id:
        return NotFound(given.visit_id)
    if visit.site_id != site.id:
        return InvalidInput("siteId", "is not the site of this visit")
    return visit


async def _shift_ends(store: Store, context: Context, at: datetime) -> datetime | None:
    """When the shift that `at` belongs to ends at the latest: the open one, else the planned one and its grace."""
    actor = context.me
    latest = await find_latest(store, actor.org_id, actor.person_id)
    if latest is not None and latest.shift.ended_at is None and latest.shift.started_at <= at:
        return latest.shift.auto_end_at
    # The roster only says when a forgotten visit is closed: it need not be of the transaction's moment.
    person = await find_person(context.store, Scope.whole_organization(actor.org_id), actor.person_id)
    planned_end_at = end_of_shift(person, at)
    return planned_end_at + FORGOTTEN_AFTER if planned_end_at is not None else None


async def check_out(context: Context, client_key: str, given: CheckOutCall) -> Document | Refusal:
    """The visit, DONE or TOUCH. Raises Forbidden."""
    actor = context.require(Capability.DO_FIELD_WORK)

    async def act(store: Store) -> Outcome:
        visit = await visits.find_visit(store, actor.scope, given.visit_id)
        if visit is None or visit.owner_id != actor.person_id:
            return NotFound(given.visit_id)
        site = await find_site(store, Scope.whole_organization(actor.org_id), visit.site_id)
        if site is None:
            return NotFound(visit.site_id)
        judged = partial(
            judge_check_out,
            actor,
            CheckInId(new_id("chk", context.now)),
            given.claim,
            site,
            visit,
            given.captured_at,
            given.outcome,
            given.next_step,
            given.note,
            DEFAULT_POLICY,
            context.now,
        )
        departure = judged()
        if isinstance(departure, Departure) and isinstance(departure.visit, Visit) and departure.visit.lacks_proof:
            departure = judged(await seen_inside(store, departure.visit, site))
        if isinstance(departure, InvalidInput):
            return departure
        ended, done = departure.visit, await at_check_out(store, visit, departure.visit, given.said, context.now)
        if departure.check_in is not None:
            refused = done.code if isinstance(done, Refusal) else None
            await check_ins.insert_check_in(store, replace(departure.check_in, refused=refused))
        if isinstance(ended, Refusal):
            return ended
        if isinstance(done, Refusal):
            return done
        saved = await visits.save_visit(store, ended)
        if saved is None:
            raise Unavailable(1)
        await insert_entries(store, done)
        await visits.note_verified_visit(store, ended)
        await settle_visit(store, ended, context.now, context.services.outbox)
        return Saved(visits.COLLECTION, saved)

    return await once(context, "checkOut", client_key, given, act)


async def check_in_candidates(context: Context, evidence: Evidence) -> list[Document]:
    """The sites whose fence the position may be in, nearest first; the rep chooses. Raises BadInput."""
    context.require(Capability.DO_FIELD_WORK)
    problem = evidence_problem(evidence)
    if problem is not None:
        raise BadInput("accuracyM" if problem.field == "accuracy_m" else problem.field, problem.reason)
    latitude, longitude, accuracy_m = evidence.latitude or 0.0, evidence.longitude or 0.0, evidence.accuracy_m or 0.0
    if accuracy_m > FIX_ACCURACY_M:
        raise BadInput("accuracyM", f"a position within {FIX_ACCURACY_M:.0f} m is needed")
    point = to_wgs84(latitude, longitude, Datum(evidence.datum)).point
    near = {site["_id"]: site for _, site in await sites_around(context, point, accuracy_m + MAX_RADIUS_M)}
    pins = [(SiteId(each), pin_of(site), float(site["radius_m"])) for each, site in near.items()]
    return [near[each.site_id] for each in within_reach(point, accuracy_m, pins)][:MAX_CANDIDATES]

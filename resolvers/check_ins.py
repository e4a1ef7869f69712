"""Checking in and out at a site: load, decide, save, with the lead's clocks in the same transaction.

Called by schema/check_ins.py. Evidence is stored with every answer but bad input and unknown ids.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

from domain import arrivals
from domain.access import Capability, Scope
from domain.arrivals import Departure, occupied_at
from domain.check_in_policies import DEFAULT_POLICY, MAX_RADIUS_M
from domain.check_ins import CheckIn, Claim, Told, best_match, is_same_claim, local_day, time_claim
from domain.datum import to_wgs84
from domain.errors import BadInput, Unavailable
from domain.evidence import Evidence, Sending, evidence_problem
from domain.evidence_times import Timing
from domain.geofence import within_reach
from domain.ids import CheckInId, SiteId, VisitId, is_id, new_id
from domain.norm_entries import Said
from domain.places import Datum
from domain.refusals import IdTaken, InvalidInput, NotFound, Refusal, RetryLater, WrongState
from domain.shifts import FORGOTTEN_AFTER
from domain.site_codes import code_problem
from domain.sites import Site
from domain.visits import LONGEST_OPEN, Visit, VisitOutcome
from resolvers.context import Context
from resolvers.norm_entries import at_check_out, keep_entries
from resolvers.once import Outcome, Passing, Saved, once
from resolvers.second_looks import shed_light
from resolvers.site_codes import open_code
from resolvers.sites import pin_of, sites_around
from resolvers.surroundings import surroundings
from resolvers.visit_results import contact_by_visit, seen_inside, settle_visit
from resolvers.visits import end_of_shift
from storage import check_ins, visits
from storage.codec import encode
from storage.driver import Document, DuplicateKeyError
from storage.leads import find_lead
from storage.people import find_person
from storage.shifts import find_latest
from storage.sites import find_site
from storage.store import Store

MAX_CANDIDATES = 20
_RACES = 3


@dataclass(frozen=True, slots=True)
class CheckInCall:
    """A check-in as the phone sends it; an unplanned visit gets `new_visit_id` where the phone made one."""

    site_id: str
    claim: Claim
    id: str | None = None
    visit_id: str | None = None
    new_visit_id: str | None = None


@dataclass(frozen=True, slots=True)
class CheckOutCall:
    """A check-out as the phone sends it, with a position or without."""

    visit_id: str
    outcome: VisitOutcome
    claim: Claim
    next_step: str | None = None
    said: tuple[Said, ...] = ()
    """What was done of the norms, and insights, that come with the check-out."""


@dataclass(slots=True)
class _Known:
    """What failed attempts at the same call have shown, so that nothing is read beforehand for the usual case."""

    id: bool = False
    code: bool = False


async def check_in(
    context: Context, client_key: str, given: CheckInCall, sending: Sending | None = None
) -> Document | Refusal:
    """The stored check-in with its verdict, or why no visit opened. Raises Forbidden."""
    context.require(Capability.DO_FIELD_WORK)
    # An id that the device made is nearly always new, so it is looked for only where it turns out to be taken.
    known = _Known()

    async def act(store: Store) -> Outcome:
        return await _arrive_once(store, context, given, sending, known)

    # Two phones that open a visit at once meet in a unique index; whoever comes second then sees the open visit.
    for _ in range(_RACES):
        try:
            answer = await once(context, "checkIn", client_key, given, act)
        except DuplicateKeyError as taken:
            if "code_use" in (taken.details or {}).get("keyValue", {}):
                known.code = known.id = True
            continue
        if known.id or not isinstance(answer, IdTaken):
            return answer
        known.id = True
    return RetryLater(1)


async def _arrive_once(
    store: Store, context: Context, given: CheckInCall, sending: Sending | None, known: _Known
) -> Outcome:
    """Arrives, unless the id says that the device told the same before under another client key."""
    for prefix, field, made in (("chk", "id", given.id), ("vis", "newVisitId", given.new_visit_id)):
        if made is not None and not is_id(prefix, made):
            return InvalidInput(field, f"must be {prefix}_ and a ULID or UUID")
    outcome = None if known.id else await _arrive(store, context, given, sending, known)
    # These end before anything is stored under the id, which may be taken all the same.
    if given.id is not None and (outcome is None or isinstance(outcome, InvalidInput | NotFound)):
        stored = await check_ins.find_check_in(store, context.me.scope, given.id)
        if stored is not None:
            return _told_before(stored, given)
    return await _arrive(store, context, given, sending, known) if outcome is None else outcome


async def _arrive(
    store: Store, context: Context, given: CheckInCall, sending: Sending | None, known: _Known
) -> Outcome:
    actor, now, claim, policy = context.me, context.now, given.claim, DEFAULT_POLICY
    site = await find_site(store, actor.scope, given.site_id)
    if site is None:
        return NotFound(given.site_id)
    if claim.lead_id is not None and await find_lead(store, actor.scope, claim.lead_id) is None:
        return NotFound(claim.lead_id)
    timing = time_claim(claim, sending, now, policy)
    if isinstance(timing, InvalidInput):
        return timing
    planned = await _planned(store, context, given, site, timing.event_at)
    if isinstance(planned, Refusal):
        return planned
    beside = await surroundings(context.store, actor.org_id, actor.person_id, claim, timing, site, policy)
    arrival = arrivals.check_in(
        actor,
        CheckInId(given.id or new_id("chk", now)),
        _told(context, claim, timing, sending, site, used=known.code),
        site,
        planned,
        await _in_visit(store, context, timing),
        VisitId(given.new_visit_id or new_id("vis", now)),
        beside,
        policy,
        now,
        await _shift_ends(store, context, timing.event_at),
    )
    if isinstance(arrival, Refusal):
        return arrival
    saved = Saved(check_ins.COLLECTION, await check_ins.insert_check_in(store, arrival.check_in))
    if arrival.overtaken is not None and await visits.save_visit(store, arrival.overtaken) is None:
        raise Unavailable(1)
    visit = arrival.visit
    if visit is not None:
        kept = await (visits.insert_visit if visit.version == 1 else visits.save_visit)(store, visit)
        if kept is None:
            raise Unavailable(1)
        saved = replace(saved, beside=[(visits.COLLECTION, kept)])
        if visit.counts_for_lead:
            await contact_by_visit(store, visit, now, context.services.outbox)
    outbox = context.services.outbox
    if await shed_light(store, arrival.check_in, beside.own, beside.on_device, now, outbox):
        again = await check_ins.load_check_ins(store, [arrival.check_in.id])
        saved = Saved(check_ins.COLLECTION, encode(again[0]))
    return arrival.refusal or saved


def _told_before(known: CheckIn, given: CheckInCall) -> Outcome:
    """The same check-in again under another client key is answered as before; another one under its id is refused."""
    if known.refused is not None or not is_same_claim(known, given.claim, given.site_id):
        return IdTaken(known.id)
    return Saved(check_ins.COLLECTION, encode(known))


def _told(
    context: Context, claim: Claim, timing: Timing, sending: Sending | None, site: Site, *, used: bool = False
) -> Told:
    """The claim with what its code, if any, is worth."""
    if claim.code is None:
        return Told(claim, timing, sending)
    shown = open_code(context.services.secrets, claim.code)
    problem = code_problem(shown, site.id, timing.event_at, used=used)
    key = f"{shown.site_id}:{shown.step}" if shown is not None and problem is None else None
    return Told(claim, timing, sending, problem, key)


async def _planned(
    store: Store, context: Context, given: CheckInCall, site: Site, at: datetime
) -> Visit | Refusal | None:
    """The visit this check-in is for: the one it names, else the best of the site's day, else none.

    None too where the phone made the id of an unplanned one.
    """
    actor = context.me
    if given.visit_id is None:
        if given.new_visit_id is not None:
            return None
        day = local_day(at, site.time_zone)
        return best_match(await visits.list_visits_between(store, actor.org_id, actor.person_id, *day), site.id, at)
    visit = await visits.find_visit(store, actor.scope, given.visit_id)
    if visit is None or visit.owner_id != actor.person_id:
        return NotFound(given.visit_id)
    if visit.site_id != site.id:
        return InvalidInput("siteId", "is not the site of this visit")
    return visit


async def _in_visit(store: Store, context: Context, timing: Timing) -> Visit | None:
    """The visit the rep was in at the time of the tap, else the one that is open now."""
    actor, at = context.me, timing.event_at
    if timing.offline:
        around = (at - LONGEST_OPEN, at + LONGEST_OPEN)
        then = occupied_at(await visits.list_visits_between(store, actor.org_id, actor.person_id, *around), at)
        if then is not None:
            return then
    return await visits.find_open_visit(store, actor.org_id, actor.person_id)


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


async def check_out(
    context: Context, client_key: str, given: CheckOutCall, sending: Sending | None = None
) -> Document | Refusal:
    """The visit, DONE or TOUCH. Raises Forbidden."""
    actor, claim, policy = context.require(Capability.DO_FIELD_WORK), given.claim, DEFAULT_POLICY

    async def act(store: Store) -> Outcome:
        visit = await visits.find_visit(store, actor.scope, given.visit_id)
        # The check-in of a visit that begins offline may come after its check-out: then the phone sends this again.
        if visit is None or visit.owner_id != actor.person_id:
            return Passing(NotFound(given.visit_id))
        if visit.opened_at is None:
            return Passing(WrongState(visit.id, visit.state))
        site = await find_site(store, Scope.whole_organization(actor.org_id), visit.site_id)
        if site is None:
            return NotFound(visit.site_id)
        timing = time_claim(claim, sending, context.now, policy)
        if isinstance(timing, InvalidInput):
            return timing
        beside = await surroundings(context.store, actor.org_id, actor.person_id, claim, timing, site, policy)
        judged = partial(
            arrivals.check_out,
            actor,
            CheckInId(new_id("chk", context.now)),
            _told(context, claim, await _before_the_next(store, visit, timing), sending, site),
            site,
            visit,
            given.outcome,
            given.next_step,
            beside,
            policy,
            context.now,
        )
        departure = judged()
        if isinstance(departure, Departure) and isinstance(departure.visit, Visit) and departure.visit.lacks_proof:
            departure = judged(await seen_inside(store, departure.visit, site))
        if isinstance(departure, Refusal):
            return departure
        ended, done = departure.visit, await at_check_out(store, visit, departure.visit, given.said, context.now)
        if departure.check_in is not None:
            refused = done.code if isinstance(done, Refusal) else departure.check_in.refused
            await check_ins.insert_check_in(store, replace(departure.check_in, refused=refused))
        if isinstance(ended, Refusal):
            return ended
        if isinstance(done, Refusal):
            return done
        saved = await visits.save_visit(store, ended)
        if saved is None:
            raise Unavailable(1)
        await keep_entries(store, done, context.now)
        await visits.note_verified_visit(store, ended)
        await settle_visit(store, ended, context.now, context.services.outbox)
        if departure.check_in is not None:
            outbox = context.services.outbox
            if await shed_light(store, departure.check_in, beside.own, beside.on_device, context.now, outbox):
                saved = encode(await visits.load_visit(store, visit.id))
        return Saved(visits.COLLECTION, saved)

    return await once(context, "checkOut", client_key, given, act)


async def _before_the_next(store: Store, visit: Visit, timing: Timing) -> Timing:
    """A visit ends where the next one of the rep began, if that was told before its check-out came."""
    assert visit.opened_at is not None
    if not timing.offline:
        return timing
    until = timing.event_at + timedelta(milliseconds=1)
    later = await visits.list_visits_between(store, visit.org_id, visit.owner_id, visit.opened_at, until)
    begun = [each.opened_at for each in later if each.id != visit.id and each.opened_at is not None]
    next_at = min((each for each in begun if visit.opened_at < each < timing.event_at), default=None)
    return timing if next_at is None else replace(timing, event_at=next_at)


async def check_in_candidates(context: Context, evidence: Evidence) -> list[Document]:
    """The sites whose fence the position may be in, nearest first; the rep chooses. Raises BadInput."""
    context.require(Capability.DO_FIELD_WORK)
    problem = evidence_problem(evidence)
    if problem is not None:
        raise BadInput("accuracyM" if problem.field == "accuracy_m" else problem.field, problem.reason)
    latitude, longitude, accuracy_m = evidence.latitude or 0.0, evidence.longitude or 0.0, evidence.accuracy_m or 0.0
    usable_m = DEFAULT_POLICY.fence.fix_accuracy_m
    if accuracy_m > usable_m:
        raise BadInput("accuracyM", f"a position within {usable_m:.0f} m is needed")
    point = to_wgs84(latitude, longitude, Datum(evidence.datum)).point
    near = {site["_id"]: site for _, site in await sites_around(context, point, accuracy_m + MAX_RADIUS_M)}
    pins = [(SiteId(each), pin_of(site), float(site["radius_m"])) for each, site in near.items()]
    return [near[each.site_id] for each in within_reach(point, accuracy_m, pins)][:MAX_CANDIDATES]

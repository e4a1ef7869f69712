"""Check-ins looked at again: where later arrivals shed new light on them, and where a manager stands for them.

Called by resolvers/check_ins.py in the transaction of an arrival, and by schema/vouching.py.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from domain.access import Capability, Scope
from domain.arrivals import open_all_the_same
from domain.check_in_policies import DEFAULT_POLICY, CheckInPolicy
from domain.check_ins import CheckIn, CheckInDirection
from domain.errors import Unavailable
from domain.evidence import Reason
from domain.geofence import Verdict
from domain.ids import VisitId, new_id
from domain.refusals import NotFound, Refusal
from domain.rejudging import looked_at_again, on_shared_phone, shows_presence, vouch
from domain.suspicion import Sighting
from domain.visits import Visit, VisitState, reconsider
from resolvers.context import Context
from resolvers.once import Outcome, Saved, once
from resolvers.visit_results import contact_by_visit, seen_inside, settle_visit
from storage import check_ins, visits
from storage.driver import Document
from storage.outbox import Outbox
from storage.sites import find_site
from storage.store import Store


async def shed_light(
    store: Store,
    arrived: CheckIn,
    own: Iterable[Sighting],
    on_device: Iterable[Sighting],
    now: datetime,
    outbox: Outbox,
) -> bool:
    """Judges again what `arrived` says something about: later evidence of the rep, and who shares a phone or a place.

    In the order of events, so that it does not matter in which order evidence came. True where `arrived` itself stands
    otherwise than it was stored, since what came before it does.
    """
    changed = False
    policy = DEFAULT_POLICY
    if any(each.at > arrived.event_at for each in own) or Reason.TWO_DEVICES in arrived.reasons:
        changed = await _look_at_own(store, arrived, policy, now, outbox)
    if Reason.DEVICE_OF_TWO in arrived.reasons:
        others = [each.id for each in on_device if each.owner_id != arrived.owner_id]
        for other in await check_ins.load_check_ins(store, others):
            await _save(store, other, on_shared_phone(other, policy), now, outbox)
    return changed


async def _look_at_own(store: Store, arrived: CheckIn, policy: CheckInPolicy, now: datetime, outbox: Outbox) -> bool:
    since = arrived.event_at - timedelta(days=policy.signs.window_days)
    known = await check_ins.list_own(store, arrived.org_id, arrived.owner_id, since)
    from_at = arrived.event_at - timedelta(seconds=policy.signs.devices_within_s)
    sightings = {each.id: each.sighting for each in known}
    changed = False
    for each in known:
        if each.event_at < from_at:
            continue
        after = looked_at_again(each, list(sightings.values()), policy)
        sightings[each.id] = after.sighting
        saved = await _save(store, each, after, now, outbox)
        changed = changed or (saved is not None and each.id == arrived.id)
    return changed


async def _save(store: Store, before: CheckIn, after: CheckIn, now: datetime, outbox: Outbox) -> Document | None:
    """Saves what changed and what it means for the visit; the document, None where nothing changed."""
    if after == before:
        return None
    document = await check_ins.save_check_in(store, replace(after, version=before.version + 1))
    if document is None:
        raise Unavailable(1)
    if after.visit_id is not None and after.refused is None:
        visit = await visits.load_visit(store, after.visit_id)
        if visit is not None:
            await _reconsider(store, visit, now, outbox)
    return document


async def _reconsider(store: Store, visit: Visit, now: datetime, outbox: Outbox) -> None:
    evidence = [each for each in await check_ins.list_of_visit(store, visit.id) if each.refused is None]
    arrivals = [each for each in evidence if each.direction is CheckInDirection.ARRIVAL]
    counts = any(not each.unverified for each in arrivals)
    judged = partial(
        reconsider,
        visit,
        now,
        inside=any(shows_presence(each) for each in arrivals),
        counts=counts,
        disproved=any(each.verdict is Verdict.REJECTED_MOCK for each in evidence if each not in arrivals),
    )
    inside_at = [each.event_at for each in evidence if shows_presence(each)]
    after = judged(inside_at=inside_at)
    if after.lacks_proof:
        site = await find_site(store, Scope.whole_organization(visit.org_id), visit.site_id)
        assert site is not None, "sites are never deleted"
        after = judged(inside_at=[*inside_at, *await seen_inside(store, after, site)])
    if replace(after, version=visit.version, updated_at=visit.updated_at) == visit:
        return
    if await visits.save_visit(store, after) is None:
        raise Unavailable(1)
    await visits.note_verified_visit(store, after)
    if after.counts_for_lead and after.state is VisitState.OPEN:
        await contact_by_visit(store, after, now, outbox)
    elif after.counts_for_lead or visit.counts_for_lead:
        # As one that counted: what it had stopped is taken back where it does not any more.
        await settle_visit(store, replace(after, counts_for_lead=True), now, outbox)


async def release_check_in(context: Context, client_key: str, check_in_id: str, reason: str) -> Document | Refusal:
    """The check-in that was under review, looked at: it counts for what it shows. Raises Forbidden."""
    return await _stand_for(context, "releaseCheckIn", client_key, check_in_id, reason, override=False)


async def override_check_in(context: Context, client_key: str, check_in_id: str, reason: str) -> Document | Refusal:
    """The check-in for which the caller stands: it proves presence, whatever it shows. Raises Forbidden."""
    return await _stand_for(context, "overrideCheckIn", client_key, check_in_id, reason, override=True)


async def _stand_for(
    context: Context, mutation: str, client_key: str, check_in_id: str, reason: str, *, override: bool
) -> Document | Refusal:
    actor = context.require(Capability.PLAN_FOR_OTHERS)
    now, outbox = context.now, context.services.outbox

    async def act(store: Store) -> Outcome:
        before = await check_ins.find_check_in(store, actor.scope, check_in_id)
        if before is None:
            return NotFound(check_in_id)
        after = vouch(before, actor.person_id, reason, now, override=override)
        if isinstance(after, Refusal):
            return after
        if override and before.refused is not None and before.direction is CheckInDirection.ARRIVAL:
            after = await _open_visit(store, after, now, outbox)
        saved = await _save(store, before, after, now, outbox)
        assert saved is not None, "a vouch is a change"
        return Saved(check_ins.COLLECTION, saved)

    return await once(context, mutation, client_key, {"id": check_in_id, "reason": reason}, act)


async def _open_visit(store: Store, check_in: CheckIn, now: datetime, outbox: Outbox) -> CheckIn:
    scope = Scope.whole_organization(check_in.org_id)
    site = await find_site(store, scope, check_in.site_id)
    assert site is not None, "sites are never deleted"
    planned = await visits.load_visit(store, check_in.visit_id) if check_in.visit_id is not None else None
    busy = await visits.find_open_visit(store, check_in.org_id, check_in.owner_id) is not None
    unplanned_id = VisitId(new_id("vis", now))
    opened, visit = open_all_the_same(check_in, planned, unplanned_id, site, now, is_busy=busy)
    kept = await (visits.insert_visit if visit.version == 1 else visits.save_visit)(store, visit)
    if kept is None:
        raise Unavailable(1)
    if visit.counts_for_lead:
        await contact_by_visit(store, visit, now, outbox)
    return opened

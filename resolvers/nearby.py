"""Who is near a site, and which of one's own sites are near and due; called by schema/nearby.py."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from domain.access import Actor, Scope
from domain.accounts import Tier
from domain.attendance import next_work
from domain.calendar import DAY_S, known_zone, wall_span
from domain.errors import BadInput
from domain.ids import AccountId, PersonId, SiteId, VisitId
from domain.nearby import NearSite, OwedVisit, due_sites
from domain.people import Person
from domain.places import distance_m
from domain.positions import duty
from domain.presence import STALE_WITHIN, Condition
from domain.refusals import InvalidInput
from domain.sites import locate
from domain.visits import VisitState
from resolvers.context import Context
from resolvers.map_entries import entries_of, reps_in
from resolvers.sites import MAX_NEAR_M, pin_of, sites_around
from resolvers.tracks import position_watcher
from storage.codec import decode
from storage.driver import Document
from storage.people import PEOPLE
from storage.planning_policies import find_policy
from storage.positions import VIEWS_OF_NEAREST, list_recent, log_views
from storage.reads import Reads
from storage.routes import list_due_leads
from storage.times import aware, stored_time
from storage.visit_cadences import find_cadences
from storage.visits import COLLECTION as VISITS

MAX_REPS = 50
CANDIDATES = 200
"""So many of the nearest are looked at; who of them is not at work is left out."""
MISSED_WITHIN = timedelta(days=30)
MAX_OWED = 1_000


async def nearest_reps(context: Context, site_id: str, first: int) -> list[Document] | None:
    """Reps in the caller's subtree who are at work, nearest to the site first; None where the site is not to be seen.

    A position of over an hour ago says too little. Raises Forbidden for roles that never see positions, BadInput.
    """
    actor = position_watcher(context.me)
    if not 1 <= first <= MAX_REPS:
        raise BadInput("first", f"must be 1 to {MAX_REPS}")
    site = await context.reads.find("sites", site_id, {"location": 1})
    if site is None:
        return None
    pin = pin_of(site)
    recent = await list_recent(context.reads, context.now - STALE_WITHIN)
    away_m = {each["_id"]: distance_m(pin, pin_of(each)) for each in recent}
    nearest = sorted(away_m, key=lambda person_id: (away_m[person_id], person_id))[:CANDIDATES]
    people = await reps_in(context.store, actor.scope, [PersonId(each) for each in nearest], CANDIDATES)
    entries = [each for each in await entries_of(context.store, actor.scope, people) if _at_work(each, context.now)]
    entries.sort(key=lambda each: (away_m[each["_id"]], each["_id"]))
    shown = entries[:first]
    looked_at = [each["_id"] for each in shown if each["_id"] != actor.person_id]
    await log_views(context.store, actor.org_id, actor.person_id, looked_at, VIEWS_OF_NEAREST, context.now)
    return [{"distance_m": away_m[each["_id"]], "entry": each} for each in shown]


def _at_work(entry: Document, now: datetime) -> bool:
    starts_at, ends_at = aware(entry["shift_started_at"]), aware(entry["shift_auto_end_at"])
    condition = duty(starts_at, ends_at, entry["on_break"], entry["phone_state"], None, now=now)
    return condition not in {Condition.OFF_DUTY, Condition.PAUSED}


async def my_sites_near(
    context: Context, coordinates: Mapping[str, Any], radius_m: float, first: int, *, due_only: bool
) -> list[Document]:
    """The caller's own sites around a position, and those of whom they stand in for, nearest first. Raises BadInput."""
    actor = context.me
    located = locate(coordinates, "point")
    if isinstance(located, InvalidInput):
        raise BadInput(located.field, located.reason)
    if not 1 <= radius_m <= MAX_NEAR_M:
        raise BadInput("radiusM", f"must be 1 to {MAX_NEAR_M} m")
    mine = {actor.person_id, *actor.stands_in_for}
    around = await sites_around(context, located[0], radius_m)
    sites = {site["_id"]: (away_m, site) for away_m, site in around if away_m <= radius_m and site["owner_id"] in mine}
    near = [
        NearSite(SiteId(site_id), AccountId(site["account_id"]), Tier(site["tier"]), away_m)
        for site_id, (away_m, site) in sites.items()
    ]
    me = await _myself(context, actor)
    owed, visited_at, promised, policy, cadences = await asyncio.gather(
        _owed(context, me, sorted(mine), list(sites)),
        _visited(context.reads, [each.account_id for each in near]),
        _promised(context, me),
        find_policy(context.store, actor.org_id),
        find_cadences(context.store, actor.org_id),
    )
    waiting = [_owed_visit(each) for each in owed.values()]
    found = due_sites(near, waiting, visited_at, promised, context.now, policy, cadences.intervals)
    return [
        {
            "site": sites[each.site_id][1],
            "distance_m": each.away_m,
            "reasons": [reason.value for reason in each.reasons],
            "value": each.value,
            "visit": owed[each.visit_id] if each.visit_id is not None else None,
            "days_since_visit": each.days_since_visit,
        }
        for each in found
        if each.reasons or not due_only
    ][:first]


async def _myself(context: Context, actor: Actor) -> Person:
    found = await Reads(context.store, Scope.whole_organization(actor.org_id)).find(PEOPLE, actor.person_id)
    assert found is not None
    return decode(Person, found)


async def _owed(context: Context, me: Person, mine: Sequence[PersonId], sites: Sequence[str]) -> dict[str, Document]:
    """Visits planned until the end of the local day, and missed ones of the last 30 days."""
    zone = known_zone(me.time_zone)
    _, day_ends_at = wall_span(zone, context.now.astimezone(zone).date(), 0, DAY_S)
    where = {
        "owner_id": mine[0] if len(mine) == 1 else {"$in": mine},
        "site_id": {"$in": sites},
        "scheduled_at": {"$gte": stored_time(context.now - MISSED_WITHIN), "$lt": stored_time(day_ends_at)},
        "state": {"$in": [VisitState.PLANNED.value, VisitState.MISSED.value]},
    }
    found = await context.reads.list(VISITS, where, order="-scheduled_at", limit=MAX_OWED)
    return {each["_id"]: each for each in found}


def _owed_visit(visit: Document) -> OwedVisit:
    missed = visit["state"] == VisitState.MISSED.value
    return OwedVisit(VisitId(visit["_id"]), SiteId(visit["site_id"]), aware(visit["scheduled_at"]), missed)


async def _visited(reads: Reads, account_ids: Sequence[AccountId]) -> dict[AccountId, datetime | None]:
    found = await reads.by_keys("accounts", sorted(set(account_ids)), projection={"last_verified_visit_at": 1})
    return {AccountId(each["_id"]): aware(each.get("last_verified_visit_at")) for each in found.values()}


async def _promised(context: Context, me: Person) -> frozenset[SiteId | AccountId]:
    """Sites and accounts of leads with a clock that falls due before the next shift ends."""
    following = next_work(me, context.now)
    due_before = following[1] if following is not None else context.now + timedelta(days=1)
    leads = await list_due_leads(context.store, me.org_id, me.id, due_before)
    return frozenset(
        SiteId(each["site_id"]) if each.get("site_id") else AccountId(each["account_id"])
        for each in leads
        if each.get("site_id") or each.get("account_id")
    )

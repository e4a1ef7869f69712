"""Where the reps of a caller's subtree are: the whole map, and what changes on it; called by schema/team.py.

The people in the caller's subtree decide who is shown, evaluated anew for each answer. Every look is logged.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection
from dataclasses import replace

from domain.access import Actor, Role, Scope
from domain.errors import CallerError
from domain.ids import PersonId, TeamId
from domain.people import PersonState, subtree
from domain.visits import VisitState
from resolvers.context import Context
from resolvers.tracks import position_watcher
from storage.changes import Change
from storage.driver import Document
from storage.people import PEOPLE, list_teams
from storage.positions import COLLECTION, VIEWS_OF_MAP, log_views
from storage.reads import Page, PageRequest, Reads
from storage.shifts import COLLECTION as SHIFTS
from storage.store import Store
from storage.visits import COLLECTION as VISITS

FOLLOWED = frozenset({PEOPLE, COLLECTION, SHIFTS, VISITS})
"""Collections whose changes can change the map."""
MAX_REPS = 500
"""Most reps in the first event of a subscription; larger trees are watched team by team."""


async def team_map(context: Context, team_id: str | None, request: PageRequest) -> Page | None:
    """A page of reps by name with all that the map shows of each; None where the team is not the caller's to see.

    Raises Forbidden for roles that never see positions.
    """
    actor = position_watcher(context.me)
    people = await _people_seen(context.store, actor, team_id)
    if people is None:
        return None
    page = await people.page(PEOPLE, _reps(actor), request)
    entries = await _entries(context.store, actor, page.documents)
    await _log(context, actor, entries)
    return replace(page, documents=entries)


async def team_map_changes(context: Context, team_id: str | None) -> AsyncIterator[Document]:
    """First the whole map, then what changed, at most once per interval.

    Ends with Unauthenticated once the caller may not act any more, Unavailable where the client reads too slowly.
    """
    actor = position_watcher(context.me)
    org_id, services = actor.org_id, context.services
    shown: set[PersonId] = set()

    def can_show(change: Change) -> bool:
        return change.collection in FOLLOWED and change.document.get("org_id") == org_id

    async with services.changes.subscribe(can_show) as subscriber:
        dirty: set[PersonId] | None = None
        while True:
            entries = await _changed(context.store, actor, team_id, dirty)
            now_shown = {entry["_id"] for entry in entries}
            gone = (shown if dirty is None else shown & dirty) - now_shown
            if entries or gone or dirty is None:
                shown = (shown - gone) | now_shown
                context.renew()
                await _log(context, actor, entries)
                yield {"entries": entries, "gone": sorted(gone), "is_full": dirty is None, "at": context.now}
            changes = await subscriber.take(services.team_map_interval_s)
            dirty = None if any(change.is_gap for change in changes) else {_person_of(change) for change in changes}
            actor = position_watcher(await services.callers.again(actor))


def _person_of(change: Change) -> PersonId:
    document = change.document
    return PersonId(document["_id"] if change.collection == PEOPLE else document.get("owner_id", ""))


def _reps(actor: Actor) -> Document:
    """A rep sees only themselves."""
    mine: Document = {"_id": actor.person_id} if actor.role is Role.REP else {}
    return {**mine, "role": Role.REP.value, "state": PersonState.ACTIVE.value}


async def _people_seen(store: Store, actor: Actor, team_id: str | None) -> Reads | None:
    """Reads of the people in the caller's subtree, or in the part of it below a team; None outside it."""
    if team_id is None:
        return Reads(store, actor.scope)
    chosen = TeamId(team_id)
    if chosen not in actor.subtree:
        return None
    below = subtree((await list_teams(store, actor.org_id)).values(), chosen) & actor.subtree
    return Reads(store, replace(actor.scope, subtree=below))


async def _changed(
    store: Store, actor: Actor, team_id: str | None, dirty: Collection[PersonId] | None
) -> list[Document]:
    people = await _people_seen(store, actor, team_id)
    if people is None:
        raise CallerError("There is no such team that you may see.", code="NOT_FOUND")
    where = _reps(actor)
    if dirty is not None:
        wanted = sorted(set(dirty) & {actor.person_id}) if actor.role is Role.REP else sorted(dirty)
        if not wanted:
            return []
        where["_id"] = {"$in": wanted}
    found = await people.list(PEOPLE, where, order="name", limit=MAX_REPS)
    return await _entries(store, actor, found)


async def _entries(store: Store, actor: Actor, people: list[Document]) -> list[Document]:
    """What the map shows of each person: three reads, however many they are."""
    if not people:
        return []
    ids = [person["_id"] for person in people]
    seen, everyone = Reads(store, actor.scope), Reads(store, Scope.whole_organization(actor.org_id))
    # The caller's scope names the owner itself where a rep asks.
    theirs: Document = {} if actor.role is Role.REP else {"owner_id": {"$in": ids}}
    positions, shifts, visits = await asyncio.gather(
        seen.by_keys(COLLECTION, ids),
        # A shift keeps the team it began in; who may see the person is decided already.
        everyone.list(SHIFTS, {"owner_id": {"$in": ids}, "is_open": True}, limit=len(ids)),
        seen.list(VISITS, {**theirs, "state": VisitState.OPEN.value}, limit=len(ids)),
    )
    shift_of = {shift["owner_id"]: shift for shift in shifts}
    visit_of = {visit["owner_id"]: visit for visit in visits}
    return [
        _entry(person, positions.get(person["_id"], {}), shift_of.get(person["_id"], {}), visit_of.get(person["_id"]))
        for person in people
    ]


def _entry(person: Document, position: Document, shift: Document, visit: Document | None) -> Document:
    breaks = shift.get("breaks") or [{"ended_at": True}]
    return {
        "_id": person["_id"],
        "person": person,
        # Without `at` it holds only what the phone told of itself.
        "latest": position if position.get("at") is not None else None,
        "phone_state": position.get("phone_state"),
        "shift_started_at": shift.get("started_at"),
        "shift_auto_end_at": shift.get("auto_end_at"),
        "on_break": breaks[-1].get("ended_at") is None,
        "open_visit": visit,
    }


async def _log(context: Context, actor: Actor, entries: list[Document]) -> None:
    """Logged before it is answered, so that no look goes unrecorded."""
    looked_at = [entry["_id"] for entry in entries if entry["latest"] is not None and entry["_id"] != actor.person_id]
    await log_views(context.store, actor.org_id, actor.person_id, looked_at, VIEWS_OF_MAP, context.now)

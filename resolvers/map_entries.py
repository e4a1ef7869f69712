"""What the team map shows of people: the reps in a scope, and their position, shift and open visit.

Used by resolvers/team.py for pages and by resolvers/map_views.py for what is watched.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection

from domain.access import Role, Scope
from domain.ids import PersonId
from domain.people import PersonState
from domain.visits import VisitState
from storage.driver import Document
from storage.people import PEOPLE
from storage.positions import COLLECTION
from storage.reads import Reads
from storage.shifts import COLLECTION as SHIFTS
from storage.store import Store
from storage.visits import COLLECTION as VISITS


def reps_of(scope: Scope) -> Document:
    """Which people the map is about; a rep sees only themselves."""
    mine: Document = {"_id": scope.person_id} if scope.role is Role.REP else {}
    return {**mine, "role": Role.REP.value, "state": PersonState.ACTIVE.value}


async def reps_in(store: Store, scope: Scope, among: Collection[PersonId] | None, limit: int) -> list[Document]:
    """The reps in the scope by name, or those of them that are `among` these."""
    where = reps_of(scope)
    if among is not None:
        wanted = sorted(set(among) & {scope.person_id}) if scope.role is Role.REP else sorted(among)
        if not wanted:
            return []
        where["_id"] = {"$in": wanted}
    return await Reads(store, scope).list(PEOPLE, where, order="name", limit=limit)


async def entries_of(store: Store, scope: Scope, people: list[Document]) -> list[Document]:
    """What the map shows of each person: three reads, however many they are."""
    if not people:
        return []
    ids = [person["_id"] for person in people]
    seen, everyone = Reads(store, scope), Reads(store, Scope.whole_organization(scope.org_id))
    # The caller's scope names the owner itself where a rep asks.
    theirs: Document = {} if scope.role is Role.REP else {"owner_id": {"$in": ids}}
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
        "woken_at": position.get("woken_at"),
        "shift_started_at": shift.get("started_at"),
        "shift_auto_end_at": shift.get("auto_end_at"),
        "on_break": breaks[-1].get("ended_at") is None,
        "open_visit": visit,
    }

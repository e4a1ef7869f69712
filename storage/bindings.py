"""Bindings in the database: the addresses of people and teams at other services, for resolvers and the outbox."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from domain.access import Scope
from domain.bindings import MAX_PER_HOLDER, Binding
from domain.ids import OrgId, PersonId, TeamId
from storage.codec import decode, encode
from storage.driver import Document, IndexModel
from storage.people import list_people
from storage.reads import Reads
from storage.store import Store
from storage.times import stored_time

COLLECTION = "bindings"
INDEXES = [IndexModel([("holder_id", 1), ("_id", 1)], name="by_holder")]
_KEPT = 2 * MAX_PER_HOLDER
"""Of one holder, the broken ones among them."""


async def find_binding(store: Store, scope: Scope, binding_id: str) -> Binding | None:
    """The binding in scope."""
    found = await Reads(store, scope).find(COLLECTION, binding_id)
    return None if found is None else decode(Binding, found)


async def find_bound(store: Store, binding_id: str) -> Binding | None:
    """What is stored under the id, whoever holds it."""
    found = await store[COLLECTION].find_one({"_id": binding_id})
    return None if found is None else decode(Binding, found)


async def list_held(store: Store, holders: Iterable[str]) -> list[Binding]:
    """All bindings of these people and teams, the broken ones too: one read."""
    wanted = list(dict.fromkeys(holders))
    if not wanted:
        return []
    query: Document = {"holder_id": {"$in": wanted}}
    found = await store[COLLECTION].find(query, order=[("holder_id", 1), ("_id", 1)], limit=_KEPT * len(wanted))
    return [decode(Binding, each) for each in found]


async def bindings_of(store: Store, org_id: OrgId, people: Sequence[PersonId]) -> Mapping[PersonId, Sequence[Binding]]:
    """Where each of these people of the organization is reached: their own bindings, then those of their team.

    Broken ones are left out, people without any are not in the answer. A read for any number of people, and one for
    those the process does not know.
    """
    # Beside a running transaction, which would have to read what the process knows.
    beside = Store(store.database, known=store.known)
    teams = {each.id: each.team_id for each in (await list_people(beside, org_id, people)).values()}
    held: dict[str, list[Binding]] = {}
    for binding in await list_held(store, [*teams, *filter(None, teams.values())]):
        if binding.broken_at is None:
            held.setdefault(binding.holder_id, []).append(binding)
    reached = {person: held.get(person, []) + held.get(team or "", []) for person, team in teams.items()}
    return {person: bindings for person, bindings in reached.items() if bindings}


async def save_binding(store: Store, binding: Binding) -> Document:
    """Writes the binding in place of what it was."""
    document = encode(binding)
    await store[COLLECTION].replace_one({"_id": binding.id}, document, upsert=True)
    return document


async def remove_bindings(store: Store, binding_ids: Sequence[str]) -> int:
    """Forgets these bindings."""
    return await store[COLLECTION].delete_many({"_id": {"$in": list(binding_ids)}})


async def remove_bindings_of(store: Store, person_id: PersonId) -> int:
    """Forgets all bindings of a person who left."""
    return await store[COLLECTION].delete_many({"holder_id": person_id})


async def remove_browsers_of(store: Store, person_id: PersonId, session_id: str | None = None) -> int:
    """Forgets the browsers that the person bound in a session, or in all of them."""
    in_it: Document = {"session_id": session_id if session_id is not None else {"$type": "string"}}
    return await store[COLLECTION].delete_many({"holder_id": person_id} | in_it)


async def move_bindings(store: Store, person_id: PersonId, team_id: TeamId | None) -> None:
    """Lets the managers of the person's new team see them instead of those of the old one."""
    await store[COLLECTION].update_many({"holder_id": person_id}, {"$set": {"team_id": team_id}})


async def mark_broken(store: Store, binding: Binding, now: datetime) -> bool:
    """Notes that nothing arrives there any more, unless it was bound anew since `binding` was read."""
    guard = {"_id": binding.id, "address": binding.address, "updated_at": stored_time(binding.updated_at)}
    return await store[COLLECTION].update_one(guard, {"$set": {"broken_at": stored_time(now)}}) == 1

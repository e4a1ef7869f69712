"""Visits in the database: the codec, guarded saves, and what the workers and check-ins look for."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from domain.access import Scope
from domain.ids import LeadId, OrgId, PersonId
from domain.visits import Visit, VisitState
from storage.codec import decode, encode
from storage.driver import Document, IndexModel
from storage.reads import Reads
from storage.store import Store
from storage.times import stored_time

COLLECTION = "visits"
MAX_PER_DAY = 200
BATCH = 200
INDEXES = [
    IndexModel([("org_id", 1), ("owner_id", 1), ("scheduled_at", 1), ("_id", 1)], name="by_owner_time"),
    IndexModel([("org_id", 1), ("team_id", 1), ("scheduled_at", 1), ("_id", 1)], name="by_team_time"),
    IndexModel([("site_id", 1), ("scheduled_at", -1), ("_id", -1)], name="by_site"),
    IndexModel([("account_id", 1), ("scheduled_at", -1), ("_id", -1)], name="by_account"),
    IndexModel([("lead_id", 1), ("scheduled_at", -1), ("_id", -1)], name="by_lead"),
    IndexModel(
        [("org_id", 1), ("owner_id", 1)],
        name="one_open_visit",
        unique=True,
        partialFilterExpression={"state": VisitState.OPEN.value},
    ),
    IndexModel([("missed_after", 1)], name="due_missed", sparse=True),
    IndexModel([("auto_close_at", 1)], name="due_close", sparse=True),
]


async def find_visit(store: Store, scope: Scope, visit_id: str) -> Visit | None:
    """The visit in scope."""
    found = await Reads(store, scope).find(COLLECTION, visit_id)
    return None if found is None else decode(Visit, found)


async def load_visit(store: Store, visit_id: str) -> Visit | None:
    """The visit, for the server's own work on it."""
    found = await store[COLLECTION].find_one({"_id": visit_id})
    return None if found is None else decode(Visit, found)


async def move_visits(store: Store, from_id: LeadId, to_id: LeadId) -> None:
    """Makes the visits of one lead those of another; who makes them stays."""
    await store[COLLECTION].update_many({"lead_id": from_id}, {"$set": {"lead_id": to_id}})


async def find_open_visit(store: Store, org_id: OrgId, owner_id: PersonId) -> Visit | None:
    """The visit the person is in."""
    found = await store[COLLECTION].find_one({"org_id": org_id, "owner_id": owner_id, "state": VisitState.OPEN.value})
    return None if found is None else decode(Visit, found)


async def list_visits_between(
    store: Store, org_id: OrgId, owner_id: PersonId, start_at: datetime, end_at: datetime
) -> list[Visit]:
    """The person's visits scheduled in [start_at, end_at), first to last, 200 at the most."""
    between = {"$gte": stored_time(start_at), "$lt": stored_time(end_at)}
    query: Document = {"org_id": org_id, "owner_id": owner_id, "scheduled_at": between}
    found = await store[COLLECTION].find(query, order=[("scheduled_at", 1), ("_id", 1)], limit=MAX_PER_DAY)
    return [decode(Visit, each) for each in found]


async def list_entered(
    store: Store, org_id: OrgId, owner_id: PersonId, start_at: datetime, end_at: datetime
) -> list[datetime]:
    """When the person's visits of that time that were entered began."""
    visits = await list_visits_between(store, org_id, owner_id, start_at, end_at)
    return [each.opened_at for each in visits if each.opened_at is not None]


async def list_due_visits(store: Store, due_key: str, now: datetime) -> list[Visit]:
    """At most 200 visits whose `due_key` (missed_after or auto_close_at) has come, the earliest first."""
    found = await store[COLLECTION].find({due_key: {"$lte": stored_time(now)}}, order=[(due_key, 1)], limit=BATCH)
    return [decode(Visit, each) for each in found]


async def end_with_shift(store: Store, org_id: OrgId, owner_id: PersonId, ended_at: datetime) -> None:
    """The person's shift ended: the worker closes the visit that is still open as of then."""
    query = {"org_id": org_id, "owner_id": owner_id, "state": VisitState.OPEN.value}
    change = {"$min": {"auto_close_at": stored_time(ended_at)}, "$inc": {"version": 1}}
    await store[COLLECTION].update_one(query, change)


async def insert_visit(store: Store, visit: Visit) -> Document:
    """Raises DuplicateKeyError where the id is taken or the person has an open visit already."""
    document = encode(visit)
    await store[COLLECTION].insert_one(document)
    return document


async def insert_visits(store: Store, visits: Sequence[Visit]) -> None:
    """All of a published plan's visits. Raises BulkWriteError."""
    await store[COLLECTION].insert_many([encode(visit) for visit in visits])


async def save_visit(store: Store, visit: Visit) -> Document | None:
    """Saves version n over version n - 1; None where another write came first.

    Raises DuplicateKeyError where the visit is to open while the person has another open one.
    """
    document = encode(visit)
    guard = {"_id": visit.id, "version": visit.version - 1}
    return document if await store[COLLECTION].replace_one(guard, document) else None


async def note_verified_visit(store: Store, visit: Visit) -> None:
    """Moves the account's last verified visit forward, never back."""
    if visit.verified and visit.closed_at is not None:
        change = {"$max": {"last_verified_visit_at": stored_time(visit.closed_at)}}
        await store["accounts"].update_one({"_id": visit.account_id, "org_id": visit.org_id}, change)

"""What the database holds of one person: read part by part for an export, and removed.

Records of work (visits, leads, activities, the audit trail) stay when a person is erased: their id says nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from domain.ids import PersonId
from domain.personal_data import UNDER_WAY, DataRequest, DataRequestState
from storage import (
    alerts,
    article_uses,
    attention,
    audit,
    beat_plans,
    bindings,
    check_ins,
    consents,
    credentials,
    daily_reports,
    devices,
    drives,
    norm_entries,
    norm_flags,
    outbox,
    people,
    positions,
    questions,
    relocations,
    routes,
    sessions,
    shifts,
    visits,
)
from storage.codec import decode, encode
from storage.driver import Document, IndexModel
from storage.reads import Page, PageRequest, Reads
from storage.store import Store
from storage.times import stored_time

COLLECTION = "data_requests"
KEEP = timedelta(days=1_096)
INDEXES = [
    IndexModel([("state", 1), ("next_at", 1)], name="due"),
    IndexModel([("org_id", 1), ("owner_id", 1), ("_id", -1)], name="by_owner"),
    IndexModel([("requested_at", 1)], name="ttl", expireAfterSeconds=int(KEEP.total_seconds())),
]
CONSENT_EVENTS_KEPT = timedelta(days=1_096)
"""After the person was erased: until then somebody may still ask on what ground positions were kept."""


@dataclass(frozen=True, slots=True)
class Part:
    """One collection with records of a person, found by `key`; `hidden` only let others act for them."""

    collection: str
    key: str = "owner_id"
    order: str = "_id"
    hidden: tuple[str, ...] = ()


PARTS: Final = {
    part.collection: part
    for part in (
        Part(people.PEOPLE, "_id"),
        Part(sessions.COLLECTION, hidden=("token_digest", "spent_digest", "spent_by")),
        Part(devices.COLLECTION, hidden=("token", "fid")),
        Part(bindings.COLLECTION, "holder_id", hidden=("address", "secret", "public_key")),
        Part(consents.COLLECTION),
        Part(consents.EVENTS),
        Part(shifts.COLLECTION),
        Part(positions.COLLECTION),
        Part(positions.TRACK_POINTS, order="from"),
        Part(positions.VIEWS),
        Part(drives.COLLECTION),
        Part(check_ins.COLLECTION),
        Part(relocations.COLLECTION),
        Part(visits.COLLECTION),
        Part(norm_entries.COLLECTION),
        Part(norm_flags.COLLECTION),
        Part(alerts.COLLECTION),
        Part(daily_reports.COLLECTION),
        Part(routes.COLLECTION),
        Part(beat_plans.COLLECTION),
        Part(article_uses.COLLECTION),
        Part(questions.QUESTIONS),
        Part(outbox.NOTICES),
        Part(audit.COLLECTION, "actor_id"),
        Part(COLLECTION),
    )
}
"""What an export holds, in this order. Leads, customers and activities are records about others."""
_REMOVED: Final = (
    (positions.TRACK_POINTS, "owner_id"),
    (positions.COLLECTION, "owner_id"),
    (positions.VIEWS, "owner_id"),
    (drives.COLLECTION, "owner_id"),
    (check_ins.COLLECTION, "owner_id"),
    (relocations.COLLECTION, "owner_id"),
    (routes.COLLECTION, "owner_id"),
    (alerts.COLLECTION, "owner_id"),
    (daily_reports.COLLECTION, "owner_id"),
    (article_uses.COLLECTION, "owner_id"),
    (devices.COLLECTION, "owner_id"),
    (bindings.COLLECTION, "holder_id"),
    (sessions.COLLECTION, "owner_id"),
    (credentials.CREDENTIALS, "_id"),
    (credentials.LINKS, "person_id"),
    (outbox.NOTICES, "owner_id"),
    (outbox.DELIVERIES, "owner_id"),
    (attention.COLLECTION, "_id"),
    (consents.COLLECTION, "owner_id"),
)
"""With a person, by the key that finds it."""


async def insert_request(store: Store, request: DataRequest) -> Document:
    """A request as it is made."""
    document = encode(request)
    await store[COLLECTION].insert_one(document)
    return document


async def find_request(reads: Reads, request_id: str) -> DataRequest | None:
    """The request in scope."""
    found = await reads.find(COLLECTION, request_id)
    return None if found is None else decode(DataRequest, found)


async def list_due_requests(store: Store, now: datetime, limit: int) -> list[DataRequest]:
    """Requests that a worker is to go on with."""
    query: Document = {"state": DataRequestState.RUNNING.value, "next_at": {"$lte": stored_time(now)}}
    found = await store[COLLECTION].find(query, order=[("next_at", 1)], limit=limit)
    return [decode(DataRequest, each) for each in found]


async def save_pass(store: Store, request: DataRequest) -> bool:
    """Saves a request over the pass before; False where another worker came first."""
    guard = {"_id": request.id, "passes": request.passes - 1}
    return await store[COLLECTION].replace_one(guard, encode(request)) == 1


async def add_removed(store: Store, request: DataRequest, removed: int) -> None:
    """Counts what a worker removed whose pass another one saved first."""
    await store[COLLECTION].update_one({"_id": request.id}, {"$inc": {"removed": removed}})


async def read_part(reads: Reads, person_id: PersonId, part: Part, request: PageRequest) -> Page:
    """A page of what there is of the person in one collection, without what is hidden."""
    page = await reads.page(part.collection, {part.key: person_id}, request)
    shown = [{name: value for name, value in each.items() if name not in part.hidden} for each in page.documents]
    return replace(page, documents=shown)


async def remove_track(store: Store, request: DataRequest) -> int:
    """Removes what was kept of the person's ways until the request; answers how many batches. Safe to repeat."""
    until = request.requested_at + UNDER_WAY
    # A first position that was under way met nothing to conflict with.
    await positions.forget_latest(store, request.owner_id, until)
    query = _of(request, "owner_id") | {"received_at": {"$lte": stored_time(until)}}
    return await store[positions.TRACK_POINTS].delete_many(query)


async def remove_person(store: Store, request: DataRequest, now: datetime) -> int:
    """Removes what only says something about the person; answers how many records. Safe to repeat."""
    removed = 0
    for collection, key in _REMOVED:
        removed += await store[collection].delete_many(_of(request, key))
    kept = _of(request, "owner_id") | {"expires_at": None}
    expires_at = {"expires_at": stored_time(now + CONSENT_EVENTS_KEPT)}
    await store[consents.EVENTS].update_many(kept, {"$set": expires_at})
    return removed


def _of(request: DataRequest, key: str) -> Document:
    """Ids are unique everywhere; the organization is named where indexes begin with it."""
    return {"_id": request.owner_id} if key == "_id" else {"org_id": request.org_id, key: request.owner_id}

"""The inbox as its owner reads and marks it; storage/outbox.py writes the rows, storage/deliveries.py sends them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from domain.access import Scope
from domain.deliveries import OPEN, Delivery
from domain.notices import Notice, is_shared
from storage.codec import decode, encode
from storage.driver import Document, IndexModel, UpdateOne
from storage.outbox import DELIVERIES, MAX_PER_CLOCK, NOTICES
from storage.reach import scope_filter
from storage.reads import Reads
from storage.store import Store
from storage.times import stored_time

MAX_PER_NOTICE = 100
INDEXES = [
    IndexModel([("org_id", 1), ("owner_id", 1), ("read_at", 1), ("_id", -1)], name="by_recipient_unread"),
    IndexModel([("org_id", 1), ("owner_id", 1), ("resolved_at", 1), ("_id", 1)], name="by_recipient_open"),
    IndexModel([("lead_id", 1), ("owner_id", 1)], name="by_lead"),
    IndexModel([("lead_id", 1), ("created_at", -1), ("_id", -1)], name="by_lead_time"),
    IndexModel([("org_id", 1), ("dedupe_key", 1)], name="by_event"),
]
_MARKS = ("seen_at", "read_at", "acknowledged_at", "resolved_at", "taken_at")


async def list_notices(store: Store, scope: Scope, notice_ids: Sequence[str]) -> list[Notice]:
    """Those of the notices that are in the caller's inbox."""
    found = await Reads(store, scope).by_keys(NOTICES, notice_ids)
    return [decode(Notice, each) for each in found.values()]


async def save_marks(store: Store, changed: Sequence[Notice]) -> None:
    """Writes the marks; a mark that is there already stays, so that the first time wins."""
    updates = []
    for notice in changed:
        marks = {name: getattr(notice, name) for name in _MARKS}
        first = {name: stored_time(at) for name, at in marks.items() if at is not None}
        taker = {} if notice.taken_by_id is None else {"$set": {"taken_by_id": notice.taken_by_id}}
        updates.append(UpdateOne({"_id": notice.id}, {"$min": first, **taker}))
    await store[NOTICES].bulk_update(updates)


async def list_shared(store: Store, notice: Notice) -> list[Notice]:
    """What others were told that acknowledging this notice takes on too."""
    query: Document = {"org_id": notice.org_id, "dedupe_key": notice.dedupe_key}
    if notice.clock_id is not None:
        query = {"clock_id": notice.clock_id}
    found = await store[NOTICES].find(query, limit=MAX_PER_CLOCK)
    told = [decode(Notice, each) for each in found if each["_id"] != notice.id]
    return [each for each in told if is_shared(notice, each)]


async def count_unread(store: Store, scope: Scope, limit: int) -> int:
    """Unread notices of the caller, counted no further than `limit`."""
    query: Document = {**scope_filter(NOTICES, scope), "read_at": None}
    return len(await store[NOTICES].find(query, projection={"_id": 1}, limit=limit))


async def list_open_deliveries(store: Store, notice_id: str) -> list[Delivery]:
    """Deliveries of a notice that may still be sent."""
    query: Document = {"notice_id": notice_id}
    found = await store[DELIVERIES].find(query, order=[("_id", 1)], limit=MAX_PER_NOTICE)
    return [row for row in (decode(Delivery, each) for each in found) if row.state in OPEN]


async def list_deliveries_of(store: Store, notice_ids: Sequence[str]) -> list[Delivery]:
    """Deliveries of any of the notices that may still be sent."""
    query: Document = {"notice_id": {"$in": list(notice_ids)}}
    found = await store[DELIVERIES].find(query, limit=max(1, len(notice_ids)) * MAX_PER_NOTICE)
    return [row for row in (decode(Delivery, each) for each in found) if row.state in OPEN]


async def list_own_deliveries(store: Store, scope: Scope, delivery_ids: Sequence[str]) -> list[Delivery]:
    """Those of the deliveries that went to the caller."""
    query: Document = {"_id": {"$in": list(delivery_ids)}, "org_id": scope.org_id, "owner_id": scope.person_id}
    found = await store[DELIVERIES].find(query, limit=max(1, len(delivery_ids)))
    return [decode(Delivery, each) for each in found]


async def change_deliveries(
    store: Store, deliveries: Sequence[Delivery], change: Callable[[Delivery], Delivery]
) -> None:
    """Writes what `change` makes of each, where state and fence are still those that were read.

    In a transaction a row that a worker changes meanwhile is a write conflict, and everything is done again.
    """
    for before in deliveries:
        after = change(before)
        if after != before:
            guard = {"_id": before.id, "state": before.state.value, "fence": before.fence}
            await store[DELIVERIES].replace_one(guard, encode(after))

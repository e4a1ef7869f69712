"""Dead letters in the database: deliveries that only an operator can mend, and the rows that replay them."""

from __future__ import annotations

from datetime import datetime, timedelta

from domain.access import Scope
from domain.dead_letters import HELD_TOO_LONG_S
from domain.deliveries import Delivery, DeliveryState
from domain.notices import Notice
from storage.codec import decode, encode
from storage.driver import Document, IndexModel
from storage.outbox import DELIVERIES, NOTICES
from storage.reads import Page, PageRequest, Reads
from storage.store import Store
from storage.times import stored_time

INDEXES = [
    IndexModel([("org_id", 1), ("state", 1), ("replayed_at", 1), ("finished_at", -1), ("_id", -1)], name="dead"),
    IndexModel([("org_id", 1), ("state", 1), ("replayed_at", 1), ("held_since", -1), ("_id", -1)], name="held"),
]
"""On deliveries."""
MAX_COUNTED = 1_000


def _dead(state: DeliveryState, now: datetime) -> Document:
    query: Document = {"state": state.value, "replayed_at": None}
    if state is DeliveryState.CONFIG_HOLD:
        query["held_since"] = {"$lt": stored_time(now - timedelta(seconds=HELD_TOO_LONG_S))}
    return query


async def page_dead_letters(reads: Reads, state: DeliveryState, now: datetime, request: PageRequest) -> Page:
    """Those in one state that nobody has dealt with."""
    return await reads.page(DELIVERIES, _dead(state, now), request)


async def count_dead_letters(store: Store, scope: Scope, state: DeliveryState, now: datetime) -> int:
    """How many there are, counted up to MAX_COUNTED."""
    return await store[DELIVERIES].count({"org_id": scope.org_id, **_dead(state, now)}, limit=MAX_COUNTED)


async def list_dead_letters(
    reads: Reads, state: DeliveryState, channel: str | None, now: datetime, limit: int
) -> list[tuple[Delivery, Notice | None]]:
    """At most `limit` of those in one state, with what each tells: two reads."""
    where = _dead(state, now) | ({} if channel is None else {"channel": channel})
    order = "-held_since" if state is DeliveryState.CONFIG_HOLD else "-finished_at"
    rows = [decode(Delivery, each) for each in await reads.list(DELIVERIES, where, order=order, limit=limit)]
    ids = list({row.notice_id for row in rows})
    found = await reads.store[NOTICES].find({"_id": {"$in": ids}}, limit=len(ids)) if ids else []
    notices = {each["_id"]: decode(Notice, each) for each in found}
    return [(row, notices.get(row.notice_id)) for row in rows]


async def dismiss(store: Store, dead: Delivery, now: datetime) -> bool:
    """Takes a dead letter that nobody needs to hear off the list; False where it moved on meanwhile."""
    guard = {"_id": dead.id, "state": dead.state.value, "fence": dead.fence, "replayed_at": None}
    return await store[DELIVERIES].update_one(guard, {"$set": {"replayed_at": stored_time(now)}}) == 1


async def find_dead_letter(reads: Reads, delivery_id: str) -> tuple[Delivery, Notice | None, bool] | None:
    """The delivery in scope, what it tells, and whether it was replayed."""
    found = await reads.find(DELIVERIES, delivery_id)
    if found is None:
        return None
    notice = await reads.store[NOTICES].find_one({"_id": found["notice_id"]})
    told = None if notice is None else decode(Notice, notice)
    return decode(Delivery, found), told, found.get("replayed_at") is not None


async def save_replay(
    store: Store, dead: Delivery, after: Delivery, following: Delivery, now: datetime
) -> Document | None:
    """The row that takes the dead letter's place; None where it moved on meanwhile. To be called in a transaction."""
    changes = encode(after)
    change: Document = {"replayed_at": stored_time(now)} | {
        name: changes[name] for name in ("state", "fence", "finished_at", "last_error") if name in changes
    }
    guard = {"_id": dead.id, "state": dead.state.value, "fence": dead.fence, "replayed_at": None}
    if not await store[DELIVERIES].update_one(guard, {"$set": change}):
        return None
    document = encode(following)
    await store[DELIVERIES].insert_one(document)
    return document

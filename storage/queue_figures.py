"""What operators watch of the outbox: how much waits, how late the oldest is, who cannot be reached at all.

Read now and then by workers/push_metrics.py, over all organizations; every count ends at MAX_COUNTED.
"""

from __future__ import annotations

from datetime import datetime

from domain.access import Role
from domain.deliveries import DeliveryState
from domain.devices import STALE_AFTER
from domain.notices import Priority
from domain.people import PersonState
from storage.bindings import COLLECTION as BINDINGS
from storage.devices import COLLECTION as DEVICES
from storage.driver import Document, IndexModel
from storage.outbox import DELIVERIES
from storage.people import PEOPLE
from storage.store import Store
from storage.times import aware, stored_time

MAX_COUNTED = 10_000
MAX_PEOPLE = 200_000
_TOLD = (Role.REP.value, Role.MANAGER.value, Role.DIRECTOR.value)
PEOPLE_INDEXES = [IndexModel([("state", 1), ("role", 1), ("team_id", 1)], name="by_state")]
"""On people."""


async def count_in_state(store: Store, state: DeliveryState) -> int:
    """How many deliveries are in the state; of dead letters those that nobody has replayed."""
    unless = {"replayed_at": None} if state in {DeliveryState.EXPIRED, DeliveryState.POISON} else {}
    return await store[DELIVERIES].count({"state": state.value} | unless, limit=MAX_COUNTED)


async def oldest_due_at(store: Store, priority: Priority, now: datetime) -> datetime | None:
    """Since when the delivery of this priority that has waited longest is due; None where none is."""
    query: Document = {"state": DeliveryState.PENDING.value, "priority": priority.value}
    query["next_at"] = {"$lte": stored_time(now)}
    found = await store[DELIVERIES].find(query, projection={"next_at": 1}, order=[("next_at", 1)], limit=1)
    return aware(found[0]["next_at"]) if found else None


async def count_unreachable(store: Store, now: datetime) -> int:
    """Active people who would be told something and have neither a live device nor a binding of theirs or their team's.

    Three reads of a few bytes a person.
    """
    query: Document = {"state": PersonState.ACTIVE.value, "role": {"$in": list(_TOLD)}}
    people = await store[PEOPLE].find(query, projection={"team_id": 1}, limit=MAX_PEOPLE)
    since = {"seen_at": {"$gt": stored_time(now - STALE_AFTER)}}
    devices = await store[DEVICES].find(since, projection={"owner_id": 1}, limit=MAX_PEOPLE)
    bound = await store[BINDINGS].find({"broken_at": None}, projection={"holder_id": 1}, limit=MAX_PEOPLE)
    reached = {each["owner_id"] for each in devices} | {each["holder_id"] for each in bound}
    return sum(each["_id"] not in reached and each.get("team_id") not in reached for each in people)

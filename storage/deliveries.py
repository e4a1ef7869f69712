"""The outbox as a queue: claiming what is due, giving back lost leases, completing; for workers/push_delivery.py.

A row changes only where state and fence, or owner and fence, are still those that were read: any number of workers
may look at once. storage/outbox.py writes the rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zlib import crc32

from domain.deliveries import Delivery, DeliveryState, end_deferral, lease, release
from domain.devices import Device
from domain.notices import Notice, Priority
from domain.people import PersonState
from storage.codec import decode, encode
from storage.devices import COLLECTION as DEVICES
from storage.driver import BulkWriteError, Document, UpdateOne
from storage.outbox import DELIVERIES, NOTICES
from storage.people import PEOPLE
from storage.store import Store
from storage.times import stored_time

MAX_RELEASED = 500
_SPREAD = 4
"""Workers choose from so many times what they want, each in an order of its own, so that they rarely meet."""


@dataclass(frozen=True, slots=True)
class Parcel:
    """A claimed delivery with what is true at the moment of sending; None where it is no longer there."""

    delivery: Delivery
    notice: Notice | None
    locale: str | None
    is_active: bool
    device: Device | None


async def claim_due(store: Store, owner: str, now: datetime, limit: int, lease_s: float) -> list[Delivery]:
    """At most `limit` due rows, the most urgent first, now held by `owner` until `now + lease_s`."""
    chosen: list[Delivery] = []
    for priority in Priority:
        for state in (DeliveryState.PENDING, DeliveryState.CONFIG_HOLD):
            wanted = limit - len(chosen)
            if wanted > 0:
                due = await _due(store, state, priority, now, wanted * _SPREAD)
                due.sort(key=lambda row: crc32(f"{owner}{row.id}".encode()))
                chosen += due[:wanted]
    held = [lease(row, owner, now, lease_s=lease_s) for row in chosen]
    return await _won(store, chosen, held)


async def release_expired(store: Store, now: datetime, limit: int = MAX_RELEASED) -> int:
    """Makes rows due again whose lease has run out; answers how many."""
    query: Document = {"state": DeliveryState.LEASED.value, "lease_until": {"$lte": stored_time(now)}}
    found = await store[DELIVERIES].find(query, order=[("lease_until", 1)], limit=limit)
    lost = [decode(Delivery, each) for each in found]
    return await store[DELIVERIES].bulk_update([_guarded(row, release(row, now)) for row in lost])


async def release_deferred(store: Store, now: datetime, limit: int = MAX_RELEASED) -> int:
    """Makes rows due whose deferral is over; answers how many."""
    over: list[Delivery] = []
    for priority in Priority:
        over += await _due(store, DeliveryState.DEFERRED, priority, now, limit)
    return await store[DELIVERIES].bulk_update([_guarded(row, end_deferral(row, now)) for row in over])


async def complete(store: Store, held: Delivery, done: Delivery) -> bool:
    """Writes what became of a claimed row; False where the lease was lost, or the row cancelled, meanwhile."""
    guard = {"_id": held.id, "lease_owner": held.lease_owner, "fence": held.fence}
    return await store[DELIVERIES].update_one(guard, _change(held, done)) == 1


async def open_parcels(store: Store, deliveries: Sequence[Delivery]) -> list[Parcel]:
    """Notice, recipient and device of each, read now: three reads for any number of deliveries."""
    notices = await _by_id(store, NOTICES, [row.notice_id for row in deliveries])
    people = await _by_id(store, PEOPLE, [row.owner_id for row in deliveries], ("locale", "state"))
    devices = await _by_id(store, DEVICES, [row.device_id for row in deliveries if row.device_id])
    parcels = []
    for row in deliveries:
        notice, person = notices.get(row.notice_id), people.get(row.owner_id, {})
        device = devices.get(row.device_id) if row.device_id else None
        parcel = Parcel(
            delivery=row,
            notice=None if notice is None else decode(Notice, notice),
            locale=person.get("locale"),
            is_active=person.get("state") == PersonState.ACTIVE.value,
            device=None if device is None else decode(Device, device),
        )
        parcels.append(parcel)
    return parcels


async def _due(store: Store, state: DeliveryState, priority: Priority, now: datetime, limit: int) -> list[Delivery]:
    # Two equalities and a range: the cost follows what is due, never what waits for later.
    query: Document = {"state": state.value, "priority": priority.value, "next_at": {"$lte": stored_time(now)}}
    found = await store[DELIVERIES].find(query, order=[("next_at", 1)], limit=limit)
    return [decode(Delivery, each) for each in found]


async def _won(store: Store, before: Sequence[Delivery], held: Sequence[Delivery]) -> list[Delivery]:
    updates = [_guarded(old, new) for old, new in zip(before, held, strict=True)]
    try:
        if await store[DELIVERIES].bulk_update(updates) == len(updates):
            return list(held)
    except BulkWriteError:
        pass  # some met another writer; what is read back says which are ours
    written = await _by_id(store, DELIVERIES, [row.id for row in held], ("lease_owner", "fence"))
    ours = {(key, row.get("lease_owner"), row["fence"]) for key, row in written.items()}
    return [row for row in held if (row.id, row.lease_owner, row.fence) in ours]


def _guarded(before: Delivery, after: Delivery) -> UpdateOne:
    guard = {"_id": before.id, "state": before.state.value, "fence": before.fence}
    return UpdateOne(guard, _change(before, after))


def _change(before: Delivery, after: Delivery) -> Document:
    old, new = encode(before), encode(after)
    changed = {name: value for name, value in new.items() if old.get(name) != value}
    gone = dict.fromkeys(old.keys() - new.keys(), "")
    return {verb: what for verb, what in (("$set", changed), ("$unset", gone)) if what}


async def _by_id(
    store: Store, collection: str, ids: Sequence[str], fields: Sequence[str] = ()
) -> dict[str, dict[str, Any]]:
    wanted = list(dict.fromkeys(ids))
    if not wanted:
        return {}
    projection = dict.fromkeys(fields, 1) or None
    found = await store[collection].find({"_id": {"$in": wanted}}, projection=projection, limit=len(wanted))
    return {each["_id"]: each for each in found}

"""The outbox as a queue: claiming what is due, giving back lost leases, completing; for workers/push_delivery.py.

A row changes only where state and fence, or owner and fence, are still those that were read: any number of workers
may look at once. storage/outbox.py writes the rows.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, TypeVar
from zlib import crc32

from domain.access import Role
from domain.bindings import Binding
from domain.deliveries import Delivery, DeliveryState, end_deferral, lease, release
from domain.devices import Device
from domain.ids import NoticeId, TeamId
from domain.notices import Notice, NoticeKind, Priority, as_sent
from domain.people import PersonState
from domain.preferences import DEFAULT, Preferences
from storage.bindings import COLLECTION as BINDINGS
from storage.codec import decode, encode
from storage.devices import COLLECTION as DEVICES
from storage.digests import list_digested
from storage.driver import BulkWriteError, Document, UpdateOne
from storage.outbox import DELIVERIES, NOTICES
from storage.people import PEOPLE
from storage.readable import list_hidden
from storage.store import Store
from storage.times import stored_time

T = TypeVar("T")
_FIELDS = tuple(each.name for each in fields(Delivery) if each.name != "id")
MAX_RELEASED = 500
MAX_PER_NOTICE = 100
_SPREAD = 4
"""Workers choose from so many times what they want, each in an order of its own, so that they rarely meet."""


@dataclass(frozen=True, slots=True)
class Recipient:
    """What sending needs to know of a person."""

    name: str
    locale: str
    state: PersonState
    team_id: TeamId | None = None
    role: Role = Role.REP
    time_zone: str = "UTC"
    preferences: Preferences = DEFAULT


_OF_PERSON = tuple(each.name for each in fields(Recipient))


@dataclass(frozen=True, slots=True)
class Parcel:
    """A claimed delivery with what is true at the moment of sending; None where it is no longer there."""

    delivery: Delivery
    notice: Notice | None
    person: Recipient | None
    device: Device | None
    binding: Binding | None = None
    is_hidden: bool = False
    """Whether it is about an article that the recipient may not read, or not any more."""


@dataclass(frozen=True, slots=True)
class Due:
    """What a worker may take, and what is due on channels that have no room for it."""

    chosen: list[Delivery]
    held_up: list[Delivery]


async def list_due(store: Store, worker: str, now: datetime, limit: int, rooms: Mapping[str, int]) -> Due:
    """At most `limit` due rows to take, the most urgent first; of a channel in `rooms` at most so many."""
    due, left = Due([], []), dict(rooms)
    for priority in Priority:
        for state in (DeliveryState.PENDING, DeliveryState.CONFIG_HOLD):
            wanted = limit - len(due.chosen)
            if wanted <= 0:
                return due
            found = await _due(store, state, priority, now, wanted * _SPREAD)
            found.sort(key=lambda document: crc32(f"{worker}{document['_id']}".encode()))
            for document in found:
                room = left.get(document["channel"])
                if room == 0:
                    due.held_up.append(decode(Delivery, document))
                elif len(due.chosen) < limit:
                    due.chosen.append(decode(Delivery, document))
                    if room is not None:
                        left[document["channel"]] = room - 1
    return due


async def claim(store: Store, due: Sequence[Delivery], owner: str, now: datetime, lease_s: float) -> list[Delivery]:
    """Those of the due rows that are now held by `owner` until `now + lease_s`."""
    return await _won(store, due, [lease(row, owner, now, lease_s=lease_s) for row in due])


async def save_waiting(store: Store, before: Sequence[Delivery], after: Sequence[Delivery]) -> None:
    """Writes rows that were postponed or cancelled instead of being claimed, where nobody claimed them meanwhile."""
    with suppress(BulkWriteError):  # of those that met another writer
        await store[DELIVERIES].bulk_update([_guarded(old, new) for old, new in zip(before, after, strict=True)])


async def hasten_next(store: Store, ended: Delivery, now: datetime) -> None:
    """Lets the channels that come after this one look at once whether it is their turn."""
    query: Document = {
        "notice_id": ended.notice_id,
        "state": DeliveryState.PENDING.value,
        "rank": {"$gt": ended.rank},
        "attempts": 0,
        "next_at": {"$gt": stored_time(now)},
    }
    await store[DELIVERIES].update_many(query, {"$set": {"next_at": stored_time(now)}})


async def list_beside(
    store: Store, deliveries: Sequence[Delivery]
) -> tuple[dict[NoticeId, Notice], dict[NoticeId, list[Delivery]]]:
    """The notice of each and all deliveries of it, by notice: two reads for any number of deliveries."""
    notice_ids = list({row.notice_id for row in deliveries})
    notices = await _by_id(store, NOTICES, notice_ids)
    found = await store[DELIVERIES].find(
        {"notice_id": {"$in": notice_ids}}, limit=max(1, len(notice_ids)) * MAX_PER_NOTICE
    )
    rows: dict[NoticeId, list[Delivery]] = {}
    for document in found:
        rows.setdefault(document["notice_id"], []).append(decode(Delivery, document))
    return {NoticeId(key): decode(Notice, each) for key, each in notices.items()}, rows


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
        over += [decode(Delivery, each) for each in await _due(store, DeliveryState.DEFERRED, priority, now, limit)]
    return await store[DELIVERIES].bulk_update([_guarded(row, end_deferral(row, now)) for row in over])


async def complete(store: Store, pairs: Sequence[tuple[Delivery, Delivery]]) -> list[bool]:
    """Writes what became of claimed rows; False where the lease was lost, or the row cancelled, meanwhile."""
    updates = []
    for held, done in pairs:
        guard = {"_id": held.id, "lease_owner": held.lease_owner, "fence": held.fence}
        updates.append(UpdateOne(guard, _change(held, done)))
    with suppress(BulkWriteError):  # some met another writer; what is read back says which
        if await store[DELIVERIES].bulk_update(updates) == len(updates):
            return [True] * len(updates)
    written = await _by_id(store, DELIVERIES, [done.id for _, done in pairs], ("state", "fence", "lease_owner"))
    stood = [written.get(done.id, {}) for _, done in pairs]
    return [
        (row.get("state"), row.get("fence"), row.get("lease_owner")) == (done.state.value, done.fence, None)
        for row, (_, done) in zip(stood, pairs, strict=True)
    ]


async def open_parcels(store: Store, deliveries: Sequence[Delivery]) -> list[Parcel]:
    """Notice, recipient, device and binding of each, read now: one read of a kind for any number of deliveries."""
    notices, people, devices, bindings = await asyncio.gather(
        _by_id(store, NOTICES, [row.notice_id for row in deliveries]),
        _by_id(store, PEOPLE, [row.owner_id for row in deliveries], _OF_PERSON),
        _by_id(store, DEVICES, [row.device_id for row in deliveries if row.device_id]),
        _by_id(store, BINDINGS, [row.binding_id for row in deliveries if row.binding_id]),
    )
    told = {key: decode(Notice, each) for key, each in notices.items()}
    held = await list_digested(store, [key for key, each in told.items() if each.kind is NoticeKind.DIGEST])
    told |= {key: as_sent(each, held.get(key, ())) for key, each in told.items() if each.kind is NoticeKind.DIGEST}
    recipients = {key: decode(Recipient, each) for key, each in people.items()}
    hidden = await list_hidden(
        store, [(each, recipients[each.owner_id]) for each in told.values() if each.owner_id in recipients]
    )
    return [
        Parcel(
            delivery=row,
            notice=told.get(row.notice_id),
            person=recipients.get(row.owner_id),
            device=_decoded(Device, devices.get(row.device_id or "")),
            binding=_decoded(Binding, bindings.get(row.binding_id or "")),
            is_hidden=row.notice_id in hidden,
        )
        for row in deliveries
    ]


def _decoded(kind: type[T], document: dict[str, Any] | None) -> T | None:
    return None if document is None else decode(kind, document)


async def _due(store: Store, state: DeliveryState, priority: Priority, now: datetime, limit: int) -> list[Document]:
    # Two equalities and a range: the cost follows what is due, never what waits for later.
    query: Document = {"state": state.value, "priority": priority.value, "next_at": {"$lte": stored_time(now)}}
    return await store[DELIVERIES].find(query, order=[("next_at", 1)], limit=limit)


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
    written = encode(after)
    differ = [name for name in _FIELDS if getattr(before, name) != getattr(after, name)]
    changed = {name: written[name] for name in differ if name in written}
    gone = {name: "" for name in differ if name not in written}
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

"""Devices in the database: one document for each installation, one device for each address."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from domain.devices import CONTACT_EVERY, LOST_AFTER, MAX_PER_PERSON, Device
from domain.ids import PersonId, is_id
from storage.codec import decode, encode
from storage.driver import Document, IndexModel
from storage.store import Store
from storage.times import stored_time

COLLECTION = "devices"
_ADDRESSES = ("token", "fid")
INDEXES = [
    IndexModel([("installation_id", 1)], name="unique_installation", unique=True),
    *(
        IndexModel(
            [(address, 1)],
            name=f"unique_{address}",
            unique=True,
            partialFilterExpression={address: {"$type": "string"}},
        )
        for address in _ADDRESSES
    ),
    IndexModel([("owner_id", 1), ("_id", 1)], name="by_owner"),
    IndexModel([("seen_at", 1)], name="by_contact"),
]


async def find_registered(store: Store, installation_id: str, device_id: str | None) -> Device | None:
    """What is stored for the installation, else under the id, whoever owns it."""
    found = await store[COLLECTION].find_one({"installation_id": installation_id})
    if found is None and device_id is not None:
        found = await store[COLLECTION].find_one({"_id": device_id})
    return None if found is None else decode(Device, found)


async def save_device(store: Store, device: Device) -> Document:
    """Writes the device in place of what it was, with its owner, and takes its addresses from every other one.

    Raises DuplicateKeyError where another registration of the installation or an address comes first: do it again.
    """
    document = encode(device)
    for address in _ADDRESSES:
        if address in document:
            # Another installation with this address is this phone before the app was installed anew.
            await store[COLLECTION].delete_many({address: document[address], "_id": {"$ne": device.id}})
    await store[COLLECTION].replace_one({"_id": device.id}, document, upsert=True)
    return document


async def drop_stalest(store: Store, owner_id: PersonId, device_id: str) -> None:
    """Keeps the MAX_PER_PERSON devices seen last, `device_id` among them."""
    kept = await store[COLLECTION].find(
        {"owner_id": owner_id}, projection={"seen_at": 1}, limit=MAX_PER_PERSON + 1, order=[("seen_at", -1)]
    )
    surplus = [each["_id"] for each in kept if each["_id"] != device_id][MAX_PER_PERSON - 1 :]
    if surplus:
        await store[COLLECTION].delete_many({"_id": {"$in": surplus}, "owner_id": owner_id})


async def devices_of(store: Store, people: Sequence[PersonId]) -> dict[PersonId, list[Device]]:
    """The devices of each person; nobody without one is in the answer. One read for any number of people."""
    limit = max(1, len(people)) * (MAX_PER_PERSON + 1)
    found = await store[COLLECTION].find(
        {"owner_id": {"$in": list(people)}}, order=[("owner_id", 1), ("_id", 1)], limit=limit
    )
    devices: dict[PersonId, list[Device]] = {}
    for document in found:
        device = decode(Device, document)
        devices.setdefault(device.owner_id, []).append(device)
    return devices


async def prune_device(store: Store, device_id: str, *, token: str | None, fid: str | None) -> bool:
    """Deletes a device whose address is dead, unless it has another one by now than the one that was sent to."""
    guard: Document = {"_id": device_id, "token": token, "fid": fid}
    return await store[COLLECTION].delete_many(guard) == 1


async def note_contact(store: Store, person_id: PersonId, devices: Sequence[str], now: datetime) -> None:
    """The person's app was heard of on these devices (ids or installation ids); written once a day."""
    for device in devices:
        guard: Document = {"owner_id": person_id, "seen_at": {"$lt": stored_time(now - CONTACT_EVERY)}}
        await store[COLLECTION].update_one(_named(device) | guard, {"$set": {"seen_at": stored_time(now)}})


async def forget_lost(store: Store, now: datetime) -> int:
    """Deletes the devices that nothing was heard of for so long that the app is gone; answers how many."""
    return await store[COLLECTION].delete_many({"seen_at": {"$lte": stored_time(now - LOST_AFTER)}})


async def remove_devices_of(store: Store, person_id: PersonId, device: str | None = None) -> int:
    """Forgets one device of a person by its id or installation id (signing out), or all of them (deactivating)."""
    named = {} if device is None else _named(device)
    return await store[COLLECTION].delete_many({"owner_id": person_id} | named)


def _named(device: str) -> Document:
    return {"_id" if is_id("dev", device) else "installation_id": device}

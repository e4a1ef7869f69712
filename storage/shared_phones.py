"""Phones that several people of an organization use by turns, in the database; used by resolvers/shared_phones.py."""

from __future__ import annotations

from datetime import datetime

from domain.ids import OrgId, PersonId
from storage.driver import Document, IndexModel
from storage.store import Store
from storage.times import stored_time

COLLECTION = "shared_phones"
INDEXES = [IndexModel([("org_id", 1), ("_id", 1)], name="by_organization")]


def phone_id(org_id: OrgId, device_id: str) -> str:
    """The only id a phone can have in an organization."""
    return f"{org_id}:{device_id}"


async def is_shared(store: Store, org_id: OrgId, device_id: str) -> bool:
    """Whether the phone was registered as shared."""
    return await store[COLLECTION].find_one({"_id": phone_id(org_id, device_id)}, {"_id": 1}) is not None


async def save_phone(store: Store, org_id: OrgId, device_id: str, by_id: PersonId, now: datetime) -> Document:
    """Registers the phone; again, it stays as it was registered first."""
    document: Document = {
        "_id": phone_id(org_id, device_id),
        "org_id": org_id,
        "device_id": device_id,
        "registered_by_id": by_id,
        "registered_at": stored_time(now),
    }
    known = await store[COLLECTION].find_one({"_id": document["_id"]})
    if known is not None:
        return known
    await store[COLLECTION].insert_one(document)
    return document


async def remove_phone(store: Store, org_id: OrgId, device_id: str) -> Document | None:
    """Takes the registration back; what it was, None where there was none."""
    key = {"_id": phone_id(org_id, device_id)}
    known = await store[COLLECTION].find_one(key)
    if known is not None:
        await store[COLLECTION].delete_many(key)
    return known

"""Calendars in the database: the newest version of each, and every version that was ever saved beside it."""

from __future__ import annotations

from domain.calendars import MAX_CALENDARS, CalendarRecord, calendar_id
from domain.ids import OrgId
from storage.codec import decode, encode
from storage.driver import Document, IndexModel
from storage.store import Store

COLLECTION = "calendars"
VERSIONS = "calendar_versions"
INDEXES = [IndexModel([("org_id", 1), ("key", 1)], name="by_key")]
VERSION_INDEXES = [IndexModel([("org_id", 1), ("key", 1), ("version", -1), ("_id", -1)], name="by_key_version")]


async def find_calendar(store: Store, org_id: OrgId, key: str) -> CalendarRecord | None:
    """The newest version."""
    found = await store[COLLECTION].find_one({"_id": calendar_id(org_id, key)})
    return None if found is None else decode(CalendarRecord, found)


async def find_calendar_version(store: Store, org_id: OrgId, key: str, version: int) -> Document | None:
    """One version as it was saved."""
    return await store[VERSIONS].find_one({"_id": f"{calendar_id(org_id, key)}:{version}"})


async def list_calendars(store: Store, org_id: OrgId) -> list[CalendarRecord]:
    """The newest version of each, by key."""
    found = await store[COLLECTION].find({"org_id": org_id}, order=[("key", 1)], limit=MAX_CALENDARS)
    return [decode(CalendarRecord, each) for each in found]


async def save_calendar(store: Store, record: CalendarRecord) -> Document | None:
    """Adds the version after `version - 1`; None where another write came first. To be called in a transaction."""
    document = encode(record)
    if record.version == 1:
        await store[COLLECTION].insert_one(document)
    elif not await store[COLLECTION].replace_one({"_id": record.id, "version": record.version - 1}, document):
        return None
    await store[VERSIONS].insert_one({**document, "_id": f"{record.id}:{record.version}"})
    return document

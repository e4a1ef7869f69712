"""Actual shifts in the database: at most one open per person, found by the worker through the assumed end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from domain.ids import OrgId, PersonId, TeamId
from domain.shifts import Shift
from storage.codec import decode, encode
from storage.driver import Document, IndexModel
from storage.store import Store
from storage.times import stored_time

COLLECTION = "shifts"
_OPEN = {"is_open": True}
INDEXES = [
    IndexModel([("owner_id", 1), ("started_at", -1)], name="by_owner"),
    IndexModel([("org_id", 1), ("owner_id", 1)], name="unique_open", unique=True, partialFilterExpression=_OPEN),
    IndexModel([("org_id", 1), ("team_id", 1), ("started_at", -1)], name="by_team"),
    IndexModel([("auto_end_at", 1)], name="forgotten", partialFilterExpression=_OPEN),
    IndexModel([("report_due_at", 1)], name="due_report", sparse=True),
]


@dataclass(frozen=True, slots=True)
class KeptShift:
    """A shift with what only its document knows."""

    shift: Shift
    document: Document


def kept_shift(document: Document) -> KeptShift:
    """The shift of a document."""
    return KeptShift(decode(Shift, {**document, "person_id": document["owner_id"]}), document)


def _kept(document: Document | None) -> KeptShift | None:
    return None if document is None else kept_shift(document)


def _encoded(shift: Shift) -> Document:
    document = encode(shift)
    document["owner_id"] = document.pop("person_id")
    return document


async def find_latest(store: Store, org_id: OrgId, person_id: PersonId) -> KeptShift | None:
    """The shift the person started last."""
    query = {"owner_id": person_id, "org_id": org_id}
    return _kept(await store[COLLECTION].find_one(query, order=[("started_at", -1)]))


async def find_open(
    store: Store, org_id: OrgId, person_id: PersonId, projection: Mapping[str, Any] | None = None
) -> Document | None:
    """The open shift's document, or what of it `projection` names."""
    return await store[COLLECTION].find_one({"org_id": org_id, "owner_id": person_id, **_OPEN}, projection)


async def insert_shift(store: Store, org_id: OrgId, team_id: TeamId | None, shift: Shift) -> Document:
    """Raises DuplicateKeyError where the id is taken or the person has an open shift."""
    document: Document = {**_encoded(shift), "org_id": org_id, "team_id": team_id, "version": 1}
    if shift.ended_at is None:
        document |= _OPEN
    await store[COLLECTION].insert_one(document)
    return document


async def save_shift(store: Store, before: KeptShift, after: Shift) -> KeptShift | None:
    """The shift in the place of what was read; None where another write came first."""
    kept = {key: before.document[key] for key in ("org_id", "team_id")}
    document: Document = {**_encoded(after), **kept, "version": before.document["version"] + 1}
    if after.ended_at is None:
        document |= _OPEN
    else:
        document["report_due_at"] = stored_time(after.ended_at)
    guard = {"_id": after.id, "version": before.document["version"]}
    return KeptShift(after, document) if await store[COLLECTION].replace_one(guard, document) else None


async def list_forgotten(store: Store, now: datetime, limit: int) -> list[KeptShift]:
    """Open shifts of all organizations past their assumed end, the longest past first."""
    query = {"auto_end_at": {"$lte": stored_time(now)}, **_OPEN}
    found = await store[COLLECTION].find(query, order=[("auto_end_at", 1)], limit=limit)
    return [kept for kept in map(_kept, found) if kept is not None]

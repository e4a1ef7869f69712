"""Who was reminded of and flagged for a week's norms, and until when each organization was looked at."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from domain.compliance import NormFlag
from domain.ids import OrgId
from storage.codec import decode, encode
from storage.driver import Document, IndexModel
from storage.store import Store
from storage.times import aware, stored_time

COLLECTION = "norm_flags"
ROUNDS = "norm_rounds"
INDEXES = [
    IndexModel([("org_id", 1), ("owner_id", 1), ("week", 1)], name="by_owner_week"),
    IndexModel([("org_id", 1), ("team_id", 1), ("week", 1)], name="by_team_week"),
]
ROUND_INDEXES = [IndexModel([("until_at", 1)], name="due")]


async def find_flag(store: Store, flag_id: str) -> NormFlag | None:
    """The flag of a person and week, for the server's own work."""
    found = await store[COLLECTION].find_one({"_id": flag_id})
    return None if found is None else decode(NormFlag, found)


async def put_flag(store: Store, flag: NormFlag) -> None:
    """Writes it over what was there; to be called in the transaction that read it."""
    await store[COLLECTION].replace_one({"_id": flag.id}, encode(flag), upsert=True)


async def begin_rounds(store: Store, org_ids: Sequence[OrgId], until_at: datetime) -> None:
    """Organizations that were never looked at are from now on."""
    wanted: Document = {"_id": {"$in": list(org_ids)}}
    known = await store[ROUNDS].find(wanted, projection={"_id": 1}, limit=max(1, len(org_ids)))
    for org_id in set(org_ids) - {each["_id"] for each in known}:
        await save_round(store, org_id, until_at)


async def list_due_rounds(store: Store, before: datetime, limit: int) -> list[tuple[OrgId, datetime]]:
    """Organizations that were looked at until an earlier time only, and that time; the longest ago first."""
    due: Document = {"until_at": {"$lt": stored_time(before)}}
    found = await store[ROUNDS].find(due, order=[("until_at", 1)], limit=limit)
    return [(OrgId(each["_id"]), aware(each["until_at"])) for each in found]


async def save_round(store: Store, org_id: OrgId, until_at: datetime) -> None:
    """The organization was looked at until then; never moves back."""
    document: Document = {"$max": {"until_at": stored_time(until_at)}, "$set": {"org_id": org_id}}
    await store[ROUNDS].update_one({"_id": org_id}, document, upsert=True)

"""What users, organizations and client addresses have spent in one minute, summed over all API processes."""

from __future__ import annotations

from datetime import UTC, datetime

from storage.driver import DuplicateKeyError, IndexModel
from storage.store import Store

COLLECTION = "budgets"
INDEXES = [IndexModel([("expires_at", 1)], name="ttl", expireAfterSeconds=0)]
WINDOW_S = 60
_KEPT_S = 60
"""Sums outlive their minute by so much, for processes whose clock is behind."""


async def add_spent(store: Store, payer: str, minute: int, units: int) -> int:
    """Adds to what `payer` has spent in the minute (counted from the epoch); the sum over all processes.

    Raises PyMongoError where the database does not answer.
    """
    key = f"{payer}:{minute}"
    expires_at = datetime.fromtimestamp((minute + 1) * WINDOW_S + _KEPT_S, UTC).replace(tzinfo=None)
    change = {"$inc": {"spent": units}, "$setOnInsert": {"expires_at": expires_at}}
    spent = store[COLLECTION]
    try:
        await spent.update_one({"_id": key}, change, upsert=True)
    except DuplicateKeyError:  # another process was the first at the same moment
        await spent.update_one({"_id": key}, change, upsert=True)
    found = await spent.find_one({"_id": key}, {"spent": 1})
    return int(found["spent"]) if found else units

"""What users, organizations and client addresses have spent in one minute, summed over all API processes.

Workers share out the room for messages to one address here (workers/push_rooms.py).
"""

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


async def take_room(store: Store, key: str, window: int, allowed: int, window_s: int) -> bool:
    """Takes one of `allowed` places in the window (counted from the epoch in lengths of `window_s`), if one is left.

    Raises PyMongoError where the database does not answer.
    """
    document_id = f"room:{key}:{window_s}:{window}"
    expires_at = datetime.fromtimestamp((window + 1) * window_s + _KEPT_S, UTC).replace(tzinfo=None)
    change = {"$inc": {"spent": 1}, "$setOnInsert": {"expires_at": expires_at}}
    places = store[COLLECTION]
    for _ in range(2):
        try:
            await places.update_one({"_id": document_id, "spent": {"$lt": allowed}}, change, upsert=True)
        except DuplicateKeyError:  # full, or another process was the first at the same moment
            continue
        return True
    return False

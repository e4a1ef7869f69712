"""What was driven in each shift, measured from its track; for workers/drives.py, read by reports/distances.py."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.ids import ShiftId
from domain.shifts import Shift
from domain.tracks import Fix
from storage.driver import Document, DuplicateKeyError, IndexModel
from storage.positions import TRACK_POINTS, fix_of, shift_of
from storage.shifts import COLLECTION as SHIFTS
from storage.store import Store
from storage.times import stored_time

COLLECTION = "drives"
KEEP = timedelta(days=365)
MAX_BATCHES = 20_000
"""More than a shift can have."""
INDEXES = [
    IndexModel([("org_id", 1), ("owner_id", 1), ("date", 1), ("_id", 1)], name="by_owner_date"),
    IndexModel([("org_id", 1), ("team_id", 1), ("date", 1), ("_id", 1)], name="by_team_date"),
    IndexModel([("expires_at", 1)], name="ttl", expireAfterSeconds=0),
]


@dataclass(frozen=True, slots=True)
class ShiftTrack:
    """A shift with all its fixes, and the ids of the batches they came in."""

    shift: Shift
    document: Document
    fixes: list[Fix]
    batches: list[str]


async def list_unmeasured(store: Store, now: datetime, limit: int) -> list[ShiftId | None]:
    """Shifts with batches that have waited to be measured, the longest waiting first; None for batches of no shift."""
    query = {"measure_after": {"$lte": stored_time(now)}}
    found = await store[TRACK_POINTS].find(query, projection={"shift_id": 1}, order=[("measure_after", 1)], limit=limit)
    return list(dict.fromkeys(each.get("shift_id") for each in found))


async def find_shift_track(store: Store, shift_id: ShiftId | None) -> ShiftTrack | None:
    """All that was kept of a shift; None where there is no such shift."""
    document = await store[SHIFTS].find_one({"_id": shift_id})
    if document is None:
        return None
    found = await store[TRACK_POINTS].find({"shift_id": shift_id}, projection={"points": 1}, limit=MAX_BATCHES)
    fixes = [fix_of(point) for each in found for point in each["points"]]
    return ShiftTrack(shift_of(document), document, fixes, [each["_id"] for each in found])


async def save_drive(store: Store, drive: Document) -> None:
    """In the place of what was measured from fewer fixes; one measured from more stays."""
    guard = {"_id": drive["_id"], "reported": {"$lte": drive["reported"]}}
    values = {name: value for name, value in drive.items() if name != "_id"}
    try:
        await store[COLLECTION].update_one(guard, {"$set": values}, upsert=True)
    except DuplicateKeyError:
        return


async def mark_measured(store: Store, batches: Collection[str]) -> None:
    """They wait no longer."""
    await store[TRACK_POINTS].update_many({"_id": {"$in": list(batches)}}, {"$unset": {"measure_after": ""}})


async def forget_unmeasured(store: Store, shift_id: ShiftId | None) -> None:
    """Batches of a shift that is not there are never measured."""
    query = {"shift_id": shift_id, "measure_after": {"$exists": True}}
    await store[TRACK_POINTS].update_many(query, {"$unset": {"measure_after": ""}})

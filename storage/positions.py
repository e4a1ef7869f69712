"""Positions in the database: the latest of each person, the raw track of 60 days, and who looked at whom."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from domain.ids import OrgId, PersonId, new_id
from domain.positions import KEEP_TRACK, MAX_LATE, PhoneState, Position, TrackPoint
from domain.shifts import Shift
from storage.codec import decode, encode
from storage.driver import BulkWriteError, Document, IndexModel, UpdateOne
from storage.shifts import COLLECTION as SHIFTS
from storage.store import Store
from storage.times import stored_time

COLLECTION = "positions"
TRACK_POINTS = "track_points"
VIEWS = "location_views"
VIEWS_OF_MAP = "TEAM_MAP"
"""Why a position was shown."""
KEEP_VIEWS = timedelta(days=365)
MAX_SHIFTS = 50
"""More shifts than anybody can have in 72 hours."""
_DUPLICATE_KEY = 11_000

INDEXES = [IndexModel([("org_id", 1), ("owner_id", 1)], name="by_owner")]
TRACK_INDEXES = [
    IndexModel([("org_id", 1), ("owner_id", 1), ("from", 1)], name="by_owner_time"),
    IndexModel([("expires_at", 1)], name="ttl", expireAfterSeconds=0),
]
VIEW_INDEXES = [
    IndexModel([("org_id", 1), ("owner_id", 1), ("hour_at", -1), ("_id", -1)], name="by_subject_hour"),
    IndexModel([("expires_at", 1)], name="ttl", expireAfterSeconds=0),
]


async def list_shifts_around(store: Store, org_id: OrgId, owner_id: PersonId, now: datetime) -> list[Shift]:
    """The person's shifts in which a point that is not too old can lie."""
    since = stored_time(now - MAX_LATE - timedelta(days=2))
    query: Document = {"org_id": org_id, "owner_id": owner_id, "started_at": {"$gte": since}}
    found = await store[SHIFTS].find(query, order=[("started_at", -1)], limit=MAX_SHIFTS)
    return [shift_of(each) for each in found]


def shift_of(document: Document) -> Shift:
    """The domain's shift of a stored one."""
    return decode(Shift, {"person_id": document["owner_id"], **document})


async def find_latest_at(store: Store, owner_id: PersonId) -> datetime | None:
    """Naive UTC of the person's latest position."""
    found = await store[COLLECTION].find_one({"_id": owner_id}, {"at": 1})
    return None if found is None else found.get("at")


async def move_forward(store: Store, position: Position) -> bool:
    """Makes it the latest position unless a later one is known. Works inside and outside a transaction."""
    values = encode(position)
    del values["_id"]
    change = _replacing(values)
    if await store[COLLECTION].update_one({"_id": position.id, "at": {"$lt": values["at"]}}, change):
        return True
    # A document without `at` holds only what the phone told of itself.
    if await store[COLLECTION].update_one({"_id": position.id, "at": None}, change):
        return True
    if await store[COLLECTION].find_one({"_id": position.id}, {"_id": 1}) is not None:
        return False
    await store[COLLECTION].insert_one({"_id": position.id, **values})
    return True


def _replacing(values: Document) -> Document:
    optional = ("team_id", "speed_mps", "heading_deg", "battery_pct", "device_id")
    gone = {name: "" for name in optional if name not in values}
    return {"$set": values, "$unset": gone} if gone else {"$set": values}


async def insert_track(store: Store, position: Position, points: Sequence[TrackPoint]) -> None:
    """The raw points of one batch, of whom `position` is the last; they go after 60 days."""
    document: Document = {
        "_id": new_id("trk", position.received_at),
        "org_id": position.org_id,
        "owner_id": position.owner_id,
        "team_id": position.team_id,
        "device_id": position.device_id,
        "received_at": stored_time(position.received_at),
        "from": stored_time(points[0].at),
        "to": stored_time(points[-1].at),
        "expires_at": stored_time(points[-1].at + KEEP_TRACK),
        "points": [encode(each) for each in points],
    }
    await store[TRACK_POINTS].insert_one(document)


async def save_phone_state(store: Store, owner: Document, state: PhoneState, at: datetime) -> Document:
    """What the phone told last, by event time; `owner` holds _id, org_id, owner_id and team_id."""
    key, time = {"_id": owner["_id"]}, stored_time(at)
    told: Document = {"phone_state": state.value, "phone_state_at": time}
    known = await store[COLLECTION].find_one(key, {"phone_state": 1, "phone_state_at": 1})
    if known is None:
        await store[COLLECTION].insert_one({**owner, **told})
    elif known.get("phone_state_at") is not None and known["phone_state_at"] >= time:
        told = {name: known[name] for name in told}
    else:
        await store[COLLECTION].update_one(key, {"$set": told})
    return told


async def log_views(
    store: Store, org_id: OrgId, viewer_id: PersonId, subjects: Collection[PersonId], purpose: str, now: datetime
) -> None:
    """One row per viewer, subject, purpose and hour, in one round trip."""
    hour = stored_time(now.replace(minute=0, second=0, microsecond=0))
    updates = []
    for subject in subjects:
        row: Document = {
            "org_id": org_id,
            "owner_id": subject,
            "viewer_id": viewer_id,
            "purpose": purpose,
            "hour_at": hour,
            "expires_at": hour + KEEP_VIEWS,
        }
        key = {"_id": f"{subject}:{viewer_id}:{purpose}:{hour:%Y%m%d%H}"}
        updates.append(UpdateOne(key, {"$setOnInsert": row}, upsert=True))
    try:
        await store[VIEWS].bulk_update(updates)
    except BulkWriteError as error:
        # Two first looks in the same hour may race; then the row is there.
        if any(each.get("code") != _DUPLICATE_KEY for each in (error.details or {}).get("writeErrors", [{}])):
            raise

"""Positions in the database: the latest of each person, the raw track of 60 days, and who looked at whom."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta
from itertools import groupby

from domain.calendar import Span
from domain.ids import OrgId, PersonId, new_id
from domain.places import Point
from domain.positions import KEEP_TRACK, MAX_LATE, PhoneState, Position, TrackPoint
from domain.shifts import Shift
from domain.suspicion import TrackFix
from domain.tracks import Fix
from storage.codec import decode, encode
from storage.driver import BulkWriteError, Document, IndexModel
from storage.reads import Reads
from storage.shifts import COLLECTION as SHIFTS
from storage.store import Store
from storage.times import aware, stored_time

COLLECTION = "positions"
TRACK_POINTS = "track_points"
VIEWS = "location_views"
VIEWS_OF_MAP = "TEAM_MAP"
"""Why a position was shown."""
VIEWS_OF_TRACK = "TRACK"
VIEWS_OF_NEAREST = "NEAREST_REPS"
KEEP_VIEWS = timedelta(days=365)
MAX_SHIFTS = 50
"""More shifts than anybody can have in 72 hours."""
MAX_RECENT = 5_000
MAX_TRACK_DOCUMENTS = 10_000
"""A day and night of batches every ten seconds."""
MEASURED_AFTER = timedelta(minutes=10)
"""So long after it came, what was driven is measured with it: once for all that came meanwhile."""
_DUPLICATE_KEY = 11_000
_BATCHES_BEFORE = 3
"""Batches overlap where a phone sends late what it had kept."""

INDEXES = [
    IndexModel([("org_id", 1), ("owner_id", 1)], name="by_owner"),
    IndexModel([("org_id", 1), ("team_id", 1), ("at", -1), ("_id", -1)], name="by_team_time"),
    IndexModel([("wake_after", 1)], name="to_wake", sparse=True),
    IndexModel([("at", 1)], name="ttl", expireAfterSeconds=int(KEEP_TRACK.total_seconds())),
]
TRACK_INDEXES = [
    IndexModel([("org_id", 1), ("owner_id", 1), ("from", 1)], name="by_owner_time"),
    IndexModel([("shift_id", 1), ("from", 1)], name="by_shift"),
    IndexModel([("measure_after", 1)], name="unmeasured", sparse=True),
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


async def list_recent(reads: Reads, since: datetime) -> list[Document]:
    """Id and place of the latest positions in scope that are not older, 5,000 at the most."""
    # Above the millisecond before: the embedded server leaves out the bound itself where an index goes on behind it.
    where = {"at": {"$gt": stored_time(since) - timedelta(milliseconds=1)}}
    return await reads.list(COLLECTION, where, order="-at", limit=MAX_RECENT, projection={"location": 1})


async def find_latest_at(store: Store, owner_id: PersonId) -> datetime | None:
    """Naive UTC of the person's latest position."""
    found = await store[COLLECTION].find_one({"_id": owner_id}, {"at": 1})
    return None if found is None else found.get("at")


async def find_fix_before(store: Store, org_id: OrgId, owner_id: PersonId, at: datetime) -> TrackFix | None:
    """The person's last point up to `at`: the latest known where that is not later, else one of the track's."""
    latest = await store[COLLECTION].find_one({"_id": owner_id}, {"at": 1, "location": 1, "accuracy_m": 1})
    if latest is None or latest.get("at") is None:
        return None
    if latest["at"] <= stored_time(at):
        return _fix(latest)
    query: Document = {"org_id": org_id, "owner_id": owner_id, "from": {"$lte": stored_time(at)}}
    batches = await store[TRACK_POINTS].find(query, order=[("from", -1)], limit=_BATCHES_BEFORE)
    points = [each for batch in batches for each in batch["points"] if each["at"] <= stored_time(at)]
    return _fix(max(points, key=lambda each: each["at"])) if points else None


def _fix(point: Document) -> TrackFix:
    longitude, latitude = point["location"]["coordinates"]
    return TrackFix(point["at"].replace(tzinfo=UTC), Point(latitude, longitude), point["accuracy_m"])


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
    optional = ("woken_at", "team_id", "speed_mps", "heading_deg", "battery_pct", "device_id")
    gone = {name: "" for name in optional if name not in values}
    return {"$set": values, "$unset": gone} if gone else {"$set": values}


async def forget_latest(store: Store, owner_id: PersonId, received_until: datetime | None = None) -> None:
    """Takes the person off the map, or what came until then; what the phone told of itself stays."""
    about = ("location", "at", "accuracy_m", "received_at", "speed_mps", "heading_deg", "battery_pct", "device_id")
    gone = (*about, "wake_after", "woken_at")
    which: Document = {"_id": owner_id}
    if received_until is not None:
        which["received_at"] = {"$lte": stored_time(received_until)}
    await store[COLLECTION].update_one(which, {"$unset": dict.fromkeys(gone, "")})


async def insert_track(store: Store, position: Position, points: Sequence[TrackPoint]) -> None:
    """The raw points of one batch, of whom `position` is the last; they go after 60 days.

    One document for each shift and hour, so that a time is looked for within an hour of where a document begins.
    """
    documents: list[Document] = []
    for (shift_id, _), group in groupby(points, key=_shift_and_hour):
        found = list(group)
        documents.append(
            {
                "_id": new_id("trk", position.received_at),
                "org_id": position.org_id,
                "owner_id": position.owner_id,
                "team_id": position.team_id,
                "shift_id": shift_id,
                "device_id": position.device_id,
                "received_at": stored_time(position.received_at),
                "measure_after": stored_time(position.received_at + MEASURED_AFTER),
                "from": stored_time(found[0].at),
                "to": stored_time(found[-1].at),
                "expires_at": stored_time(found[-1].at + KEEP_TRACK),
                "points": [_encoded(each) for each in found],
            }
        )
    await store[TRACK_POINTS].insert_many(documents)


def _shift_and_hour(point: TrackPoint) -> tuple[str, datetime]:
    return point.shift_id, point.at.replace(minute=0, second=0, microsecond=0)


def _encoded(point: TrackPoint) -> Document:
    document = encode(point)
    del document["shift_id"]
    return document


async def list_track(reads: Reads, owner_id: PersonId, span: Span) -> list[Fix]:
    """What was kept of a time, in no order and with repeats; only what was reported under a team in scope."""
    between = {"$gte": stored_time(span[0] - timedelta(hours=1)), "$lt": stored_time(span[1])}
    where: Document = {"owner_id": owner_id, "from": between}
    found = await reads.list(TRACK_POINTS, where, order="from", limit=MAX_TRACK_DOCUMENTS, projection={"points": 1})
    fixes = (fix_of(point) for document in found for point in document["points"])
    return [each for each in fixes if span[0] <= each.at < span[1]]


def fix_of(point: Document) -> Fix:
    """A stored point of a track; by hand, since a day has tens of thousands."""
    longitude, latitude = point["location"]["coordinates"]
    return Fix(aware(point["at"]), Point(latitude, longitude), point["accuracy_m"], point.get("speed_mps"))


async def save_phone_state(store: Store, owner: Document, state: PhoneState, at: datetime) -> Document:
    """What the phone told last, by event time; `owner` holds _id, org_id, owner_id and team_id."""
    key, time = {"_id": owner["_id"]}, stored_time(at)
    told: Document = {"phone_state": state.value, "phone_state_at": time}
    known = await store[COLLECTION].find_one(key, {"phone_state": 1, "phone_state_at": 1})
    if known is None:
        await store[COLLECTION].insert_one({**owner, **told})
    elif known.get("phone_state_at") is not None and known["phone_state_at"] >= time:
        told = {name: known[name] for name in told}
        await note_sign_of_life(store, owner["_id"])
    else:
        await store[COLLECTION].update_one(key, {"$set": told, "$unset": {"woken_at": ""}})
    return told


async def note_sign_of_life(store: Store, owner_id: PersonId) -> None:
    """The phone has answered, whatever it said."""
    await store[COLLECTION].update_one({"_id": owner_id, "woken_at": {"$exists": True}}, {"$unset": {"woken_at": ""}})


async def list_to_wake(store: Store, now: datetime, limit: int) -> list[Document]:
    """Latest positions whose phones have been silent for so long that they are to be asked, the longest first."""
    query = {"wake_after": {"$lte": stored_time(now)}}
    return await store[COLLECTION].find(query, order=[("wake_after", 1)], limit=limit)


async def save_wake_up(store: Store, position: Document, woken_at: datetime | None, again_at: datetime | None) -> bool:
    """Since when the phone has been asked, and when to look again; False where it was heard of since it was read."""
    guard = {"_id": position["_id"], "wake_after": position["wake_after"], "at": position.get("at")}
    values = {"woken_at": stored_time(woken_at), "wake_after": stored_time(again_at)}
    kept = {name: value for name, value in values.items() if value is not None}
    gone = {name: "" for name, value in values.items() if value is None}
    change = {step: names for step, names in (("$set", kept), ("$unset", gone)) if names}
    return bool(await store[COLLECTION].update_one(guard, change))


async def log_views(
    store: Store, org_id: OrgId, viewer_id: PersonId, subjects: Collection[PersonId], purpose: str, now: datetime
) -> None:
    """One row per viewer, subject, purpose and hour, in one round trip. Not to be called in a transaction."""
    hour = stored_time(now.replace(minute=0, second=0, microsecond=0))
    rows: list[Document] = [
        {
            "_id": f"{subject}:{viewer_id}:{purpose}:{hour:%Y%m%d%H}",
            "org_id": org_id,
            "owner_id": subject,
            "viewer_id": viewer_id,
            "purpose": purpose,
            "hour_at": hour,
            "expires_at": hour + KEEP_VIEWS,
        }
        for subject in subjects
    ]
    try:
        # A third of the cost of upserts: most looks of an hour are the first or known to be logged.
        await store[VIEWS].insert_many(rows, ordered=False)
    except BulkWriteError as error:
        told = error.details or {}
        # Rows that are there already are what is wanted.
        known = all(each.get("code") == _DUPLICATE_KEY for each in told.get("writeErrors", ()))
        if not known or told.get("writeConcernErrors"):
            raise

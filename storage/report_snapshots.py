"""Snapshots of the cockpit's reports: one document for each report, day and team, and one for each day that stands.

Written by workers/reports.py, read under a Scope by resolvers/report_snapshots.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from domain.ids import OrgId, TeamId
from storage.codec import encode
from storage.driver import Document, DuplicateKeyError, IndexModel
from storage.store import Store

COLLECTION = "report_snapshots"
DAYS = "report_days"
MAX_OF_DAY = 100_000
INDEXES = [
    IndexModel([("org_id", 1), ("team_id", 1), ("key", 1), ("day", 1), ("_id", 1)], name="by_team_key_day"),
    IndexModel([("org_id", 1), ("key", 1), ("day", 1), ("_id", 1)], name="by_key_day"),
    IndexModel([("org_id", 1), ("day", 1), ("_id", 1)], name="by_day"),
    IndexModel([("expires_at", 1)], name="ttl", expireAfterSeconds=0),
]
DAY_INDEXES = [IndexModel([("org_id", 1), ("day", -1), ("_id", -1)], name="by_day")]


@dataclass(frozen=True, slots=True)
class SnapshotRow:
    """One line: its labels by dimension and its sums by measure."""

    labels: dict[str, str]
    values: dict[str, float]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A report of one team and day. `revision` grows where late evidence made another content of it."""

    id: str
    org_id: OrgId
    team_id: TeamId
    key: str
    day: str
    digest: str
    rows: tuple[SnapshotRow, ...]
    counted_at: datetime
    revision: int = 1
    expires_at: datetime | None = None
    """When what is made of positions goes, as the positions' distances do."""


def snapshot_id(org_id: OrgId, key: str, day: str, team_id: TeamId) -> str:
    """The only id it can have."""
    return f"{org_id}:{day}:{key}:{team_id}"


async def list_digests(store: Store, org_id: OrgId, day: str) -> dict[str, tuple[str, int]]:
    """Digest and revision of what is kept of the day, by id."""
    wanted = {"digest": 1, "revision": 1}
    found = await store[COLLECTION].find({"org_id": org_id, "day": day}, projection=wanted, limit=MAX_OF_DAY)
    return {each["_id"]: (each["digest"], each["revision"]) for each in found}


async def list_snapshots(store: Store, org_id: OrgId, key: str, since: date, until: date) -> list[Document]:
    """The report of all teams on the days from `since` to `until`, both included: for the server's own work."""
    # Strictly between: the embedded server leaves out an included bound where an index goes on behind it.
    one = timedelta(days=1)
    between = {"$gt": (since - one).isoformat(), "$lt": (until + one).isoformat()}
    query: Document = {"org_id": org_id, "key": key, "day": between}
    return await store[COLLECTION].find(query, order=[("day", 1), ("_id", 1)], limit=MAX_OF_DAY)


async def put_snapshot(store: Store, snapshot: Snapshot) -> bool:
    """Inserts revision 1 or replaces the revision before; False where another worker came first."""
    document = encode(snapshot)
    if snapshot.revision > 1:
        guard = {"_id": snapshot.id, "revision": snapshot.revision - 1}
        return await store[COLLECTION].replace_one(guard, document) == 1
    try:
        await store[COLLECTION].insert_one(document)
    except DuplicateKeyError:
        return False
    return True


async def find_latest_day(store: Store, org_id: OrgId) -> str | None:
    """The latest day that stands."""
    found = await store[DAYS].find({"org_id": org_id}, order=[("day", -1), ("_id", -1)], limit=1, projection={"day": 1})
    return found[0]["day"] if found else None


async def put_day(store: Store, org_id: OrgId, day: str, as_of: datetime, counted_at: datetime) -> None:
    """The day stands; counted again it keeps its place."""
    document: Document = {"as_of": as_of, "counted_at": counted_at, "org_id": org_id, "day": day}
    await store[DAYS].update_one({"_id": f"{org_id}:{day}"}, {"$set": document}, upsert=True)


async def list_standing_days(store: Store, org_id: OrgId, since: str, until: str) -> Sequence[Document]:
    """Which days from `since` to `until`, both included, stand; first to last."""
    ids = {"_id": {"$gte": f"{org_id}:{since}", "$lte": f"{org_id}:{until}"}}
    return await store[DAYS].find(ids, order=[("_id", 1)], limit=400)

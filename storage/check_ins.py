"""Check-ins in the database: evidence never changes, what is made of it may; used by resolvers/check_ins.py.

What lies beside a check-in is read as sightings: the few paths that other evidence is judged by.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from domain.access import Scope
from domain.calendar import Span
from domain.check_ins import CheckIn
from domain.evidence import Provider
from domain.geofence import Verdict
from domain.ids import CheckInId, OrgId, PersonId, SiteId, VisitId
from domain.places import Point
from domain.suspicion import Sighting
from storage.codec import decode, encode
from storage.driver import Document, IndexModel
from storage.reads import Reads
from storage.store import Store
from storage.times import stored_time

COLLECTION = "check_ins"
RECENT = 20
"""Enough to find the last believed fix and the last accuracies of a rep."""
MAX_NEIGHBOURS = 1_000
KEEP_S = 365 * 86_400
"""Of evidence, from when it came; what it led to stays in the visit."""
INDEXES = [
    IndexModel([("org_id", 1), ("owner_id", 1), ("event_at", -1), ("_id", -1)], name="by_owner_time"),
    IndexModel([("org_id", 1), ("team_id", 1), ("event_at", -1), ("_id", -1)], name="by_team_time"),
    IndexModel([("org_id", 1), ("team_id", 1), ("review", 1), ("event_at", -1), ("_id", -1)], name="by_team_review"),
    IndexModel([("visit_id", 1), ("event_at", -1), ("_id", -1)], name="by_visit"),
    IndexModel([("account_id", 1), ("event_at", -1), ("_id", -1)], name="by_account"),
    IndexModel([("site_id", 1), ("event_at", -1), ("_id", -1)], name="by_site"),
    IndexModel([("org_id", 1), ("owner_id", 1), ("spot", 1), ("event_at", -1)], name="by_spot"),
    IndexModel([("org_id", 1), ("device_id", 1), ("event_at", -1)], name="by_device"),
    IndexModel([("org_id", 1), ("photo_hash", 1)], name="by_photo"),
    IndexModel(
        [("org_id", 1), ("code_use", 1)],
        name="one_use_of_a_code",
        unique=True,
        partialFilterExpression={"code_use": {"$type": "string"}},
    ),
    IndexModel([("received_at", 1)], name="ttl", expireAfterSeconds=KEEP_S),
]
_SEEN = dict.fromkeys(
    (
        *("owner_id", "event_at", "point", "uncertainty_m", "device_id", "site_id"),
        *("review", "verdict", "code_use", "evidence.provider"),
    ),
    1,
)


async def find_check_in(store: Store, scope: Scope, check_in_id: str) -> CheckIn | None:
    """The check-in in scope."""
    found = await Reads(store, scope).find(COLLECTION, check_in_id)
    return None if found is None else decode(CheckIn, found)


async def load_check_ins(store: Store, check_in_ids: Sequence[str]) -> list[CheckIn]:
    """The check-ins, for the server's own work on them."""
    query = {"_id": {"$in": list(check_in_ids)}}
    found = await store[COLLECTION].find(query, limit=MAX_NEIGHBOURS) if check_in_ids else []
    return [decode(CheckIn, each) for each in found]


async def list_recent(store: Store, org_id: OrgId, owner_id: PersonId) -> list[Sighting]:
    """The rep's latest by event time, 20 at the most."""
    query = {"org_id": org_id, "owner_id": owner_id}
    order = [("event_at", -1), ("_id", -1)]
    return [
        _sighting(each) for each in await store[COLLECTION].find(query, order=order, limit=RECENT, projection=_SEEN)
    ]


async def list_own(
    store: Store, org_id: OrgId, owner_id: PersonId, since: datetime, until: datetime | None = None
) -> list[CheckIn]:
    """The rep's check-ins from `since` on, first to last."""
    between = {"$gte": stored_time(since)} | ({} if until is None else {"$lt": stored_time(until)})
    query: Document = {"org_id": org_id, "owner_id": owner_id, "event_at": between}
    found = await store[COLLECTION].find(query, order=[("event_at", -1), ("_id", -1)], limit=MAX_NEIGHBOURS)
    return [decode(CheckIn, each) for each in reversed(found)]


async def list_of_visit(store: Store, visit_id: VisitId) -> list[CheckIn]:
    """All evidence of a visit, first to last."""
    found = await store[COLLECTION].find({"visit_id": visit_id}, order=[("event_at", -1), ("_id", -1)], limit=RECENT)
    return [decode(CheckIn, each) for each in reversed(found)]


async def list_same_spot(
    store: Store, org_id: OrgId, owner_id: PersonId, spot: str, at: datetime, within: timedelta
) -> list[Sighting]:
    """The rep's latest at exactly this position, within the window before `at`."""
    between = {"$gte": stored_time(at - within), "$lte": stored_time(at)}
    query: Document = {"org_id": org_id, "owner_id": owner_id, "spot": spot, "event_at": between}
    found = await store[COLLECTION].find(query, order=[("event_at", -1)], limit=RECENT, projection=_SEEN)
    return [_sighting(each) for each in found]


async def list_on_device(store: Store, org_id: OrgId, device_id: str, day: Span) -> list[Sighting]:
    """What anybody sent from the phone on that day."""
    between = {"$gte": stored_time(day[0]), "$lt": stored_time(day[1])}
    query: Document = {"org_id": org_id, "device_id": device_id, "event_at": between}
    found = await store[COLLECTION].find(query, order=[("event_at", -1)], limit=MAX_NEIGHBOURS, projection=_SEEN)
    return [_sighting(each) for each in found]


async def is_photo_used(store: Store, org_id: OrgId, photo_hash: str, but_for: str) -> bool:
    """Whether the photo came with another check-in of anybody."""
    query = {"org_id": org_id, "photo_hash": photo_hash}
    found = await store[COLLECTION].find(query, limit=2, projection={"_id": 1})
    return any(each["_id"] != but_for for each in found)


async def insert_check_in(store: Store, check_in: CheckIn) -> Document:
    """Raises DuplicateKeyError where the id is taken or its code was used by the same person."""
    document = encode(check_in)
    await store[COLLECTION].insert_one(document)
    return document


async def save_check_in(store: Store, check_in: CheckIn) -> Document | None:
    """Saves version n over version n - 1; None where another write came first."""
    document = encode(check_in)
    if check_in.version == 2:
        # Check-ins of before they could change have no version.
        guard: Document = {"_id": check_in.id, "version": {"$in": [1, None]}}
    else:
        guard = {"_id": check_in.id, "version": check_in.version - 1}
    return document if await store[COLLECTION].replace_one(guard, document) else None


def _sighting(document: Document) -> Sighting:
    longitude, latitude = document["point"]["coordinates"]
    by_code = "code_use" in document and document["evidence"]["provider"] == Provider.QR
    return Sighting(
        id=CheckInId(document["_id"]),
        owner_id=PersonId(document["owner_id"]),
        at=document["event_at"].replace(tzinfo=UTC),
        point=Point(latitude, longitude),
        accuracy_m=document["uncertainty_m"],
        device_id=document.get("device_id"),
        site_id=SiteId(document["site_id"]),
        counts=not document["review"] and document["verdict"] != Verdict.REJECTED_MOCK,
        measured=not by_code,
    )

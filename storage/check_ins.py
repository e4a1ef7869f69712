"""Check-ins in the database: evidence is written once and never changed; used by resolvers/check_ins.py."""

from __future__ import annotations

from domain.access import Scope
from domain.check_ins import CheckIn
from storage.codec import decode, encode
from storage.driver import Document, IndexModel
from storage.reads import Reads
from storage.store import Store

COLLECTION = "check_ins"
INDEXES = [
    IndexModel([("org_id", 1), ("owner_id", 1), ("event_at", -1), ("_id", -1)], name="by_owner_time"),
    IndexModel([("org_id", 1), ("team_id", 1), ("event_at", -1), ("_id", -1)], name="by_team_time"),
    IndexModel([("visit_id", 1), ("event_at", -1), ("_id", -1)], name="by_visit"),
    IndexModel([("account_id", 1), ("event_at", -1), ("_id", -1)], name="by_account"),
    IndexModel([("site_id", 1), ("event_at", -1), ("_id", -1)], name="by_site"),
]


async def find_check_in(store: Store, scope: Scope, check_in_id: str) -> CheckIn | None:
    """The check-in in scope."""
    found = await Reads(store, scope).find(COLLECTION, check_in_id)
    return None if found is None else decode(CheckIn, found)


async def insert_check_in(store: Store, check_in: CheckIn) -> Document:
    """Raises DuplicateKeyError where the id is taken."""
    document = encode(check_in)
    await store[COLLECTION].insert_one(document)
    return document

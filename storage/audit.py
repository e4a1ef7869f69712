"""The audit trail in the database: entries are added and, after three years, removed by the server; never changed."""

from __future__ import annotations

from domain.audit import KEEP, AuditEntry
from storage.codec import encode
from storage.driver import IndexModel
from storage.store import Store
from storage.times import stored_time

COLLECTION = "audit_entries"
INDEXES = [
    IndexModel([("org_id", 1), ("at", -1), ("_id", -1)], name="by_time"),
    IndexModel([("org_id", 1), ("action", 1), ("at", -1), ("_id", -1)], name="by_action"),
    IndexModel([("org_id", 1), ("actor_id", 1), ("at", -1), ("_id", -1)], name="by_actor"),
    IndexModel([("org_id", 1), ("record_id", 1), ("at", -1), ("_id", -1)], name="by_record"),
    IndexModel([("expires_at", 1)], name="ttl", expireAfterSeconds=0),
]


async def insert_entry(store: Store, entry: AuditEntry) -> None:
    """Adds an entry, in the transaction of what it tells about."""
    await store[COLLECTION].insert_one({**encode(entry), "expires_at": stored_time(entry.at + KEEP)})

"""Must-do items done and insights gained, in the database: written once, found by person and week."""

from __future__ import annotations

from collections.abc import Sequence

from domain.ids import OrgId, PersonId
from domain.norm_entries import NormEntry
from domain.weeks import Week
from storage.codec import decode, encode
from storage.driver import Document, IndexModel
from storage.store import Store

COLLECTION = "norm_entries"
MAX_OF_WEEK = 2_000
"""More than anybody records in a week."""
INDEXES = [
    IndexModel([("org_id", 1), ("owner_id", 1), ("week", 1), ("_id", 1)], name="by_owner_week"),
    IndexModel([("org_id", 1), ("team_id", 1), ("week", 1), ("_id", 1)], name="by_team_week"),
    IndexModel([("visit_id", 1), ("occurred_at", 1), ("_id", 1)], name="by_visit"),
    IndexModel([("account_id", 1), ("occurred_at", -1), ("_id", -1)], name="by_account"),
]


async def load_entry(store: Store, entry_id: str) -> NormEntry | None:
    """The entry of that id, of whatever organization: to see whether an id is taken."""
    found = await store[COLLECTION].find_one({"_id": entry_id})
    return None if found is None else decode(NormEntry, found)


async def list_of_week(store: Store, org_id: OrgId, owner_id: PersonId, week: Week) -> list[NormEntry]:
    """What the person did of the norms in that week."""
    query: Document = {"org_id": org_id, "owner_id": owner_id, "week": str(week)}
    return [decode(NormEntry, each) for each in await store[COLLECTION].find(query, limit=MAX_OF_WEEK)]


async def insert_entries(store: Store, entries: Sequence[NormEntry]) -> list[Document]:
    """Raises DuplicateKeyError where an id is taken."""
    documents = [encode(each) for each in entries]
    for document in documents:
        await store[COLLECTION].insert_one(document)
    return documents

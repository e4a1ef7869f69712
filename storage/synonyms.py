"""The table of synonyms of each organization; used by resolvers/synonyms.py and resolvers/articles.py."""

from __future__ import annotations

from domain.ids import OrgId
from domain.synonyms import SynonymTable
from storage.codec import decode, encode
from storage.driver import Document, IndexModel
from storage.store import Store

COLLECTION = "synonyms"
INDEXES = [IndexModel([("org_id", 1)], name="by_organization")]


async def find_synonyms(store: Store, org_id: OrgId) -> SynonymTable:
    """The organization's table; an empty one, version 0, until it has its own."""
    found = await store[COLLECTION].find_one({"_id": org_id})
    return SynonymTable(org_id, org_id) if found is None else decode(SynonymTable, found)


async def known_groups(store: Store, org_id: OrgId) -> tuple[tuple[str, ...], ...]:
    """The groups of the table, from the process where it knows them: every search asks."""
    found = (await store.whole(COLLECTION, [org_id])).get(org_id)
    return () if found is None else tuple(tuple(group) for group in found.get("groups", ()))


async def save_synonyms(store: Store, table: SynonymTable) -> Document | None:
    """Saves version n over version n - 1, None where beaten. Raises DuplicateKeyError where two save the first."""
    document = encode(table)
    if table.version == 1:
        await store[COLLECTION].insert_one(document)
        return document
    guard = {"_id": table.id, "version": table.version - 1}
    return document if await store[COLLECTION].replace_one(guard, document) else None

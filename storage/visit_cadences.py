"""Visit cadences in the database: the current ones of each organization, and every version beside them."""

from __future__ import annotations

from domain.ids import OrgId
from domain.visit_cadences import VisitCadences
from storage.codec import decode, encode
from storage.driver import Document, IndexModel
from storage.store import Store

COLLECTION = "visit_cadences"
VERSIONS = "visit_cadence_versions"
INDEXES = [IndexModel([("org_id", 1), ("version", -1)], name="by_version")]
"""Requests find cadences by `_id`; this is for whoever looks at the history."""


async def find_cadences(store: Store, org_id: OrgId) -> VisitCadences:
    """The current ones; those every organization begins with until it saves its own."""
    found = await store[COLLECTION].find_one({"_id": org_id})
    return VisitCadences(org_id, org_id) if found is None else decode(VisitCadences, found)


async def save_cadences(store: Store, cadences: VisitCadences) -> Document | None:
    """Saves version n over version n - 1 and keeps a copy; None where another write came first.

    Raises DuplicateKeyError where two save the first one.
    """
    document = encode(cadences)
    if cadences.version == 1:
        await store[COLLECTION].insert_one(document)
    elif not await store[COLLECTION].replace_one({"_id": cadences.id, "version": cadences.version - 1}, document):
        return None
    await store[VERSIONS].insert_one({**document, "_id": f"{cadences.org_id}:{cadences.version}"})
    return document

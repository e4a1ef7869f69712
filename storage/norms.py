"""Behaviour norms in the database: the current ones of each organization, and every version beside them."""

from __future__ import annotations

from domain.ids import OrgId
from domain.norms import Norms
from storage.codec import decode, encode
from storage.driver import Document, IndexModel
from storage.store import Store

COLLECTION = "behaviour_norms"
VERSIONS = "behaviour_norm_versions"
INDEXES = [IndexModel([("org_id", 1), ("version", -1)], name="by_version")]
"""Requests find norms by `_id`; this is for whoever looks at the history."""


async def find_norms(store: Store, org_id: OrgId) -> Norms:
    """The current norms; those every organization begins with until it saves its own."""
    found = await store[COLLECTION].find_one({"_id": org_id})
    return Norms(org_id, org_id) if found is None else decode(Norms, found)


async def save_norms(store: Store, norms: Norms) -> Document | None:
    """Saves version n over version n - 1 and keeps a copy; None where another write came first.

    Raises DuplicateKeyError where two save the first one.
    """
    document = encode(norms)
    if norms.version == 1:
        await store[COLLECTION].insert_one(document)
    elif not await store[COLLECTION].replace_one({"_id": norms.id, "version": norms.version - 1}, document):
        return None
    await store[VERSIONS].insert_one({**document, "_id": f"{norms.org_id}:{norms.version}"})
    return document

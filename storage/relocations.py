"""Proposals to move a site's pin in the database; used by resolvers/relocations.py."""

from __future__ import annotations

from domain.access import Scope
from domain.relocations import RelocationState, SiteRelocation
from storage.codec import decode, encode
from storage.driver import Document, IndexModel
from storage.reads import Reads
from storage.store import Store

COLLECTION = "site_relocations"
INDEXES = [
    IndexModel([("org_id", 1), ("team_id", 1), ("_id", -1)], name="by_team"),
    IndexModel([("org_id", 1), ("owner_id", 1), ("_id", -1)], name="by_proposer"),
    IndexModel([("site_id", 1), ("_id", -1)], name="by_site"),
]


async def find_relocation(store: Store, scope: Scope, relocation_id: str) -> SiteRelocation | None:
    """The proposal in scope."""
    found = await Reads(store, scope).find(COLLECTION, relocation_id)
    return None if found is None else decode(SiteRelocation, found)


async def insert_relocation(store: Store, relocation: SiteRelocation) -> Document:
    """A new proposal."""
    document = encode(relocation)
    await store[COLLECTION].insert_one(document)
    return document


async def save_decision(store: Store, relocation: SiteRelocation) -> Document | None:
    """Saves a decision over a proposal; None where somebody else decided first."""
    document = encode(relocation)
    guard = {"_id": relocation.id, "state": RelocationState.PROPOSED.value}
    return document if await store[COLLECTION].replace_one(guard, document) else None

"""Sites in the database: the codec, the guarded save and the sites around a point; used by resolvers/sites.py."""

from __future__ import annotations

from collections.abc import Sequence

from domain.access import Scope
from domain.accounts import Account
from domain.sites import Site
from storage.codec import decode, encode
from storage.driver import Document, IndexModel
from storage.reach import scope_filter
from storage.reads import Reads
from storage.store import Store

COLLECTION = "sites"
MAX_NEARBY = 500
INDEXES = [
    IndexModel([("org_id", 1), ("team_id", 1), ("name", 1), ("_id", 1)], name="by_team_name"),
    IndexModel([("account_id", 1), ("name", 1), ("_id", 1)], name="by_account"),
    IndexModel([("org_id", 1), ("cell", 1)], name="by_cell"),
    IndexModel(
        [("org_id", 1), ("external_id", 1)],
        name="unique_external_id",
        unique=True,
        partialFilterExpression={"external_id": {"$type": "string"}},
    ),
]


async def find_site(store: Store, scope: Scope, site_id: str) -> Site | None:
    """The site in scope."""
    found = await Reads(store, scope).find(COLLECTION, site_id)
    return None if found is None else decode(Site, found)


async def list_sites_in_cells(store: Store, scope: Scope, cells: Sequence[str]) -> list[Document]:
    """Sites in scope in these squares, 500 at the most."""
    query = {**scope_filter(COLLECTION, scope), "cell": {"$in": list(cells)}}
    return await store[COLLECTION].find(query, limit=MAX_NEARBY)


async def insert_site(store: Store, site: Site) -> Document:
    """Raises DuplicateKeyError where the id or external id is taken."""
    document = encode(site)
    await store[COLLECTION].insert_one(document)
    return document


async def save_site(store: Store, site: Site) -> Document | None:
    """Saves version n over version n - 1; None where another write came first."""
    document = encode(site)
    guard = {"_id": site.id, "version": site.version - 1}
    return document if await store[COLLECTION].replace_one(guard, document) else None


async def follow_account(store: Store, account: Account) -> None:
    """Gives the account's sites its tier, owner and team; to be called in the transaction that changed them."""
    held = {"tier": account.tier.value, "owner_id": account.owner_id, "team_id": account.team_id}
    await store[COLLECTION].update_many({"account_id": account.id}, {"$set": held})

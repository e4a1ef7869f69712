"""Accounts in the database: the codec between the domain's value and the document, and the guarded save."""

from __future__ import annotations

from domain.access import Scope
from domain.accounts import Account
from storage.codec import decode, encode
from storage.driver import Document, IndexModel
from storage.reads import Reads
from storage.store import Store

COLLECTION = "accounts"
INDEXES = [
    IndexModel([("org_id", 1), ("team_id", 1), ("name", 1), ("_id", 1)], name="by_team_name"),
    IndexModel([("org_id", 1), ("owner_id", 1), ("_id", 1)], name="by_owner"),
    IndexModel(
        [("org_id", 1), ("external_id", 1)],
        name="unique_external_id",
        unique=True,
        partialFilterExpression={"external_id": {"$type": "string"}},
    ),
]


async def find_account(store: Store, scope: Scope, account_id: str) -> Account | None:
    """The account in scope."""
    found = await Reads(store, scope).find(COLLECTION, account_id)
    return None if found is None else decode(Account, found)


async def insert_account(store: Store, account: Account) -> Document:
    """Raises DuplicateKeyError where the id or external id is taken."""
    document = encode(account)
    await store[COLLECTION].insert_one(document)
    return document


async def save_account(store: Store, account: Account) -> Document | None:
    """Saves version n over version n - 1; None where another write came first."""
    document = encode(account)
    guard = {"_id": account.id, "version": account.version - 1}
    return document if await store[COLLECTION].replace_one(guard, document) else None

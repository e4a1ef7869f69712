"""Contacts in the database; used by resolvers/contacts.py, lead conversion and the importer."""

from __future__ import annotations

from domain.access import Scope
from domain.contacts import Contact
from storage.codec import decode, encode
from storage.driver import Document, IndexModel
from storage.reads import Reads
from storage.store import Store

COLLECTION = "contacts"
INDEXES = [
    IndexModel([("org_id", 1), ("team_id", 1), ("name", 1), ("_id", 1)], name="by_team_name"),
    IndexModel([("account_id", 1), ("name", 1), ("_id", 1)], name="by_account"),
    IndexModel([("account_id", 1), ("created_at", -1), ("_id", -1)], name="by_account_time"),
]


async def find_contact(store: Store, scope: Scope, contact_id: str) -> Contact | None:
    """The contact in scope."""
    found = await Reads(store, scope).find(COLLECTION, contact_id)
    return None if found is None else decode(Contact, found)


async def insert_contact(store: Store, contact: Contact) -> Document:
    """Raises DuplicateKeyError where the id is taken."""
    document = encode(contact)
    await store[COLLECTION].insert_one(document)
    return document


async def save_contact(store: Store, contact: Contact) -> Document | None:
    """Saves version n over version n - 1; None where another write came first."""
    document = encode(contact)
    guard = {"_id": contact.id, "version": contact.version - 1}
    return document if await store[COLLECTION].replace_one(guard, document) else None

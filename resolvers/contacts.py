"""Creating and changing contacts of an account: load, decide, save. Called by schema/contacts.py."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from domain.access import Capability
from domain.contacts import Contact, problem_with, revise
from domain.ids import ContactId, is_id, new_id
from domain.refusals import InvalidInput, NotFound, Refusal, VersionConflict
from resolvers.context import Context
from resolvers.once import Outcome, Saved, once
from storage.accounts import find_account
from storage.contacts import COLLECTION, find_contact, insert_contact, save_contact
from storage.driver import Document
from storage.store import Store


@dataclass(frozen=True, slots=True)
class NewContact:
    """What a caller says about a new contact."""

    account_id: str
    name: str
    id: str | None = None
    title: str | None = None
    phone: str | None = None
    email: str | None = None
    note: str | None = None


async def create_contact(context: Context, client_key: str, given: NewContact) -> Document | Refusal:
    """The new contact of an account the caller sees. Raises Forbidden."""
    actor = context.require(Capability.EDIT_CUSTOMERS)

    async def act(store: Store) -> Outcome:
        if given.id is not None and not is_id("con", given.id):
            return InvalidInput("id", "must be con_ and a ULID or UUID")
        described = {name: getattr(given, name) for name in ("name", "title", "phone", "email", "note")}
        problem = problem_with(described)
        if problem is not None:
            return problem
        account = await find_account(store, actor.scope, given.account_id)
        if account is None:
            return NotFound(given.account_id)
        contact = Contact(
            id=ContactId(given.id or new_id("con", context.now)),
            org_id=actor.org_id,
            account_id=account.id,
            owner_id=account.owner_id,
            team_id=account.team_id,
            created_at=context.now,
            updated_at=context.now,
            **described,
        )
        return Saved(COLLECTION, await insert_contact(store, contact))

    return await once(context, "createContact", client_key, given, act)


async def update_contact(
    context: Context, client_key: str, contact_id: str, changes: Mapping[str, Any], expected_version: int | None
) -> Document | Refusal:
    """The changed contact. Raises Forbidden."""
    actor = context.require(Capability.EDIT_CUSTOMERS)

    async def act(store: Store) -> Outcome:
        contact = await find_contact(store, actor.scope, contact_id)
        if contact is None:
            return NotFound(contact_id)
        revised = revise(contact, changes, expected_version, context.now)
        if isinstance(revised, Refusal):
            return revised
        saved = await save_contact(store, revised)
        return Saved(COLLECTION, saved) if saved is not None else VersionConflict(contact_id, contact.version)

    given = {"id": contact_id, "changes": dict(changes), "expected_version": expected_version}
    return await once(context, "updateContact", client_key, given, act)

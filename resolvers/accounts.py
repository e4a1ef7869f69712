"""Creating and changing accounts: load, decide, save. Called by schema/accounts.py and the importer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from domain.access import Capability
from domain.accounts import EDITABLE, Account, Tier, problem_with, revise
from domain.ids import AccountId, PersonId, TeamId, is_id, new_id
from domain.refusals import InvalidInput, NotFound, Refusal, VersionConflict
from resolvers.context import Context
from resolvers.once import Outcome, Saved, once
from storage.accounts import COLLECTION, find_account, insert_account, save_account
from storage.driver import Document
from storage.sites import follow_account
from storage.store import Store


@dataclass(frozen=True, slots=True)
class NewAccount:
    """What a caller says about a new account."""

    name: str
    tier: Tier
    id: str | None = None
    industry: str | None = None
    region: str | None = None
    phone: str | None = None
    note: str | None = None
    external_id: str | None = None


async def create_account(context: Context, client_key: str, given: NewAccount) -> Document | Refusal:
    """The new account, owned by the caller. Raises Forbidden."""
    actor = context.require(Capability.EDIT_CUSTOMERS)

    async def act(store: Store) -> Outcome:
        if given.id is not None and not is_id("acc", given.id):
            return InvalidInput("id", "must be acc_ and a ULID or UUID")
        described = {name: getattr(given, name) for name in EDITABLE - {"tier"}}
        problem = problem_with(described)
        if problem is not None:
            return problem
        account = Account(
            id=AccountId(given.id or new_id("acc", context.now)),
            org_id=actor.org_id,
            tier=given.tier,
            owner_id=PersonId(actor.person_id),
            team_id=TeamId(actor.team_id) if actor.team_id else None,
            created_at=context.now,
            updated_at=context.now,
            **described,
        )
        return Saved(COLLECTION, await insert_account(store, account))

    return await once(context, "createAccount", client_key, given, act)


async def update_account(
    context: Context, client_key: str, account_id: str, changes: Mapping[str, Any], expected_version: int | None
) -> Document | Refusal:
    """The changed account. Raises Forbidden."""
    context.require(Capability.EDIT_CUSTOMERS)

    async def act(store: Store) -> Outcome:
        account = await find_account(store, context.me.scope, account_id)
        if account is None:
            return NotFound(account_id)
        revised = revise(account, changes, expected_version, context.now)
        if isinstance(revised, Refusal):
            return revised
        saved = await save_account(store, revised)
        if saved is None:
            return VersionConflict(account_id, account.version)
        if revised.tier is not account.tier:
            await follow_account(store, revised)
        return Saved(COLLECTION, saved)

    given = {"id": account_id, "changes": dict(changes), "expected_version": expected_version}
    return await once(context, "updateAccount", client_key, given, act)

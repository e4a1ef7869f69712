"""Turning a lead into a customer, account and contact; the lead keeps its history. Called by schema/leads.py."""

from __future__ import annotations

from dataclasses import dataclass, replace

from domain.access import Actor, Capability
from domain.accounts import Account
from domain.accounts import problem_with as account_problem
from domain.contacts import Contact
from domain.contacts import problem_with as contact_problem
from domain.ids import AccountId, ContactId, new_id
from domain.leads import AlreadyConverted, Lead
from domain.refusals import NotFound, Refusal, VersionConflict
from resolvers.context import Context
from resolvers.once import Outcome, Saved, once
from storage.accounts import find_account, insert_account
from storage.codec import encode
from storage.contacts import insert_contact
from storage.driver import Document
from storage.leads import COLLECTION, find_lead, save_lead
from storage.store import Store


@dataclass(frozen=True, slots=True)
class Conversion:
    """Which lead, and what the customer is called; without `account_id` a new account is made."""

    lead_id: str
    account_id: str | None = None
    account_name: str | None = None
    contact_name: str | None = None


async def convert_lead(context: Context, client_key: str, given: Conversion) -> Document | Refusal:
    """The lead with its account and contact; a lead converted before answers as it is. Raises Forbidden."""
    actor = context.require(Capability.EDIT_CUSTOMERS)

    async def act(store: Store) -> Outcome:
        lead = await find_lead(store, actor.scope, given.lead_id)
        if lead is None:
            return NotFound(given.lead_id)
        if lead.converted_at is not None and lead.account_id is not None:
            if given.account_id not in {None, lead.account_id}:
                return AlreadyConverted(lead.id, lead.account_id)
            return Saved(COLLECTION, encode(lead))
        account = await _account(context, store, actor, lead, given)
        if isinstance(account, Refusal):
            return account
        contact_id = lead.contact_id
        if contact_id is None:
            contact = _contact(context, lead, account, given)
            problem = contact_problem({"name": contact.name})
            if problem is not None:
                return problem
            await insert_contact(store, contact)
            contact_id = contact.id
        converted = replace(
            lead,
            account_id=account.id,
            contact_id=contact_id,
            converted_at=context.now,
            version=lead.version + 1,
            updated_at=context.now,
        )
        saved = await save_lead(store, converted)
        return Saved(COLLECTION, saved) if saved is not None else VersionConflict(lead.id, lead.version)

    return await once(context, "convertLead", client_key, given, act)


async def _account(context: Context, store: Store, actor: Actor, lead: Lead, given: Conversion) -> Account | Refusal:
    existing = given.account_id or lead.account_id
    if existing is not None:
        found = await find_account(store, actor.scope, existing)
        return found if found is not None else NotFound(existing)
    name = given.account_name or lead.name
    problem = account_problem({"name": name})
    if problem is not None:
        return problem
    account = Account(
        id=AccountId(new_id("acc", context.now)),
        org_id=lead.org_id,
        name=name,
        tier=lead.tier,
        owner_id=lead.owner_id,
        team_id=lead.team_id or actor.team_id,
        created_at=context.now,
        updated_at=context.now,
        region=lead.region,
        phone=lead.phone,
    )
    await insert_account(store, account)
    return account


def _contact(context: Context, lead: Lead, account: Account, given: Conversion) -> Contact:
    return Contact(
        id=ContactId(new_id("con", context.now)),
        org_id=lead.org_id,
        account_id=account.id,
        name=given.contact_name or lead.contact_name or lead.name,
        owner_id=account.owner_id,
        team_id=account.team_id,
        created_at=context.now,
        updated_at=context.now,
        phone=lead.phone,
        email=lead.email,
    )

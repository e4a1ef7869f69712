"""Reads what a new lead for a customer begins with. Called by schema/lead_drafts.py."""

from __future__ import annotations

import asyncio

from domain.access import Capability
from domain.accounts import Account
from domain.contacts import Contact
from domain.ids import SiteId
from domain.lead_drafts import draft
from domain.leads import Lead
from resolvers.context import Context
from storage.codec import decode, encode
from storage.driver import Document

_MOST = 50
"""Contacts and sites of the account that are looked at."""


async def lead_draft(context: Context, account_id: str) -> Document | None:
    """The draft; None where the caller does not see the account. Raises Forbidden."""
    context.require(Capability.EDIT_CUSTOMERS)
    reads, of = context.reads, {"account_id": account_id}
    account, leads, contacts, sites = await asyncio.gather(
        reads.find("accounts", account_id),
        reads.list("leads", of, limit=1),
        reads.list("contacts", of, order="name", limit=_MOST),
        reads.list("sites", of, order="name", limit=_MOST, projection={"_id": 1}),
    )
    if account is None:
        return None
    latest = decode(Lead, leads[0]) if leads else None
    found = draft(
        decode(Account, account),
        latest,
        [decode(Contact, each) for each in contacts],
        [SiteId(each["_id"]) for each in sites],
    )
    return encode(found)

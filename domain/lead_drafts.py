"""A new lead for a known customer, filled in with what is known, so that nobody types it again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from domain.accounts import Account, Tier
from domain.contacts import Contact
from domain.ids import AccountId, ContactId, SiteId
from domain.leads import Lead


@dataclass(frozen=True, slots=True)
class LeadDraft:
    """What a form for a new lead begins with; the names are those of the input of createLead."""

    account_id: AccountId
    name: str
    tier: Tier
    region: str | None = None
    product_line: str | None = None
    currency: str | None = None
    contact_id: ContactId | None = None
    contact_name: str | None = None
    phone: str | None = None
    email: str | None = None
    site_id: SiteId | None = None


def draft(account: Account, latest: Lead | None, contacts: Sequence[Contact], site_ids: Sequence[SiteId]) -> LeadDraft:
    """From the account, its latest lead, its contacts by name and its sites.

    Whom the latest lead was about is asked for again, else the only contact; a site is named where there is one choice.
    """
    known = {each.id: each for each in contacts}
    contact = known.get(latest.contact_id) if latest is not None and latest.contact_id is not None else None
    if contact is None and len(contacts) == 1:
        contact = contacts[0]
    site_id = latest.site_id if latest is not None and latest.site_id in site_ids else None
    if site_id is None and len(site_ids) == 1:
        site_id = site_ids[0]
    return LeadDraft(
        account_id=account.id,
        name=account.name,
        tier=account.tier,
        region=account.region or (latest.region if latest is not None else None),
        product_line=latest.product_line if latest is not None else None,
        currency=latest.currency if latest is not None else None,
        contact_id=contact.id if contact is not None else None,
        contact_name=contact.name if contact is not None else None,
        phone=(contact.phone if contact is not None else None) or account.phone,
        email=contact.email if contact is not None else None,
        site_id=site_id,
    )

"""The draft of a lead in the schema: what the form for a known customer begins with."""

from typing import Annotated

import strawberry

from domain.accounts import Tier
from resolvers.lead_drafts import lead_draft
from schema.fields import Info, returns, stored
from storage.driver import Document


@strawberry.type(description="A new lead as far as it is known; pass what is not null on to `createLead`.")
class LeadDraft:
    account_id: strawberry.ID = stored("account_id", "The customer.")
    name: str = stored("name", "The customer's name.")
    tier: Tier = stored("tier", "The customer's tier.")
    region: str | None = stored("region", "The customer's region, else that of its latest lead.")
    product_line: str | None = stored("product_line", "What its latest lead is about.")
    currency: str | None = stored("currency", "The currency of its latest lead.")
    contact_id: strawberry.ID | None = stored("contact_id", "The contact of its latest lead, else its only one.")
    contact_name: str | None = stored("contact_name", "The contact's name.")
    phone: str | None = stored("phone", "The contact's telephone number, else the customer's.")
    email: str | None = stored("email", "The contact's e-mail address.")
    site_id: strawberry.ID | None = stored("site_id", "The site of its latest lead, else its only one.")


@strawberry.type
class LeadDraftQuery:
    @returns(
        LeadDraft | None,
        "What a new lead for a customer begins with, from what you may see; null where you may not see the customer.",
    )
    async def lead_draft(
        self,
        info: Info,
        account_id: Annotated[strawberry.ID, strawberry.argument(description="The customer.")],
    ) -> Document | None:
        return await lead_draft(info.context, account_id)

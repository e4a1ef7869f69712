"""Possible duplicates of a lead in the schema: the refusal of createLead, and looking before creating."""

from typing import TYPE_CHECKING, Annotated

import strawberry

from domain import duplicates as domain
from domain.duplicates import DuplicateMatch
from resolvers.duplicates import lead_duplicates
from schema.fields import Info, related, returns, stored
from schema.inputs import given
from schema.refusals import shown
from schema.scalars import described_enum
from storage.driver import Document

if TYPE_CHECKING:
    from schema.leads import Lead

described_enum(
    DuplicateMatch,
    "What two leads have in common.",
    PHONE="The telephone number, however it is written.",
    EMAIL="The e-mail address.",
    NAME_AND_REGION="Name and region, but for case, blanks and punctuation.",
    ACCOUNT="The customer, and the product line.",
    SITE="The site, and the product line.",
)
PossibleDuplicate = shown(
    domain.PossibleDuplicate,
    lead_ids="Open leads that you may see, those with most in common first, ten at the most.",
    matched_on="What they have in common with the new one.",
    elsewhere="Whether there are others, which you may not see.",
)


@strawberry.type(description="An open lead that may be the same prospect.")
class DuplicateCandidate:
    lead: Annotated["Lead", strawberry.lazy("schema.leads")] | None = related("leads", "The lead.", key="lead_id")
    matched_on: list[DuplicateMatch] = stored("matched_on", "What it has in common.")


@strawberry.type(description="Open leads that may be the same prospect.")
class LeadDuplicates:
    candidates: list[DuplicateCandidate] = stored(
        "candidates", "Those you may see, with most in common first, ten at the most."
    )
    elsewhere: bool = stored("elsewhere", "Whether there are others, which you may not see.")


@strawberry.input(description="What is known about a prospect; values that are absent match nothing.")
class LeadDuplicatesInput:
    name: str | None = strawberry.field(default=None, description="Its name; counts together with the region.")
    region: str | None = strawberry.field(default=None, description="Sales region.")
    phone: str | None = strawberry.field(default=None, description="Telephone number, written in any way.")
    email: str | None = strawberry.field(default=None, description="E-mail address.")
    product_line: str | None = strawberry.field(default=None, description="Counts together with customer and site.")
    account_id: strawberry.ID | None = strawberry.field(default=None, description="The customer it belongs to.")
    site_id: strawberry.ID | None = strawberry.field(default=None, description="Where visits take place.")


@strawberry.type
class DuplicateQuery:
    @returns(LeadDuplicates | None, "Open leads that may be the same prospect as one that you are about to create.")
    async def lead_duplicates(
        self,
        info: Info,
        input: Annotated[LeadDuplicatesInput, strawberry.argument(description="The prospect.")],  # noqa: A002
    ) -> Document:
        return await lead_duplicates(info.context, given(input))

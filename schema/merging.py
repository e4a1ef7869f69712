"""Merging of leads in the schema."""

from typing import Annotated

import strawberry

from domain.refusals import Refusal
from resolvers.merging import merge_leads
from schema.fields import Info, mutates
from schema.leads import Lead
from schema.paging import ClientKey
from schema.refusals import COMMON, VersionConflict, WrongState
from storage.driver import Document


@strawberry.type
class MergingMutation:
    @mutates(
        "mergeLeads",
        "Makes one of two open leads: the survivor gets what only the other knew, its activities, visits and files, "
        "and of each promise the one that began first. The other is closed as merged.",
        Lead,
        *COMMON,
        WrongState,
        VersionConflict,
    )
    async def merge_leads(
        self,
        info: Info,
        client_key: ClientKey,
        survivor_lead_id: Annotated[strawberry.ID, strawberry.argument(description="The lead that goes on.")],
        merged_lead_id: Annotated[strawberry.ID, strawberry.argument(description="The lead that ends.")],
    ) -> Document | Refusal:
        return await merge_leads(info.context, client_key, survivor_lead_id, merged_lead_id)

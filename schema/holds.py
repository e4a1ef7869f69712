"""Holds of leads in the schema."""

from typing import Annotated

import strawberry

from domain.refusals import Refusal
from resolvers.holds import hold_lead, resume_lead
from schema.fields import Info, mutates
from schema.leads import Lead, LeadId
from schema.paging import ClientKey
from schema.refusals import COMMON, VersionConflict, WrongState
from storage.driver import Document


@strawberry.type
class HoldMutation:
    @mutates(
        "holdLead",
        "Puts an open lead on hold: none of its promises counts time until resumeLead. Refused where it is on hold.",
        Lead,
        *COMMON,
        WrongState,
        VersionConflict,
    )
    async def hold_lead(
        self,
        info: Info,
        client_key: ClientKey,
        id: LeadId,  # noqa: A002
        reason: Annotated[str, strawberry.argument(description="Why, 1 to 120 characters; kept on the lead.")],
    ) -> Document | Refusal:
        return await hold_lead(info.context, client_key, id, reason)

    @mutates(
        "resumeLead",
        "Takes a lead off hold: the time of its promises runs on. Refused where it is not on hold.",
        Lead,
        *COMMON,
        WrongState,
        VersionConflict,
    )
    async def resume_lead(
        self,
        info: Info,
        client_key: ClientKey,
        id: LeadId,  # noqa: A002
    ) -> Document | Refusal:
        return await resume_lead(info.context, client_key, id)

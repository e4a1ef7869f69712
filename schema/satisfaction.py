"""Deliveries and surveys in the schema."""

from datetime import datetime
from typing import Annotated

import strawberry

from domain.refusals import Refusal
from domain.satisfaction import Survey
from resolvers.satisfaction import record_delivery, record_survey
from schema.fields import Info, mutates
from schema.leads import Lead, LeadId
from schema.paging import ClientKey
from schema.refusals import COMMON, VersionConflict, WrongState
from storage.driver import Document


@strawberry.type
class SatisfactionMutation:
    @mutates(
        "recordDelivery",
        "Records that what was sold was delivered: the customer's survey is due 72 h later. Only a lead that was won.",
        Lead,
        *COMMON,
        WrongState,
        VersionConflict,
    )
    async def record_delivery(
        self,
        info: Info,
        client_key: ClientKey,
        id: LeadId,  # noqa: A002
        delivered_at: Annotated[
            datetime | None, strawberry.argument(description="When it was delivered; absent: now.")
        ] = None,
    ) -> Document | Refusal:
        return await record_delivery(info.context, client_key, id, delivered_at)

    @mutates(
        "recordSurvey",
        "Records what the customer answered after a delivery; the first answer stays.",
        Lead,
        *COMMON,
        WrongState,
        VersionConflict,
    )
    async def record_survey(
        self,
        info: Info,
        client_key: ClientKey,
        id: LeadId,  # noqa: A002
        score: Annotated[int, strawberry.argument(description="0 (would warn others) to 10 (would recommend you).")],
        comment: Annotated[str | None, strawberry.argument(description="4000 characters at the most.")] = None,
        submitted_at: Annotated[
            datetime | None, strawberry.argument(description="When the customer answered; absent: now.")
        ] = None,
    ) -> Document | Refusal:
        survey = Survey(score, comment, submitted_at)
        return await record_survey(info.context, client_key, id, survey)

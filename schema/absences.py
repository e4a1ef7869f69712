"""Absences in the schema: recording and ending them, with a deputy; their fields are in schema/attendance.py."""

from datetime import datetime
from typing import Annotated

import strawberry

from domain import absences as domain
from domain.absences import AbsenceKind
from domain.refusals import Refusal
from resolvers.absences import NewAbsence, end_absence, record_absence
from schema.fields import Info, mutates
from schema.inputs import given
from schema.paging import ClientKey
from schema.people import Person
from schema.refusals import COMMON, WrongState, shown
from storage.driver import Document

AbsenceOverlaps = shown(
    domain.AbsenceOverlaps,
    absence_id="The absence that is there.",
    from_at="When it begins.",
    until_at="When it ends.",
)
DeputyNotAvailable = shown(
    domain.DeputyNotAvailable, field="Path of the value in the input.", person_id="Who cannot stand in."
)
DeputyCycle = shown(
    domain.DeputyCycle, field="Path of the value in the input.", person_ids="The circle, first the absent person."
)


@strawberry.input(description="A time in which a person is away.")
class PersonAbsenceInput:
    from_at: datetime = strawberry.field(description="The first instant; at most 31 days back.")
    until_at: datetime = strawberry.field(description="When they are back, in the future; 400 days at the most.")
    kind: AbsenceKind = strawberry.field(description="Why.")
    deputy_id: strawberry.ID | None = strawberry.field(
        default=None,
        description="Who stands in: for a rep one of the same team or somebody who leads, for a manager one who leads.",
    )


WhoseAbsence = Annotated[strawberry.ID, strawberry.argument(description="Who is away; yourself or somebody you lead.")]


@strawberry.type
class AbsenceMutation:
    @mutates(
        "recordAbsence",
        "Says that a person is away: they get no new leads, their day is not planned, and urgent notices go to the "
        "deputy, who sees their leads and visits, or else to the next level.",
        Person,
        *COMMON,
        WrongState,
        AbsenceOverlaps,
        DeputyNotAvailable,
        DeputyCycle,
    )
    async def record_absence(
        self,
        info: Info,
        client_key: ClientKey,
        person_id: WhoseAbsence,
        absence: Annotated[PersonAbsenceInput, strawberry.argument(description="When and why.")],
    ) -> Document | Refusal:
        return await record_absence(info.context, client_key, person_id, NewAbsence(**given(absence)))

    @mutates(
        "endAbsence",
        "The person is back now; an absence that has not begun is taken back.",
        Person,
        *COMMON,
        WrongState,
    )
    async def end_absence(
        self,
        info: Info,
        client_key: ClientKey,
        person_id: WhoseAbsence,
        absence_id: Annotated[strawberry.ID, strawberry.argument(description="Which of their absences.")],
    ) -> Document | Refusal:
        return await end_absence(info.context, client_key, person_id, absence_id)

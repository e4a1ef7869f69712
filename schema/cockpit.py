"""What a manager reads: the SLA board and reports, always of what the caller may see; a rep sees their own."""

from datetime import datetime
from enum import Enum
from typing import Annotated

import strawberry

from domain.accounts import Tier
from domain.sla import Metric
from resolvers.cockpit import (
    report_contact_intervals,
    report_conversion_cycle,
    report_sleeping_leads,
    sla_board,
    sla_of_reps,
)
from schema.fields import Info, related, returns, stored
from schema.paging import After, Connection, First, as_connection, page_request
from schema.people import Person
from schema.sla import SlaClock
from storage.codec import encode
from storage.driver import Document


@strawberry.enum(description="A part of the SLA board.")
class SlaBoardPart(Enum):
    RED = strawberry.enum_value("RED", description="Broken promises that are still open.")
    DUE_SOON = strawberry.enum_value("DUE_SOON", description="Promises that fall due within `withinHours`.")


@strawberry.type(description="How one person stands with their promises.")
class SlaOfRep:
    owner_id: strawberry.ID = stored("owner_id", "Who.")
    owner: Person | None = related("people", "Who.", key="owner_id")
    red: int = stored("red", "Broken promises that are still open.")
    due_soon: int = stored("due_soon", "Promises that fall due within `withinHours`.")


@strawberry.type(description="How many leads nobody contacted for long after they got their first owner.")
class SleepingLeads:
    counted: int = stored("counted", "Leads of the period that were contacted in time or are old enough to tell.")
    sleeping: int = stored("sleeping", "Those of them that nobody contacted within `hours`.")
    too_young: int = stored("too_young", "Leads of the period that are not old enough and not contacted yet.")
    share: float | None = stored("share", "`sleeping` / `counted`; null where nothing counts.")


@strawberry.type(description="Figures of some durations, in wall-clock seconds; null where there are none.")
class DurationFigures:
    count: int = stored("count", "How many.")
    median_seconds: float | None = stored("median_s", "Half took at most so long.")
    mean_seconds: float | None = stored("mean_s", "The average.")
    p90_seconds: float | None = stored("p90_s", "Nine of ten took at most so long (nearest rank).")


@strawberry.type(description="How long contacts took, for one metric, tier and month.")
class ContactIntervals:
    metric: Metric = stored("metric", "LEAD_FIRST_CONTACT: since the assignment. LEAD_NEXT_FOLLOWUP: since the last.")
    tier: Tier = stored("tier", "Tier of the leads, as it is now.")
    month: str = stored("month", "Month of the contacts in the organization's time zone, YYYY-MM.")
    figures: DurationFigures = stored("figures", "What they took.")


Since = Annotated[datetime, strawberry.argument(description="From this instant on.")]
Until = Annotated[datetime, strawberry.argument(description="To before this instant; at most 400 days later.")]
WithinHours = Annotated[int, strawberry.argument(description="What soon is, 0 to 744 hours.")]


@strawberry.type
class CockpitQuery:
    @returns(Connection[SlaClock] | None, "The SLA board: open promises, the earliest due first.")
    async def sla_board(
        self,
        info: Info,
        part: Annotated[SlaBoardPart, strawberry.argument(description="Which part.")],
        within_hours: WithinHours = 24,
        owner_id: Annotated[
            strawberry.ID | None, strawberry.argument(description="Only what this person holds.")
        ] = None,
        first: First = 20,
        after: After = None,
    ) -> Document:
        request = page_request(first, after)
        page = await sla_board(
            info.context,
            request,
            red=part is SlaBoardPart.RED,
            within_hours=within_hours,
            owner_id=owner_id,
        )
        return as_connection(page)

    @returns(Connection[SlaOfRep] | None, "The SLA board by person, by name.")
    async def sla_by_rep(
        self, info: Info, within_hours: WithinHours = 24, first: First = 20, after: After = None
    ) -> Document:
        return as_connection(await sla_of_reps(info.context, page_request(first, after), within_hours))

    @returns(SleepingLeads | None, "Leads that got their first owner in a period and were not contacted for `hours`.")
    async def sleeping_leads(
        self,
        info: Info,
        since: Since,
        until: Until,
        hours: Annotated[int, strawberry.argument(description="How long is too long, 1 to 9600.")] = 72,
    ) -> Document:
        return encode(await report_sleeping_leads(info.context, since, until, hours))

    @returns(
        list[ContactIntervals] | None,
        "How long first responses and follow-ups took that a contact of the period ended, by metric, tier and month.",
    )
    async def contact_intervals(self, info: Info, since: Since, until: Until) -> list[Document]:
        return [encode(each) for each in await report_contact_intervals(info.context, since, until)]

    @returns(
        DurationFigures | None,
        "How long leads converted in the period had taken, from when the prospect showed up.",
    )
    async def conversion_cycle(self, info: Info, since: Since, until: Until) -> Document:
        return encode(await report_conversion_cycle(info.context, since, until))

"""Behaviour compliance in the schema: how each rep kept the norms of a week, with the entries that prove it."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from domain.compliance import NormState
from resolvers.compliance import compliance_of_reps
from schema.fields import Info, related, returns, stored
from schema.paging import After, Connection, First, as_connection, page_request
from schema.scalars import described_enum
from storage.driver import Document

if TYPE_CHECKING:
    from schema.people import Person

described_enum(
    NormState,
    "How a day or a week stands with the norms.",
    MET="All that is asked for was done.",
    MISSED="Something was not done and the time for it is over.",
    PENDING="There is still time.",
    FREE="Nothing is asked for: no work was planned.",
)


@strawberry.type(description="One day of a rep's week.")
class NormDay:
    date: str = stored("date", "The rep's work day, YYYY-MM-DD.")
    state: NormState = stored("state", "How it stands.")
    items: list[str] = stored("items", "Keys of the items that were done.", default=())
    entry_ids: list[strawberry.ID] = stored("entry_ids", "The entries that prove it; see `node`.", default=())


@strawberry.type(description="How a rep kept the norms of a week.")
class ComplianceOfRep:
    person_id: strawberry.ID = stored("person_id", "Who.")
    person: Annotated["Person", strawberry.lazy("schema.people")] | None = related("people", "Who.", key="person_id")
    week: str = stored("stands.week", "The week, such as 2026-W48.")
    state: NormState = stored("stands.state", "How it stands; MISSED as soon as a day was missed.")
    days: list[NormDay] = stored("stands.days", "Monday to Sunday.", default=())
    work_days: int = stored(
        "stands.work_days", "Days with planned work, leave excluded; without a roster, with visits."
    )
    days_met: int = stored("stands.days_met", "Days on which enough different items were done.")
    days_missed: int = stored("stands.days_missed", "Work days that ended without.")
    insights: int = stored("stands.insights", "Different customer insights.")
    insights_wanted: int = stored("stands.insights_wanted", "How many are asked for, at most one a work day.")
    insight_ids: list[strawberry.ID] = stored(
        "stands.insight_ids", "The entries that hold them; see `node`.", default=()
    )
    reminded_at: datetime | None = stored("reminded_at", "When the rep was reminded.")
    flagged_at: datetime | None = stored("flagged_at", "When the rep was flagged and the superior told.")
    cleared_at: datetime | None = stored("cleared_at", "When entries that came late disproved the flag.")


Week = Annotated[str | None, strawberry.argument(description="Such as 2026-W48; absent: the week of your work day.")]


@strawberry.type
class ComplianceQuery:
    @returns(
        Connection[ComplianceOfRep] | None,
        "How the reps you may see kept the norms of a week, by name; a rep finds themselves. Counted anew each time.",
    )
    async def behaviour_compliance(
        self,
        info: Info,
        week: Week = None,
        person_id: Annotated[strawberry.ID | None, strawberry.argument(description="Only this person.")] = None,
        first: First = 20,
        after: After = None,
    ) -> Document:
        page = await compliance_of_reps(info.context, page_request(first, after), week, person_id)
        return as_connection(page)

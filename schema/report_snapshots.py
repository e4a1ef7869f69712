"""The cockpit's reports in the schema: which there are, as they stand for a day, over days, and what is behind them."""

from datetime import date as LocalDate  # noqa: N812 - fields are called `day`
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from domain.errors import BadInput
from reports.facts import Dimension, Unit
from resolvers.report_snapshots import find_snapshot, find_totals, known_reports, list_records, report_document
from schema.fields import Info, computed, related, returns, stored
from schema.paging import After, Connection, First, as_connection, page_request
from schema.scalars import described_enum
from schema.standard_actions import in_own_words
from schema.team import InTeam
from storage.driver import Document

if TYPE_CHECKING:
    from schema.people import Person
    from schema.teams import Team

MAX_LABELS = 8
described_enum(
    Dimension,
    "What the lines of a report are told apart by.",
    title="ReportDimension",
    DAY="A day in the organization's time zone.",
    TEAM="A team.",
    REP="A person.",
    TIER="Tier of the customer or lead.",
    REGION="Region of the site or lead.",
    METRIC="What was promised.",
    STAGE="Key of a stage of the funnel.",
    TENURE_WEEK="Week of a newcomer, from 01.",
)
described_enum(
    Unit,
    "What a measure is counted in.",
    title="ReportUnit",
    COUNT="A number.",
    SECONDS="Wall-clock seconds.",
    METRES="Metres.",
    SHARE="A share, mostly from 0 to 1.",
)


@strawberry.type(description="One column of a report.")
class ReportMeasure:
    key: str = stored("key", "Its key.")
    title: str = computed(in_own_words, "Its title in your language.", needs=("title_en", "title_zh"))
    title_en: str = stored("title_en", "Its title in English.")
    title_zh: str = stored("title_zh", "Its title in Chinese.")
    unit: Unit = stored("unit", "What it is counted in.")
    over: list[str] | None = stored("over", "The two measures it is the quotient of; null for what is added up.")


@strawberry.type(description="A report of the cockpit.")
class Report:
    key: str = stored("key", "Its key, for the other fields.")
    title: str = computed(in_own_words, "Its title in your language.", needs=("title_en", "title_zh"))
    title_en: str = stored("title_en", "Its title in English.")
    title_zh: str = stored("title_zh", "Its title in Chinese.")
    dimensions: list[Dimension] = stored("dimensions", "What its lines are told apart by, beside day and team.")
    measures: list[ReportMeasure] = stored("measures", "Its columns.")


@strawberry.type(description="What a line is about.")
class ReportLabel:
    dimension: Dimension = stored("dimension", "In which respect.")
    value: str | None = stored("value", "A day, an id or a key; null: not known.")


@strawberry.type(description="One cell.")
class ReportValue:
    measure: str = stored("measure", "Key of the measure.")
    value: float | None = stored("value", "The figure; null where a share is of nothing.")


@strawberry.type(description="One line of a report.")
class ReportRow:
    team_id: strawberry.ID | None = stored("team_id", "The team, where lines are told apart by team.")
    team: Annotated["Team", strawberry.lazy("schema.teams")] | None = related("teams", "The team.", key="team_id")
    rep_id: strawberry.ID | None = stored("rep_id", "The person, where lines are told apart by person.")
    rep: Annotated["Person", strawberry.lazy("schema.people")] | None = related("people", "The person.", key="rep_id")
    labels: list[ReportLabel] = stored("labels", "What it is about; pass it to `reportRecords`.")
    values: list[ReportValue] = stored("values", "Its cells in the order of the report's measures.")


@strawberry.type(description="A report as it stands. Days are counted once they are over, by six in the morning.")
class ReportTable:
    report: Report = stored("report", "Which report.")
    since: str = stored("since", "First day, YYYY-MM-DD in the organization's time zone.")
    until: str = stored("until", "Last day.")
    days: int = stored("days", "How many of these days stand.")
    as_of: datetime | None = stored("as_of", "The end of the last day that stands; what came later is not in it.")
    counted_at: datetime | None = stored(
        "counted_at", "When that was counted last: evidence that comes within 72 hours corrects a day."
    )
    digest: str = stored("digest", "SHA-256 of the lines in their only spelling: the same events give the same digest.")
    rows: list[ReportRow] = stored("rows", "The lines; one where nothing happened is left out.")


@strawberry.type(description="A record that a cell adds up.")
class ReportRecord:
    record_id: strawberry.ID = stored("_id", "The record; see `node`.")
    rep_id: strawberry.ID | None = stored("rep_id", "Whose it was.")
    rep: Annotated["Person", strawberry.lazy("schema.people")] | None = related("people", "Whose it was.", key="rep_id")
    value: float = stored("value", "What it adds to the cell.")


@strawberry.input(description="A label of a line.")
class ReportLabelInput:
    dimension: Dimension = strawberry.field(description="In which respect; not DAY.")
    value: str | None = strawberry.field(default=None, description="The label's value; null: not known.")


Key = Annotated[str, strawberry.argument(description="Key of the report.")]


@strawberry.type
class ReportSnapshotQuery:
    @returns(list[Report] | None, "The reports of the cockpit that you can read.")
    async def reports(self, info: Info) -> list[Document]:
        return [report_document(each) for each in known_reports(info.context)]

    @returns(
        ReportTable | None,
        "A report of one day, of the teams you see; a rep sees the lines about themselves. Null where the day does not "
        "stand yet or the team is not yours to see.",
    )
    async def report_snapshot(
        self,
        info: Info,
        key: Key,
        day: Annotated[
            LocalDate | None, strawberry.argument(description="The day; absent: the latest that stands.")
        ] = None,
        team_id: InTeam = None,
    ) -> Document | None:
        return await find_snapshot(info.context, key, day, team_id)

    @returns(ReportTable | None, "A report added up over days; null where the team is not yours to see.")
    async def report_totals(
        self,
        info: Info,
        key: Key,
        since: Annotated[LocalDate, strawberry.argument(description="First day.")],
        until: Annotated[LocalDate, strawberry.argument(description="Last day, at most 91 days later.")],
        by: Annotated[list[Dimension], strawberry.argument(description="What lines are told apart by.")],
        team_id: InTeam = None,
    ) -> Document | None:
        return await find_totals(info.context, key, since, until, by, team_id)

    @returns(
        Connection[ReportRecord] | None,
        "The records behind a cell of one day, as far as you may see them now; null where the team is not yours to "
        "see. Late evidence shows here before the day is counted again.",
    )
    async def report_records(
        self,
        info: Info,
        key: Key,
        day: Annotated[LocalDate, strawberry.argument(description="The day.")],
        measure: Annotated[str, strawberry.argument(description="Key of a measure that is added up.")],
        labels: Annotated[
            list[ReportLabelInput] | None, strawberry.argument(description="Labels of the line; absent: all lines.")
        ] = None,
        team_id: InTeam = None,
        first: First = 20,
        after: After = None,
    ) -> Document | None:
        if len(labels or ()) > MAX_LABELS:
            raise BadInput("labels", f"must be at most {MAX_LABELS}")
        line = {each.dimension: each.value for each in labels or ()}
        request = page_request(first, after, "_id")
        page = await list_records(info.context, request, key, day, measure, line, team_id)
        return None if page is None else as_connection(page)

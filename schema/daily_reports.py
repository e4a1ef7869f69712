"""Daily reports in the schema: what a rep's day added up to, with a note and a signature."""

from datetime import date as LocalDate  # noqa: N812 - fields are called `date`
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from domain.daily_reports import DailyReportState
from domain.refusals import Refusal
from domain.visits import VisitKind, VisitOutcome, VisitState
from resolvers.daily_reports import edit_daily_report, find_daily_report, page_daily_reports, sign_daily_report
from schema.fields import Info, mutates, related, returns, stored
from schema.nodes import Node
from schema.paging import After, ClientKey, Connection, First, as_connection, page_request
from schema.refusals import COMMON, NotAllowed, VersionConflict, WrongState
from schema.scalars import described_enum
from storage.driver import Document

if TYPE_CHECKING:
    from schema.accounts import Account
    from schema.people import Person
    from schema.sites import Site
    from schema.visits import Visit

described_enum(
    DailyReportState,
    "Whether a rep still works on a daily report.",
    DRAFT="It is counted anew whenever it is saved.",
    SIGNED="The rep has signed it; it stays as it is.",
)


@strawberry.type(description="What a day added up to; each a count of its events.")
class DailyFigures:
    planned: int = stored("planned", "Planned visits that were not called off.")
    done: int = stored("done", "Those of them that were made.")
    missed: int = stored("missed", "Those of them that nobody came to.")
    touched: int = stored("touched", "Visits that were too short to count.")
    unplanned: int = stored("unplanned", "Visits made beside the plan.")
    verified: int = stored("verified", "Visits whose presence is proved.")
    orders: int = stored("orders", "Visits that brought an order.")
    customers: int = stored("customers", "Different customers visited.")
    calls: int = stored("calls", "Calls made.")
    emails: int = stored("emails", "E-mails sent.")
    messages: int = stored("messages", "Messages sent.")
    meetings: int = stored("meetings", "Meetings beside visits.")
    leads: int = stored("leads", "Different leads contacted by these.")
    items: int = stored("items", "Different must-do items done.")
    insights: int = stored("insights", "Different customer insights.")


@strawberry.type(description="One visit of the day.")
class DailyVisit:
    visit_id: strawberry.ID = stored("visit_id", "The visit.")
    visit: Annotated["Visit", strawberry.lazy("schema.visits")] | None = related(
        "visits", "The visit as it is now.", key="visit_id"
    )
    site: Annotated["Site", strawberry.lazy("schema.sites")] | None = related("sites", "Where.", key="site_id")
    account: Annotated["Account", strawberry.lazy("schema.accounts")] | None = related(
        "accounts", "The customer.", key="account_id"
    )
    kind: VisitKind = stored("kind", "How it came about.")
    state: VisitState = stored("state", "How it stood when the report was counted.")
    verified: bool = stored("verified", "Whether presence was proved.")
    opened_at: datetime | None = stored("opened_at", "Check-in.")
    closed_at: datetime | None = stored("closed_at", "Check-out.")
    outcome: VisitOutcome | None = stored("outcome", "What it led to.")
    next_step: str | None = stored("next_step", "What was agreed.")


@strawberry.type(description="A rep's report of a day. It writes itself when the shift ends.")
class DailyReport(Node):
    date: str = stored("date", "The rep's local date on which the shift began, YYYY-MM-DD.")
    rep_id: strawberry.ID = stored("owner_id", "Whose.")
    rep: Annotated["Person", strawberry.lazy("schema.people")] | None = related("people", "Whose.", key="owner_id")
    state: DailyReportState = stored("state", "Whether the rep still works on it.")
    started_at: datetime = stored("started_at", "When the shift began.")
    ended_at: datetime = stored("ended_at", "When it ended.")
    figures: DailyFigures = stored("figures", "What the day added up to.")
    visits: list[DailyVisit] = stored("visits", "Its visits, first to last.", default=())
    note: str = stored("note", "What the rep adds.")
    written_at: datetime = stored("written_at", "When it was written.")
    counted_at: datetime = stored("counted_at", "When its events were counted last.")
    signed_at: datetime | None = stored("signed_at", "When the rep signed it.")
    version: int = stored("version", "Grows by one with each save; pass it as `expectedVersion`.")


RepId = Annotated[strawberry.ID | None, strawberry.argument(description="Whose; absent: of everybody you see.")]
ReportId = Annotated[strawberry.ID, strawberry.argument(description="The report.")]
Expected = Annotated[
    int | None, strawberry.argument(description="The version you saw: another one refuses. Absent: any.")
]


@strawberry.type
class DailyReportQuery:
    @returns(DailyReport | None, "The report of a rep and date; null before the shift ended, or not yours to see.")
    async def daily_report(
        self,
        info: Info,
        date: Annotated[LocalDate, strawberry.argument(description="The local date on which the shift began.")],
        rep_id: Annotated[strawberry.ID | None, strawberry.argument(description="Whose; absent: yours.")] = None,
    ) -> Document | None:
        return await find_daily_report(info.context, date, rep_id)

    @returns(Connection[DailyReport] | None, "Daily reports of the reps you see, the latest first; a rep finds theirs.")
    async def daily_reports(
        self,
        info: Info,
        date: Annotated[LocalDate | None, strawberry.argument(description="Only of this date.")] = None,
        rep_id: RepId = None,
        state: Annotated[DailyReportState | None, strawberry.argument(description="Only in this state.")] = None,
        first: First = 20,
        after: After = None,
    ) -> Document:
        request = page_request(first, after)
        return as_connection(await page_daily_reports(info.context, request, date, rep_id, state))


@strawberry.type
class DailyReportMutation:
    @mutates(
        "editDailyReport",
        "Puts a note into a draft of yours and counts its events anew.",
        DailyReport,
        *COMMON,
        NotAllowed,
        WrongState,
        VersionConflict,
    )
    async def edit_daily_report(
        self,
        info: Info,
        client_key: ClientKey,
        id: ReportId,  # noqa: A002
        note: Annotated[str, strawberry.argument(description="At most 4000 characters; it replaces the note before.")],
        expected_version: Expected = None,
    ) -> Document | Refusal:
        return await edit_daily_report(info.context, client_key, id, note, expected_version)

    @mutates(
        "signDailyReport",
        "Counts the events of a draft of yours one last time and signs it.",
        DailyReport,
        *COMMON,
        NotAllowed,
        WrongState,
        VersionConflict,
    )
    async def sign_daily_report(
        self,
        info: Info,
        client_key: ClientKey,
        id: ReportId,  # noqa: A002
        expected_version: Expected = None,
    ) -> Document | Refusal:
        return await sign_daily_report(info.context, client_key, id, expected_version)

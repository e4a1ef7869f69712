"""Visits in the schema: type, inputs, queries and mutations."""

from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Annotated, Any

import strawberry

from domain.accounts import Tier
from domain.dwell import dwell_s
from domain.refusals import Refusal
from domain.visits import VisitKind, VisitOutcome, VisitState
from resolvers.visits import NewVisit, cancel_visit, reschedule_visit, schedule_visit
from schema.fields import Info, computed, mutates, related, related_list, returns, stored, wanted
from schema.inputs import given
from schema.nodes import Node
from schema.paging import After, ClientKey, Connection, First, as_connection, page_request
from schema.refusals import COMMON, IdTaken, VersionConflict, WrongState
from schema.scalars import described_enum
from storage.driver import Document
from storage.times import stored_time

if TYPE_CHECKING:
    from schema.accounts import Account
    from schema.check_ins import CheckIn
    from schema.files import File
    from schema.leads import Lead
    from schema.norms import NormEntry
    from schema.people import Person
    from schema.sites import Site

described_enum(
    VisitState,
    "Where a visit stands.",
    PLANNED="Still to come.",
    OPEN="The rep is there now.",
    DONE="Checked out after long enough; see `verified`.",
    TOUCH="Too short to count as a visit.",
    MISSED="Nobody came. Late evidence from an offline phone can still make it DONE.",
    CANCELLED="Will not happen; see `reason`.",
    RESCHEDULED="Replaced by another visit; see `reason`.",
    AUTO_CLOSED="Closed at the end of the shift because no check-out came; a check-out still brings the outcome, "
    "without one it becomes a TOUCH after 72 h.",
)
described_enum(
    VisitKind,
    "How a visit came about.",
    APPOINTMENT="Agreed for a time.",
    PLANNED="From a published route plan.",
    UNPLANNED="The rep came without a plan.",
)
described_enum(
    VisitOutcome,
    "What a visit led to.",
    ORDER="An order or a signature.",
    PROGRESS="A step forward; see the next step.",
    NO_INTEREST="The customer declined.",
    SERVICE="Care for a customer, nothing to sell.",
    NOBODY_THERE="Nobody to talk to.",
    OTHER="Something else; see the note.",
)


@strawberry.type(description="A rep's visit to a site.")
class Visit(Node):
    state: VisitState = stored("state", "Where it stands.")
    kind: VisitKind = stored("kind", "How it came about.")
    tier: Tier = stored("tier", "How much the account mattered when the visit was made.")
    scheduled_at: datetime = stored("scheduled_at", "Planned start; of an unplanned visit, when it opened.")
    planned_start_at: datetime | None = stored("planned_start_at", "Start as planned.")
    planned_end_at: datetime | None = stored("planned_end_at", "End as planned.")
    opened_at: datetime | None = stored("opened_at", "When the rep checked in.")
    closed_at: datetime | None = stored("closed_at", "When it ended.")
    outcome: VisitOutcome | None = stored("outcome", "What it led to.")
    next_step: str | None = stored("next_step", "What comes next.")
    note: str | None = stored("note", "Free text.")
    reason: str | None = stored("reason", "Why it was cancelled or rescheduled.")
    verified: bool = stored(
        "verified", "Presence is proved: checked in inside the fence, with later evidence there after long enough."
    )
    last_inside_at: datetime | None = stored(
        "last_inside_at", "The latest evidence inside the fence; the stay is proved until then."
    )
    dwell_seconds: float | None = computed(
        dwell_s,
        "Seconds of the proved stay; null where the rep did not arrive inside.",
        needs=("opened_at", "last_inside_at"),
    )
    auto_closed: bool = stored(
        "auto_closed", "Its end is the shift's: left out of mean lengths of stay.", default=False
    )
    offline: bool = stored("offline", "Evidence of it came late, from a phone without a connection.")
    rep_id: strawberry.ID = stored("owner_id", "Whose visit it is.")
    rep: Annotated["Person", strawberry.lazy("schema.people")] | None = related("people", "The rep.", key="owner_id")
    site: Annotated["Site", strawberry.lazy("schema.sites")] | None = related("sites", "The place.", key="site_id")
    account: Annotated["Account", strawberry.lazy("schema.accounts")] | None = related(
        "accounts", "The customer.", key="account_id"
    )
    lead: Annotated["Lead", strawberry.lazy("schema.leads")] | None = related(
        "leads", "The lead it is about.", key="lead_id"
    )
    replaces: Annotated["Visit", strawberry.lazy("schema.visits")] | None = related(
        "visits", "The visit that was rescheduled to this one.", key="replaces_id"
    )
    last_check_in: Annotated["CheckIn", strawberry.lazy("schema.check_ins")] | None = related(
        "check_ins", "The check-in that opened it.", key="last_check_in_id"
    )
    files: list[Annotated["File", strawberry.lazy("schema.files")]] = related_list(
        "files", "The files about it, newest first.", on="visit_id", order="-uploaded_at"
    )
    norm_entries: list[Annotated["NormEntry", strawberry.lazy("schema.norms")]] = related_list(
        "norm_entries", "Must-do items done and insights gained in it.", on="visit_id", order="occurred_at"
    )
    check_ins: list[Annotated["CheckIn", strawberry.lazy("schema.check_ins")]] = related_list(
        "check_ins", "All evidence of it, refused included, latest first.", on="visit_id", order="-event_at"
    )
    version: int = stored("version", "Grows by one with each change; pass it as `expectedVersion`.")
    created_at: datetime = stored("created_at", "When it was created.")
    updated_at: datetime = stored("updated_at", "When it last changed.")


@strawberry.enum(description="Order of a visit list.")
class VisitOrder(Enum):
    SOONEST = strawberry.enum_value("scheduled_at", description="By scheduled time.")
    LATEST = strawberry.enum_value("-scheduled_at", description="By scheduled time, latest first.")


@strawberry.input(description="Which visits; conditions that are absent do not restrict.")
class VisitFilter:
    scheduled_from: datetime | None = strawberry.field(default=None, description="Scheduled at this time or later.")
    scheduled_before: datetime | None = strawberry.field(default=None, description="Scheduled before this time.")
    state: VisitState | None = strawberry.field(default=None, description="Only in this state.")
    rep_id: strawberry.ID | None = strawberry.field(default=None, description="Only this person's.")
    site_id: strawberry.ID | None = strawberry.field(default=None, description="Only at this site.")
    account_id: strawberry.ID | None = strawberry.field(default=None, description="Only at this customer.")


@strawberry.input(description="An appointment.")
class ScheduleVisitInput:
    site_id: strawberry.ID = strawberry.field(description="Where.")
    start_at: datetime = strawberry.field(description="When it begins.")
    end_at: datetime | None = strawberry.field(default=None, description="When it ends; 30 minutes later if absent.")
    id: strawberry.ID | None = strawberry.field(default=None, description="Made on the device: vis_ + ULID or UUID.")
    rep_id: strawberry.ID | None = strawberry.field(default=None, description="Whose visit; yours if absent.")
    lead_id: strawberry.ID | None = strawberry.field(default=None, description="The lead it is about.")
    note: str | None = strawberry.field(default=None, description="Free text, 4000 characters at the most.")


def _conditions(chosen: VisitFilter | None) -> dict[str, Any]:
    where = given(chosen) if chosen is not None else {}
    since, before = where.pop("scheduled_from", None), where.pop("scheduled_before", None)
    between = {"$gte": stored_time(since), "$lt": stored_time(before)}
    if since is not None or before is not None:
        where["scheduled_at"] = {step: at for step, at in between.items() if at is not None}
    if "rep_id" in where:
        where["owner_id"] = where.pop("rep_id")
    return where


@strawberry.type
class VisitQuery:
    @returns(Visit | None, "One visit; null where it does not exist or you may not see it.")
    async def visit(
        self,
        info: Info,
        id: Annotated[strawberry.ID, strawberry.argument(description="Its id.")],  # noqa: A002
    ) -> Document | None:
        return await info.context.reads.find("visits", id, wanted(info, "Visit"))

    @returns(Connection[Visit] | None, "The visits you may see.")
    async def visits(
        self,
        info: Info,
        first: First = 20,
        after: After = None,
        order: Annotated[VisitOrder, strawberry.argument(description="Sorting.")] = VisitOrder.SOONEST,
        filter: Annotated[VisitFilter | None, strawberry.argument(description="Which ones.")] = None,  # noqa: A002
    ) -> Document:
        request = page_request(first, after, str(order.value))
        page = await info.context.reads.page("visits", _conditions(filter), request, wanted(info, "Visit"))
        return as_connection(page)


VisitArgument = Annotated[strawberry.ID, strawberry.argument(description="Which visit.")]
Reason = Annotated[str, strawberry.argument(description="Why: 1 to 500 characters.")]
ExpectedVersion = Annotated[
    int | None, strawberry.argument(description="Refused as VersionConflict where the visit moved on.")
]


@strawberry.type
class VisitMutation:
    @mutates("scheduleVisit", "Makes an appointment, your own or for a rep you plan for.", Visit, *COMMON, IdTaken)
    async def schedule_visit(
        self,
        info: Info,
        client_key: ClientKey,
        input: Annotated[ScheduleVisitInput, strawberry.argument(description="The appointment.")],  # noqa: A002
    ) -> Document | Refusal:
        return await schedule_visit(info.context, client_key, NewVisit(**given(input)))

    @mutates(
        "rescheduleVisit",
        "Moves a planned or missed visit; answers the visit that takes its place.",
        Visit,
        *COMMON,
        IdTaken,
        WrongState,
        VersionConflict,
    )
    async def reschedule_visit(
        self,
        info: Info,
        client_key: ClientKey,
        id: VisitArgument,  # noqa: A002
        start_at: Annotated[datetime, strawberry.argument(description="When it begins now.")],
        reason: Reason,
        end_at: Annotated[
            datetime | None, strawberry.argument(description="When it ends; 30 minutes later if absent.")
        ] = None,
        new_visit_id: Annotated[
            strawberry.ID | None, strawberry.argument(description="Made on the device: vis_ + ULID or UUID.")
        ] = None,
        expected_version: ExpectedVersion = None,
    ) -> Document | Refusal:
        return await reschedule_visit(
            info.context, client_key, id, start_at, end_at, reason, new_visit_id, expected_version
        )

    @mutates("cancelVisit", "Cancels a planned visit.", Visit, *COMMON, WrongState, VersionConflict)
    async def cancel_visit(
        self,
        info: Info,
        client_key: ClientKey,
        id: VisitArgument,  # noqa: A002
        reason: Reason,
        expected_version: ExpectedVersion = None,
    ) -> Document | Refusal:
        return await cancel_visit(info.context, client_key, id, reason, expected_version)

"""Carrying new rules over to running clocks, in the schema: the preview, the sweeps, and ending a policy."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Union

import strawberry

from domain.refusals import Refusal
from domain.sla import ClockState, Metric
from domain.sla_sweeps import SweepKind, SweepState
from resolvers.sla_sweeps import Drafts, deactivate_policy, preview, recalculate, sweeps
from schema.calendars import CalendarInput
from schema.calendars import draft_of as calendar_draft
from schema.fields import Info, mutates, related, returns, stored
from schema.paging import After, ClientKey, Connection, First, as_connection, page_request
from schema.refusals import COMMON, InvalidInput, NotFound, VersionConflict, WrongState
from schema.scalars import described_enum
from schema.sla_policies import PolicyKey, SlaPolicy, SlaPolicyInput
from schema.sla_policies import draft_of as policy_draft
from storage.driver import Document

if TYPE_CHECKING:
    from schema.leads import Lead
    from schema.people import Person

described_enum(
    SweepKind,
    "What a sweep does to the running clocks it meets.",
    title="SlaSweepKind",
    RECALCULATE="Puts each under the policy that a clock beginning now would get, counted from the clock's own start.",
    END_POLICY="Cancels those under the policy that was ended, and drops what was still to be told of them.",
)
described_enum(
    SweepState,
    "Whether a sweep has looked at all clocks.",
    title="SlaSweepState",
    RUNNING="Workers go on with it.",
    DONE="It has.",
)


@strawberry.type(description="How one running clock would change.")
class SlaClockChange:
    clock_id: strawberry.ID = stored("clock_id", "The clock.")
    lead: Annotated["Lead", strawberry.lazy("schema.leads")] | None = related(
        "leads", "The lead it runs on.", key="lead_id"
    )
    metric: Metric = stored("metric", "What it measures.")
    policy_key: str = stored("policy_key", "The policy it runs under.")
    policy_version: int = stored("policy_version", "The policy's version it runs under.")
    new_policy_key: str = stored("new_policy_key", "The policy it would run under.")
    new_policy_version: int = stored("new_policy_version", "The policy's version it would run under.")
    due_at: datetime | None = stored("due_at", "When it is due; null while pending or paused.")
    new_due_at: datetime | None = stored("new_due_at", "When it would be due; null while pending or paused.")
    state: ClockState = stored("state", "Where it stands.")
    new_state: ClockState = stored("new_state", "Where it would stand; CANCELLED where nothing is promised any more.")


@strawberry.type(description="One page of what would change; nothing has been saved.")
class SlaPreview:
    changes: list[SlaClockChange] = stored("changes", "The clocks of this page that would change.")
    examined: int = stored("examined", "How many running clocks this page looked at.")
    end_cursor: str | None = stored("end_cursor", "Pass it as `after` for the next page; null: there is none.")


@strawberry.type(description="A change of rules on its way over all running clocks.")
class SlaSweep:
    kind: SweepKind = stored("kind", "What it does.")
    policy_key: str | None = stored("policy_key", "The policy that was ended.")
    reason: str | None = stored("reason", "Why it was ended; the cancelled clocks say it too.")
    state: SweepState = stored("state", "Whether it has looked at all clocks.")
    examined: int = stored("examined", "How many running clocks it has looked at.")
    changed: int = stored("changed", "How many of them it changed.")
    started_at: datetime = stored("started_at", "Since when.")
    started_by: Annotated["Person", strawberry.lazy("schema.people")] | None = related(
        "people", "By whom.", key="started_by"
    )
    finished_at: datetime | None = stored("finished_at", "When it had looked at all; null while it runs.")


_OUTCOMES = (SlaPreview, NotFound, InvalidInput)
SlaPreviewResult: Any = Annotated[
    Union[tuple(_OUTCOMES)],  # noqa: UP007
    strawberry.union("SlaPreviewResult", description="What `previewSlaChange` can answer."),
]


@strawberry.type
class SlaSweepQuery:
    @returns(
        SlaPreviewResult | None,
        "How running clocks would change if these drafts were saved and `recalculateSla` called, or if a policy were "
        "deactivated; without arguments: what `recalculateSla` would change now. For administrators.",
    )
    async def preview_sla_change(
        self,
        info: Info,
        policy: Annotated[SlaPolicyInput | None, strawberry.argument(description="Taken as saved.")] = None,
        calendar: Annotated[CalendarInput | None, strawberry.argument(description="Taken as saved.")] = None,
        deactivated_policy: Annotated[
            str | None, strawberry.argument(description="Key of a policy taken as deactivated.")
        ] = None,
        first: Annotated[int, strawberry.argument(description="How many running clocks to look at, 1 to 100.")] = 100,
        after: After = None,
    ) -> Document | Refusal:
        drafts = Drafts(
            None if policy is None else policy_draft(policy),
            None if calendar is None else calendar_draft(calendar),
            deactivated_policy,
        )
        return await preview(info.context, drafts, page_request(first, after))

    @returns(Connection[SlaSweep] | None, "How far changes of rules have come, newest first. For administrators.")
    async def sla_sweeps(self, info: Info, first: First = 20, after: After = None) -> Document:
        return as_connection(await sweeps(info.context, page_request(first, after)))


@strawberry.type
class SlaSweepMutation:
    @mutates(
        "recalculateSla",
        "Begins to put every running clock under the policies and calendars of today, counted from its own start; "
        "steps that were sent are not sent again. Look at `previewSlaChange` first. For administrators.",
        SlaSweep,
        *COMMON,
    )
    async def recalculate_sla(self, info: Info, client_key: ClientKey) -> Document | Refusal:
        return await recalculate(info.context, client_key)

    @mutates(
        "deactivateSlaPolicy",
        "Takes a policy out of use and begins to cancel the clocks that run under it. For administrators.",
        SlaPolicy,
        *COMMON,
        VersionConflict,
        WrongState,
    )
    async def deactivate_sla_policy(
        self,
        info: Info,
        client_key: ClientKey,
        key: PolicyKey,
        reason: Annotated[str, strawberry.argument(description="Why, 1 to 100 characters; the clocks say it too.")],
        expected_version: Annotated[
            int | None, strawberry.argument(description="Refused as VersionConflict where the policy moved on.")
        ] = None,
    ) -> Document | Refusal:
        return await deactivate_policy(info.context, client_key, key, reason, expected_version)

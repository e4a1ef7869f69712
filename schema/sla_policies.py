"""SLA policies of the organization in the schema: what is promised on which leads, versions, and saving them."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

import schema.sla  # noqa: F401 - gives Metric its words
from domain.calendar import ALWAYS
from domain.refusals import Refusal
from domain.sla import LADDER, Metric, Recipient, Step
from domain.sla_policies import USUAL_POSITION, Condition, MatchField, PolicyDraft
from resolvers.sla_policies import all_policies, one_policy, policy_versions, save_draft
from schema.calendars import ExpectedVersion, WhichVersion
from schema.fields import Info, mutates, related, returns, stored
from schema.paging import After, ClientKey, Connection, First, as_connection, page_request
from schema.refusals import COMMON, VersionConflict
from schema.scalars import described_enum
from storage.driver import Document

if TYPE_CHECKING:
    from schema.people import Person

described_enum(
    Recipient,
    "Who a step of an SLA policy tells, seen from the lead's owner.",
    title="SlaRecipient",
    OWNER="The owner.",
    SUPERIOR="Who leads the owner's team, or the next above.",
    SUPERIOR_OF_SUPERIOR="Who leads above the superior.",
    CUSTOMER_SUCCESS="Everybody in support, as a care task that one of them takes on.",
)
described_enum(
    MatchField,
    "What of a lead a condition of an SLA policy looks at.",
    title="SlaMatchField",
    TIER="Its tier.",
    SOURCE="Where it came from.",
    REGION="Its region.",
    PRODUCT_LINE="Its product line.",
    STAGE="Key of its stage when the clock begins.",
)


@strawberry.type(description="Holds where the lead's value is one of these.")
class SlaCondition:
    field: MatchField = stored("field", "What of the lead it looks at.")
    values: list[str] = stored("values", "The values, any of which fits.")


@strawberry.type(description="A rung of the ladder: who is told when so much of the target is used up.")
class SlaStep:
    percent: int = stored("percent", "Percent of the target, counted in the calendar's open time.")
    recipients: list[Recipient] = stored("recipients", "Who is told; one who is missing is skipped.")
    propose_reassignment: bool = stored(
        "propose_reassignment", "Whether it proposes to give the lead to somebody else.", default=False
    )


@strawberry.type(
    description="A promise to leads that fit. The first in order that fits wins; each save adds a version."
)
class SlaPolicy:
    key: str = stored("key", "What it is called by; the default of a metric is called by the metric.")
    name: str = stored("name", "What people call it.")
    metric: Metric = stored("metric", "What it measures.")
    version: int = stored("version", "Grows by one with each save; pass it as `expectedVersion`.")
    position: int = stored("position", "Lower ones are tried first, then by key; the default of a metric last of all.")
    active: bool = stored("active", "Whether it is in use.")
    ended_reason: str | None = stored("ended_reason", "Why it is not.")
    conditions: list[SlaCondition] = stored("conditions", "All must hold; none: it fits every lead.", default=())
    target_seconds: int = stored("target_s", "Open seconds that may pass.")
    calendar_key: str = stored("calendar_key", "The calendar that counts.")
    pause_stages: list[str] = stored("pause_stages", "Keys of the stages in which the clock does not run.", default=())
    steps: list[SlaStep] = stored("steps", "Who is told when, in order.", default=())
    saved_at: datetime | None = stored("saved_at", "When this version was saved; null for a default nobody changed.")
    saved_by: Annotated["Person", strawberry.lazy("schema.people")] | None = related(
        "people", "Who saved this version.", key="saved_by"
    )


@strawberry.input(description="Holds where the lead's value is one of these.")
class SlaConditionInput:
    field: MatchField = strawberry.field(description="What of the lead it looks at.")
    values: list[str] = strawberry.field(description="1 to 50 values, any of which fits.")


@strawberry.input(description="A rung of the ladder.")
class SlaStepInput:
    percent: int = strawberry.field(description="1 to 400 percent of the target, rising from step to step.")
    recipients: list[Recipient] = strawberry.field(description="Who is told.")
    propose_reassignment: bool = strawberry.field(
        default=False, description="Whether it proposes to give the lead to somebody else."
    )


@strawberry.input(description="A whole policy; it replaces the version before.")
class SlaPolicyInput:
    key: str = strawberry.field(description="1 to 40 of A-Z, a-z, 0-9, _ and -; the metric's name: its default.")
    metric: Metric = strawberry.field(description="What it measures; never changes.")
    name: str = strawberry.field(description="1 to 100 characters.")
    target_seconds: int = strawberry.field(description="Open seconds that may pass.")
    position: int = strawberry.field(default=USUAL_POSITION, description="1 to 1,000; lower ones are tried first.")
    conditions: list[SlaConditionInput] = strawberry.field(
        default_factory=list, description="All must hold, 10 at the most; none: it fits every lead."
    )
    calendar_key: str = strawberry.field(default=ALWAYS.name, description="The calendar that counts.")
    pause_stages: list[str] = strawberry.field(
        default_factory=list, description="Keys of the stages in which the clock does not run."
    )
    steps: list[SlaStepInput] | None = strawberry.field(
        default=None, description="10 at the most; absent: 75, 100, 150 and 300 percent as shipped."
    )


PolicyKey = Annotated[str, strawberry.argument(description="Which policy.")]


def draft_of(policy: SlaPolicyInput) -> PolicyDraft:
    """As the domain takes it."""
    steps = (Step(each.percent, tuple(each.recipients), each.propose_reassignment) for each in policy.steps or ())
    return PolicyDraft(
        key=policy.key,
        metric=policy.metric,
        name=policy.name,
        target_s=policy.target_seconds,
        position=policy.position,
        conditions=tuple(Condition(each.field, tuple(each.values)) for each in policy.conditions),
        calendar_key=policy.calendar_key,
        steps=LADDER if policy.steps is None else tuple(steps),
        pause_stages=tuple(policy.pause_stages),
    )


@strawberry.type
class SlaPolicyQuery:
    @returns(list[SlaPolicy] | None, "The policies in the order in which they are tried. For administrators.")
    async def sla_policies(
        self,
        info: Info,
        metric: Annotated[Metric | None, strawberry.argument(description="Only of this metric.")] = None,
    ) -> list[Document]:
        return await all_policies(info.context, metric)

    @returns(SlaPolicy | None, "One policy; null where there is none. For administrators.")
    async def sla_policy(self, info: Info, key: PolicyKey, version: WhichVersion = None) -> Document | None:
        return await one_policy(info.context, key, version)

    @returns(
        Connection[SlaPolicy] | None, "All versions of a policy that were saved, newest first. For administrators."
    )
    async def sla_policy_versions(self, info: Info, key: PolicyKey, first: First = 20, after: After = None) -> Document:
        page = await policy_versions(info.context, key, page_request(first, after, "-version"))
        return as_connection(page)


@strawberry.type
class SlaPolicyMutation:
    @mutates(
        "saveSlaPolicy",
        "Saves a policy or its next version, in use again. Running clocks keep theirs until `recalculateSla`. "
        "For administrators.",
        SlaPolicy,
        *COMMON,
        VersionConflict,
    )
    async def save_sla_policy(
        self,
        info: Info,
        client_key: ClientKey,
        input: Annotated[SlaPolicyInput, strawberry.argument(description="The policy.")],  # noqa: A002
        expected_version: ExpectedVersion = None,
    ) -> Document | Refusal:
        return await save_draft(info.context, client_key, draft_of(input), expected_version)

"""The sales procedure in the schema: its rules, completing what they ask for, and exceptions from its gates."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from domain import gate_bypasses, sop
from domain.accounts import Tier
from domain.gate_bypasses import BypassState
from domain.refusals import Refusal
from domain.sop import Requirement
from resolvers.procedures import bypass_gate, request_gate_bypass, sales_procedure, save_sales_procedure
from resolvers.standard_actions import complete_action
from schema.fields import Info, computed, mutates, related, returns, stored, wanted
from schema.inputs import given
from schema.leads import Lead, UnknownStage
from schema.nodes import Node
from schema.paging import After, ClientKey, Connection, First, as_connection, page_request
from schema.refusals import COMMON, VersionConflict, WrongState, shown
from schema.scalars import described_enum
from schema.standard_actions import UnknownAction, in_own_words
from storage.driver import Document

if TYPE_CHECKING:
    from schema.people import Person

described_enum(
    Requirement,
    "What opens a gate.",
    PROPOSAL_STORED="A file of the kind PROPOSAL is stored for the lead.",
    ACTIONS_DONE="All required standard actions of the gate's stage are done.",
)
described_enum(
    BypassState,
    "Whether an exception holds.",
    REQUESTED="It waits for approval and opens nothing.",
    APPROVED="The lead may pass.",
)
NoGate = shown(sop.NoGate, id="The lead.", stage="The stage without a gate for leads of its tier.")
SelfApproval = shown(gate_bypasses.SelfApproval, id="The exception.")


@strawberry.type(description="Leads of a tier that enter a stage get this action.")
class ActionRule:
    tier: Tier = stored("tier", "The tier of the lead.")
    stage: str = stored("stage", "Key of the stage.")
    key: str = stored("key", "Its key, unique in the tier.")
    name: str = computed(in_own_words, "What to do, in your language.", needs=("name_en", "name_zh"))
    name_en: str = stored("name_en", "What to do, in English.")
    name_zh: str = stored("name_zh", "What to do, in Chinese.")
    due_after_hours: int = stored("due_after_h", "Hours after entering the stage until it is due.")
    required: bool = stored("required", "Whether gates of the kind ACTIONS_DONE wait for it.")


@strawberry.type(description="Leads of a tier do not get past a stage until the requirement is met.")
class StageGate:
    tier: Tier = stored("tier", "The tier of the lead.")
    stage: str = stored("stage", "Key of the stage that leads do not get past.")
    requirement: Requirement = stored("requirement", "What opens it.")


@strawberry.type(description="What an organization asks for in each tier and stage.")
class SalesProcedure:
    version: int = stored("version", "Grows by one with each change; 0 for the rules every organization begins with.")
    actions: list[ActionRule] = stored("actions", "The standard actions.", default=())
    gates: list[StageGate] = stored("gates", "The gates.", default=())
    saved_at: datetime | None = stored("saved_at", "When this version was saved.")


@strawberry.type(description="An exception: one lead may pass one gate. Kept for good, for its managers and admins.")
class GateBypass(Node):
    stage: str = stored("stage", "Key of the stage whose gates it opens.")
    tier: Tier = stored("tier", "The lead's tier when it was asked for.")
    state: BypassState = stored("state", "Whether it holds.")
    reason: str = stored("reason", "Why it was asked for.")
    requested_at: datetime = stored("requested_at", "When it was asked for.")
    requested_by: Annotated["Person", strawberry.lazy("schema.people")] | None = related(
        "people", "Who asked for it; null where you may not see them.", key="owner_id"
    )
    approved_at: datetime | None = stored("approved_at", "When it was approved.")
    approved_by: Annotated["Person", strawberry.lazy("schema.people")] | None = related(
        "people", "Who approved it; null where you may not see them.", key="approver_id"
    )
    note: str | None = stored("note", "What whoever approved it wrote.")
    lead: Lead | None = related("leads", "The lead; null where you may not see it.", key="lead_id")


@strawberry.input(description="A rule for a standard action.")
class ActionRuleInput:
    tier: Tier = strawberry.field(description="The tier of the lead.")
    stage: str = strawberry.field(description="Key of the stage.")
    key: str = strawberry.field(description="1 to 40 letters, digits, _ or -, unique in the tier.")
    name_en: str = strawberry.field(description="What to do, in English, 1 to 120 characters.")
    name_zh: str = strawberry.field(description="What to do, in Chinese, 1 to 120 characters.")
    due_after_hours: int = strawberry.field(description="1 to 8784 hours after entering the stage.")
    required: bool = strawberry.field(default=False, description="Whether gates of the kind ACTIONS_DONE wait for it.")


@strawberry.input(description="A gate behind a stage.")
class StageGateInput:
    tier: Tier = strawberry.field(description="The tier of the lead.")
    stage: str = strawberry.field(description="Key of the stage that leads do not get past.")
    requirement: Requirement = strawberry.field(description="What opens it.")


@strawberry.input(description="The whole procedure; it replaces the one before. Leads keep the actions they have.")
class SalesProcedureInput:
    actions: list[ActionRuleInput] = strawberry.field(description="200 at the most, in the order they are shown.")
    gates: list[StageGateInput] = strawberry.field(description="50 at the most.")


@strawberry.input(description="Which exceptions; conditions that are absent do not restrict.")
class GateBypassFilter:
    lead_id: strawberry.ID | None = strawberry.field(default=None, description="Only of this lead.")
    state: BypassState | None = strawberry.field(default=None, description="Only in this state.")


def _rules(source: SalesProcedureInput) -> Document:
    """The input in the words of the domain."""
    described = given(source)
    for rule in described["actions"]:
        rule["due_after_h"] = rule.pop("due_after_hours")
    return described


@strawberry.type
class ProcedureQuery:
    @returns(SalesProcedure | None, "What your organization asks for in each tier and stage.")
    async def sales_procedure(self, info: Info) -> Document:
        return await sales_procedure(info.context)

    @returns(
        Connection[GateBypass] | None,
        "Exceptions from gates, newest first: a rep's own requests, a manager's teams', an admin's all.",
    )
    async def gate_bypasses(
        self,
        info: Info,
        first: First = 20,
        after: After = None,
        filter: Annotated[GateBypassFilter | None, strawberry.argument(description="Which ones.")] = None,  # noqa: A002
    ) -> Document:
        where = given(filter) if filter is not None else {}
        page = await info.context.reads.page(
            "gate_bypasses", where, page_request(first, after), wanted(info, "GateBypass")
        )
        return as_connection(page)


@strawberry.type
class ProcedureMutation:
    @mutates(
        "saveSalesProcedure",
        "Replaces the rules for standard actions and gates. For administrators.",
        SalesProcedure,
        *COMMON,
        VersionConflict,
    )
    async def save_sales_procedure(
        self,
        info: Info,
        client_key: ClientKey,
        input: Annotated[SalesProcedureInput, strawberry.argument(description="The rules.")],  # noqa: A002
        expected_version: Annotated[
            int, strawberry.argument(description="The version that is replaced, 0 for none. Else VersionConflict.")
        ],
    ) -> Document | Refusal:
        return await save_sales_procedure(info.context, client_key, _rules(input), expected_version)

    @mutates(
        "completeAction",
        "Says that a standard action of a lead is done, with its evidence.",
        Lead,
        *COMMON,
        VersionConflict,
        WrongState,
        UnknownAction,
    )
    async def complete_action(
        self,
        info: Info,
        client_key: ClientKey,
        lead_id: Annotated[strawberry.ID, strawberry.argument(description="The lead.")],
        key: Annotated[str, strawberry.argument(description="Key of the action.")],
        evidence_id: Annotated[
            strawberry.ID | None,
            strawberry.argument(description="A file, activity or visit of this lead; absent: the note tells."),
        ] = None,
        note: Annotated[
            str | None, strawberry.argument(description="What was done, 2000 characters; needed without evidenceId.")
        ] = None,
    ) -> Document | Refusal:
        return await complete_action(info.context, client_key, lead_id, key, evidence_id, note)

    @mutates(
        "requestGateBypass",
        "Asks to let a lead past a gate that is shut; somebody else has to approve it by `bypassGate`.",
        GateBypass,
        *COMMON,
        UnknownStage,
        NoGate,
    )
    async def request_gate_bypass(
        self,
        info: Info,
        client_key: ClientKey,
        lead_id: Annotated[strawberry.ID, strawberry.argument(description="The lead.")],
        stage: Annotated[str, strawberry.argument(description="Key of the stage whose gate is shut.")],
        reason: Annotated[str, strawberry.argument(description="Why, 1 to 1000 characters.")],
    ) -> Document | Refusal:
        return await request_gate_bypass(info.context, client_key, lead_id, stage, reason)

    @mutates(
        "bypassGate",
        "Approves an exception somebody else asked for. Needs APPROVE_BYPASSES.",
        GateBypass,
        *COMMON,
        WrongState,
        SelfApproval,
    )
    async def bypass_gate(
        self,
        info: Info,
        client_key: ClientKey,
        id: Annotated[strawberry.ID, strawberry.argument(description="The exception that was asked for.")],  # noqa: A002
        note: Annotated[
            str | None, strawberry.argument(description="What to remember about it, 1 to 1000 characters.")
        ] = None,
    ) -> Document | Refusal:
        return await bypass_gate(info.context, client_key, id, note)

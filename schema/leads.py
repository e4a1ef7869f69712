"""Leads in the schema: type, stages, queries and mutations; their inputs are in schema/lead_inputs.py."""

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated

import strawberry

from domain import leads as domain
from domain.accounts import Tier
from domain.leads import StageKind
from domain.refusals import Refusal
from resolvers.conversion import Conversion, convert_lead
from resolvers.leads import NewLead, assign_lead, create_lead, move_lead, update_lead
from schema.activities import Activity
from schema.assignments import LeadAssignment, LeadTenure
from schema.contacts import Contact
from schema.duplicates import PossibleDuplicate
from schema.fields import Info, mutates, placed, related, related_list, returns, stored, wanted
from schema.gates import GATES
from schema.inputs import given
from schema.lead_inputs import CreateLeadInput, LeadChanges, LeadFilter, LeadOrder, lead_conditions
from schema.nodes import Node
from schema.paging import After, ClientKey, Connection, First, as_connection, page_request
from schema.places import Coordinates
from schema.refusals import COMMON, IdTaken, VersionConflict, shown
from schema.sla import SlaClock
from schema.standard_actions import StandardAction
from storage.codec import encode
from storage.driver import Document
from storage.leads import list_stages

if TYPE_CHECKING:
    from schema.accounts import Account
    from schema.files import File
    from schema.people import Person

UnknownStage = shown(domain.UnknownStage, stage="The key that was given.", known="The keys there are.")
OwnerNotAvailable = shown(
    domain.OwnerNotAvailable,
    person_id="Who cannot be given leads.",
    field="Path of the value in the input.",
    successor_id="Who took over from them, where they have left.",
)
AlreadyConverted = shown(domain.AlreadyConverted, id="The lead.", account_id="The account it became.")

ExpectedVersion = Annotated[
    int | None, strawberry.argument(description="Refused as VersionConflict where the lead moved on.")
]
LeadId = Annotated[strawberry.ID, strawberry.argument(description="Which lead.")]


@strawberry.type(description="One step of the organization's funnel.")
class LeadStage:
    key: str = stored("key", "Its key, such as QUALIFIED.")
    kind: StageKind = stored("kind", "What it means.")
    name: str = stored("name", "What people call it.")


@strawberry.type(description="A possible deal.")
class Lead(Node):
    name: str = stored("name", "Title, such as the prospect's name.")
    stage: str = stored("stage", "Key of its stage.")
    stage_kind: StageKind = stored("stage_kind", "What the stage means.")
    tier: Tier = stored("tier", "How much it matters.")
    source: str | None = stored("source", "Where it came from.")
    region: str | None = stored("region", "Sales region.")
    product_line: str | None = stored("product_line", "What it is about.")
    estimated_value: Decimal | None = stored("estimated_value", "What it may be worth, in `currency`.")
    currency: str | None = stored("currency", "ISO 4217 code.")
    contact_name: str | None = stored("contact_name", "Who to ask for.")
    phone: str | None = stored("phone", "The prospect's telephone number.")
    email: str | None = stored("email", "The prospect's e-mail address.")
    note: str | None = stored("note", "Free text.")
    external_id: str | None = stored("external_id", "Id in the system it was imported from.")
    lost_reason: str | None = stored("lost_reason", "Why it was lost or disqualified.")
    owner_id: strawberry.ID | None = stored("owner_id", "Who works on it; null while nobody does.")
    owner: Annotated["Person", strawberry.lazy("schema.people")] | None = related(
        "people", "Who works on it.", key="owner_id"
    )
    team_id: strawberry.ID | None = stored("team_id", "The team it belongs to.")
    site_id: strawberry.ID | None = stored("site_id", "Where visits take place.")
    location: Coordinates | None = placed("location", "Where it is, as given when it was created.")
    account: Annotated["Account", strawberry.lazy("schema.accounts")] | None = related(
        "accounts", "The customer it belongs to or became.", key="account_id"
    )
    contact: Contact | None = related("contacts", "The person it belongs to or became.", key="contact_id")
    activities: list[Activity] = related_list(
        "activities", "What was done about it, latest first.", on="lead_id", order="-occurred_at"
    )
    tenure: LeadTenure | None = stored(
        "tenure", "How its owner came by it, where they did not create it; null while nobody has it."
    )
    assignments: list[LeadAssignment] = related_list(
        "lead_assignments", "How it changed hands and why, latest first.", on="lead_id", order="-lead_version"
    )
    standard_actions: list[StandardAction] = stored(
        "standard_actions", "What its tier asked for in the stages it went through; `completeAction`.", default=()
    )
    files: list[Annotated["File", strawberry.lazy("schema.files")]] = related_list(
        "files", "The files about it, newest first.", on="lead_id", order="-uploaded_at"
    )
    clocks: list[SlaClock] = related_list("clocks", "Its SLA clocks, newest first.", on="lead_id")
    sla_due_at: datetime | None = stored(
        "sla_due_at", "The earliest due time of its running clocks; in the past where overdue."
    )
    red_flag: bool = stored("red_flag", "Whether a promise is broken; cleared by a human contact.", default=False)
    red_since: datetime | None = stored("red_since", "Since when a promise is broken.")
    occurred_at: datetime = stored("occurred_at", "When the prospect showed up.")
    assigned_at: datetime | None = stored("assigned_at", "When it first got an owner.")
    last_activity_at: datetime | None = stored("last_activity_at", "When something was last done.")
    last_contact_at: datetime | None = stored("last_contact_at", "When somebody last reached out in person.")
    held_at: datetime | None = stored("held_at", "Since when it is on hold: no promise counts time meanwhile.")
    hold_reason: str | None = stored("hold_reason", "Why it is on hold.")
    merged_into: Annotated["Lead", strawberry.lazy("schema.leads")] | None = related(
        "leads", "The lead it turned out to be; its history is there.", key="merged_into_id"
    )
    delivered_at: datetime | None = stored("delivered_at", "When what was sold was delivered.")
    surveyed_at: datetime | None = stored("surveyed_at", "When the customer answered the survey.")
    survey_score: int | None = stored("survey_score", "What the customer answered: 0 to 10, the best.")
    survey_comment: str | None = stored("survey_comment", "What the customer said.")
    closed_at: datetime | None = stored("closed_at", "When it was won, lost or disqualified.")
    converted_at: datetime | None = stored("converted_at", "When it became a customer.")
    created_at: datetime = stored("created_at", "When the server was told.")
    updated_at: datetime = stored("updated_at", "When it last changed.")
    version: int = stored("version", "Grows by one with each change; pass it as `expectedVersion`.")


@strawberry.type
class LeadQuery:
    @returns(Lead | None, "One lead; null where it does not exist or you may not see it.")
    async def lead(
        self,
        info: Info,
        id: Annotated[strawberry.ID, strawberry.argument(description="Its id.")],  # noqa: A002
    ) -> Document | None:
        return await info.context.reads.find("leads", id, wanted(info, "Lead"))

    @returns(Connection[Lead] | None, "The leads you may see: a rep's own, a manager's teams', an admin's all.")
    async def leads(
        self,
        info: Info,
        first: First = 20,
        after: After = None,
        order: Annotated[LeadOrder, strawberry.argument(description="Sorting.")] = LeadOrder.NEWEST,
        filter: Annotated[LeadFilter | None, strawberry.argument(description="Which ones.")] = None,  # noqa: A002
    ) -> Document:
        request = page_request(first, after, str(order.value))
        page = await info.context.reads.page("leads", lead_conditions(filter, order), request, wanted(info, "Lead"))
        return as_connection(page)

    @returns(list[LeadStage] | None, "The stages of your organization, in order.")
    async def lead_stages(self, info: Info) -> list[Document]:
        return [encode(stage) for stage in await list_stages(info.context.store, info.context.me.org_id)]


@strawberry.type
class LeadMutation:
    @mutates(
        "createLead",
        "Creates a lead; with an owner its first-contact clock runs at once.",
        Lead,
        *COMMON,
        IdTaken,
        UnknownStage,
        OwnerNotAvailable,
        PossibleDuplicate,
        *GATES,
    )
    async def create_lead(
        self,
        info: Info,
        client_key: ClientKey,
        input: Annotated[CreateLeadInput, strawberry.argument(description="The lead.")],  # noqa: A002
    ) -> Document | Refusal:
        return await create_lead(info.context, client_key, NewLead(**given(input)))

    @mutates("updateLead", "Changes what is known about a lead.", Lead, *COMMON, VersionConflict)
    async def update_lead(
        self,
        info: Info,
        client_key: ClientKey,
        id: LeadId,  # noqa: A002
        changes: Annotated[LeadChanges, strawberry.argument(description="What changes.")],
        expected_version: ExpectedVersion = None,
    ) -> Document | Refusal:
        return await update_lead(info.context, client_key, id, given(changes), expected_version)

    @mutates(
        "assignLead",
        "Gives a lead to a person you see, with its history; its clocks go on.",
        Lead,
        *COMMON,
        VersionConflict,
        OwnerNotAvailable,
    )
    async def assign_lead(
        self,
        info: Info,
        client_key: ClientKey,
        id: LeadId,  # noqa: A002
        owner_id: Annotated[strawberry.ID, strawberry.argument(description="Who works on it from now on.")],
        expected_version: ExpectedVersion = None,
    ) -> Document | Refusal:
        return await assign_lead(info.context, client_key, id, owner_id, expected_version)

    @mutates(
        "moveLead",
        "Moves a lead to another stage: closing ends its clocks, reopening starts a follow-up. Gates may be shut.",
        Lead,
        *COMMON,
        VersionConflict,
        UnknownStage,
        OwnerNotAvailable,
        *GATES,
    )
    async def move_lead(
        self,
        info: Info,
        client_key: ClientKey,
        id: LeadId,  # noqa: A002
        stage: Annotated[str, strawberry.argument(description="Key of the stage.")],
        reason: Annotated[
            str | None, strawberry.argument(description="Why it was lost or disqualified, 120 characters at the most.")
        ] = None,
        expected_version: ExpectedVersion = None,
    ) -> Document | Refusal:
        return await move_lead(info.context, client_key, id, stage, reason, expected_version)

    @mutates(
        "convertLead",
        "Makes a customer of a lead: account and contact; the lead keeps stage and history. Done before: as it is.",
        Lead,
        *COMMON,
        VersionConflict,
        AlreadyConverted,
    )
    async def convert_lead(
        self,
        info: Info,
        client_key: ClientKey,
        id: LeadId,  # noqa: A002
        account_id: Annotated[
            strawberry.ID | None, strawberry.argument(description="An existing customer; absent: a new one is made.")
        ] = None,
        account_name: Annotated[
            str | None, strawberry.argument(description="Name of the new customer; absent: the lead's.")
        ] = None,
        contact_name: Annotated[
            str | None, strawberry.argument(description="Name of the new contact; absent: the lead's contact name.")
        ] = None,
    ) -> Document | Refusal:
        conversion = Conversion(id, account_id, account_name, contact_name)
        return await convert_lead(info.context, client_key, conversion)

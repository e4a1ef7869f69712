"""What clients say about leads: filter, order and the inputs of the mutations in schema/leads.py."""

from datetime import datetime
from decimal import Decimal
from enum import Enum

import strawberry

from domain.accounts import Tier
from domain.assignment import AssignmentMode
from domain.leads import StageKind
from schema.inputs import given
from schema.places import CoordinatesInput
from schema.scalars import described_enum
from storage.driver import Document

described_enum(
    StageKind,
    "What a stage means, whatever the organization calls it.",
    OPEN="Still to be decided: clocks run.",
    WON="The deal was made.",
    LOST="The deal went elsewhere.",
    DISQUALIFIED="There was no deal to be made.",
)
described_enum(
    AssignmentMode,
    "Who says who gets a new lead.",
    CALLER="The caller, by `ownerId` or `unassigned`.",
    AUTO="The organization's assignment table; nobody available: its pool.",
)


@strawberry.enum(description="Order of a lead list.")
class LeadOrder(Enum):
    NEWEST = strawberry.enum_value("-_id", description="Newest first.")
    DUE = strawberry.enum_value(
        "sla_due_at",
        description="What is due first, overdue ones before it; leads without a running clock are left out.",
    )
    CHANGED = strawberry.enum_value("-updated_at", description="Last changed first.")
    NAME = strawberry.enum_value("name", description="By name.")


@strawberry.input(description="Which leads; conditions that are absent do not restrict.")
class LeadFilter:
    stage: str | None = strawberry.field(default=None, description="Only in the stage of this key.")
    stage_kind: StageKind | None = strawberry.field(default=None, description="Only in stages of this kind.")
    tier: Tier | None = strawberry.field(default=None, description="Only this tier.")
    owner_id: strawberry.ID | None = strawberry.field(default=None, description="Only this person's.")
    unassigned: bool | None = strawberry.field(
        default=None, description="Only without (true) or with (false) an owner."
    )
    red_flag: bool | None = strawberry.field(default=None, description="Only with, or only without, a broken promise.")
    region: str | None = strawberry.field(default=None, description="Only this region.")
    source: str | None = strawberry.field(default=None, description="Only from this source.")


def lead_conditions(asked: LeadFilter | None, order: LeadOrder) -> Document:
    """The stored conditions of a filter, and of an order that needs its value."""
    where: Document = given(asked) if asked is not None else {}
    unassigned = where.pop("unassigned", None)
    if unassigned is not None and "owner_id" not in where:
        where["owner_id"] = {"$exists": not unassigned}
    if order is LeadOrder.DUE:
        where["sla_due_at"] = {"$gt": datetime.min}  # noqa: DTZ901 - documents hold naive UTC
    return where


@strawberry.input(description="A new lead. Only the name is required.")
class CreateLeadInput:
    name: str = strawberry.field(description="1 to 200 characters.")
    tier: Tier = strawberry.field(default=Tier.C, description="How much it matters.")
    id: strawberry.ID | None = strawberry.field(default=None, description="Made on the device: led_ + ULID or UUID.")
    owner_id: strawberry.ID | None = strawberry.field(
        default=None, description="Who works on it; absent: you, if you do field work. Others need ASSIGN_LEADS."
    )
    unassigned: bool = strawberry.field(
        default=False, description="Nobody works on it yet, no clock runs; needs ASSIGN_LEADS."
    )
    assignment: AssignmentMode = strawberry.field(
        default=AssignmentMode.CALLER, description="Who says who works on it; AUTO needs ASSIGN_LEADS."
    )
    stage: str | None = strawberry.field(default=None, description="Key of its stage; absent: the first.")
    source: str | None = strawberry.field(default=None, description="Where it came from.")
    region: str | None = strawberry.field(default=None, description="Sales region.")
    product_line: str | None = strawberry.field(default=None, description="What it is about.")
    estimated_value: Decimal | None = strawberry.field(default=None, description="What it may be worth.")
    currency: str | None = strawberry.field(default=None, description="ISO 4217 code.")
    contact_name: str | None = strawberry.field(default=None, description="Who to ask for.")
    phone: str | None = strawberry.field(default=None, description="The prospect's telephone number.")
    email: str | None = strawberry.field(default=None, description="The prospect's e-mail address.")
    note: str | None = strawberry.field(default=None, description="Free text, 4000 characters at the most.")
    external_id: str | None = strawberry.field(default=None, description="Id in another system, unique.")
    account_id: strawberry.ID | None = strawberry.field(default=None, description="The customer it belongs to.")
    contact_id: strawberry.ID | None = strawberry.field(default=None, description="The contact it belongs to.")
    site_id: strawberry.ID | None = strawberry.field(default=None, description="Where visits take place.")
    location: CoordinatesInput | None = strawberry.field(
        default=None, description="Where it is, if no site says so; territories of assignment rules look at it."
    )
    ignore_duplicates: bool = strawberry.field(
        default=False, description="Create it even if open leads may be the same prospect; else PossibleDuplicate."
    )
    occurred_at: datetime | None = strawberry.field(
        default=None, description="When the prospect showed up; absent: now."
    )


@strawberry.input(description="What changes; a field that is absent stays, null clears.")
class LeadChanges:
    name: str | None = strawberry.field(default=strawberry.UNSET, description="1 to 200 characters.")
    tier: Tier | None = strawberry.field(default=strawberry.UNSET, description="How much it matters.")
    source: str | None = strawberry.field(default=strawberry.UNSET, description="Where it came from.")
    region: str | None = strawberry.field(default=strawberry.UNSET, description="Sales region.")
    product_line: str | None = strawberry.field(default=strawberry.UNSET, description="What it is about.")
    estimated_value: Decimal | None = strawberry.field(default=strawberry.UNSET, description="What it may be worth.")
    currency: str | None = strawberry.field(default=strawberry.UNSET, description="ISO 4217 code.")
    contact_name: str | None = strawberry.field(default=strawberry.UNSET, description="Who to ask for.")
    phone: str | None = strawberry.field(default=strawberry.UNSET, description="The prospect's telephone number.")
    email: str | None = strawberry.field(default=strawberry.UNSET, description="The prospect's e-mail address.")
    note: str | None = strawberry.field(default=strawberry.UNSET, description="Free text.")
    external_id: str | None = strawberry.field(default=strawberry.UNSET, description="Id in another system, unique.")
    account_id: strawberry.ID | None = strawberry.field(default=strawberry.UNSET, description="The customer.")
    contact_id: strawberry.ID | None = strawberry.field(default=strawberry.UNSET, description="The contact.")
    site_id: strawberry.ID | None = strawberry.field(default=strawberry.UNSET, description="Where visits take place.")

"""Leads: a possible deal on its way through the organization's stages, and what may be done to it.

Used by resolvers/leads.py, conversion.py, sla.py, the importer and planning.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any, ClassVar

from domain.accounts import Tier
from domain.contacts import is_email
from domain.ids import AccountId, ContactId, LeadId, OrgId, PersonId, SiteId, TeamId
from domain.people import Person
from domain.places import Point
from domain.refusals import InvalidInput, Refusal, VersionConflict
from domain.standard_actions import StandardAction
from domain.tenure import Tenure

NAME_LENGTH = range(1, 201)
MAX_VALUE = Decimal(10) ** 15
VALUE_DIGITS = 4
MOST_MOVES = 200
"""So many steps of a lead are kept; nothing real takes as many."""
AHEAD = timedelta(minutes=5)
"""A phone's clock may run ahead of ours by so much."""


class StageKind(StrEnum):
    """What a stage means, whatever the organization calls it."""

    OPEN = "OPEN"
    WON = "WON"
    LOST = "LOST"
    DISQUALIFIED = "DISQUALIFIED"


@dataclass(frozen=True, slots=True)
class Stage:
    """One step of the organization's funnel."""

    key: str
    kind: StageKind
    name: str


DEFAULT_STAGES = (
    Stage("NEW", StageKind.OPEN, "New"),
    Stage("CONTACTED", StageKind.OPEN, "Contacted"),
    Stage("QUALIFIED", StageKind.OPEN, "Qualified"),
    Stage("PROPOSAL", StageKind.OPEN, "Proposal"),
    Stage("WON", StageKind.WON, "Won"),
    Stage("LOST", StageKind.LOST, "Lost"),
    Stage("DISQUALIFIED", StageKind.DISQUALIFIED, "Disqualified"),
)
"""What an organization has until it defines stages of its own."""


@dataclass(frozen=True, slots=True)
class StageMove:
    """One step of a lead through the funnel, by the keys of the stages."""

    from_stage: str
    to_stage: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Lead:
    """A possible deal. Without an owner nobody works on it and no clock runs.

    `sla_due_at` is the earliest due time of its running clocks, overdue ones included; `occurred_at` is when the
    prospect showed up, `created_at` when we were told.
    """

    id: LeadId
    org_id: OrgId
    name: str
    stage: str
    stage_kind: StageKind
    tier: Tier
    owner_id: PersonId | None
    team_id: TeamId | None
    occurred_at: datetime
    created_at: datetime
    updated_at: datetime
    source: str | None = None
    region: str | None = None
    product_line: str | None = None
    account_id: AccountId | None = None
    contact_id: ContactId | None = None
    site_id: SiteId | None = None
    location: Point | None = None
    """Where it is, if no site says so."""
    estimated_value: Decimal | None = None
    currency: str | None = None
    contact_name: str | None = None
    phone: str | None = None
    email: str | None = None
    note: str | None = None
    external_id: str | None = None
    lost_reason: str | None = None
    closed_at: datetime | None = None
    converted_at: datetime | None = None
    assigned_at: datetime | None = None
    last_activity_at: datetime | None = None
    last_contact_at: datetime | None = None
    sla_due_at: datetime | None = None
    red_flag: bool = False
    red_since: datetime | None = None
    held_at: datetime | None = None
    hold_reason: str | None = None
    merged_into_id: LeadId | None = None
    delivered_at: datetime | None = None
    surveyed_at: datetime | None = None
    survey_score: int | None = None
    survey_comment: str | None = None
    standard_actions: tuple[StandardAction, ...] = ()
    tenure: Tenure | None = None
    pooled_at: datetime | None = None
    """When it last went back to the pool; one that never had an owner lies there since its creation."""
    stage_moves: tuple[StageMove, ...] = ()
    """Its latest steps, oldest first; the funnel is counted from them."""
    version: int = 1

    @property
    def is_open(self) -> bool:
        """Whether it can still be won or lost."""
        return self.stage_kind is StageKind.OPEN


@dataclass(frozen=True, slots=True)
class UnknownStage(Refusal):
    """The organization has no stage of this key."""

    code: ClassVar[str] = "UNKNOWN_STAGE"
    stage: str
    known: tuple[str, ...]

    @property
    def message(self) -> str:
        return f"There is no stage {self.stage}; there are {', '.join(self.known)}."


@dataclass(frozen=True, slots=True)
class OwnerNotAvailable(Refusal):
    """The person cannot be given leads: not active, or in a role without field work."""

    code: ClassVar[str] = "OWNER_NOT_AVAILABLE"
    person_id: str
    field: str = "ownerId"
    successor_id: str | None = None
    """Who took over where the person has left."""

    @property
    def message(self) -> str:
        return f"{self.person_id} cannot be given leads."


@dataclass(frozen=True, slots=True)
class AlreadyConverted(Refusal):
    """The lead became a customer before, and it is another one than asked for."""

    code: ClassVar[str] = "ALREADY_CONVERTED"
    id: str
    account_id: str

    @property
    def message(self) -> str:
        return f"{self.id} was converted to {self.account_id}."


_SHORT = {
    "source": "source",
    "region": "region",
    "product_line": "productLine",
    "contact_name": "contactName",
    "phone": "phone",
    "external_id": "externalId",
    "lost_reason": "reason",
}


def problem_with(changes: Mapping[str, Any]) -> InvalidInput | None:
    """The first value that can never be accepted."""
    if "name" in changes and (changes["name"] is None or len(changes["name"].strip()) not in NAME_LENGTH):
        return InvalidInput("name", "must have 1 to 200 characters")
    if "tier" in changes and changes["tier"] is None:
        return InvalidInput("tier", "cannot be cleared")
    for name, field in _SHORT.items():
        if len(changes.get(name) or "") > 120:
            return InvalidInput(field, "must have at most 120 characters")
    if not is_email(changes.get("email")):
        return InvalidInput("email", "must be an e-mail address")
    if len(changes.get("note") or "") > 4000:
        return InvalidInput("note", "must have at most 4000 characters")
    return _money_problem(changes.get("estimated_value"), changes.get("currency"))


def _money_problem(value: Decimal | None, currency: str | None) -> InvalidInput | None:
    if value is not None:
        if not value.is_finite() or not 0 <= value < MAX_VALUE:
            return InvalidInput("estimatedValue", "must be a number from 0 to below 10^15")
        if value != round(value, VALUE_DIGITS):
            return InvalidInput("estimatedValue", "must have at most 4 decimals")
    if currency is not None and not (len(currency) == 3 and currency.isascii() and currency.isalpha()):
        return InvalidInput("currency", "must be an ISO 4217 code, such as EUR")
    return None


def occurrence_problem(occurred_at: datetime | None, now: datetime, oldest: timedelta | None) -> InvalidInput | None:
    """Whether a reported time lies ahead of the clock or further back than `oldest`."""
    if occurred_at is None:
        return None
    if occurred_at > now + AHEAD:
        return InvalidInput("occurredAt", "lies in the future")
    if oldest is not None and occurred_at < now - oldest:
        return InvalidInput("occurredAt", f"lies more than {oldest.total_seconds() / 3600:.0f} h back")
    return None


def revise(
    lead: Lead, changes: Mapping[str, Any], expected_version: int | None, now: datetime
) -> Lead | InvalidInput | VersionConflict:
    """The lead with `changes` (None clears) and the next version."""
    if expected_version is not None and expected_version != lead.version:
        return VersionConflict(lead.id, lead.version)
    problem = problem_with(changes)
    if problem is not None:
        return problem
    return replace(lead, **changes, version=lead.version + 1, updated_at=now)


def assign(lead: Lead, owner: Person, now: datetime) -> Lead:
    """The lead in the hands of `owner`, whose team sees it from now on."""
    return replace(
        lead,
        tenure=lead.tenure if lead.owner_id == owner.id else None,
        owner_id=owner.id,
        team_id=owner.team_id,
        assigned_at=lead.assigned_at or now,
        version=lead.version + 1,
        updated_at=now,
    )


def move(lead: Lead, stage: Stage, reason: str | None, now: datetime) -> Lead:
    """The lead in another stage; the reason is kept with a lead that was lost or disqualified."""
    closed = stage.kind is not StageKind.OPEN
    step = () if stage.key == lead.stage else (StageMove(lead.stage, stage.key, now),)
    return replace(
        lead,
        stage_moves=(*lead.stage_moves, *step)[-MOST_MOVES:],
        stage=stage.key,
        stage_kind=stage.kind,
        closed_at=(lead.closed_at or now) if closed else None,
        lost_reason=reason if stage.kind in {StageKind.LOST, StageKind.DISQUALIFIED} else None,
        held_at=None if closed else lead.held_at,
        hold_reason=None if closed else lead.hold_reason,
        version=lead.version + 1,
        updated_at=now,
    )


def stage_named(stages: Sequence[Stage], key: str) -> Stage | UnknownStage:
    """The stage of this key."""
    for stage in stages:
        if stage.key == key:
            return stage
    return UnknownStage(key, tuple(stage.key for stage in stages))

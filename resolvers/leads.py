"""Leads: creating, changing, assigning and moving through the stages. Called by schema/leads.py and the importer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from domain.access import CAPABILITIES, Actor, Capability, Scope
from domain.accounts import Tier
from domain.assignment import AssignmentKind, AssignmentMode, Decision
from domain.ids import LeadId, is_id, new_id
from domain.ladder import assigned_notice
from domain.leads import (
    Lead,
    OwnerNotAvailable,
    assign,
    move,
    occurrence_problem,
    problem_with,
    revise,
    stage_named,
)
from domain.people import GONE, Person, PersonState
from domain.refusals import InvalidInput, NotFound, Refusal, VersionConflict
from domain.sites import locate
from domain.sop import Procedure, entered
from resolvers import assignments, sla
from resolvers.context import Context
from resolvers.duplicates import find_alike
from resolvers.once import Outcome, Saved, once
from resolvers.pool import begin_tenure
from resolvers.procedures import shut_gate
from resolvers.proposals import graded
from storage.driver import Document
from storage.leads import (
    COLLECTION,
    find_lead,
    hand_over_activities,
    hold_active_person,
    insert_lead,
    list_stages,
    save_lead,
)
from storage.people import find_person
from storage.procedures import current_procedure
from storage.reads import Reads
from storage.stand_ins import list_working
from storage.store import Store

_DESCRIBED = (
    "name",
    "tier",
    "source",
    "region",
    "product_line",
    "estimated_value",
    "currency",
    "contact_name",
    "phone",
    "email",
    "note",
    "external_id",
    "account_id",
    "contact_id",
    "site_id",
)
_LINKS = {"account_id": "accounts", "contact_id": "contacts", "site_id": "sites"}


@dataclass(frozen=True, slots=True)
class NewLead:
    """What a caller says about a new lead.

    Neither owner nor `unassigned` nor AUTO: the caller's own, if they do field work.
    """

    name: str
    tier: Tier = Tier.C
    id: str | None = None
    owner_id: str | None = None
    unassigned: bool = False
    stage: str | None = None
    source: str | None = None
    region: str | None = None
    product_line: str | None = None
    estimated_value: Decimal | None = None
    currency: str | None = None
    contact_name: str | None = None
    phone: str | None = None
    email: str | None = None
    note: str | None = None
    external_id: str | None = None
    account_id: str | None = None
    contact_id: str | None = None
    site_id: str | None = None
    location: Mapping[str, Any] | None = None
    """{latitude, longitude, datum}."""
    occurred_at: datetime | None = None
    assignment: AssignmentMode = AssignmentMode.CALLER
    ignore_duplicates: bool = False


async def create_lead(context: Context, client_key: str, given: NewLead) -> Document | Refusal:
    """The new lead; with an owner its first-contact clock runs. Raises Forbidden."""
    actor = context.require(Capability.EDIT_CUSTOMERS)
    by_rules = given.assignment is AssignmentMode.AUTO
    if by_rules or given.unassigned or given.owner_id not in {None, actor.person_id}:
        context.require(Capability.ASSIGN_LEADS)
    works = actor.can(Capability.DO_FIELD_WORK)
    nobody = given.unassigned or by_rules
    owner_id = None if nobody else given.owner_id or (actor.person_id if works else None)

    async def act(store: Store) -> Outcome:
        procedure = await current_procedure(store, actor.org_id)
        lead = await _described(store, procedure, actor, given, context.now)
        if isinstance(lead, Refusal):
            return lead
        alike = None if given.ignore_duplicates else (await find_alike(store, actor.scope, lead)).refusal
        if alike is not None:
            return alike
        owner, decision = None, None
        if by_rules:
            if given.owner_id is not None or given.unassigned:
                return InvalidInput("assignment", "AUTO excludes ownerId and unassigned")
            decision = await assignments.decide(
                store, actor.org_id, await assignments.subject_of(store, lead), context.now
            )
            owner = await assignments.take(store, actor.org_id, decision)
            if owner is None and decision.rule is not None and decision.rule.pool_team_id is not None:
                lead = replace(lead, team_id=decision.rule.pool_team_id)
        elif owner_id is not None:
            found = await _owner(store, actor, owner_id)
            if isinstance(found, Refusal):
                return found
            owner = found
        if owner is not None:
            lead = replace(assign(lead, owner, context.now), version=lead.version)
            if owner.id != actor.person_id:
                lead = await begin_tenure(store, lead, context.now)
            lead = await sla.assigned(store, lead, context.now)
            await _tell(context, store, lead, actor)
        lead = entered(lead, procedure, context.now)
        kind = _kind_of_creation(lead, actor, decision)
        await assignments.keep_trace(store, None, lead, kind, actor.person_id, context.now, decision=decision)
        return Saved(COLLECTION, await insert_lead(store, lead))

    if not by_rules:
        return await once(context, "createLead", client_key, given, act)
    async with context.services.queues.at(f"assignment:{actor.org_id}"):
        return await once(context, "createLead", client_key, given, act)


def _kind_of_creation(lead: Lead, actor: Actor, decision: Decision | None) -> AssignmentKind:
    if lead.owner_id is None:
        return AssignmentKind.POOL
    if decision is not None:
        return AssignmentKind.RULE
    return AssignmentKind.OWN if lead.owner_id == actor.person_id else AssignmentKind.MANUAL


async def update_lead(
    context: Context, client_key: str, lead_id: str, changes: Mapping[str, Any], expected_version: int | None
) -> Document | Refusal:
    """The changed lead. Raises Forbidden."""
    actor = context.require(Capability.EDIT_CUSTOMERS)

    async def act(store: Store) -> Outcome:
        lead = await find_lead(store, actor.scope, lead_id)
        if lead is None:
            return NotFound(lead_id)
        missing = await _missing_link(store, actor.scope, changes)
        if missing is not None:
            return missing
        revised = revise(lead, changes, expected_version, context.now)
        if isinstance(revised, Refusal):
            return revised
        if revised.tier is not lead.tier:
            graded_anew = await graded(store, revised, context.now)
            revised = entered(graded_anew, await current_procedure(store, actor.org_id), context.now)
        return await _save(store, revised)

    given = {"id": lead_id, "changes": dict(changes), "expected_version": expected_version}
    return await once(context, "updateLead", client_key, given, act)


async def assign_lead(
    context: Context, client_key: str, lead_id: str, owner_id: str, expected_version: int | None
) -> Document | Refusal:
    """The lead, history and clocks in the hands of an active person in the caller's scope. Raises Forbidden."""
    actor = context.require(Capability.ASSIGN_LEADS)

    async def act(store: Store) -> Outcome:
        lead = await _at_version(store, actor.scope, lead_id, expected_version)
        if isinstance(lead, Refusal):
            return lead
        owner = await _owner(store, actor, owner_id)
        if isinstance(owner, Refusal):
            return owner
        given_to = assign(lead, owner, context.now)
        if lead.owner_id != owner.id:
            given_to = await begin_tenure(store, given_to, context.now)
            manual, by_id = AssignmentKind.MANUAL, actor.person_id
            await assignments.keep_trace(store, lead, given_to, manual, by_id, context.now)
            await _tell(context, store, given_to, actor)
        if (lead.owner_id, lead.team_id) != (owner.id, owner.team_id):
            await hand_over_activities(store, given_to)
            given_to = await sla.assigned(store, given_to, context.now)
        return await _save(store, given_to)

    given = {"id": lead_id, "owner_id": owner_id, "expected_version": expected_version}
    return await once(context, "assignLead", client_key, given, act)


async def move_lead(
    context: Context, client_key: str, lead_id: str, stage_key: str, reason: str | None, expected_version: int | None
) -> Document | Refusal:
    """The lead in another stage, past no shut gate: closing ends its clocks, reopening starts a follow-up.

    Raises Forbidden.
    """
    actor = context.require(Capability.EDIT_CUSTOMERS)

    async def act(store: Store) -> Outcome:
        problem = problem_with({"lost_reason": reason})
        if problem is not None:
            return problem
        lead = await _at_version(store, actor.scope, lead_id, expected_version)
        if isinstance(lead, Refusal):
            return lead
        stages = await list_stages(store, actor.org_id)
        stage = stage_named(stages, stage_key)
        if isinstance(stage, Refusal):
            return stage
        procedure = await current_procedure(store, actor.org_id)
        shut = await shut_gate(store, procedure, lead, stage, stages)
        if shut is not None:
            return shut
        moved = move(lead, stage, reason, context.now)
        if lead.is_open and not moved.is_open:
            moved = await sla.closed(store, moved, stage.kind.value, context.now)
        elif moved.is_open and not lead.is_open:
            kept = await _in_working_hands(store, moved, context.now)
            if isinstance(kept, Refusal):
                return kept
            moved = await sla.reopened(store, kept, context.now)
        elif moved.is_open and moved.stage != lead.stage:
            moved = await sla.paced(store, moved, context.now)
        return await _save(store, entered(moved, procedure, context.now))

    given = {"id": lead_id, "stage": stage_key, "reason": reason, "expected_version": expected_version}
    return await once(context, "moveLead", client_key, given, act)


async def _described(store: Store, procedure: Procedure, actor: Actor, given: NewLead, now: datetime) -> Lead | Refusal:
    """The lead without an owner, seen by the creator's team."""
    if given.id is not None and not is_id("led", given.id):
        return InvalidInput("id", "must be led_ and a ULID or UUID")
    described = {name: getattr(given, name) for name in _DESCRIBED}
    problem = problem_with(described) or occurrence_problem(given.occurred_at, now, None)
    if problem is not None:
        return problem
    point = None
    if given.location is not None:
        located = locate(given.location, "location")
        if isinstance(located, InvalidInput):
            return located
        point = located[0]
    missing = await _missing_link(store, actor.scope, described)
    if missing is not None:
        return missing
    stages = await list_stages(store, actor.org_id)
    stage = stages[0] if given.stage is None else stage_named(stages, given.stage)
    if isinstance(stage, Refusal):
        return stage
    lead = Lead(
        id=LeadId(given.id or new_id("led", now)),
        org_id=actor.org_id,
        stage=stage.key,
        stage_kind=stage.kind,
        owner_id=None,
        team_id=actor.team_id,
        occurred_at=min(given.occurred_at or now, now),
        created_at=now,
        updated_at=now,
        location=point,
        **described,
    )
    return await shut_gate(store, procedure, lead, stage, stages) or lead


async def _missing_link(store: Store, scope: Scope, described: Mapping[str, Any]) -> NotFound | None:
    """The first account, contact or site that the caller does not see."""
    for name, collection in _LINKS.items():
        linked = described.get(name)
        if linked is not None and await Reads(store, scope).find(collection, linked, {"_id": 1}) is None:
            return NotFound(linked)
    return None


async def _owner(store: Store, actor: Actor, person_id: str) -> Person | NotFound | OwnerNotAvailable:
    # A caller is known to be active; a phone that catches up with many leads at once must not wait for itself.
    find = find_person if person_id == actor.person_id else hold_active_person
    person = await find(store, actor.scope, person_id)
    if person is None:
        return NotFound(person_id)
    works = Capability.DO_FIELD_WORK in CAPABILITIES[person.role]
    if works and person.state is PersonState.ACTIVE:
        return person
    return OwnerNotAvailable(person_id, successor_id=person.successor_id)


async def _in_working_hands(store: Store, lead: Lead, now: datetime) -> Lead | OwnerNotAvailable:
    """The lead (not yet saved) that is opened again: with the successor where its owner has left meanwhile."""
    if lead.owner_id is None:
        return lead
    everyone = Scope.whole_organization(lead.org_id)
    owner = await hold_active_person(store, everyone, lead.owner_id)
    if owner is None or owner.state not in GONE:
        return lead
    heir_id = (await list_working(store, lead.org_id, [owner.id], now))[owner.id]
    heir = await hold_active_person(store, everyone, heir_id) if heir_id is not None else None
    if heir is None:
        return OwnerNotAvailable(owner.id)
    given_to = replace(assign(lead, heir, now), version=lead.version)
    await hand_over_activities(store, given_to)
    return await sla.assigned(store, given_to, now)


async def _at_version(
    store: Store, scope: Scope, lead_id: str, expected_version: int | None
) -> Lead | NotFound | VersionConflict:
    lead = await find_lead(store, scope, lead_id)
    if lead is None:
        return NotFound(lead_id)
    if expected_version is not None and expected_version != lead.version:
        return VersionConflict(lead_id, lead.version)
    return lead


async def _save(store: Store, lead: Lead) -> Outcome:
    saved = await save_lead(store, lead)
    return Saved(COLLECTION, saved) if saved is not None else VersionConflict(lead.id, lead.version)


async def _tell(context: Context, store: Store, lead: Lead, actor: Actor) -> None:
    """Tells the new owner, unless they gave it to themselves."""
    notice = assigned_notice(lead, context.now)
    if notice is not None and lead.owner_id != actor.person_id:
        await context.services.outbox.write(store, [notice], context.now)

"""The shared pool: looking into it, claiming, giving back, and its rules. Called by schema/pool.py.

`give_back_lead` also serves workers/pool.py, `begin_tenure` resolvers/leads.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from domain.access import SEES_ALL, Actor, Capability, Role, Scope
from domain.assignment import AssignmentKind
from domain.ids import PersonId
from domain.leads import Lead
from domain.pool import (
    LeadTaken,
    claim,
    day_begins,
    give_back,
    held,
    pool_of,
    pools_seen,
    returned_notice,
    revise,
)
from domain.refusals import IdTaken, InvalidInput, NotAllowed, NotFound, Refusal, VersionConflict, WrongState
from domain.tenure import TenureKind
from resolvers import assignments, sla
from resolvers.context import Context
from resolvers.once import Facts, Outcome, Saved, once
from storage.assignments import claims_of
from storage.codec import encode
from storage.driver import Document
from storage.leads import COLLECTION, find_lead, hand_over_activities, hold_active_person, save_lead
from storage.people import list_teams
from storage.pool import RULES, find_pool_rules, list_pool, save_pool_rules
from storage.reads import Page, PageRequest
from storage.store import Store
from storage.times import stored_time

_LEADS_TEAMS = frozenset({Role.MANAGER, Role.DIRECTOR})
MAX_REASON = 500


async def lead_pool(context: Context, request: PageRequest, projection: Mapping[str, Any] | None) -> Page:
    """The leads that the caller's pools hold."""
    pools = await _pools(context.store, context.me)
    return await list_pool(context.store, context.me.org_id, pools, request, projection)


async def claim_lead(context: Context, client_key: str, lead_id: str) -> Document | Refusal:
    """The lead, the caller's from now on. Raises Forbidden."""
    actor = context.require(Capability.DO_FIELD_WORK)

    async def act(store: Store) -> Outcome:
        whole = Scope.whole_organization(actor.org_id)
        lead = await find_lead(store, whole, lead_id)
        if lead is None or not lead.is_open:
            return NotFound(lead_id)
        pools = await _pools(store, actor)
        if pool_of(lead) not in pools:
            # Only of a lead that lay in one of the caller's pools they may learn that somebody has it.
            return LeadTaken(lead_id) if lead.tenure is not None and lead.tenure.pool in pools else NotFound(lead_id)
        # Written to, so that two claims of one person at once conflict and neither passes a limit unseen.
        person = await hold_active_person(store, whole, actor.person_id)
        if person is None:
            return NotFound(actor.person_id)
        claims = await claims_of(store, lead, person.id, day_begins(person, context.now))
        rules = await find_pool_rules(store, actor.org_id)
        claimed = claim(lead, person, claims, rules, context.now)
        if isinstance(claimed, Refusal):
            return claimed
        await assignments.keep_trace(store, lead, claimed, AssignmentKind.CLAIM, person.id, context.now)
        await hand_over_activities(store, claimed)
        claimed = await sla.assigned(store, claimed, context.now)
        saved = await save_lead(store, claimed)
        return LeadTaken(lead_id) if saved is None else Saved(COLLECTION, saved)

    return await once(context, "claimLead", client_key, {"id": lead_id}, act)


async def release_lead(context: Context, client_key: str, lead_id: str, reason: str) -> Document | Refusal:
    """What is left to say of a lead that the caller no longer has. Raises Forbidden."""
    actor = context.require(Capability.EDIT_CUSTOMERS)

    async def act(store: Store) -> Outcome:
        if not 1 <= len(reason.strip()) <= MAX_REASON:
            return InvalidInput("reason", f"must have 1 to {MAX_REASON} characters")
        lead = await find_lead(store, actor.scope, lead_id)
        if lead is None:
            return NotFound(lead_id)
        if not lead.is_open or lead.owner_id is None:
            return WrongState(lead_id, "POOL" if lead.is_open else lead.stage_kind)
        claimed = lead.tenure is not None and lead.tenure.kind is TenureKind.CLAIMED
        if not actor.can(Capability.ASSIGN_LEADS) and not claimed:
            return NotAllowed(Capability.ASSIGN_LEADS)
        owner_id = lead.owner_id
        released = await give_back_lead(store, lead, AssignmentKind.RELEASE, actor.person_id, context.now, reason)
        if released is None:
            return VersionConflict(lead_id, lead.version)
        if owner_id != actor.person_id:
            told = [returned_notice(released, owner_id, context.now)]
            await context.services.outbox.write(store, told, context.now)
        rules = await find_pool_rules(store, actor.org_id)
        until = context.now + timedelta(hours=rules.cool_down_h)
        at = stored_time(context.now)
        return Facts({"lead_id": lead_id, "released_at": at, "cool_down_until": stored_time(until)})

    return await once(context, "releaseLead", client_key, {"id": lead_id, "reason": reason}, act)


async def pool_rules(context: Context) -> Document:
    """The rules of the caller's organization."""
    return encode(await find_pool_rules(context.store, context.me.org_id))


async def change_pool_rules(
    context: Context, client_key: str, changes: Mapping[str, Any], expected_version: int
) -> Document | Refusal:
    """The rules with the changes. Raises Forbidden."""
    actor = context.require(Capability.MANAGE_ASSIGNMENT)

    async def act(store: Store) -> Outcome:
        before = await find_pool_rules(store, actor.org_id)
        after = revise(before, changes, expected_version, actor.person_id, context.now)
        if isinstance(after, Refusal):
            return after
        saved = await save_pool_rules(store, after)
        return VersionConflict(actor.org_id, before.version) if saved is None else Saved(RULES, saved)

    given = {"changes": dict(changes), "expected_version": expected_version}
    answer = await once(context, "updatePoolRules", client_key, given, act)
    # Two who changed them for the first time at once.
    return VersionConflict(actor.org_id, 1) if isinstance(answer, IdTaken) else answer


async def _pools(store: Store, actor: Actor) -> list[str]:
    below = actor.subtree if actor.role in _LEADS_TEAMS else frozenset()
    teams = await list_teams(store, actor.org_id)
    return pools_seen(actor.team_id, below, actor.role in SEES_ALL, teams)


async def begin_tenure(store: Store, lead: Lead, now: datetime) -> Lead:
    """A lead (not yet saved) that somebody else or a rule gave to its owner: from now on it must not lie for long."""
    return held(lead, TenureKind.ASSIGNED, await find_pool_rules(store, lead.org_id), now)


async def give_back_lead(
    store: Store, lead: Lead, kind: AssignmentKind, by_id: PersonId | None, now: datetime, reason: str | None = None
) -> Lead | None:
    """The lead in the pool of its team, saved with clocks, history and trace; None where another write came first."""
    back = give_back(lead, now)
    await assignments.keep_trace(store, lead, back, kind, by_id, now, reason=reason)
    await hand_over_activities(store, back)
    back = await sla.unassigned(store, back, now)
    return None if await save_lead(store, back) is None else back

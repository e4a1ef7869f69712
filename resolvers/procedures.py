"""The sales procedure: reading and saving it, its gates, and the exceptions from them.

Called by schema/procedures.py; `shut_gate` belongs into the transaction of whoever moves a lead.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from domain.access import Capability
from domain.files import FileKind
from domain.gate_bypasses import BypassState, GateBypass, approve, text_problem
from domain.ids import GateBypassId, new_id
from domain.leads import Lead, Stage, UnknownStage, stage_named
from domain.refusals import IdTaken, NotFound, Refusal, VersionConflict, WrongState
from domain.sop import (
    ActionRule,
    Gate,
    GateActionsRequired,
    GateProposalRequired,
    NoGate,
    Procedure,
    Requirement,
    gates_before,
    procedure_problem,
    shut,
)
from resolvers.context import Context
from resolvers.once import Outcome, Saved, once
from storage.codec import encode
from storage.driver import Document
from storage.files import has_file
from storage.leads import find_lead, list_stages
from storage.procedures import (
    BYPASSES,
    COLLECTION,
    bypassed_stages,
    current_procedure,
    find_bypass,
    insert_bypass,
    save_approval,
    save_procedure,
)
from storage.store import Store


async def sales_procedure(context: Context) -> Document:
    """The current rules. Raises Unauthenticated."""
    return encode(await current_procedure(context.store, context.me.org_id))


async def save_sales_procedure(
    context: Context, client_key: str, given: Mapping[str, Any], expected_version: int
) -> Document | Refusal:
    """The whole procedure in its next version; leads keep the actions they have. Raises Forbidden."""
    actor = context.require(Capability.MANAGE_PROCEDURES)

    async def act(store: Store) -> Outcome:
        actions = tuple(ActionRule(**each) for each in given["actions"])
        gates = tuple(Gate(**each) for each in given["gates"])
        problem = procedure_problem(actions, gates, await list_stages(store, actor.org_id))
        if problem is not None:
            return problem
        before = await current_procedure(store, actor.org_id)
        if before.version != expected_version:
            return VersionConflict(actor.org_id, before.version)
        after = Procedure(actor.org_id, actor.org_id, before.version + 1, actions, gates, context.now, actor.person_id)
        saved = await save_procedure(store, after)
        return VersionConflict(actor.org_id, before.version) if saved is None else Saved(COLLECTION, saved)

    said = {"input": given, "expected_version": expected_version}
    answer = await once(context, "saveSalesProcedure", client_key, said, act)
    # Two who saved the first one at once.
    return VersionConflict(actor.org_id, 1) if isinstance(answer, IdTaken) else answer


async def shut_gate(
    store: Store, procedure: Procedure, lead: Lead, target: Stage, stages: Sequence[Stage]
) -> GateProposalRequired | GateActionsRequired | None:
    """The first gate that keeps the lead from `target`."""
    gates = gates_before(lead.tier, target, stages, procedure.gates)
    if not gates:
        return None
    bypassed = await bypassed_stages(store, lead.id)
    asks = any(gate.requirement is Requirement.PROPOSAL_STORED for gate in gates)
    has_proposal = asks and await has_file(store, lead.id, FileKind.PROPOSAL)
    found = (shut(lead, each, has_proposal=has_proposal, bypassed=each.stage in bypassed) for each in gates)
    return next((each for each in found if each is not None), None)


async def request_gate_bypass(
    context: Context, client_key: str, lead_id: str, stage: str, reason: str
) -> Document | Refusal:
    """An exception that waits for approval. Raises Forbidden."""
    actor = context.require(Capability.EDIT_CUSTOMERS)

    async def act(store: Store) -> Outcome:
        lead = await find_lead(store, actor.scope, lead_id)
        if lead is None:
            return NotFound(lead_id)
        problem = text_problem("reason", reason)
        if problem is not None:
            return problem
        named = stage_named(await list_stages(store, actor.org_id), stage)
        if isinstance(named, UnknownStage):
            return named
        procedure = await current_procedure(store, actor.org_id)
        if not any(gate.tier is lead.tier and gate.stage == stage for gate in procedure.gates):
            return NoGate(lead.id, stage)
        bypass = GateBypass(
            id=GateBypassId(new_id("gby", context.now)),
            org_id=actor.org_id,
            lead_id=lead.id,
            tier=lead.tier,
            stage=stage,
            reason=reason,
            owner_id=actor.person_id,
            team_id=lead.team_id,
            state=BypassState.REQUESTED,
            requested_at=context.now,
        )
        return Saved(BYPASSES, await insert_bypass(store, bypass))

    given = {"lead_id": lead_id, "stage": stage, "reason": reason}
    return await once(context, "requestGateBypass", client_key, given, act)


async def bypass_gate(context: Context, client_key: str, bypass_id: str, note: str | None) -> Document | Refusal:
    """The exception as approved by the caller, who is not the one who asked. Raises Forbidden."""
    actor = context.require(Capability.APPROVE_BYPASSES)

    async def act(store: Store) -> Outcome:
        bypass = await find_bypass(store, actor.scope, bypass_id)
        if bypass is None:
            return NotFound(bypass_id)
        approved = approve(bypass, actor.person_id, note, context.now)
        if isinstance(approved, Refusal):
            return approved
        saved = await save_approval(store, approved)
        return WrongState(bypass_id, BypassState.APPROVED) if saved is None else Saved(BYPASSES, saved)

    return await once(context, "bypassGate", client_key, {"id": bypass_id, "note": note}, act)

"""Completing a standard action of a lead with its evidence. Called by schema/standard_actions.py."""

from __future__ import annotations

from dataclasses import replace

from domain.access import Capability, Scope
from domain.refusals import NotFound, Refusal, VersionConflict
from domain.standard_actions import EVIDENCE, complete, note_problem
from resolvers.context import Context
from resolvers.once import Outcome, Saved, once
from storage.driver import Document
from storage.leads import COLLECTION, find_lead, save_lead
from storage.reads import Reads
from storage.store import Store


async def complete_action(
    context: Context, client_key: str, lead_id: str, key: str, evidence_id: str | None, note: str | None
) -> Document | Refusal:
    """The lead with the action done. Raises Forbidden."""
    actor = context.require(Capability.EDIT_CUSTOMERS)

    async def act(store: Store) -> Outcome:
        lead = await find_lead(store, actor.scope, lead_id)
        if lead is None:
            return NotFound(lead_id)
        problem = note_problem(note, evidence_id) or await _evidence_problem(store, actor.scope, lead.id, evidence_id)
        if problem is not None:
            return problem
        actions = complete(lead.standard_actions, key, evidence_id, note, actor.person_id, context.now)
        if isinstance(actions, Refusal):
            return actions
        done = replace(lead, standard_actions=actions, version=lead.version + 1, updated_at=context.now)
        saved = await save_lead(store, done)
        return VersionConflict(lead.id, lead.version) if saved is None else Saved(COLLECTION, saved)

    given = {"lead_id": lead_id, "key": key, "evidence_id": evidence_id, "note": note}
    return await once(context, "completeAction", client_key, given, act)


async def _evidence_problem(store: Store, scope: Scope, lead_id: str, evidence_id: str | None) -> NotFound | None:
    """Evidence is a file, activity or visit of this lead that the caller sees."""
    if evidence_id is None:
        return None
    collection = EVIDENCE.get(evidence_id.partition("_")[0])
    found = None if collection is None else await Reads(store, scope).find(collection, evidence_id, {"lead_id": 1})
    return None if found is not None and found.get("lead_id") == lead_id else NotFound(evidence_id)

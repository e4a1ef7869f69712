"""Putting leads on hold and taking them off it, their clocks with them. Called by schema/holds.py."""

from __future__ import annotations

from domain.access import Capability
from domain.holds import hold, resume
from domain.refusals import NotFound, Refusal, VersionConflict
from resolvers import sla
from resolvers.context import Context
from resolvers.once import Outcome, Saved, once
from storage.driver import Document
from storage.leads import COLLECTION, find_lead, save_lead
from storage.store import Store


async def hold_lead(context: Context, client_key: str, lead_id: str, reason: str) -> Document | Refusal:
    """The lead on hold: its clocks are paused. Raises Forbidden."""
    actor = context.require(Capability.EDIT_CUSTOMERS)

    async def act(store: Store) -> Outcome:
        lead = await find_lead(store, actor.scope, lead_id)
        held = NotFound(lead_id) if lead is None else hold(lead, reason, context.now)
        if isinstance(held, Refusal):
            return held
        saved = await save_lead(store, await sla.paced(store, held, context.now))
        return VersionConflict(held.id, held.version) if saved is None else Saved(COLLECTION, saved)

    return await once(context, "holdLead", client_key, {"id": lead_id, "reason": reason}, act)


async def resume_lead(context: Context, client_key: str, lead_id: str) -> Document | Refusal:
    """The lead as before its hold: its clocks run on. Raises Forbidden."""
    actor = context.require(Capability.EDIT_CUSTOMERS)

    async def act(store: Store) -> Outcome:
        lead = await find_lead(store, actor.scope, lead_id)
        resumed = NotFound(lead_id) if lead is None else resume(lead, context.now)
        if isinstance(resumed, Refusal):
            return resumed
        saved = await save_lead(store, await sla.paced(store, resumed, context.now))
        return VersionConflict(resumed.id, resumed.version) if saved is None else Saved(COLLECTION, saved)

    return await once(context, "resumeLead", client_key, {"id": lead_id}, act)

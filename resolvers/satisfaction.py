"""Deliveries and surveys, and the promise that one follows the other. Called by schema/satisfaction.py."""

from __future__ import annotations

from datetime import datetime

from domain import sla
from domain.access import Capability
from domain.leads import Lead
from domain.refusals import NotFound, Refusal, VersionConflict
from domain.satisfaction import Survey, answer, deliver
from domain.sla import Metric
from resolvers.clocks import append, new_clock, newest, tell_withdrawn
from resolvers.context import Context
from resolvers.once import Outcome, Saved, once
from storage.clocks import list_clocks
from storage.driver import Document
from storage.leads import COLLECTION, find_lead, save_lead
from storage.store import Store


async def record_delivery(
    context: Context, client_key: str, lead_id: str, delivered_at: datetime | None
) -> Document | Refusal:
    """The won lead with its delivery: its survey is due. Raises Forbidden."""
    actor = context.require(Capability.EDIT_CUSTOMERS)

    async def act(store: Store) -> Outcome:
        lead = await find_lead(store, actor.scope, lead_id)
        delivered = NotFound(lead_id) if lead is None else deliver(lead, delivered_at or context.now, context.now)
        if isinstance(delivered, Refusal):
            return delivered
        record = await new_clock(store, delivered, Metric.SATISFACTION, context.now)
        if record is not None and delivered.delivered_at is not None:
            begin = sla.start(record.clock, delivered.delivered_at, context.now, delivered.owner_id, delivered.id)
            await append(store, record, delivered, begin, context.now)
        return await _save(store, delivered)

    given = {"id": lead_id, "delivered_at": delivered_at}
    return await once(context, "recordDelivery", client_key, given, act)


async def record_survey(context: Context, client_key: str, lead_id: str, survey: Survey) -> Document | Refusal:
    """The lead with what its customer said. Raises Forbidden."""
    actor = context.require(Capability.RECORD_SURVEYS)

    async def act(store: Store) -> Outcome:
        lead = await find_lead(store, actor.scope, lead_id)
        answered = NotFound(lead_id) if lead is None else answer(lead, survey, context.now)
        if isinstance(answered, Refusal):
            return answered
        record = newest(await list_clocks(store, answered.id), Metric.SATISFACTION)
        if record is not None and answered.surveyed_at is not None:
            events = sla.record_stop(record.clock, answered.surveyed_at, context.now, f"{answered.id}:survey")
            stopped = await append(store, record, answered, events, context.now)
            await tell_withdrawn(store, answered, stopped, events, context.now, context.services.outbox)
        return await _save(store, answered)

    return await once(context, "recordSurvey", client_key, {"id": lead_id, "survey": survey}, act)


async def _save(store: Store, lead: Lead) -> Outcome:
    saved = await save_lead(store, lead)
    return VersionConflict(lead.id, lead.version) if saved is None else Saved(COLLECTION, saved)

"""Merging two leads that are one, with their clocks and history. Called by schema/merging.py."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from domain import sla
from domain.access import Capability
from domain.leads import Lead
from domain.merging import REASON, begins_first, merge
from domain.refusals import NotFound, Refusal, VersionConflict
from domain.sla import Metric
from resolvers.clocks import append, newest, summed, tell_withdrawn
from resolvers.context import Context
from resolvers.once import Outcome, Saved, once
from resolvers.sla import kept_running
from storage.clocks import ClockRecord, list_clocks
from storage.driver import Document
from storage.files import move_files
from storage.leads import COLLECTION, find_lead, list_stages, move_history, save_lead
from storage.outbox import Outbox
from storage.store import Store
from storage.visits import move_visits


async def merge_leads(context: Context, client_key: str, survivor_id: str, merged_id: str) -> Document | Refusal:
    """The surviving lead with the other's history and the earliest promises of both. Raises Forbidden."""
    actor = context.require(Capability.EDIT_CUSTOMERS)

    async def act(store: Store) -> Outcome:
        found = []
        for lead_id in (survivor_id, merged_id):
            lead = await find_lead(store, actor.scope, lead_id)
            if lead is None:
                return NotFound(lead_id)
            found.append(lead)
        merged = merge(found[0], found[1], await list_stages(store, actor.org_id), context.now)
        if isinstance(merged, Refusal):
            return merged
        kept, ended = merged
        records = await _clocks(store, kept, ended, context.now, context.services.outbox)
        kept = await kept_running(store, summed(kept, records), records, context.now)
        await move_history(store, ended.id, kept)
        await move_visits(store, ended.id, kept.id)
        await move_files(store, ended.id, kept)
        if await save_lead(store, ended) is None:
            return VersionConflict(ended.id, ended.version)
        saved = await save_lead(store, kept)
        return VersionConflict(kept.id, kept.version) if saved is None else Saved(COLLECTION, saved)

    given = {"survivor_id": survivor_id, "merged_id": merged_id}
    return await once(context, "mergeLeads", client_key, given, act)


async def _clocks(store: Store, kept: Lead, ended: Lead, now: datetime, outbox: Outbox) -> list[ClockRecord]:
    """The clocks of the surviving lead: of each metric the one that began first, which knows the stops of both."""
    own, others = await list_clocks(store, kept.id), await list_clocks(store, ended.id)
    pairs = [(newest(own, metric), newest(others, metric)) for metric in Metric]
    settled: list[ClockRecord] = []
    for mine, theirs in pairs:
        first, second = (mine, theirs) if _goes_on(mine, theirs) else (theirs, mine)
        if first is None:
            continue
        events = sla.joined(first.clock, second.clock, now) if second is not None else ()
        if kept.owner_id is not None:
            events += sla.reassign(first.clock, kept.owner_id, now, now)
        going_on = await append(store, first, kept, events, now)
        settled.append(going_on)
        await tell_withdrawn(store, kept, going_on, events, now, outbox)
        if second is not None:
            cancelled = sla.cancel(second.clock, now, now, REASON)
            await append(store, second, ended, cancelled, now)
    moved = {each.id for pair in pairs for each in pair if each is not None}
    await _end_older(store, [each for each in others if each.id not in moved], ended, now)
    return [*settled, *(each for each in own if each.id not in moved)]


def _goes_on(mine: ClockRecord | None, theirs: ClockRecord | None) -> bool:
    return begins_first(mine.clock if mine else None, theirs.clock if theirs else None)


async def _end_older(store: Store, records: Sequence[ClockRecord], ended: Lead, now: datetime) -> None:
    for record in records:
        await append(store, record, ended, sla.cancel(record.clock, now, now, REASON), now)

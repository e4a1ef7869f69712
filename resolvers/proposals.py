"""The proposal that is owed to a lead of tier A: begun by the tier, stopped by the stored file.

Called where a lead's tier or owner changes and where a proposal is stored, in the transaction of that write.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from domain import sla
from domain.accounts import Tier
from domain.leads import Lead
from domain.sla import OPEN_STATES, Clock, ClockState, EventKind, Metric
from resolvers.clocks import append, as_seen, new_clock, newest, save_changed, summed, tell_withdrawn
from resolvers.sla_policies import policy_for
from storage.clocks import ClockRecord, list_clocks
from storage.outbox import Outbox
from storage.store import Store


async def proposal_stored(
    store: Store, lead: Lead, at: datetime, source_id: str, now: datetime, *, outbox: Outbox
) -> Lead:
    """A proposal for the lead was stored `at` under the id `source_id`: what is owed is delivered, whatever the tier.

    Saves the clock and the lead, and answers the lead as saved.
    """
    current = await as_seen(store, lead)
    records = await list_clocks(store, lead.id)
    record = newest(records, Metric.TIER_A_PROPOSAL) or await new_clock(store, current, Metric.TIER_A_PROPOSAL, now)
    if record is None:
        return current
    events = sla.record_stop(record.clock, at, now, source_id)
    stopped = await append(store, record, current, events, now)
    await tell_withdrawn(store, current, stopped, events, now, outbox)
    others = [each for each in records if each.id != record.id]
    return await save_changed(store, summed(current, [*others, stopped]), now)


async def graded(store: Store, lead: Lead, now: datetime) -> Lead:
    """The lead (not yet saved) has another tier: promises that are others now are begun anew from their old start."""
    done = await _superseded(store, lead, await list_clocks(store, lead.id), now)
    proposal = newest(done, Metric.TIER_A_PROPOSAL)
    if lead.tier is Tier.A:
        first = newest(done, Metric.LEAD_FIRST_CONTACT)
        done = await owed(store, lead, done, now, None if first is None else first.clock)
    elif proposal is not None and proposal.clock.state in OPEN_STATES:
        events = sla.cancel(proposal.clock, now, now, f"tier {lead.tier.value}")
        cancelled = await append(store, proposal, lead, events, now)
        done = [cancelled if each.id == proposal.id else each for each in done]
    return summed(lead, done)


async def owed(
    store: Store, lead: Lead, records: Sequence[ClockRecord], now: datetime, source: Clock | None = None
) -> list[ClockRecord]:
    """The lead's clocks, with one for its proposal where the lead is open, of tier A and somebody's.

    It begins now, or where `source` began. A proposal that was stored before counts.
    """
    if lead.tier is not Tier.A or not lead.is_open or lead.owner_id is None:
        return list(records)
    own = [each for each in records if each.metric is Metric.TIER_A_PROPOSAL]
    record = newest(records, Metric.TIER_A_PROPOSAL)
    if record is None or record.clock.state is ClockState.CANCELLED:
        made = await new_clock(store, lead, Metric.TIER_A_PROPOSAL, now)
        if made is None:
            return list(records)
        stored = tuple(event for each in own for event in each.clock.log if event.kind is EventKind.FULFILLED)
        record = replace(made, generation=len(own) + 1).with_events(stored, now)
    begin = sla.start_retroactively(record.clock, source or Clock(record.clock.policy), now, lead.owner_id, lead.id)
    begun = await append(store, record, lead, begin, now)
    return [*(each for each in records if each.id != record.id), begun]


async def _superseded(store: Store, lead: Lead, records: Sequence[ClockRecord], now: datetime) -> list[ClockRecord]:
    """The clocks, those replaced whose contact is promised under another policy on a lead of this tier."""
    done = list(records)
    for metric in (Metric.LEAD_FIRST_CONTACT, Metric.LEAD_NEXT_FOLLOWUP):
        record = newest(records, metric)
        if record is None or record.clock.state not in {ClockState.RUNNING, ClockState.PAUSED}:
            continue
        policy = await policy_for(store, lead, metric)
        if policy is None or policy.key == (record.clock.policy.key or metric.value):
            continue
        made = await new_clock(store, lead, metric, now)
        assert made is not None
        assert record.clock.started_at is not None
        fresh = replace(made, generation=record.generation + 1, created_at=record.clock.started_at)
        begin = sla.taken_over(record.clock, now)
        ended = sla.cancel(record.clock, now, now, f"tier {lead.tier.value}")
        replaced = await append(store, record, lead, ended, now)
        done = [replaced if each.id == record.id else each for each in done]
        done.append(await append(store, fresh, lead, begin, now))
    return done

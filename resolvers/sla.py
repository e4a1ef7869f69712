"""SLA clocks of leads: started by assigning, stopped by human contacts, ended by closing.

Every function belongs into the transaction of what caused it: leads, activities, check-ins, and the watcher. Proposals
and surveys have files of their own; how a clock is saved is in resolvers/clocks.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from domain import sla
from domain.activities import Activity
from domain.leads import Lead
from domain.sla import CONTACT_METRICS, OPEN_STATES, EventKind, Metric, is_human_contact
from resolvers.clocks import append, as_seen, new_clock, newest, save_changed, summed, tell_withdrawn
from resolvers.proposals import owed
from resolvers.sla_policies import policy_for
from storage.clocks import ClockRecord, list_clocks
from storage.leads import list_activities
from storage.outbox import INBOX_ONLY, Outbox
from storage.store import Store


async def record_contact(
    store: Store,
    lead: Lead,
    at: datetime,
    source_id: str,
    now: datetime,
    provisional: bool = False,
    *,
    trusted: bool = True,
    outbox: Outbox = INBOX_ONLY,
) -> Lead:
    """A human contact at `at` (an activity, or a visit at its check-in): stops what runs and starts the next follow-up.

    Saves the clocks and the lead, and answers the lead as saved. Call it again with the same source once a provisional
    one is proved. `outbox` carries the news that a breach was none; without it they only reach the inbox.
    """
    current = await as_seen(store, lead)
    changed = await contacted(
        store, current, at, source_id, now, outbox=outbox, provisional=provisional, trusted=trusted
    )
    return await save_changed(store, changed, now)


async def withdraw_contact(store: Store, lead: Lead, source_id: str, now: datetime) -> Lead:
    """The contact did not count after all: the clocks run as if it had not been. Saves clocks and lead."""
    return await save_changed(store, await withdrawn(store, await as_seen(store, lead), source_id, now), now)


async def withdrawn(store: Store, lead: Lead, source_id: str, now: datetime) -> Lead:
    """`withdraw_contact` for a caller that saves the lead itself."""
    changed = [
        await append(store, record, lead, sla.withdraw_stop(record.clock, source_id, now), now)
        for record in await list_clocks(store, lead.id)
    ]
    return summed(lead, changed)


async def contacted(
    store: Store,
    lead: Lead,
    at: datetime,
    source_id: str,
    now: datetime,
    *,
    outbox: Outbox,
    provisional: bool = False,
    trusted: bool = True,
) -> Lead:
    """`record_contact` for a caller that saves the lead itself."""
    records = await list_clocks(store, lead.id)
    first = newest(records, Metric.LEAD_FIRST_CONTACT) or await new_clock(store, lead, Metric.LEAD_FIRST_CONTACT, now)
    follow = await _follow_up(store, lead, records, at, source_id, now)
    done = {record.id: record for record in records}
    for record in (first, follow):
        if record is not None:
            # Only an assignment gives the first clock an owner.
            owner_id = None if record is first else lead.owner_id
            events = sla.record_stop(
                record.clock, at, now, source_id, owner_id=owner_id, provisional=provisional, trusted=trusted
            )
            done[record.id] = await append(store, record, lead, events, now)
            await tell_withdrawn(store, lead, done[record.id], events, now, outbox)
    last = max(at, lead.last_contact_at) if lead.last_contact_at else at
    return summed(replace(lead, last_contact_at=last), list(done.values()))


async def assigned(store: Store, lead: Lead, now: datetime) -> Lead:
    """The lead (not yet saved) has a new owner: its first clock starts, or the running ones go on with a new leg."""
    assert lead.owner_id is not None
    records = await list_clocks(store, lead.id)
    first = newest(records, Metric.LEAD_FIRST_CONTACT)
    if first is None:
        first = await new_clock(store, lead, Metric.LEAD_FIRST_CONTACT, now)
        records += [first] if first is not None else []
    done = []
    for record in records:
        events = sla.reassign(record.clock, lead.owner_id, now, now)
        if record is first and lead.is_open:
            events += sla.start(record.clock, now, now, lead.owner_id, source_id=lead.id)
        done.append(await append(store, record, lead, events, now))
    done = await owed(store, lead, done, now)
    return await kept_running(store, summed(lead, done), done, now)


async def unassigned(store: Store, lead: Lead, now: datetime) -> Lead:
    """The lead (not yet saved) went back to the pool: what was promised to the customer goes on, in nobody's hands."""
    done = [
        await append(store, record, lead, sla.reassign(record.clock, None, now, now), now)
        for record in await list_clocks(store, lead.id)
    ]
    return summed(lead, done)


async def closed(store: Store, lead: Lead, reason: str, now: datetime) -> Lead:
    """The lead (not yet saved) was won, lost or disqualified: nothing is promised on it but a survey."""
    done = []
    for record in await list_clocks(store, lead.id):
        kept = record.metric is Metric.SATISFACTION
        events = () if kept else sla.cancel(record.clock, now, now, reason)
        done.append(await append(store, record, lead, events, now))
    return summed(lead, done)


async def paced(store: Store, lead: Lead, now: datetime) -> Lead:
    """The lead (not yet saved) is on hold, off it, or in another open stage: its clocks pause as it does."""
    return summed(lead, [await append(store, each, lead, (), now) for each in await list_clocks(store, lead.id)])


async def reopened(store: Store, lead: Lead, now: datetime) -> Lead:
    """The lead (not yet saved) is open again: a new follow-up and proposal; its first contact never restarts."""
    paced_again = [await append(store, each, lead, (), now) for each in await list_clocks(store, lead.id)]
    records = await owed(store, lead, paced_again, now)
    return await kept_running(store, summed(lead, records), records, now)


async def _follow_up(
    store: Store, lead: Lead, records: Sequence[ClockRecord], at: datetime, source_id: str, now: datetime
) -> ClockRecord | None:
    """The follow-up clock that a contact at `at` belongs to, promised what holds today from that contact on."""
    follow = _follow_up_at(records, at)
    if not lead.is_open or lead.owner_id is None:
        return follow
    before = [record for record in records if record.metric is Metric.LEAD_NEXT_FOLLOWUP]
    if follow is None or (_is_newest(follow, before) and _ended_by(follow, at)):
        made = await new_clock(store, lead, Metric.LEAD_NEXT_FOLLOWUP, now)
        return follow if made is None else replace(made, generation=len(before) + 1)
    policy = await policy_for(store, lead, Metric.LEAD_NEXT_FOLLOWUP)
    return follow if policy is None else follow.promised(policy, at, source_id)


def _is_newest(record: ClockRecord, of: Sequence[ClockRecord]) -> bool:
    return record.generation == max(each.generation for each in of)


def _ended_by(record: ClockRecord, at: datetime) -> bool:
    """Whether it was cancelled before: an open lead's was, where its policy was taken out of use."""
    return any(event.kind is EventKind.CANCELLED and event.at <= at for event in record.clock.log)


def counts(activity: Activity) -> bool:
    """Whether it stops a clock."""
    return is_human_contact(activity.kind, activity.direction, automatic=activity.automatic)


async def missed_contacts(store: Store, record: ClockRecord) -> list[Activity]:
    """Contacts that were written without telling the clock; the watcher asks before it marks a breach."""
    known = {event.source_id for event in record.clock.log}
    # A first contact may lie before the assignment; earlier ones are no business of a follow-up.
    since = record.clock.started_at if record.metric is Metric.LEAD_NEXT_FOLLOWUP else None
    activities = await list_activities(store, record.lead_id, since)
    # A visit is told by its check-in under the visit's id, and may have been withdrawn on purpose.
    return [each for each in activities if counts(each) and known.isdisjoint({each.id, each.visit_id} - {None})]


async def kept_running(store: Store, lead: Lead, records: Sequence[ClockRecord], now: datetime) -> Lead:
    """An open lead with an owner always has a clock that runs: where none does, a follow-up begins now."""
    contacts = [record for record in records if record.metric in CONTACT_METRICS]
    if not lead.is_open or lead.owner_id is None or any(record.clock.state in OPEN_STATES for record in contacts):
        return lead
    follow = [record for record in records if record.metric is Metric.LEAD_NEXT_FOLLOWUP]
    made = await new_clock(store, lead, Metric.LEAD_NEXT_FOLLOWUP, now)
    if made is None:
        return lead
    fresh = replace(made, generation=len(follow) + 1)
    events = sla.record_stop(fresh.clock, now, now, f"{lead.id}:{lead.version}", owner_id=lead.owner_id)
    return summed(lead, [*records, await append(store, fresh, lead, events, now)])


def _follow_up_at(records: Sequence[ClockRecord], at: datetime) -> ClockRecord | None:
    """The follow-up clock that a contact at `at` belongs to: the newest, unless it was reopened only after that."""
    follow = [record for record in records if record.metric is Metric.LEAD_NEXT_FOLLOWUP]
    fitting = [record for record in follow if record.generation == 1 or record.created_at <= at]
    return fitting[-1] if fitting else None

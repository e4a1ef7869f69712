"""SLA clocks of leads: started by assigning, stopped by human contacts, ended by closing.

Every function belongs into the transaction of what caused it: leads, activities, check-ins, and the watcher.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from domain import sla
from domain.access import Scope
from domain.activities import Activity
from domain.errors import Unavailable
from domain.ids import ClockId, new_id
from domain.ladder import withdrawn_notices
from domain.leads import Lead
from domain.notices import Notice
from domain.sla import Clock, ClockEvent, ClockState, EventKind, Metric, is_human_contact
from resolvers.sla_policies import policy_for
from storage.clocks import ClockRecord, list_clocks, save_clock
from storage.leads import find_lead, list_activities, save_lead
from storage.outbox import INBOX_ONLY, Outbox, list_clock_notices
from storage.store import Store

_RUNS = frozenset({ClockState.RUNNING, ClockState.PAUSED, ClockState.BREACHED})


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
    current = await _current(store, lead)
    changed = await contacted(
        store, current, at, source_id, now, outbox=outbox, provisional=provisional, trusted=trusted
    )
    return await _saved(store, changed, now)


async def withdraw_contact(store: Store, lead: Lead, source_id: str, now: datetime) -> Lead:
    """The contact did not count after all: the clocks run as if it had not been. Saves clocks and lead."""
    current = await _current(store, lead)
    changed = [
        await _append(store, record, current, sla.withdraw_stop(record.clock, source_id, now), now)
        for record in await list_clocks(store, lead.id)
    ]
    return await _saved(store, summed(current, changed), now)


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
    first = _of(records, Metric.LEAD_FIRST_CONTACT) or await _new(store, lead, Metric.LEAD_FIRST_CONTACT, now)
    follow = _follow_up_at(records, at)
    if follow is None and lead.is_open and lead.owner_id is not None:
        follow = await _new(store, lead, Metric.LEAD_NEXT_FOLLOWUP, now)
    done = {record.id: record for record in records}
    for record in (first, follow):
        if record is not None:
            # Only an assignment gives the first clock an owner.
            owner_id = None if record is first else lead.owner_id
            events = sla.record_contact(
                record.clock, at, now, source_id, owner_id=owner_id, provisional=provisional, trusted=trusted
            )
            done[record.id] = await _append(store, record, lead, events, now)
            await _tell_withdrawn(store, lead, done[record.id], events, now, outbox)
    last = max(at, lead.last_contact_at) if lead.last_contact_at else at
    return summed(replace(lead, last_contact_at=last), list(done.values()))


async def assigned(store: Store, lead: Lead, now: datetime) -> Lead:
    """The lead (not yet saved) has a new owner: its first clock starts, or the running ones go on with a new leg."""
    assert lead.owner_id is not None
    records = await list_clocks(store, lead.id)
    first = _of(records, Metric.LEAD_FIRST_CONTACT)
    if first is None:
        first = await _new(store, lead, Metric.LEAD_FIRST_CONTACT, now)
        records += [first] if first is not None else []
    done = []
    for record in records:
        events = sla.reassign(record.clock, lead.owner_id, now, now)
        if record is first and lead.is_open:
            events += sla.start(record.clock, now, now, lead.owner_id, source_id=lead.id)
        done.append(await _append(store, record, lead, events, now))
    return await _kept_running(store, summed(lead, done), done, now)


async def closed(store: Store, lead: Lead, reason: str, now: datetime) -> Lead:
    """The lead (not yet saved) was won, lost or disqualified: no clock runs on."""
    done = [
        await _append(store, record, lead, sla.cancel(record.clock, now, now, reason), now)
        for record in await list_clocks(store, lead.id)
    ]
    return summed(lead, done)


async def reopened(store: Store, lead: Lead, now: datetime) -> Lead:
    """The lead (not yet saved) is open again: a new follow-up; its first contact never restarts."""
    records = await list_clocks(store, lead.id)
    return await _kept_running(store, summed(lead, records), records, now)


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


async def _kept_running(store: Store, lead: Lead, records: Sequence[ClockRecord], now: datetime) -> Lead:
    """An open lead with an owner always has a clock that runs: where none does, a follow-up begins now."""
    if not lead.is_open or lead.owner_id is None or any(record.clock.state in _RUNS for record in records):
        return lead
    follow = [record for record in records if record.metric is Metric.LEAD_NEXT_FOLLOWUP]
    made = await _new(store, lead, Metric.LEAD_NEXT_FOLLOWUP, now)
    if made is None:
        return lead
    fresh = replace(made, generation=len(follow) + 1)
    events = sla.record_contact(fresh.clock, now, now, f"{lead.id}:{lead.version}", owner_id=lead.owner_id)
    return summed(lead, [*records, await _append(store, fresh, lead, events, now)])


async def _append(
    store: Store, record: ClockRecord, lead: Lead, events: tuple[ClockEvent, ...], now: datetime
) -> ClockRecord:
    """Saves the clock with the events, under the lead's owner. Nothing to say and nobody new: nothing is written."""
    changed = record.with_events(events, now).held_by(lead)
    if not events and (record.owner_id, record.team_id) == (changed.owner_id, changed.team_id):
        return record
    if not await save_clock(store, changed):
        raise Unavailable(1, "The clocks of this lead are being changed.")
    return replace(changed, version=changed.version + 1)


async def _tell_withdrawn(
    store: Store, lead: Lead, record: ClockRecord, events: Sequence[ClockEvent], now: datetime, outbox: Outbox
) -> None:
    numbers = {cycle.key: cycle.number for cycle in record.clock.cycles}
    proofs = [
        (each.cycle_key, numbers.get(each.cycle_key, 0), each.source_id or "")
        for each in events
        if each.kind is EventKind.BREACH_WITHDRAWN and each.cycle_key is not None
    ]
    if proofs:
        told: list[Notice] = await list_clock_notices(store, record.id)
        await outbox.write(store, withdrawn_notices(lead, record.id, record.metric, proofs, told, now), now)


async def _new(store: Store, lead: Lead, metric: Metric, now: datetime) -> ClockRecord | None:
    """A clock that has not begun, under the policy of today; None where nothing is promised."""
    policy = await policy_for(store, lead, metric)
    if policy is None:
        return None
    return ClockRecord(
        id=ClockId(new_id("clk", now)),
        org_id=lead.org_id,
        lead_id=lead.id,
        owner_id=lead.owner_id,
        team_id=lead.team_id,
        clock=Clock(policy),
        created_at=now,
        updated_at=now,
    )


def _of(records: Sequence[ClockRecord], metric: Metric) -> ClockRecord | None:
    return next((record for record in records if record.metric is metric), None)


def _follow_up_at(records: Sequence[ClockRecord], at: datetime) -> ClockRecord | None:
    """The follow-up clock that a contact at `at` belongs to: the newest, unless it was reopened only after that."""
    follow = [record for record in records if record.metric is Metric.LEAD_NEXT_FOLLOWUP]
    fitting = [record for record in follow if record.generation == 1 or record.created_at <= at]
    return fitting[-1] if fitting else None


def summed(lead: Lead, records: Sequence[ClockRecord]) -> Lead:
    """The lead (not yet saved) with what its clocks say: the next due time; red while a broken one is still open."""
    open_clocks = [record.clock for record in records if record.clock.state in _RUNS]
    due = [clock.due_at for clock in open_clocks if clock.due_at is not None]
    broken = [clock.breached_at for clock in open_clocks if clock.breached_at is not None]
    return replace(
        lead,
        sla_due_at=min(due, default=None),
        red_flag=bool(broken),
        red_since=min(broken, default=None),
    )


async def save_summed(store: Store, lead: Lead, records: Sequence[ClockRecord], now: datetime) -> Lead:
    """Writes what the clocks say onto the lead; the watcher calls it after firing."""
    return await _saved(store, summed(lead, records), now)


async def _current(store: Store, lead: Lead) -> Lead:
    """The lead as this transaction sees it, whatever the caller had read before."""
    found = await find_lead(store, Scope.whole_organization(lead.org_id), lead.id)
    return found if found is not None else lead


async def _saved(store: Store, lead: Lead, now: datetime) -> Lead:
    """Writes the lead even where only its clocks changed, so that two contacts at once always conflict."""
    following = replace(lead, version=lead.version + 1, updated_at=now)
    if await save_lead(store, following) is None:
        raise Unavailable(1, "The lead is being changed.")
    return following

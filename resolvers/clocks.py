"""How the SLA clocks of a lead are made, saved and summed up on it; shared by the resolvers whose writes move them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from domain import sla
from domain.access import Scope
from domain.deliveries import cancel
from domain.errors import Unavailable
from domain.ids import ClockId, new_id
from domain.ladder import withdrawn_notices
from domain.leads import Lead
from domain.notices import Notice, resolve, step_key
from domain.sla import OPEN_STATES, Clock, ClockEvent, ClockState, EventKind, Metric
from resolvers.sla_policies import policy_for
from storage.clocks import ClockRecord, save_clock
from storage.leads import find_lead, save_lead
from storage.notices import change_deliveries, list_open_deliveries, save_marks
from storage.outbox import Outbox, list_clock_notices
from storage.store import Store


async def append(
    store: Store, record: ClockRecord, lead: Lead, events: tuple[ClockEvent, ...], now: datetime
) -> ClockRecord:
    """`put` for a clock that events are added to."""
    return await put(store, record, record.with_events(events, now), lead, now)


async def put(store: Store, before: ClockRecord, after: ClockRecord, lead: Lead, now: datetime) -> ClockRecord:
    """Saves the clock as changed, under the lead's owner, and paused exactly while the lead is.

    Nothing to say and nobody new: nothing is written. What was told of a cycle that ended is no longer sent.
    """
    changed = after.held_by(lead)
    changed = changed.with_events(_turn(changed.clock, lead, now), now)
    if changed == replace(before, updated_at=now):
        return before
    if not await save_clock(store, changed):
        raise Unavailable(1, "The clocks of this lead are being changed.")
    await _drop_notices(store, before.clock, changed, now)
    return replace(changed, version=changed.version + 1)


def _turn(clock: Clock, lead: Lead, now: datetime) -> tuple[ClockEvent, ...]:
    """What pauses or resumes the clock where it does not do as its lead does; a survey waits for nobody."""
    if clock.policy.metric is Metric.SATISFACTION or not lead.is_open:
        return ()
    if lead.held_at is not None or lead.stage in clock.policy.pause_stages:
        return sla.pause(clock, lead.held_at or now, now)
    return sla.resume(clock, now, now)


async def _drop_notices(store: Store, before: Clock, record: ClockRecord, now: datetime) -> None:
    """Resolves what was told of cycles that have ended with this change."""
    open_before = {cycle.key for cycle in before.cycles if cycle.state in OPEN_STATES}
    ended = [
        cycle
        for cycle in record.clock.cycles
        if cycle.key in open_before and cycle.fired and cycle.state not in OPEN_STATES
    ]
    if not ended:
        return
    keys = {step_key(record.id, cycle.key, percent) for cycle in ended for percent in cycle.fired}
    told = [each for each in await list_clock_notices(store, record.id) if each.dedupe_key in keys]
    dropped = [each for each in told if each.acknowledged_at is None and each.resolved_at is None]
    await save_marks(store, [resolve(each, now) for each in dropped])
    for notice in dropped:
        rows = await list_open_deliveries(store, notice.id)
        await change_deliveries(store, rows, lambda row: cancel(row, "resolved", now))


async def tell_withdrawn(
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


async def new_clock(store: Store, lead: Lead, metric: Metric, now: datetime) -> ClockRecord | None:
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


def newest(records: Sequence[ClockRecord], metric: Metric) -> ClockRecord | None:
    """The lead's clock of the metric that counts: the newest that was not cancelled, else the newest."""
    own = [record for record in records if record.metric is metric]
    counting = [record for record in own if record.clock.state is not ClockState.CANCELLED]
    return next(iter([*counting[-1:], *own[-1:]]), None)


def summed(lead: Lead, records: Sequence[ClockRecord]) -> Lead:
    """The lead (not yet saved) with what its clocks say: the next due time; red while a broken one is still open.

    A survey is customer success's to care for and leaves the lead as it is.
    """
    sales = [record.clock for record in records if record.metric is not Metric.SATISFACTION]
    open_clocks = [clock for clock in sales if clock.state in OPEN_STATES]
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
    return await save_changed(store, summed(lead, records), now)


async def as_seen(store: Store, lead: Lead) -> Lead:
    """The lead as this transaction sees it, whatever the caller had read before."""
    found = await find_lead(store, Scope.whole_organization(lead.org_id), lead.id)
    return found if found is not None else lead


async def save_changed(store: Store, lead: Lead, now: datetime) -> Lead:
    """Writes the lead even where only its clocks changed, so that two contacts at once always conflict."""
    following = replace(lead, version=lead.version + 1, updated_at=now)
    if await save_lead(store, following) is None:
        raise Unavailable(1, "The lead is being changed.")
    return following

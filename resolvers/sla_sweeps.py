"""Carrying new policies and calendars over to running clocks: a preview, and sweeps that workers carry on in batches.

Called by schema/sla_sweeps.py and workers/sla_sweeps.py.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from domain.access import Capability, Scope
from domain.calendars import CalendarDraft, edited_calendar
from domain.ids import OrgId, new_id
from domain.leads import Lead
from domain.refusals import InvalidInput, NotFound, Refusal
from domain.sla import Clock
from domain.sla_policies import PolicyDraft, Rules, ended_policy
from domain.sla_sweeps import Sweep, SweepKind, SweepState, changed_clock, policy_key, state_at
from resolvers.clocks import put, save_summed
from resolvers.context import Context
from resolvers.once import Outcome, Saved, once
from resolvers.sla_policies import drafted, rules_of, saved, shipped_policy
from storage.calendars import find_calendar
from storage.clocks import ClockRecord, list_clocks, list_unfinished
from storage.codec import decode
from storage.driver import Document
from storage.leads import COLLECTION as LEADS
from storage.leads import find_lead
from storage.reads import Page, PageRequest, Reads
from storage.sla_policies import find_policy
from storage.sla_sweeps import COLLECTION, claim_sweep, insert_sweep, save_claimed_sweep
from storage.store import Store
from storage.times import stored_time

BATCH = 50
"""Clocks of one transaction."""


@dataclass(frozen=True, slots=True)
class Drafts:
    """What a preview takes as saved."""

    policy: PolicyDraft | None = None
    calendar: CalendarDraft | None = None
    ended_policy: str | None = None


async def preview(context: Context, drafts: Drafts, request: PageRequest) -> Document | Refusal:
    """How the running clocks of one page, by id, would change. Raises Forbidden."""
    actor = context.require(Capability.MANAGE_SLA)
    rules = await _drafted_rules(context, drafts)
    if isinstance(rules, Refusal):
        return rules
    first, after = request.first, request.after or ""
    records = await list_unfinished(context.store, actor.org_id, after, first)
    kind = SweepKind.RECALCULATE if drafts.ended_policy is None else SweepKind.END_POLICY
    changes = []
    for record, lead in await _with_leads(context.store, actor.org_id, records):
        policy = rules.policy_for(lead, record.metric)
        then = changed_clock(kind, drafts.ended_policy, "", record.clock, policy, context.now)
        if then != record.clock:
            changes.append(_change(record, then, context.now))
    end = records[-1].id if len(records) == first else None
    return {"changes": changes, "examined": len(records), "end_cursor": end}


async def recalculate(context: Context, client_key: str) -> Document | Refusal:
    """A sweep that puts every running clock under the policies of today. Raises Forbidden."""
    actor = context.require(Capability.MANAGE_SLA)

    async def act(store: Store) -> Outcome:
        sweep = Sweep(new_id("swp", context.now), actor.org_id, SweepKind.RECALCULATE, context.now, actor.person_id)
        return Saved(COLLECTION, await insert_sweep(store, sweep))

    return await once(context, "recalculateSla", client_key, {}, act)


async def deactivate_policy(
    context: Context, client_key: str, key: str, reason: str, expected_version: int | None
) -> Document | Refusal:
    """The policy in its last version, out of use; a sweep cancels the clocks under it. Raises Forbidden."""
    actor = context.require(Capability.MANAGE_SLA)

    async def act(store: Store) -> Outcome:
        before = await find_policy(store, actor.org_id, key) or shipped_policy(actor.org_id, key)
        after = ended_policy(before, key, reason, expected_version, actor.person_id, context.now)
        if isinstance(after, Refusal):
            return after
        outcome = await saved(store, after)
        if isinstance(outcome, Saved):
            sweep = Sweep(
                id=new_id("swp", context.now),
                org_id=actor.org_id,
                kind=SweepKind.END_POLICY,
                started_at=context.now,
                started_by=actor.person_id,
                policy_key=key,
                reason=after.ended_reason,
            )
            await insert_sweep(store, sweep)
        return outcome

    given = {"key": key, "reason": reason, "expected_version": expected_version}
    return await once(context, "deactivateSlaPolicy", client_key, given, act)


async def sweeps(context: Context, request: PageRequest) -> Page:
    """How far each has come. Raises Forbidden."""
    context.require(Capability.MANAGE_SLA)
    return await context.reads.page(COLLECTION, {}, request)


async def sweep_batch(store: Store, sweep: Sweep, now: datetime) -> int:
    """Changes the next clocks, in a transaction that also notes how far it came; answers how many it looked at."""
    claimed = await claim_sweep(store, sweep)
    if claimed is None:
        return 0
    rules = await rules_of(store, sweep.org_id)
    records = await list_unfinished(store, sweep.org_id, sweep.cursor, BATCH)
    changed = 0
    for record, lead in await _with_leads(store, sweep.org_id, records):
        policy = rules.policy_for(lead, record.metric)
        then = changed_clock(sweep.kind, sweep.policy_key, sweep.reason or "", record.clock, policy, now)
        if then != record.clock:
            await _put(store, record, then, now)
            changed += 1
    done = len(records) < BATCH
    following = replace(
        claimed,
        cursor=records[-1].id if records else sweep.cursor,
        examined=sweep.examined + len(records),
        changed=sweep.changed + changed,
        state=SweepState.DONE if done else SweepState.RUNNING,
        finished_at=now if done else None,
    )
    await save_claimed_sweep(store, following)
    return max(1, len(records))


async def _put(store: Store, record: ClockRecord, then: Clock, now: datetime) -> None:
    """Saves the clock, and the lead with what its clocks say now."""
    lead = await find_lead(store, Scope.whole_organization(record.org_id), record.lead_id)
    assert lead is not None, "it was read in this transaction"
    await put(store, record, replace(record, clock=then, updated_at=now), lead, now)
    await save_summed(store, lead, await list_clocks(store, record.lead_id), now)


async def _with_leads(store: Store, org_id: OrgId, records: Iterable[ClockRecord]) -> list[tuple[ClockRecord, Lead]]:
    """Each clock with its lead; without those whose lead is gone, which the watcher ends."""
    listed = list(records)
    ids = list(dict.fromkeys(record.lead_id for record in listed))
    found = await Reads(store, Scope.whole_organization(org_id)).by_keys(LEADS, ids)
    return [(record, decode(Lead, found[record.lead_id])) for record in listed if record.lead_id in found]


async def _drafted_rules(context: Context, drafts: Drafts) -> Rules | Refusal:
    """The rules as if the drafts were saved over whatever version there is."""
    store, actor = context.store, context.me
    rules = await rules_of(store, actor.org_id)
    if drafts.calendar is not None:
        before = await find_calendar(store, actor.org_id, drafts.calendar.key)
        expected = None if before is None else before.version
        calendar = edited_calendar(before, drafts.calendar, actor.org_id, expected, actor.person_id, context.now)
        if isinstance(calendar, Refusal):
            return within(calendar, "calendar")
        rules = rules.with_calendar(calendar.key, calendar.calendar)
    if drafts.policy is not None:
        known = {each.key: each.version for each in rules.policies}
        policy = await drafted(context, store, drafts.policy, known.get(drafts.policy.key), rules.calendars)
        if isinstance(policy, Refusal):
            return within(policy, "policy")
        rules = rules.with_policy(policy)
    if drafts.ended_policy is not None and drafts.ended_policy not in {each.key for each in rules.policies}:
        return NotFound(drafts.ended_policy)
    return rules


def within(refusal: Refusal, argument: str) -> Refusal:
    """The refusal with the argument in the path of its field."""
    return replace(refusal, field=f"{argument}.{refusal.field}") if isinstance(refusal, InvalidInput) else refusal


def _change(record: ClockRecord, then: Clock, now: datetime) -> Document:
    before = record.clock
    due = {"due_at": before.due_at, "new_due_at": then.due_at}
    return {
        "clock_id": record.id,
        "lead_id": record.lead_id,
        "metric": record.metric.value,
        "policy_key": policy_key(before.policy),
        "policy_version": before.policy.version,
        "new_policy_key": policy_key(then.policy),
        "new_policy_version": then.policy.version,
        "state": state_at(before, now).value,
        "new_state": state_at(then, now).value,
        **{name: None if at is None else stored_time(at) for name, at in due.items()},
    }

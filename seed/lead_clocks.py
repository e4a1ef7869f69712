"""The SLA clocks of imported leads: what a file tells of the past counts, and nobody is told of it afterwards."""

from __future__ import annotations

from datetime import datetime

from domain import sla
from domain.accounts import Tier
from domain.activities import Activity
from domain.ids import ClockId, new_id
from domain.leads import Lead
from domain.sla_policies import Rules
from storage.clocks import ClockRecord


def first_clocks(lead: Lead, contact: Activity | None, rules: Rules, now: datetime) -> list[ClockRecord]:
    """The clocks of a new lead as they stand now; steps that came due before are marked as sent and told to nobody.

    A proposal for a lead of tier A is owed from now: no file tells since when it was one.
    """
    if lead.owner_id is None or not lead.is_open:
        return []
    records = []
    first = _record(lead, sla.Metric.LEAD_FIRST_CONTACT, rules, now)
    if first is not None:
        begun = first.with_events(sla.start(first.clock, lead.occurred_at, now, lead.owner_id, lead.id), now)
        met = () if contact is None else sla.record_stop(begun.clock, contact.occurred_at, now, contact.id)
        records.append(begun.with_events(met, now))
    follow = None if contact is None else _record(lead, sla.Metric.LEAD_NEXT_FOLLOWUP, rules, now)
    if follow is not None and contact is not None:
        events = sla.record_stop(follow.clock, contact.occurred_at, now, contact.id, owner_id=lead.owner_id)
        records.append(follow.with_events(events, now))
    proposal = _record(lead, sla.Metric.TIER_A_PROPOSAL, rules, now) if lead.tier is Tier.A else None
    if proposal is not None:
        records.append(proposal.with_events(sla.start(proposal.clock, now, now, lead.owner_id, lead.id), now))
    return [record.with_events(sla.fire_due(record.clock, now)[0], now) for record in records]


def _record(lead: Lead, metric: sla.Metric, rules: Rules, now: datetime) -> ClockRecord | None:
    """A clock that has not begun; None where nothing is promised."""
    policy = rules.policy_for(lead, metric)
    if policy is None:
        return None
    clock_id = ClockId(new_id("clk", now))
    return ClockRecord(clock_id, lead.org_id, lead.id, lead.owner_id, lead.team_id, sla.Clock(policy), now, now)

"""Sleeping leads: of those that had been with an owner for 72 hours that day, how many nobody had contacted."""

from __future__ import annotations

from datetime import timedelta

from domain.sla import Metric
from reports.facts import Dimension, Events, Fact, Measure, Report, ReportDay, Unit
from reports.linked import linked
from reports.rows import all_rows

PATIENCE = timedelta(hours=72)
MEASURES = (
    Measure("counted", "Leads 72 h old", "满 72 小时线索"),
    Measure("sleeping", "Never contacted", "无人触碰"),
    Measure("share", "Share never contacted", "沉睡占比", Unit.SHARE, over=("sleeping", "counted")),
)


async def facts(events: Events, day: ReportDay) -> list[Fact]:
    """One of each lead whose 72nd hour lies in the day; a contact exactly then is in time."""
    period = day.period
    started = {"$gte": period.since - PATIENCE, "$lt": period.until - PATIENCE}
    clocks = await all_rows(
        events,
        "clocks",
        {"metric": Metric.LEAD_FIRST_CONTACT.value, "started_at": started},
        {"lead_id": 1, "owner_id": 1, "started_at": 1, "met_at": 1},
        "started_at",
    )
    leads = await linked(events, "leads", {each["lead_id"] for each in clocks}, ("tier",))
    found = []
    for each in clocks:
        met_at, tier = each.get("met_at"), leads.get(each["lead_id"], {}).get("tier")
        sleeps = met_at is None or met_at > each["started_at"] + PATIENCE
        values: dict[str, float] = {"counted": 1, "sleeping": sleeps}
        found.append(Fact(each["lead_id"], each.get("owner_id"), values, {Dimension.TIER: tier} if tier else {}))
    return found


REPORT = Report("SLEEPING_LEADS", "Sleeping leads", "沉睡线索", (Dimension.REP, Dimension.TIER), MEASURES, facts)

"""Sleeping leads: of those that got their first owner in a period, how many nobody had contacted after N hours."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.sla import Metric
from reports.rows import Period, Rows, all_rows


@dataclass(frozen=True, slots=True)
class SleepingLeads:
    """`share` is sleeping / counted, None where nothing counts yet; `too_young` leads are younger than N hours."""

    counted: int
    sleeping: int
    too_young: int
    share: float | None


async def sleeping_leads(rows: Rows, period: Period, hours: int, now: datetime) -> SleepingLeads:
    """From the clocks of first contact: a lead sleeps where none came within N hours; exactly at N hours is in time."""
    found = await all_rows(
        rows,
        "clocks",
        {"metric": Metric.LEAD_FIRST_CONTACT.value, "started_at": period.bounds},
        {"started_at": 1, "met_at": 1},
        "started_at",
    )
    patience = timedelta(hours=hours)
    counted = sleeping = 0
    for each in found:
        deadline = each["started_at"] + patience
        met_at = each.get("met_at")
        if met_at is not None and met_at <= deadline:
            counted += 1
        elif deadline < now:
            counted += 1
            sleeping += 1
    return SleepingLeads(counted, sleeping, len(found) - counted, sleeping / counted if counted else None)

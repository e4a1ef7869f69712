"""How timely leads were followed up: what first responses and follow-ups of the day had taken, by rep and metric."""

from __future__ import annotations

from datetime import UTC, datetime

from domain.sla import CONTACT_METRICS, Cycle
from reports.facts import Dimension, Events, Fact, Measure, Report, ReportDay, Unit

MEASURES = (
    Measure("contacts", "Contacts", "跟进次数"),
    Measure("seconds", "Time they took together", "总用时", Unit.SECONDS),
    Measure("in_24_h", "Within 24 h", "24 小时内"),
    Measure("in_72_h", "Within 72 h", "72 小时内"),
    Measure("mean_seconds", "Mean time", "平均用时", Unit.SECONDS, over=("seconds", "contacts")),
    Measure("share_24_h", "Share within 24 h", "24 小时内占比", Unit.SHARE, over=("in_24_h", "contacts")),
    Measure("share_72_h", "Share within 72 h", "72 小时内占比", Unit.SHARE, over=("in_72_h", "contacts")),
)


async def facts(events: Events, day: ReportDay) -> list[Fact]:
    """One of each contact that ended an interval; wall-clock time, as a manager reads a calendar."""
    found = []
    for held in await events.clocks(sorted(CONTACT_METRICS), day.period.since):
        for cycle in held.clock.cycles:
            met_at = cycle.met_at
            if met_at is not None and _naive(met_at) in day.period:
                values = _values((met_at - cycle.started_at).total_seconds())
                found.append(Fact(held.id, _owner(cycle), values, {Dimension.METRIC: held.metric.value}))
    return found


def _values(took_s: float) -> dict[str, float]:
    values: dict[str, float] = {"contacts": 1, "seconds": took_s}
    return values | {key: 1 for key, most_h in (("in_24_h", 24), ("in_72_h", 72)) if took_s <= most_h * 3600}


def _owner(cycle: Cycle) -> str | None:
    return cycle.legs[-1].owner_id if cycle.legs else None


def _naive(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(tzinfo=None)


REPORT = Report(
    "FOLLOW_UPS",
    "Follow-up timeliness",
    "跟进及时率",
    (Dimension.REP, Dimension.METRIC),
    MEASURES,
    facts,
)

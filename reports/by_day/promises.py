"""How promises were kept (SLA attainment), by rep, metric and the leads' region; read from the logs of the clocks."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from domain.sla import ClockState, Cycle, Metric
from reports.facts import Dimension, Events, Fact, HeldClock, Measure, Report, ReportDay, Unit
from reports.linked import linked
from reports.rows import Period

MEASURES = (
    Measure("kept", "Kept", "按时完成"),
    Measure("broken", "Broken", "超时"),
    Measure("mended", "Done after breaking", "超时后完成"),
    Measure("due", "Kept or broken", "应完成"),
    Measure("attainment", "Attainment", "SLA 达成率", Unit.SHARE, over=("kept", "due")),
)


async def facts(events: Events, day: ReportDay) -> list[Fact]:
    """One of each promise that was kept, broken or mended that day: a promise counts when it is decided."""
    clocks = await events.clocks(tuple(Metric), day.period.since)
    decided = [(clock, cycle, values) for clock in clocks for cycle, values in _decided(clock, day.period)]
    leads = await linked(events, "leads", {clock.lead_id for clock, _, _ in decided}, ("region",))
    found = []
    for clock, cycle, values in decided:
        labels = {Dimension.METRIC: clock.metric.value}
        region = leads.get(clock.lead_id, {}).get("region")
        if region:
            labels[Dimension.REGION] = region
        found.append(Fact(clock.id, _holder(cycle, cycle.breached_at or cycle.met_at), values, labels))
    return found


def _decided(held: HeldClock, period: Period) -> Iterator[tuple[Cycle, dict[str, float]]]:
    for cycle in held.clock.cycles:
        broken = cycle.breached_at
        if broken is not None and _within(broken, period):
            yield cycle, {"broken": 1, "due": 1}
        if cycle.met_at is not None and _within(cycle.met_at, period):
            if cycle.state is ClockState.MET:
                yield cycle, {"kept": 1, "due": 1}
            elif cycle.state is ClockState.MET_LATE:
                yield cycle, {"mended": 1}


def _within(at: datetime, period: Period) -> bool:
    return at.astimezone(UTC).replace(tzinfo=None) in period


def _holder(cycle: Cycle, at: datetime | None) -> str | None:
    """Who held the lead when the promise was decided."""
    holder = None
    for leg in cycle.legs:
        if at is None or leg.started_at <= at:
            holder = leg.owner_id
    return holder


REPORT = Report(
    "SLA",
    "Promises kept",
    "SLA 达成",
    (Dimension.REP, Dimension.METRIC, Dimension.REGION),
    MEASURES,
    facts,
)

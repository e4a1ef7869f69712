"""Visits planned, done and missed, by rep and tier of the customer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from domain.visits import VisitKind, VisitState
from reports.facts import Dimension, Events, Fact, Measure, Report, ReportDay, Unit
from reports.rows import all_rows

_PATHS = dict.fromkeys(
    ("owner_id", "site_id", "account_id", "tier", "kind", "state", "verified", "scheduled_at", "opened_at"), 1
)
DONE = frozenset({VisitState.OPEN, VisitState.DONE, VisitState.AUTO_CLOSED})
"""States of a visit that was made; a TOUCH was too short for one."""
CALLED_OFF = frozenset({VisitState.CANCELLED, VisitState.RESCHEDULED})
MEASURES = (
    Measure("planned", "Planned", "计划"),
    Measure("done", "Done as planned", "按计划完成"),
    Measure("missed", "Missed", "未完成"),
    Measure("touched", "Too short", "停留过短"),
    Measure("unplanned", "Unplanned", "计划外"),
    Measure("made", "Visits made", "完成拜访"),
    Measure("verified", "Verified", "已核实"),
    Measure("done_share", "Attainment", "达成率", Unit.SHARE, over=("done", "planned")),
)


async def visits_of(events: Events, day: ReportDay) -> list[dict[str, Any]]:
    """The day's visits by their scheduled time; an unplanned one stands at the time it opened."""
    return await all_rows(events, "visits", {"scheduled_at": day.period.between}, _PATHS, "scheduled_at")


def counted(visit: Mapping[str, Any]) -> dict[str, float]:
    """What a visit adds to its day. One that was called off or moved is not planned for the day any more."""
    state = VisitState(visit["state"])
    if state in CALLED_OFF:
        return {}
    planned, made = visit["kind"] != VisitKind.UNPLANNED.value, state in DONE
    found = {
        "planned": planned,
        "done": planned and made,
        "missed": planned and state is VisitState.MISSED,
        "touched": state is VisitState.TOUCH,
        "unplanned": made and not planned,
        "made": made,
        "verified": bool(visit.get("verified")),
    }
    return {key: 1 for key, holds in found.items() if holds}


async def facts(events: Events, day: ReportDay) -> list[Fact]:
    """One of each visit."""
    return [
        Fact(each["_id"], each["owner_id"], counted(each), {Dimension.TIER: each["tier"]})
        for each in await visits_of(events, day)
    ]


REPORT = Report("VISITS", "Visits", "拜访", (Dimension.REP, Dimension.TIER), MEASURES, facts)

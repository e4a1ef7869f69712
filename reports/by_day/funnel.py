"""The funnel by stage: how many leads came into each stage that day, and went on or were lost from it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from reports.facts import Dimension, Events, Fact, Measure, Report, ReportDay, Unit
from reports.rows import all_rows

_PATHS = dict.fromkeys(("owner_id", "stage", "stage_moves", "created_at", "merged_into_id", "updated_at"), 1)
MEASURES = (
    Measure("entered", "Came in", "进入"),
    Measure("advanced", "Went on", "推进"),
    Measure("left", "Left", "离开"),
    Measure("advance_share", "Share that went on", "转化率", Unit.SHARE, over=("advanced", "left")),
)


async def facts(events: Events, day: ReportDay) -> list[Fact]:
    """One for each stage a lead came into or left that day; a step back leaves without going on."""
    # A lead is saved with each of its steps, so what was not saved since the day began made none on it.
    changed = {"updated_at": day.period.onwards}
    found = []
    for lead in await all_rows(events, "leads", changed, _PATHS, "updated_at"):
        if lead.get("merged_into_id") is None:
            for stage, values in _steps(lead, day):
                found.append(Fact(lead["_id"], lead.get("owner_id"), values, {Dimension.STAGE: stage}))
    return found


def _steps(lead: Mapping[str, Any], day: ReportDay) -> Iterator[tuple[str, dict[str, float]]]:
    moves = lead.get("stage_moves") or []
    if lead["created_at"] in day.period:
        yield moves[0]["from_stage"] if moves else lead["stage"], {"entered": 1}
    for move in moves:
        if move["at"] in day.period:
            yield move["to_stage"], {"entered": 1}
            yield move["from_stage"], {"left": 1, "advanced": day.is_further(move["from_stage"], move["to_stage"])}


REPORT = Report("FUNNEL", "Funnel by stage", "各阶段漏斗", (Dimension.STAGE,), MEASURES, facts)

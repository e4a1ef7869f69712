"""How far plans were and how far was driven, by rep and region; of positions, so for the chain of superiors alone."""

from __future__ import annotations

from reports.distances import distance_parts
from reports.facts import Dimension, Events, Fact, Measure, Report, ReportDay, Unit

MEASURES = (
    Measure("planned_m", "Planned distance", "计划里程", Unit.METRES),
    Measure("driven_m", "Driven distance", "实际里程", Unit.METRES),
    Measure("gap_m", "Straight across gaps", "缺失轨迹直线距离", Unit.METRES),
    Measure("ratio", "Driven for each planned", "实际/计划", Unit.SHARE, over=("driven_m", "planned_m")),
)


async def facts(events: Events, day: ReportDay) -> list[Fact]:
    """One of each planned way and of each driven one by region."""
    found = []
    for part in await distance_parts(events, day.date, day.date):
        measured = {"planned_m": part.planned_m, "driven_m": part.driven_m, "gap_m": part.gap_m}
        values = {key: metres for key, metres in measured.items() if metres is not None}
        labels = {Dimension.REGION: part.region} if part.region else {}
        found.append(Fact(part.record_id, part.rep_id, values, labels))
    return found


REPORT = Report(
    "DISTANCES",
    "Planned and driven distance",
    "计划与实际里程",
    (Dimension.REP, Dimension.REGION),
    MEASURES,
    facts,
    of_positions=True,
)

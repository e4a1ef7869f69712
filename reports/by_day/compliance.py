"""Behaviour compliance: on how many work days reps did enough must-do items, and the insights they gained."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC

from domain.access import Role
from domain.attendance import planned_work, work_day
from domain.compliance import days_of_work
from domain.norm_entries import NormKind
from domain.norms import NormMode
from domain.weeks import Week
from reports.by_day.visits import visits_of
from reports.facts import Dimension, Events, Fact, Measure, Report, ReportDay, Unit
from reports.rows import all_rows

MEASURES = (
    Measure("work_days", "Work days", "工作日"),
    Measure("days_met", "Days that met the norms", "达标天数"),
    Measure("items", "Different items done", "完成动作项"),
    Measure("insights", "Insights", "客户洞察"),
    Measure("met_share", "Compliance", "达标率", Unit.SHARE, over=("days_met", "work_days")),
)


async def facts(events: Events, day: ReportDay) -> list[Fact]:
    """One of each rep who worked, and of each different item and each insight; leave and free days are no work days."""
    if day.norms.mode is NormMode.OFF:
        return []
    today, week = day.date.isoformat(), Week.of(day.date)
    paths = {"owner_id": 1, "kind": 1, "key": 1, "day": 1, "text": 1}
    entries = [
        each
        for each in await all_rows(events, "norm_entries", {"week": str(week)}, paths, "_id")
        if each["day"] == today
    ]
    done: dict[str, set[str]] = defaultdict(set)
    found = []
    for each in entries:
        if each["kind"] == NormKind.INSIGHT.value:
            found.append(Fact(each["_id"], each["owner_id"], {"insights": 1}))
        elif each["key"] not in done[each["owner_id"]]:
            done[each["owner_id"]].add(each["key"])
            found.append(Fact(each["_id"], each["owner_id"], {"items": 1}))
    worked = await _at_work(events, day, week)
    for rep_id in sorted(worked | set(done)):
        met = len(done[rep_id]) >= day.norms.items_a_day
        # Who did all of it on a free day met it too, and a day met is a day worked.
        if rep_id in worked or met:
            found.append(Fact(rep_id, rep_id, {"work_days": 1} | ({"days_met": 1} if met else {})))
    return found


async def _at_work(events: Events, day: ReportDay, week: Week) -> set[str]:
    reps = {key: each for key, each in day.people.items() if each.role is Role.REP}
    worked = {key for key, each in reps.items() if each.roster is not None and planned_work(each, day.date) is not None}
    for visit in await visits_of(events, day):
        rep = reps.get(visit["owner_id"])
        opened_at = visit.get("opened_at")
        if rep is not None and rep.roster is None and opened_at is not None:
            visited = work_day(rep, opened_at.replace(tzinfo=UTC))
            if day.date in days_of_work(rep, week, [visited]):
                worked.add(rep.id)
    return worked


REPORT = Report("COMPLIANCE", "Behaviour compliance", "行为合规率", (Dimension.REP,), MEASURES, facts)

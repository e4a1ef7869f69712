"""How newcomers grow: visits made by reps in their first 26 weeks, by the week they are in."""

from __future__ import annotations

from domain.access import Role
from domain.people import Person
from reports.by_day.visits import DONE, visits_of
from reports.facts import Dimension, Events, Fact, Measure, Report, ReportDay, Unit

WEEKS = 26
MEASURES = (
    Measure("rep_days", "Days of newcomers with visits", "新人拜访日"),
    Measure("made", "Visits made", "完成拜访"),
    Measure("verified", "Verified visits", "已核实拜访"),
    Measure("visits_a_day", "Visits a day", "日均拜访", Unit.COUNT, over=("made", "rep_days")),
    Measure("verified_share", "Share verified", "核实率", Unit.SHARE, over=("verified", "made")),
)


async def facts(events: Events, day: ReportDay) -> list[Fact]:
    """One of each visit a newcomer made, and one of each newcomer who made any."""
    found: list[Fact] = []
    seen: set[str] = set()
    for visit in await visits_of(events, day):
        rep = day.people.get(visit["owner_id"])
        week = tenure_week(rep, day) if rep is not None and visit["state"] in DONE else None
        if rep is None or week is None:
            continue
        labels = {Dimension.TENURE_WEEK: f"{week:02d}"}
        if rep.id not in seen:
            seen.add(rep.id)
            found.append(Fact(rep.id, rep.id, {"rep_days": 1}, labels))
        found.append(Fact(visit["_id"], rep.id, {"made": 1, "verified": bool(visit.get("verified"))}, labels))
    return found


def tenure_week(rep: Person, day: ReportDay) -> int | None:
    """The week of theirs that the day lies in, from 1; None for who is no newcomer."""
    if rep.role is not Role.REP:
        return None
    week = (day.date - rep.created_at.astimezone(day.zone).date()).days // 7 + 1
    return week if 1 <= week <= WEEKS else None


REPORT = Report(
    "NEWCOMERS",
    "Newcomers' growth",
    "新人成长曲线",
    (Dimension.REP, Dimension.TENURE_WEEK),
    MEASURES,
    facts,
)

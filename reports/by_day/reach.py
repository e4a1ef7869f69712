"""Whom each rep reached: human contacts by kind, and different leads and customers of the day."""

from __future__ import annotations

from domain.sla import is_human_contact
from reports.by_day.visits import DONE, visits_of
from reports.facts import Dimension, Events, Fact, Measure, Report, ReportDay, Unit
from reports.rows import all_rows

_PATHS = dict.fromkeys(("by_id", "lead_id", "kind", "direction", "automatic", "evidence", "occurred_at"), 1)
_KINDS = {"CALL": "calls", "EMAIL": "emails", "MESSAGE": "messages", "MEETING": "meetings"}
MEASURES = (
    Measure("visits", "Visits", "拜访"),
    Measure("calls", "Calls", "电话"),
    Measure("emails", "E-mails", "邮件"),
    Measure("messages", "Messages", "消息"),
    Measure("meetings", "Meetings", "会议"),
    Measure("contacts", "Contacts", "触达次数"),
    Measure("declared", "Only declared", "仅自行申报"),
    Measure("reached", "Different leads and customers a day", "每日触达客户与线索数"),
    Measure("declared_share", "Share only declared", "申报占比", Unit.SHARE, over=("declared", "contacts")),
)


async def facts(events: Events, day: ReportDay) -> list[Fact]:
    """One of each visit made and of each contact a person made; automatic and inbound ones are none."""
    found: list[Fact] = []
    met: set[tuple[str, str]] = set()
    for visit in await visits_of(events, day):
        if visit["state"] in DONE:
            values = {"visits": 1, "contacts": 1, **_first(met, visit["owner_id"], visit["account_id"])}
            found.append(Fact(visit["_id"], visit["owner_id"], values))
    activities = await all_rows(events, "activities", {"occurred_at": day.period.between}, _PATHS, "occurred_at")
    for each in activities:
        is_contact = is_human_contact(each["kind"], each["direction"], automatic=each["automatic"])
        # A visit is counted as such, not once more by what it left in the lead's history.
        if each.get("by_id") is None or each["kind"] not in _KINDS or not is_contact:
            continue
        values = {_KINDS[each["kind"]]: 1, "contacts": 1, **_first(met, each["by_id"], each["lead_id"])}
        if each["evidence"] == "DECLARED":
            values["declared"] = 1
        found.append(Fact(each["_id"], each["by_id"], values))
    return found


def _first(met: set[tuple[str, str]], rep_id: str, whom: str) -> dict[str, float]:
    """Counts whom the rep had not reached yet that day."""
    if (rep_id, whom) in met:
        return {}
    met.add((rep_id, whom))
    return {"reached": 1}


REPORT = Report("REACH", "Reach per rep", "人均触达", (Dimension.REP,), MEASURES, facts)

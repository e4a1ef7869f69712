"""Reports and daily reports as tables for spreadsheets, of what the caller may see; called by api/exports.py."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import fields
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from domain.calendar import known_zone
from domain.daily_reports import DailyFigures
from domain.errors import BadInput
from reports.facts import Dimension, Unit, cells_of
from reports.registry import REPORTS
from reports.sheets import MAX_ROWS, Cell, Table
from resolvers.context import Context
from resolvers.report_snapshots import check_days, total
from storage.daily_reports import COLLECTION as DAILY_REPORTS
from storage.driver import Document
from storage.people import ORGANIZATIONS

DAILY = "daily-reports"
_DIMENSIONS = {
    Dimension.DAY: ("Day", "日期"),
    Dimension.TEAM: ("Team", "团队"),
    Dimension.REP: ("Rep", "业务代表"),
    Dimension.TIER: ("Tier", "等级"),
    Dimension.REGION: ("Region", "区域"),
    Dimension.METRIC: ("Promise", "承诺"),
    Dimension.STAGE: ("Stage", "阶段"),
    Dimension.TENURE_WEEK: ("Week", "入职周"),
}
_DAILY = {
    "date": ("Day", "日期"),
    "rep": ("Rep", "业务代表"),
    "state": ("State", "状态"),
    "started": ("Shift began", "上班"),
    "ended": ("Shift ended", "下班"),
    "planned": ("Planned", "计划"),
    "done": ("Done as planned", "按计划完成"),
    "missed": ("Missed", "未完成"),
    "touched": ("Too short", "停留过短"),
    "unplanned": ("Unplanned", "计划外"),
    "verified": ("Verified", "已核实"),
    "orders": ("Orders", "订单"),
    "customers": ("Customers", "拜访客户数"),
    "calls": ("Calls", "电话"),
    "emails": ("E-mails", "邮件"),
    "messages": ("Messages", "消息"),
    "meetings": ("Meetings", "会议"),
    "leads": ("Leads contacted", "联系线索数"),
    "items": ("Must-do items", "必做动作"),
    "insights": ("Insights", "客户洞察"),
    "note": ("Note", "备注"),
    "signed": ("Signed", "签署时间"),
}
_FIGURES = tuple(each.name for each in fields(DailyFigures))


def is_known(name: str) -> bool:
    """Whether there is a table of that name: `daily-reports`, or the key of a report."""
    return name == DAILY or name in REPORTS


async def table_of(
    context: Context, name: str, since: date, until: date, by: Sequence[Dimension] | None, team_id: str | None
) -> Table | None:
    """The table over days, titled in the caller's language; None where the team is not the caller's to see.

    `by` counts for reports alone; None: day, team and all the report's own. Raises BadInput, Forbidden.
    """
    if name == DAILY:
        return await _daily(context, since, until)
    report = REPORTS[name]
    asked = by if by is not None else (Dimension.DAY, Dimension.TEAM, *report.dimensions)
    found = await total(context, name, since, until, asked, team_id)
    if found is None:
        return None
    names = await _names(context, {label for row in found.rows for label in row.labels.values()})
    titles = [_own(context, *_DIMENSIONS[each]) for each in found.dimensions]
    titles += [_titled(context, each.title_en, each.title_zh, each.unit) for each in report.measures]
    rows = []
    for row in found.rows:
        labels = [row.labels.get(each, "") for each in found.dimensions]
        rows.append([*(names.get(each, each) for each in labels), *cells_of(report, row.values).values()])
    return Table(report.key, titles, rows)


async def _daily(context: Context, since: date, until: date) -> Table:
    check_days(since, until)
    # Strictly between: the embedded server leaves out an included bound where an index goes on behind it.
    one = timedelta(days=1)
    between = {"$gt": (since - one).isoformat(), "$lt": (until + one).isoformat()}
    reports = await context.reads.list(DAILY_REPORTS, {"date": between}, order="-date", limit=MAX_ROWS + 1)
    if len(reports) > MAX_ROWS:
        raise BadInput("until", f"the period holds more than {MAX_ROWS} reports; ask for a shorter one")
    organization = await context.reads.find(ORGANIZATIONS, context.me.org_id) or {}
    zone = known_zone(organization.get("time_zone", "UTC"))
    names = await _names(context, {each["owner_id"] for each in reports})
    titles = [_own(context, *words) for words in _DAILY.values()]
    return Table("Daily reports", titles, [_daily_row(each, names, zone) for each in reports])


def _daily_row(report: Document, names: Mapping[str, str], zone: ZoneInfo) -> list[Cell]:
    figures = report["figures"]
    return [
        report["date"],
        names.get(report["owner_id"], report["owner_id"]),
        report["state"],
        _local(report["started_at"], zone),
        _local(report["ended_at"], zone),
        *(figures.get(each, 0) for each in _FIGURES),
        report.get("note", ""),
        _local(report.get("signed_at"), zone),
    ]


def _local(at: datetime | None, zone: ZoneInfo) -> str:
    return "" if at is None else at.replace(tzinfo=UTC).astimezone(zone).strftime("%Y-%m-%d %H:%M")


async def _names(context: Context, ids: Collection[str]) -> dict[str, str]:
    """Names of the people and teams among them that the caller may see."""
    names: dict[str, str] = {}
    for collection, prefix in (("people", "per_"), ("teams", "tea_")):
        wanted = sorted(each for each in ids if each.startswith(prefix))
        found: dict[str, Any] = await context.reads.by_keys(collection, wanted)
        names |= {key: each["name"] for key, each in found.items()}
    return names


def _own(context: Context, en: str, zh: str) -> str:
    return zh if context.me.locale.startswith("zh") else en


def _titled(context: Context, en: str, zh: str, unit: Unit) -> str:
    """With the unit, where a number alone does not say it."""
    shown = {Unit.SECONDS: "s", Unit.METRES: "m"}.get(unit)
    return _own(context, en, zh) + (f" ({shown})" if shown else "")

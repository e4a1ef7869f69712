"""The cockpit's reports as they stand, added up as asked, and the records behind a cell; called by
schema/report_snapshots.py and api/exports.py.

What is counted for a team is read by its superiors and administrators; a rep reads the lines about themselves.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from domain.access import Role, Scope
from domain.calendar import known_zone
from domain.errors import BadInput
from domain.people import subtree
from reports.facts import Dimension, Report, Row, cells_of, digest_of, labels_of, summed
from reports.registry import REPORTS
from resolvers.context import Context
from resolvers.report_events import RawEvents, report_day
from resolvers.tracks import position_watcher
from storage.codec import encode
from storage.driver import Document
from storage.people import ORGANIZATIONS, find_team, list_teams
from storage.reads import Page, PageRequest, Reads, decode_cursor
from storage.report_snapshots import COLLECTION, find_latest_day, list_standing_days

LONGEST = timedelta(days=92)
MAX_SNAPSHOTS = 20_000
_SEES_NO_POSITIONS = frozenset({Role.ADMIN, Role.SUPPORT})
ALWAYS = (Dimension.DAY, Dimension.TEAM)
"""What every report can be told apart by."""


@dataclass(frozen=True, slots=True)
class Table:
    """A report added up over days: its lines, and until when its events were looked at."""

    report: Report
    since: date
    until: date
    days: Sequence[Document]
    rows: Sequence[Row]
    dimensions: tuple[Dimension, ...]


def known_reports(context: Context) -> list[Report]:
    """The reports that the caller's role can read. Raises Unauthenticated."""
    role = context.me.role
    return [each for each in REPORTS.values() if not (each.of_positions and role in _SEES_NO_POSITIONS)]


async def find_snapshot(context: Context, key: str, day: date | None, team_id: str | None) -> Document | None:
    """The report of one day, the latest that stands where none is named; None where it does not stand or the team is
    not the caller's to see. Raises BadInput, Forbidden."""
    report = _report(context, key)
    if day is None:
        latest = await find_latest_day(context.store, context.me.org_id)
        if latest is None:
            return None
        day = date.fromisoformat(latest)
    check_days(day, day, first="day")
    table = await total(context, report.key, day, day, [*ALWAYS[1:], *report.dimensions], team_id)
    if table is None or not table.days:
        return None
    return _shown(table)


async def find_totals(
    context: Context, key: str, since: date, until: date, by: Sequence[Dimension], team_id: str | None
) -> Document | None:
    """The report over days; None where the team is not the caller's to see. Raises BadInput, Forbidden."""
    table = await total(context, key, since, until, by, team_id)
    return None if table is None else _shown(table)


async def total(
    context: Context, key: str, since: date, until: date, by: Sequence[Dimension], team_id: str | None
) -> Table | None:
    """The report's lines over the days, told apart by `by`. Raises BadInput, Forbidden."""
    report = _report(context, key)
    dimensions = tuple(dict.fromkeys(by))
    for each in dimensions:
        if each not in ALWAYS and each not in report.dimensions:
            raise BadInput("by", f"{report.key} is not told apart by {each}")
    check_days(since, until)
    scope = await scope_of_teams(context, team_id)
    if scope is None:
        return None
    days = await list_standing_days(context.store, scope.org_id, since.isoformat(), until.isoformat())
    # Strictly between: the embedded server leaves out an included bound where an index goes on behind it.
    one = timedelta(days=1)
    between = {"$gt": (since - one).isoformat(), "$lt": (until + one).isoformat()}
    snapshots = await Reads(context.store, scope).list(
        COLLECTION,
        {"key": report.key, "day": between},
        order="day",
        limit=MAX_SNAPSHOTS + 1,
        projection={"team_id": 1, "day": 1, "rows": 1},
    )
    if len(snapshots) > MAX_SNAPSHOTS:
        raise BadInput("until", "the period holds more than can be added up; ask for a shorter one")
    mine = context.me.person_id if context.me.role is Role.REP else None
    lines = (
        ({name: value for name, value in labels.items() if name in dimensions}, row["values"])
        for snapshot in snapshots
        for row in snapshot["rows"]
        for labels in [row["labels"] | {"TEAM": snapshot["team_id"], "DAY": snapshot["day"]}]
        if mine is None or labels.get(Dimension.REP) == mine
    )
    return Table(report, since, until, days, summed(report, lines), dimensions)


async def list_records(
    context: Context,
    request: PageRequest,
    key: str,
    day: date,
    measure: str,
    where: Mapping[Dimension, str | None],
    team_id: str | None,
) -> Page | None:
    """A page of the records that a cell of the day adds up, with what each adds; None where the team is not the
    caller's to see. From the events as they are now. Raises BadInput, Forbidden."""
    if not date.min + LONGEST < day < date.max - LONGEST:
        raise BadInput("day", "lies too far away")
    report = _report(context, key)
    check_days(day, day, first="day")
    column = report.measure(measure)
    if column is None or column.over is not None:
        raise BadInput("measure", f"must be one of {', '.join(each.key for each in report.sums)}")
    for each in where:
        if each is not Dimension.TEAM and each not in report.dimensions:
            raise BadInput("labels", f"{report.key} is not told apart by {each}")
    scope = await scope_of_teams(context, where.get(Dimension.TEAM, team_id), alone=Dimension.TEAM in where)
    if scope is None:
        return None
    reads = Reads(context.store, scope)
    organization = await reads.find(ORGANIZATIONS, scope.org_id) or {}
    of_day = await report_day(reads, day, known_zone(organization.get("time_zone", "UTC")))
    added: dict[str, Document] = {}
    for fact in await report.facts(RawEvents(reads), of_day):
        labels = labels_of(fact, report.dimensions)
        if context.me.role is Role.REP and fact.rep_id != context.me.person_id:
            continue
        if any(labels.get(each) != value for each, value in where.items() if each is not Dimension.TEAM):
            continue
        value = fact.values.get(measure)
        if value:
            record = added.setdefault(fact.record_id, {"_id": fact.record_id, "rep_id": fact.rep_id, "value": 0})
            record["value"] += value
    return _page([added[each] for each in sorted(added)], request)


def _page(records: Sequence[Document], request: PageRequest) -> Page:
    request = replace(request, order="_id")
    behind = records
    if request.after is not None:
        last, _ = decode_cursor(request.after, request.order)
        behind = [each for each in records if each["_id"] > str(last)]
    shown = list(behind[: request.first])
    return Page(shown, len(behind) > len(shown), request.after is not None, request.order, shown)


def _report(context: Context, key: str) -> Report:
    report = REPORTS.get(key)
    if report is None:
        raise BadInput("key", f"must be one of {', '.join(each.key for each in known_reports(context))}")
    if report.of_positions:
        position_watcher(context.me)
    return report


def check_days(since: date, until: date, *, first: str = "since") -> None:
    """Whether days can be added up; `first` is what the caller calls the first of them. Raises BadInput."""
    if since <= date.min + LONGEST or until >= date.max - LONGEST:
        raise BadInput(first, "lies too far away")
    if until < since:
        raise BadInput("until", "must not be before since")
    if until - since >= LONGEST:
        raise BadInput("until", f"must be within {LONGEST.days} days from since")


async def scope_of_teams(context: Context, team_id: str | None, *, alone: bool = False) -> Scope | None:
    """What belongs to the teams the caller sees, or to those of them from `team_id` down (`alone`: to this one)."""
    actor = context.me
    if team_id is not None and await find_team(context.store, actor.scope, team_id) is None:
        return None
    if actor.role is Role.REP:
        return actor.scope
    teams = await list_teams(context.store, actor.org_id)
    seen: Collection[str] = teams.keys() if actor.role in _SEES_NO_POSITIONS else actor.subtree
    if team_id is not None:
        chosen = next(each for each in teams if each == team_id)
        seen = {chosen} if alone else subtree(teams.values(), chosen)
    return Scope(actor.org_id, actor.person_id, Role.MANAGER, None, frozenset(each for each in teams if each in seen))


def _shown(table: Table) -> Document:
    report, days = table.report, table.days
    rows = [
        {
            "team_id": row.labels.get(Dimension.TEAM),
            "rep_id": row.labels.get(Dimension.REP),
            "labels": [{"dimension": each.value, "value": row.labels.get(each)} for each in table.dimensions],
            "values": [{"measure": key, "value": value} for key, value in cells_of(report, row.values).items()],
        }
        for row in table.rows
    ]
    return {
        "report": report_document(report),
        "since": table.since.isoformat(),
        "until": table.until.isoformat(),
        "days": len(days),
        "as_of": max((each["as_of"] for each in days), default=None),
        "counted_at": max((each["counted_at"] for each in days), default=None),
        "digest": digest_of(report.key, f"{table.since}/{table.until}", table.rows),
        "rows": rows,
    }


def report_document(report: Report) -> Document:
    """A report as it is shown."""
    return {
        "key": report.key,
        "title_en": report.title_en,
        "title_zh": report.title_zh,
        "dimensions": [each.value for each in report.dimensions],
        "measures": [encode(each) for each in report.measures],
    }

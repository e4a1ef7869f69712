"""Counts the cockpit's reports of each day once it is over, and the days before again for evidence that came late.

A job of workers/schedule.py. At four in the morning of the organization's zone the day before is counted, team by team,
then the alerts that watch it are fired. The same events give the same bytes and no alert fires twice, so several
workers may do it and a repetition changes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, timedelta

import structlog

from domain.calendar import known_zone
from domain.ids import TeamId
from domain.people import Organization
from reports.facts import digest_of, latest_day, period_of, rows_of
from reports.registry import REPORTS
from resolvers.alerts import fire_alerts
from resolvers.report_events import RawEvents, report_day, team_scope
from resolvers.services import Services
from storage.codec import decode
from storage.driver import PyMongoError
from storage.drives import KEEP
from storage.people import ORGANIZATIONS, list_organizations, list_teams
from storage.reads import Reads
from storage.report_snapshots import (
    Snapshot,
    SnapshotRow,
    find_latest_day,
    list_digests,
    put_day,
    put_snapshot,
    snapshot_id,
)
from storage.store import Store
from storage.times import stored_time

log = structlog.get_logger(__name__)
LATE_DAYS = 3
"""Evidence may come 72 hours late: so many days before are counted again."""
BACK = timedelta(days=56)
"""So far back days are counted that nobody counted before: what a dry run of alerts looks at."""


async def count_reports(services: Services) -> int:
    """Counts one more day of each organization that has one due; answers of how many.

    Raises PyMongoError where the database fails; an organization that fails for another reason is logged and left.
    """
    store, counted, after = services.store, 0, ""
    while org_ids := await list_organizations(store, after):
        found = await store.whole(ORGANIZATIONS, org_ids)
        for org_id in org_ids:
            try:
                counted += await _count_next(services, decode(Organization, found[org_id]))
            except PyMongoError:
                raise
            except Exception:
                log.exception("reports_not_counted", org_id=org_id)
        after = org_ids[-1]
    return counted


async def _count_next(services: Services, organization: Organization) -> bool:
    store, zone = services.store, known_zone(organization.time_zone)
    due = latest_day(services.clock(), zone)
    begun = max(organization.created_at.astimezone(zone).date(), due - BACK)
    latest = await find_latest_day(store, organization.id)
    day = begun if latest is None else max(begun, date.fromisoformat(latest) + timedelta(days=1))
    if day > due:
        return False
    again = [due - timedelta(days=ago) for ago in range(LATE_DAYS, 0, -1)] if day == due else []
    for each in again:
        if each >= begun:
            await count_day(services, organization, each)
    await count_day(services, organization, day, fires=(due - day).days <= LATE_DAYS)
    return True


async def count_day(services: Services, organization: Organization, day: date, *, fires: bool = False) -> int:
    """Counts every report of the day for each team, and fires the alerts of windows that end on it if it `fires`.

    Answers how many snapshots are new or other than before.
    """
    store = services.store
    known = await list_digests(store, organization.id, day.isoformat())
    changed = 0
    for team_id in sorted(await list_teams(store, organization.id)):
        for snapshot in await _count_team(services, organization, team_id, day):
            changed += await _keep(store, snapshot, known.get(snapshot.id))
    fired = await fire_alerts(services, organization.id, day) if fires else 0
    # Last of all: a worker that dies before is followed by one that counts the day again.
    as_of = period_of(day, known_zone(organization.time_zone)).until
    await put_day(store, organization.id, day.isoformat(), as_of, stored_time(services.clock()))
    log.info("reports_counted", org_id=organization.id, day=day.isoformat(), changed=changed, fired=fired)
    return changed


async def _count_team(services: Services, organization: Organization, team_id: TeamId, day: date) -> Sequence[Snapshot]:
    """A snapshot of each report, without rows where the team did nothing that it counts."""
    reads = Reads(services.store, team_scope(organization.id, team_id))
    of_day = await report_day(reads, day, known_zone(organization.time_zone))
    events, date_text = RawEvents(reads), day.isoformat()
    ends_at = of_day.period.until.replace(tzinfo=UTC)
    found = []
    for report in REPORTS.values():
        rows = rows_of(report, await report.facts(events, of_day))
        found.append(
            Snapshot(
                id=snapshot_id(organization.id, report.key, date_text, team_id),
                org_id=organization.id,
                team_id=team_id,
                key=report.key,
                day=date_text,
                digest=digest_of(report.key, date_text, rows),
                rows=tuple(SnapshotRow(dict(each.labels), dict(each.values)) for each in rows),
                counted_at=services.clock(),
                expires_at=ends_at + KEEP if report.of_positions else None,
            )
        )
    return found


async def _keep(store: Store, snapshot: Snapshot, known: tuple[str, int] | None) -> bool:
    """Saves what is new or other than before."""
    if known is None:
        return bool(snapshot.rows) and await put_snapshot(store, snapshot)
    digest, revision = known
    if digest == snapshot.digest:
        return False
    return await put_snapshot(store, replace(snapshot, revision=revision + 1))

"""Raw events of one team for the reports, each read once, and what a day is counted with.

Used by the nightly count (workers/reports.py) and by the drill-down (resolvers/report_snapshots.py).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from domain.access import Role, Scope
from domain.errors import BadInput
from domain.ids import OrgId, TeamId
from domain.leads import StageKind
from domain.sla import Metric
from reports.facts import ReportDay
from reports.rows import MAX_ROWS
from storage.clocks import ClockRecord, list_recorded_clocks
from storage.driver import Document
from storage.leads import list_stages
from storage.norms import find_norms
from storage.people import list_members
from storage.reads import Reads

_LOST = frozenset({StageKind.LOST, StageKind.DISQUALIFIED})


def team_scope(org_id: OrgId, team_id: TeamId) -> Scope:
    """What the manager of just this team sees: what belongs to it."""
    return Scope(org_id, None, Role.MANAGER, team_id, frozenset({team_id}))


@dataclass(frozen=True, slots=True)
class RawEvents:
    """Reads that answer the same question again without the database: several reports count the same visits."""

    reads: Reads
    _answered: dict[str, Any] = field(default_factory=dict)

    async def list(
        self,
        collection: str,
        where: Mapping[str, Any],
        *,
        order: str = "-_id",
        limit: int,
        projection: Mapping[str, Any] | None = None,
    ) -> list[Document]:
        """At most `limit` documents in scope."""
        asked = json.dumps([collection, where, order, limit, projection], default=str, sort_keys=True)
        if asked not in self._answered:
            self._answered[asked] = await self.reads.list(
                collection, where, order=order, limit=limit, projection=projection
            )
        found: list[Document] = self._answered[asked]
        return found

    async def clocks(self, metrics: Sequence[Metric], since: datetime) -> Sequence[ClockRecord]:
        """Clocks of these metrics in scope that something was recorded of since then (naive UTC). Raises BadInput."""
        found: list[ClockRecord] = []
        for metric in metrics:
            asked = f"{metric} {since}"
            if asked not in self._answered:
                self._answered[asked] = await list_recorded_clocks(self.reads, [metric], since, MAX_ROWS + 1)
            found += self._answered[asked]
        if len(found) > MAX_ROWS:
            raise BadInput("day", f"holds more than {MAX_ROWS} records; ask for a smaller team")
        return found


async def report_day(reads: Reads, day: date, zone: ZoneInfo) -> ReportDay:
    """What the day is counted with, for whom the reads see."""
    store, org_id = reads.store, reads.scope.org_id
    stages = await list_stages(store, org_id)
    return ReportDay(
        date=day,
        zone=zone,
        people={each.id: each for each in await list_members(reads)},
        norms=await find_norms(store, org_id),
        stages=tuple(each.key for each in stages),
        lost_stages=frozenset(each.key for each in stages if each.kind in _LOST),
    )

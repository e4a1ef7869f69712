"""How long first responses and follow-ups took, by metric, tier and month: count, median, mean and p90."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Any

from domain.sla import EventKind, Metric
from reports.rows import Period, Rows, Spread, all_rows, spread

IN_ONE_READ = 5_000


@dataclass(frozen=True, slots=True)
class ContactIntervals:
    """One line: what contacts of that month, in the organization's zone, had taken; wall-clock seconds."""

    metric: Metric
    tier: str
    month: str
    """YYYY-MM."""
    figures: Spread


async def contact_intervals(rows: Rows, period: Period, zone: tzinfo) -> list[ContactIntervals]:
    """Intervals that a contact of the period ended, by the tier that the lead has now.

    From the events of the clocks: a first response counts from the first assignment, a follow-up from the contact
    before, or from the moment the lead was opened again.
    """
    found: list[tuple[Metric, str, datetime, float]] = []
    for metric in (Metric.LEAD_FIRST_CONTACT, Metric.LEAD_NEXT_FOLLOWUP):
        # A clock is saved after each of its events, so what was not saved since then ended nothing in the period.
        clocks = await all_rows(
            rows,
            "clocks",
            {"metric": metric.value, "updated_at": {"$gte": period.since}},
            {"lead_id": 1, "started_at": 1, "met_at": 1, "log": 1},
            "updated_at",
        )
        for clock in clocks:
            ended = _first(clock) if metric is Metric.LEAD_FIRST_CONTACT else _between(clock)
            found += ((metric, clock["lead_id"], at, took_s) for at, took_s in ended if at in period)
    tiers = await _tiers(rows, list({lead_id for _, lead_id, _, _ in found}))
    grouped: dict[tuple[Metric, str, str], list[float]] = {}
    for metric, lead_id, at, took_s in found:
        month = at.replace(tzinfo=UTC).astimezone(zone).strftime("%Y-%m")
        if lead_id in tiers:
            grouped.setdefault((metric, tiers[lead_id], month), []).append(took_s)
    return [ContactIntervals(*key, spread(durations)) for key, durations in sorted(grouped.items())]


def _first(clock: Mapping[str, Any]) -> Iterator[tuple[datetime, float]]:
    if clock.get("met_at") is not None:
        yield clock["met_at"], (clock["met_at"] - clock["started_at"]).total_seconds()


def _between(clock: Mapping[str, Any]) -> Iterator[tuple[datetime, float]]:
    """When each contact came that had one before it, and how long after that; the last word on each source counts."""
    standing: dict[str, datetime] = {}
    ended_at = min((event["at"] for event in clock["log"] if event["kind"] == EventKind.CANCELLED), default=None)
    for event in clock["log"]:
        source = event.get("source_id") or event["kind"]
        if event["kind"] == EventKind.CONTACTED:
            standing[source] = event["at"]
        elif event["kind"] == EventKind.STOP_WITHDRAWN:
            standing.pop(source, None)
    contacts = sorted(at for at in standing.values() if ended_at is None or at <= ended_at)
    for before, at in itertools.pairwise(contacts):
        yield at, (at - before).total_seconds()


async def _tiers(rows: Rows, lead_ids: list[str]) -> dict[str, str]:
    tiers: dict[str, str] = {}
    for start in range(0, len(lead_ids), IN_ONE_READ):
        wanted = lead_ids[start : start + IN_ONE_READ]
        leads = await rows.list(
            "leads", {"_id": {"$in": wanted}}, order="_id", limit=len(wanted), projection={"tier": 1}
        )
        tiers |= {each["_id"]: each["tier"] for each in leads}
    return tiers

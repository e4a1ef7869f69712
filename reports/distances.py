"""How far the plans of a period were and how far was driven, by rep, day or region."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Any

from domain.routes import PlanState
from reports.linked import linked
from reports.rows import Rows, all_rows


class DistanceGrouping(StrEnum):
    """What one line of the report is about."""

    REP_AND_DAY = "REP_AND_DAY"
    REP = "REP"
    DAY = "DAY"
    REGION = "REGION"


@dataclass(frozen=True, slots=True)
class DistancePart:
    """Metres of one rep, day and region, planned or driven; `record_id` is the plan or the shift."""

    record_id: str
    rep_id: str
    date: str
    region: str | None
    planned_m: float | None = None
    driven_m: float | None = None
    gap_m: float | None = None


@dataclass(frozen=True, slots=True)
class Distances:
    """One line; what the grouping does not tell apart is None, as are metres of which nothing is known.

    `ratio`: metres driven for each metre planned, over those days of a rep that have both.
    """

    rep_id: str | None
    date: str | None
    region: str | None
    planned_m: float | None
    driven_m: float | None
    gap_m: float | None
    ratio: float | None


async def distances(rows: Rows, since: date, until: date, grouping: DistanceGrouping) -> list[Distances]:
    """Published plans and measured shifts of these local dates, both included.

    A planned leg belongs to the region of the site it leads to, the way home to that of the last stop.
    """
    return _lines(await distance_parts(rows, since, until), grouping)


async def distance_parts(rows: Rows, since: date, until: date) -> list[DistancePart]:
    """What those days hold of each plan and shift."""
    # Beyond both ends, not at them: the embedded server leaves out a bound where an index goes on behind it.
    dates = {"$gt": (since - timedelta(days=1)).isoformat(), "$lt": (until + timedelta(days=1)).isoformat()}
    wanted = {"owner_id": 1, "date": 1, "driven_m": 1, "gap_m": 1, "by_region": 1}
    drives = await all_rows(rows, "drives", {"date": dates}, wanted, "date")
    plans = await all_rows(
        rows,
        "route_plans",
        {"date": dates, "state": PlanState.PUBLISHED.value},
        {"owner_id": 1, "date": 1, "stops.site_id": 1, "stops.leg_distance_m": 1, "end_leg_distance_m": 1},
        "date",
    )
    sites = await linked(rows, "sites", {stop["site_id"] for plan in plans for stop in plan["stops"]}, ("region",))
    regions = {site_id: site.get("region") for site_id, site in sites.items()}
    parts = [part for plan in plans for part in _planned(plan, regions)]
    return parts + [part for drive in drives for part in _driven(drive)]


def _planned(plan: Mapping[str, Any], regions: Mapping[str, str | None]) -> Iterable[DistancePart]:
    record_id, rep_id, day, region = plan["_id"], plan["owner_id"], plan["date"], None
    for stop in plan["stops"]:
        region = regions.get(stop["site_id"])
        yield DistancePart(record_id, rep_id, day, region, planned_m=stop["leg_distance_m"])
    yield DistancePart(record_id, rep_id, day, region, planned_m=plan.get("end_leg_distance_m") or 0.0)


def _driven(drive: Mapping[str, Any]) -> Iterable[DistancePart]:
    """Of a shift without a move it is known, too, that nothing was driven; gaps belong to no region."""
    record_id, rep_id, day = drive["_id"], drive["owner_id"], drive["date"]
    found = drive["by_region"] or [{"driven_m": 0.0}]
    for each in found:
        yield DistancePart(record_id, rep_id, day, each.get("region"), driven_m=each["driven_m"])
    if drive["gap_m"]:
        yield DistancePart(record_id, rep_id, day, None, gap_m=drive["gap_m"])


def _lines(parts: Sequence[DistancePart], grouping: DistanceGrouping) -> list[Distances]:
    planned_days = {(each.rep_id, each.date) for each in parts if each.planned_m is not None}
    both = planned_days & {(each.rep_id, each.date) for each in parts if each.driven_m is not None}
    grouped: dict[tuple[str, ...], list[DistancePart]] = {}
    for each in parts:
        grouped.setdefault(_key(each, grouping), []).append(each)
    return [_line(found, grouping, both) for _, found in sorted(grouped.items())]


def _key(part: DistancePart, grouping: DistanceGrouping) -> tuple[str, ...]:
    return {
        DistanceGrouping.REP_AND_DAY: (part.rep_id, part.date),
        DistanceGrouping.REP: (part.rep_id,),
        DistanceGrouping.DAY: (part.date,),
        DistanceGrouping.REGION: (part.region or "",),
    }[grouping]


def _line(parts: Sequence[DistancePart], grouping: DistanceGrouping, both: Collection[tuple[str, str]]) -> Distances:
    compared = [each for each in parts if (each.rep_id, each.date) in both]
    planned_m, driven_m = (_sum([each.planned_m for each in compared]), _sum([each.driven_m for each in compared]))
    first = parts[0]
    return Distances(
        rep_id=first.rep_id if grouping in {DistanceGrouping.REP, DistanceGrouping.REP_AND_DAY} else None,
        date=first.date if grouping in {DistanceGrouping.DAY, DistanceGrouping.REP_AND_DAY} else None,
        region=first.region if grouping is DistanceGrouping.REGION else None,
        planned_m=_sum([each.planned_m for each in parts]),
        driven_m=_sum([each.driven_m for each in parts]),
        gap_m=_sum([each.gap_m for each in parts]),
        ratio=driven_m / planned_m if planned_m and driven_m is not None else None,
    )


def _sum(metres: Iterable[float | None]) -> float | None:
    known = [each for each in metres if each is not None]
    return sum(known) if known else None

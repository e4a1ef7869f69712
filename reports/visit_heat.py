"""Where visits were made, planned and missed, by squares of the map; the figures are those of the report of visits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from domain.errors import BadInput
from domain.places import Point
from domain.visit_heat import Square, side_for, square_of
from reports.by_day.visits import counted
from reports.facts import period_of
from reports.linked import linked
from reports.rows import Period, Rows

FIGURES = frozenset({"made", "planned", "done", "missed"})
"""Keys of the report's measures that a square holds."""
MAX_GROUPS = 200_000
"""Sites times kinds times states: a hundred thousand customers in two states each."""


class VisitCounts(Protocol):
    """Counts over the visits of one caller."""

    async def counts(
        self, collection: str, where: Mapping[str, Any], *, by: Sequence[str], limit: int
    ) -> Sequence[tuple[dict[str, Any], int]]:
        """How many documents in scope have which values at these paths."""
        ...


@dataclass(frozen=True, slots=True)
class VisitHeat:
    """How many of which of FIGURES each square holds; `elsewhere` lies on no site the caller sees."""

    side_deg: float
    squares: Mapping[Square, Counter[str]]
    elsewhere: Counter[str]


async def visit_heat(
    visits: VisitCounts, sites: Rows, since: date, until: date, zone: ZoneInfo, most: int
) -> VisitHeat:
    """Visits scheduled on these dates in the zone, both included, at where their sites are now.

    Raises BadInput where there are more sites than can be added up.
    """
    period = Period(period_of(since, zone).since, period_of(until, zone).until)
    groups = await visits.counts(
        "visits", {"scheduled_at": period.between}, by=("site_id", "kind", "state"), limit=MAX_GROUPS + 1
    )
    if len(groups) > MAX_GROUPS:
        raise BadInput("until", "the period holds more than can be added up; ask for a shorter one")
    by_site: dict[str, Counter[str]] = {}
    for group, count in groups:
        for figure in FIGURES & counted(group).keys():
            by_site.setdefault(group["site_id"], Counter())[figure] += count
    points = await _points(sites, by_site)
    side_deg = side_for(set(points.values()), most)
    squares: dict[Square, Counter[str]] = {}
    elsewhere: Counter[str] = Counter()
    for site_id, found in by_site.items():
        point = points.get(site_id)
        into = elsewhere if point is None else squares.setdefault(square_of(point, side_deg), Counter())
        into.update(found)
    return VisitHeat(side_deg, squares, elsewhere)


async def _points(sites: Rows, ids: Mapping[str, Any]) -> dict[str, Point]:
    found = await linked(sites, "sites", ids.keys(), ("location",))
    pins = {site_id: site["location"]["coordinates"] for site_id, site in found.items() if site.get("location")}
    return {site_id: Point(latitude, longitude) for site_id, (longitude, latitude) in pins.items()}

"""The heat map of visits in the teams a caller sees; called by schema/visit_heat.py."""

from __future__ import annotations

from collections import Counter
from datetime import date

from domain.calendar import known_zone
from domain.errors import BadInput
from domain.places import Point
from domain.visit_heat import FEWEST, MOST, centre, corners
from reports.visit_heat import FIGURES, visit_heat
from resolvers.context import Context
from resolvers.report_snapshots import check_days, scope_of_teams
from storage.driver import Document
from storage.people import ORGANIZATIONS
from storage.reads import Reads


async def find_visit_heat(
    context: Context, since: date, until: date, team_id: str | None, most: int
) -> Document | None:
    """The warmest square first; None where the team is not the caller's to see. Raises BadInput."""
    check_days(since, until)
    if not FEWEST <= most <= MOST:
        raise BadInput("most", f"must be {FEWEST} to {MOST}")
    scope = await scope_of_teams(context, team_id)
    if scope is None:
        return None
    organization = await context.reads.find(ORGANIZATIONS, scope.org_id) or {}
    zone = known_zone(organization.get("time_zone", "UTC"))
    # A site is looked for wherever the caller sees it: a team's visits may be made at another team's customers.
    heat = await visit_heat(Reads(context.store, scope), context.reads, since, until, zone, most)
    squares = []
    for square, found in sorted(heat.squares.items(), key=lambda each: (-each[1]["made"], each[0])):
        south_west, north_east = corners(square, heat.side_deg)
        places = {"centre": centre(square, heat.side_deg), "south_west": south_west, "north_east": north_east}
        squares.append({name: _stored(point) for name, point in places.items()} | _figures(found))
    return {
        "since": since.isoformat(),
        "until": until.isoformat(),
        "side_deg": heat.side_deg,
        "squares": squares,
        "elsewhere": heat.elsewhere["made"],
    } | _figures(sum(heat.squares.values(), Counter(heat.elsewhere)))


def _figures(found: Counter[str]) -> Document:
    return {name: found[name] for name in FIGURES}


def _stored(point: Point) -> Document:
    return {"type": "Point", "coordinates": [point.longitude, point.latitude]}

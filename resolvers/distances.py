"""Planned and driven distances of those whose positions a caller may see; called by schema/distances.py."""

from __future__ import annotations

from datetime import date, timedelta

from domain.errors import BadInput
from reports.distances import DistanceGrouping, Distances, distances
from resolvers.context import Context
from resolvers.team import scope_below
from resolvers.tracks import position_watcher
from storage.reads import Reads

LONGEST = timedelta(days=92)


async def report_distances(
    context: Context, since: date, until: date, grouping: DistanceGrouping, team_id: str | None
) -> list[Distances] | None:
    """None where the team is not the caller's to see. Raises BadInput, Forbidden for roles that see no positions."""
    if until < since:
        raise BadInput("until", "must not be before since")
    if until - since >= LONGEST:
        raise BadInput("until", f"must be within {LONGEST.days} days from since")
    scope = await scope_below(context.store, position_watcher(context.me), team_id)
    return None if scope is None else await distances(Reads(context.store, scope), since, until, grouping)

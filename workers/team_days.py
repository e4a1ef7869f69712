"""Days of teams whose solver died with its process are solved here; a job of workers/schedule.py."""

from __future__ import annotations

from datetime import timedelta

from resolvers.replans import solve_team_replan
from resolvers.services import Services
from resolvers.team_days import solve_team_day
from storage.team_days import list_unsolved_team_days

PATIENCE = timedelta(minutes=1)
BATCH = 5


async def solve_left_over_teams(services: Services) -> int:
    """How many days were taken up."""
    left = await list_unsolved_team_days(services.store, services.clock() - PATIENCE, BATCH)
    for day in left:
        await (solve_team_day if day.replan is None else solve_team_replan)(services, day)
    return len(left)

"""Plans regions: begins the nights that are due and goes on with every run; a job of workers/schedule.py.

Several workers may run it: each run is claimed for a while.
"""

from __future__ import annotations

from resolvers.planning_runs import begin_night_of, go_on
from resolvers.services import Services
from storage.planning_runs import list_due_nights, list_unfinished_runs


async def plan_regions(services: Services) -> int:
    """How many nights it began and reps it came to."""
    done = 0
    for rules in await list_due_nights(services.store, services.clock()):
        done += await begin_night_of(services, rules)
    for run in await list_unfinished_runs(services.store):
        done += await go_on(services, run)
    return done

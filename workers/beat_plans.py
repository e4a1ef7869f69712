"""Beat plans whose process died while it solved them or made their visits; a job of workers/schedule.py."""

from __future__ import annotations

from datetime import timedelta

from domain.ids import BeatPlanId
from resolvers.beat_plans import solve
from resolvers.beat_visits import make_visits
from resolvers.services import Services
from storage.beat_plans import list_unmade, list_unsolved

SOLVED_WITHIN = timedelta(minutes=3)
MADE_WITHIN = timedelta(seconds=60)
BATCH = 5


async def finish_beat_plans(services: Services) -> int:
    """How many plans were taken up."""
    unsolved = await list_unsolved(services.store, services.clock() - SOLVED_WITHIN, BATCH)
    for document in unsolved:
        await solve(services, document)
    unmade = await list_unmade(services.store, services.clock() - MADE_WITHIN, BATCH)
    for document in unmade:
        await make_visits(services, BeatPlanId(document["_id"]))
    return len(unsolved) + len(unmade)

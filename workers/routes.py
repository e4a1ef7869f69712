"""Plans whose solver died with its process are solved here; a job of workers/schedule.py."""

from __future__ import annotations

from datetime import timedelta

from resolvers.replans import solve_replan
from resolvers.routes import solve
from resolvers.services import Services
from storage.routes import list_unsolved

PATIENCE = timedelta(seconds=30)
BATCH = 10


async def solve_left_over(services: Services) -> int:
    """How many plans were taken up."""
    left = await list_unsolved(services.store, services.clock() - PATIENCE, BATCH)
    for document in left:
        await (solve_replan if document.get("replan") else solve)(services, document)
    return len(left)

"""Removes what people no longer want kept: the track of who withdrew consent, everything of who was erased.

A job of workers/schedule.py. Passes are safe to repeat, so a worker may die in one, and two may meet.
"""

from __future__ import annotations

import structlog

from domain.personal_data import DataRequestKind, after_pass
from resolvers.services import Services
from storage.personal_data import add_removed, list_due_requests, remove_person, remove_track, save_pass

BATCH = 20
log = structlog.get_logger(__name__)


async def erase_due(services: Services) -> int:
    """Goes on with what is due; answers how many requests."""
    store = services.store
    due = await list_due_requests(store, services.clock(), BATCH)
    for request in due:
        now = services.clock()
        if request.kind is DataRequestKind.ERASE_TRACK:
            removed = await remove_track(store, request)
        else:
            removed = await remove_person(store, request, now)
        after = after_pass(request, removed, now)
        if await save_pass(store, after):
            log.info("personal_data_removed", request=request.id, kind=request.kind, removed=removed, state=after.state)
        elif removed:
            await add_removed(store, request, removed)
    return len(due)

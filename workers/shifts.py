"""Ends shifts that nobody ended: a job of workers/schedule.py, safe to run in several processes at once."""

from __future__ import annotations

from domain.ids import OrgId
from domain.shifts import close_forgotten
from resolvers.services import Services
from storage.shifts import list_forgotten, save_shift
from storage.visits import end_with_shift

_AT_ONCE = 200


async def close_forgotten_shifts(services: Services) -> int:
    """Closes every open shift past its assumed end, marked AUTO; the number this process closed."""
    closed = 0
    while found := await list_forgotten(services.store, services.clock(), _AT_ONCE):
        for kept in found:
            after = close_forgotten(kept.shift, services.clock())
            if after is None or await save_shift(services.store, kept, after) is None:
                continue
            closed += 1
            if after.ended_at is not None:
                await end_with_shift(services.store, OrgId(kept.document["org_id"]), after.person_id, after.ended_at)
        if len(found) < _AT_ONCE:
            break
    return closed

"""Visits nobody came to and visits nobody ended: found by their due times, each settled in a transaction of its own.

Run every minute by workers/schedule.py; several workers may run it at once, since every save is guarded.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime

from domain.ids import VisitId
from domain.notices import NoticeKind, Priority, event_key, make_notice
from domain.visits import Visit, close_forgotten, miss
from resolvers.services import Services
from resolvers.visit_results import settle_visit
from storage.outbox import Outbox
from storage.store import Store
from storage.visits import list_due_visits, load_visit, save_visit

Step = Callable[[Visit, datetime], Visit | None]
Consequence = Callable[[Store, Visit, datetime, Outbox], Awaitable[None]]


async def mark_missed(services: Services) -> int:
    """Planned visits whose time and grace have passed become MISSED, and their reps are told; answers how many."""
    return await _settle_due(services, "missed_after", miss, _tell_rep)


async def close_open(services: Services) -> int:
    """Visits left open at the end of the shift become AUTO_CLOSED, and TOUCH where no outcome comes for 72 hours.

    What they stopped of a lead's clocks runs on until they are verified.
    """
    return await _settle_due(services, "auto_close_at", close_forgotten, settle_visit)


async def _settle_due(services: Services, due_key: str, step: Step, consequence: Consequence) -> int:
    now, settled = services.clock(), 0
    while due := await list_due_visits(services.store, due_key, now):
        moved = [await _settle(services, visit.id, step, consequence, now) for visit in due]
        settled += sum(moved)
        if not any(moved):
            break
    return settled


async def _settle(services: Services, visit_id: VisitId, step: Step, consequence: Consequence, now: datetime) -> bool:
    async def body(store: Store) -> bool:
        visit = await load_visit(store, visit_id)
        following = step(visit, now) if visit is not None else None
        if following is None or await save_visit(store, following) is None:
            return False
        await consequence(store, following, now, services.outbox)
        return True

    return await services.store.transaction(body)


async def _tell_rep(store: Store, visit: Visit, now: datetime, outbox: Outbox) -> None:
    kind = NoticeKind.VISIT_MISSED
    key = event_key(kind, visit.id)
    notice = make_notice(visit.org_id, visit.owner_id, kind, Priority.NORMAL, key, now, visit_id=visit.id)
    await outbox.write(store, [notice], now)

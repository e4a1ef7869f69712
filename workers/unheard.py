"""Tells the next level of notices whose every delivery ended without reaching anybody; a job of workers/schedule.py."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import structlog

from resolvers.services import Services
from storage.outbox import DELIVERIES
from storage.substitutes import list_ended

BACK = timedelta(hours=1)
"""How far back ends are looked at: a process that begins looks at them again, which tells nobody twice."""
BATCH = 200
log = structlog.get_logger(__name__)


class Unheard:
    """The ends one worker process has looked at."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._seen: dict[str, None] = {}

    async def look(self) -> int:
        """Answers for how many notices somebody else was told. What is still being sent is looked at again."""
        now, store = self._services.clock(), self._services.store
        told = 0
        for notice_id in await list_ended(store, DELIVERIES, now - BACK, BATCH):
            if notice_id in self._seen:
                continue
            outcome = await store.transaction(partial(self._services.outbox.escalate, notice_id=notice_id, now=now))
            if outcome is not None:
                self._seen[notice_id] = None
            if outcome:
                log.warning("recipient_unreachable", notice=notice_id)
                told += 1
        for oldest in list(self._seen)[: -5 * BATCH]:
            del self._seen[oldest]
        return told

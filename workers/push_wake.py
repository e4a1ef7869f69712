"""Wakes the delivery worker as soon as something is queued, by the database's change stream.

Only to be quick: whatever the stream misses, the next poll finds.
"""

from __future__ import annotations

import asyncio

import structlog

from storage.driver import Document, PyMongoError
from storage.outbox import DELIVERIES
from storage.store import Store

_SHORTEST_WAIT_S = 0.5
_LONGEST_WAIT_S = 30.0
_QUEUED: list[Document] = [{"$match": {"ns.coll": DELIVERIES, "operationType": "insert"}}]
log = structlog.get_logger(__name__)


class PushWake:
    """`queued` is set when a delivery was written; whoever waits for it clears it."""

    def __init__(self, store: Store) -> None:
        self.queued = asyncio.Event()
        self._store = store

    async def run(self) -> None:
        """Follows the stream until cancelled; after an error of the database it begins again, later each time."""
        wait_s = _SHORTEST_WAIT_S
        while True:
            try:
                async with self._store.watch(_QUEUED, full_document=False) as changes:
                    wait_s = _SHORTEST_WAIT_S
                    # What was queued before the stream was open told nobody.
                    self.queued.set()
                    async for _ in changes:
                        self.queued.set()
            except PyMongoError as error:
                log.warning("push_wake_waits_for_database", error=type(error).__name__, pause_s=wait_s)
            except Exception:
                log.exception("push_wake_failed", pause_s=wait_s)
            await asyncio.sleep(wait_s)
            wait_s = min(2 * wait_s, _LONGEST_WAIT_S)

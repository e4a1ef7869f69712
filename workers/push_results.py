"""Writes what became of claimed deliveries, many at once: what ends while one write is under way goes with the next.

For workers/push_delivery.py. A result is tried for as long as the lease lasts, because an acceptance that is not
written is sent again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import structlog

from domain.deliveries import Delivery
from storage.deliveries import complete
from storage.driver import PyMongoError
from storage.store import Store

_PAUSE_S = 0.5
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Result:
    held: Delivery
    done: Delivery
    is_ours: asyncio.Future[bool]


class Results:
    """The results of one worker process that wait to be written."""

    def __init__(self, store: Store, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._clock = clock
        self._waiting: list[_Result] = []
        self.unwritten = 0
        """What ended and is not written yet."""
        self._writing: asyncio.Task[None] | None = None

    async def write(self, held: Delivery, done: Delivery) -> bool:
        """Whether the row was ours and is `done` now. Raises PyMongoError where the database fails for too long."""
        result = _Result(held, done, asyncio.get_running_loop().create_future())
        self._waiting.append(result)
        self.unwritten += 1
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write_all())
        try:
            return await result.is_ours
        finally:
            self.unwritten -= 1

    async def _write_all(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting, []
            try:
                await self._write_batch(batch)
            except BaseException as error:
                for each in batch:
                    if not each.is_ours.done():
                        each.is_ours.set_exception(error)
                if not isinstance(error, Exception):
                    raise

    async def _write_batch(self, batch: list[_Result]) -> None:
        while True:
            try:
                written = await complete(self._store, [(each.held, each.done) for each in batch])
            except PyMongoError as error:
                now = self._clock()
                late = [each for each in batch if each.held.lease_until is None or now >= each.held.lease_until]
                for each in late:
                    each.is_ours.set_exception(error)
                batch = [each for each in batch if each not in late]
                if not batch:
                    return
                log.warning("results_wait_for_database", count=len(batch), error=type(error).__name__)
                await asyncio.sleep(_PAUSE_S)
            else:
                for each, is_ours in zip(batch, written, strict=True):
                    if not each.is_ours.done():
                        each.is_ours.set_result(is_ours)
                return

"""Follows the database's change stream once per process, keeps storage/known.py true and tells the subscribers.

Started by resolvers/services.py `running`; subscriptions such as the team map read from it. Nothing is replayed: after
a break in the stream every subscriber is told to look at everything again.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import structlog

from domain.errors import Unavailable
from storage.driver import Document, PyMongoError
from storage.known import KNOWN
from storage.store import Store

QUEUE_LIMIT = 2_000
_SHORTEST_WAIT_S = 0.2
_LONGEST_WAIT_S = 30.0
_TOGETHER_S = 0.02
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Change:
    """A document that was written, as it is now; `collection` is empty where changes may have been missed."""

    collection: str
    document: Document = field(default_factory=dict)

    @property
    def is_gap(self) -> bool:
        """Whether changes before this may have been missed."""
        return not self.collection


GAP = Change("")


@dataclass(slots=True)
class Subscriber:
    """One listener with a bounded queue."""

    wanted: Callable[[Change], bool]
    queue: asyncio.Queue[Change]
    fell_behind: bool = False
    _next_s: float = 0.0

    def offer(self, change: Change) -> None:
        """Queues the change, or marks the subscriber as too slow."""
        if change.is_gap or self.wanted(change):
            try:
                self.queue.put_nowait(change)
            except asyncio.QueueFull:
                self.fell_behind = True

    async def take(self, interval_s: float) -> list[Change]:
        """Waits for a change and takes all that came, `interval_s` after the last time at the earliest.

        Who was too slow for the queue is told of a gap instead of what was lost.
        """
        first = await self.queue.get()
        loop = asyncio.get_running_loop()
        # What was written together comes together.
        await asyncio.sleep(max(self._next_s - loop.time(), min(interval_s, _TOGETHER_S)))
        self._next_s = loop.time() + interval_s
        taken = [first]
        while not self.queue.empty():
            taken.append(self.queue.get_nowait())
        if self.fell_behind:
            self.fell_behind = False
            return [GAP]
        return taken


class ChangeFeed:
    """One per process. `run()` reads the stream until it is cancelled."""

    def __init__(self, store: Store, collections: Collection[str], *, queue_limit: int = QUEUE_LIMIT) -> None:
        self._store = store
        self._collections = frozenset(collections)
        self._queue_limit = queue_limit
        self._subscribers: list[Subscriber] = []
        self._open = asyncio.Event()

    @asynccontextmanager
    async def subscribe(self, wanted: Callable[[Change], bool]) -> AsyncIterator[Subscriber]:
        """A subscriber while the block runs; what is written once the block began reaches it.

        Raises Unavailable where the stream does not open within 10 s.
        """
        try:
            async with asyncio.timeout(10):
                await self._open.wait()
        except TimeoutError as error:
            raise Unavailable from error
        subscriber = Subscriber(wanted, asyncio.Queue(self._queue_limit))
        self._subscribers.append(subscriber)
        try:
            yield subscriber
        finally:
            self._subscribers.remove(subscriber)

    async def run(self) -> None:
        """Reads until cancelled; after an error of the database it begins again, later each time."""
        wait_s = _SHORTEST_WAIT_S
        while True:
            try:
                async with self._store.watch(self._pipeline()) as changes:
                    wait_s = _SHORTEST_WAIT_S
                    self._store.known.begin()
                    self._open.set()
                    self._publish(GAP)
                    async for change in changes:
                        self._receive(change)
            except PyMongoError as error:
                _log.warning("change_stream_broken", retry_in_s=wait_s, error=str(error))
            except Exception:
                # One odd event must not end the updates of everybody.
                _log.exception("change_stream_broken", retry_in_s=wait_s)
            finally:
                self._store.known.end()
            self._open.clear()
            await asyncio.sleep(wait_s)
            wait_s = min(2 * wait_s, _LONGEST_WAIT_S)

    def _pipeline(self) -> list[Document]:
        kinds = ["insert", "update", "replace", "delete"]
        followed = sorted(self._collections | KNOWN)
        return [{"$match": {"ns.coll": {"$in": followed}, "operationType": {"$in": kinds}}}]

    def _receive(self, change: Document) -> None:
        collection = change["ns"]["coll"]
        self._store.known.changed(collection, change["documentKey"]["_id"])
        document = change.get("fullDocument")
        if document is not None and collection in self._collections:
            self._publish(Change(collection, document))

    def _publish(self, change: Change) -> None:
        for subscriber in self._subscribers:
            subscriber.offer(change)

"""Lets calls that would only conflict in the database pass one after the other within a process.

It keeps nothing true by itself: the guards of the transactions do, between processes too. It saves their retries.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from weakref import WeakValueDictionary


class Queues:
    """One queue for each key that somebody waits at."""

    def __init__(self) -> None:
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    @asynccontextmanager
    async def at(self, key: str) -> AsyncIterator[None]:
        """Waits until nobody else of this process is inside with the same key."""
        lock = self._locks.get(key)
        if lock is None:
            lock = self._locks[key] = asyncio.Lock()
        async with lock:
            yield

"""Counts the messages to each address over all workers, for the channels that hold back (push/rooms.py)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import structlog

from push.rooms import Limit
from storage.budgets import take_room
from storage.driver import PyMongoError
from storage.store import Store

_UNKNOWN_S = 5.0
"""The wait where the database does not say: rather late than dropped by the service."""
log = structlog.get_logger(__name__)


class SharedRooms:
    """Room per address and window, kept in the database. `clock` is the real time."""

    def __init__(self, store: Store, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._clock = clock

    async def take(self, key: str, limit: Limit) -> float:
        """Takes room in every window; else the seconds until the window that is full ends."""
        now = self._clock().timestamp()
        for length_s, allowed in limit.windows():
            window = int(now // length_s)
            try:
                taken = await take_room(self._store, key, window, allowed, length_s)
            except PyMongoError as error:
                log.warning("rooms_wait_for_database", error=type(error).__name__)
                return _UNKNOWN_S
            if not taken:
                return (window + 1) * length_s - now
        return 0.0

"""What was used recently, within a number of entries and a sum of sizes: documents of the database, tokens, operations.

For storage/known.py, resolvers/tokens.py and api/documents.py; one process, one event loop.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Recent(Generic[K, V]):
    """Values by key; beyond `max_count` entries or `max_size` in all, those not used for longest are dropped."""

    def __init__(self, max_count: int, max_size: int | None = None) -> None:
        self._max_count = max_count
        self._max_size = max_size
        self._size = 0
        self._entries: OrderedDict[K, tuple[V, int]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._entries)

    def __contains__(self, key: K) -> bool:
        return key in self._entries

    @property
    def size(self) -> int:
        """The sum of the sizes."""
        return self._size

    def get(self, key: K) -> V | None:
        """The value, which counts as used now."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        self._entries.move_to_end(key)
        return entry[0]

    def put(self, key: K, value: V, size: int = 0) -> None:
        """Keeps the value; one that is larger than all may be together is not kept."""
        self.drop(key)
        if self._max_size is not None and size > self._max_size:
            return
        self._entries[key] = (value, size)
        self._size += size
        while len(self._entries) > self._max_count or (self._max_size is not None and self._size > self._max_size):
            self.drop(next(iter(self._entries)))

    def drop(self, key: K) -> None:
        """Forgets the value, if there is one."""
        entry = self._entries.pop(key, None)
        if entry is not None:
            self._size -= entry[1]

    def clear(self) -> None:
        """Forgets everything."""
        self._entries.clear()
        self._size = 0

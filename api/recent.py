"""What was used recently, within a number of entries and a sum of sizes; api/documents.py keeps documents in it."""

from __future__ import annotations

from collections import OrderedDict
from typing import Generic, TypeVar

V = TypeVar("V")


class Recent(Generic[V]):
    """Values by text; beyond `max_count` entries or `max_size` in all, those not used for longest are dropped."""

    def __init__(self, max_count: int, max_size: int) -> None:
        self._max_count = max_count
        self._max_size = max_size
        self._size = 0
        self._entries: OrderedDict[str, tuple[V, int]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._entries)

    def __contains__(self, key: str) -> bool:
        return key in self._entries

    @property
    def size(self) -> int:
        """The sum of the sizes."""
        return self._size

    def get(self, key: str) -> V | None:
        """The value, which counts as used now."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        self._entries.move_to_end(key)
        return entry[0]

    def put(self, key: str, value: V, size: int) -> None:
        """Keeps the value; one that is larger than all may be together is not kept."""
        self._drop(key)
        if size > self._max_size:
            return
        self._entries[key] = (value, size)
        self._size += size
        while len(self._entries) > self._max_count or self._size > self._max_size:
            self._drop(next(iter(self._entries)))

    def _drop(self, key: str) -> None:
        entry = self._entries.pop(key, None)
        if entry is not None:
            self._size -= entry[1]

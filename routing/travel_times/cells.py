"""Driving times between the points of the last days, kept by one process for one engine; used by road.py."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from time import monotonic

import numpy as np
from numpy.typing import NDArray

from domain.places import Point

CAPACITY = 1_024
KEEP_S = 86_400.0
_DECIMALS = 5
"""Points within about a metre are one."""
_UNKNOWN = -1.0


class Cells:
    """Two square tables over the points used last; a new point takes the place of the one unused for longest.

    Points are known by their degrees in five decimals. What is older than `keep_s` is forgotten.
    """

    def __init__(
        self, capacity: int = CAPACITY, keep_s: float = KEEP_S, clock: Callable[[], float] = monotonic
    ) -> None:
        self._capacity = capacity
        self._keep_s = keep_s
        self._clock = clock
        self._slot: dict[tuple[float, float], int] = {}  # ordered by use
        self._since = np.zeros(capacity)
        self._distance_m = np.full((capacity, capacity), _UNKNOWN)
        self._leg_s = np.full((capacity, capacity), _UNKNOWN)

    def places(self, points: Sequence[Point]) -> NDArray[np.intp] | None:
        """The rows of these points, made where they are new; None where there are more than it holds."""
        keys = [(round(point.latitude, _DECIMALS), round(point.longitude, _DECIMALS)) for point in points]
        if len(set(keys)) > self._capacity:
            return None
        for key in keys:  # first, so that none of them takes the place of another
            if key in self._slot:
                self._slot[key] = self._slot.pop(key)
        return np.array([self._place(key) for key in keys], dtype=np.intp)

    def _place(self, key: tuple[float, float]) -> int:
        now = self._clock()
        slot = self._slot.get(key)
        if slot is not None and now - self._since[slot] < self._keep_s:
            return slot
        if slot is None:
            full = len(self._slot) >= self._capacity
            slot = self._slot.pop(next(iter(self._slot))) if full else len(self._slot)
            self._slot[key] = slot
        self._since[slot] = now
        for table in (self._distance_m, self._leg_s):
            table[slot, :] = _UNKNOWN
            table[:, slot] = _UNKNOWN
        return slot

    def read(self, places: NDArray[np.intp]) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]:
        """Metres, seconds and whether they are known, between these rows."""
        cells = np.ix_(places, places)
        leg_s = self._leg_s[cells]
        return self._distance_m[cells], leg_s, leg_s != _UNKNOWN

    def write(
        self,
        places: NDArray[np.intp],
        distance_m: NDArray[np.float64],
        leg_s: NDArray[np.float64],
        known: NDArray[np.bool_],
    ) -> None:
        """Keeps the cells between these rows that are known."""
        cells = np.ix_(places, places)
        self._distance_m[cells] = np.where(known, distance_m, self._distance_m[cells])
        self._leg_s[cells] = np.where(known, leg_s, self._leg_s[cells])

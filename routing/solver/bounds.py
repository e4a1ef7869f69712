"""What no completion of a partial route can exceed; used by routing/solver/exact.py.

The rest of a route from visit a to its end drives at least out(a) + (in + out) of each further visit + in(end), where
out(a) + in(b) is at most the leg from a to b. So what can still be gained is a knapsack of visits that weigh their
service and in + out, in the time that is left.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from routing.day import Day

_Ints = NDArray[np.int64]
_ROUNDING = 1e-6


class Bounds:
    """For one day; `prize` is a visit's value, which for must-visits exceeds that of all others together."""

    def __init__(self, day: Day) -> None:
        count, horizon = day.count, day.horizon
        worth, must = np.array(day.worth, dtype=np.int64), np.array(day.must, dtype=np.int64)
        self._must_prize = int(worth.sum()) + 1
        self.prize: _Ints = worth + must * self._must_prize
        self._horizon = horizon
        # Until when a label that has not had lunch may go on: it ends before its last chance, or still needs the time.
        self._hungry_until = horizon
        if day.lunch is not None:
            self._hungry_until = max(min(horizon, day.lunch.last_start), horizon - day.lunch.duration)
        leg = np.minimum(np.array(day.leg, dtype=np.int64), horizon + 1)
        shortest = shortest_driving(day)
        service = np.array(day.service, dtype=np.int64)
        latest = np.array([starts[-1][1] for starts in day.starts], dtype=np.int64)
        latest = np.minimum(latest, horizon - service - shortest[:count, count + 1])
        opens = np.array([starts[0][0] for starts in day.starts], dtype=np.int64)
        soonest = np.maximum(opens, shortest[count, :count]) + service
        too_late = soonest[:, None] + leg[:count, :count] > latest
        self._out, into = _shares(leg, count, too_late)
        self._into_end = into[count + 1]
        driving = (self._out + into)[:count]
        weight = np.maximum(1e-3, service + driving)
        self._rank = np.lexsort((np.arange(count), -self.prize / weight))
        self._bits = np.left_shift(np.uint64(1), self._rank.astype(np.uint64))
        self.weight = weight
        self._weight = weight[self._rank]
        self._density = density = self.prize[self._rank] / self._weight
        # The knapsack of items in order of density is the sum of these times what is filled up to each of them.
        self._steps = density - np.append(density[1:], 0.0)
        self._driving_per_prize = float((driving / self.prize).min()) if count else 0.0
        # The latest moment to leave each visit for each other one.
        self._leave_by = (latest - shortest[: count + 1, :count])[:, self._rank].astype(np.int32)

    def value_of(self, musts: int, worth: int) -> int:
        """The prizes of so many must-visits and of visits of that worth."""
        return musts * self._must_prize + worth

    def room(self, last: _Ints, before: _Ints, after: _Ints) -> NDArray[np.float64]:
        """The time each label has left for weights."""
        until = np.maximum(self._horizon - after, self._hungry_until - before)
        left: NDArray[np.float64] = np.maximum(0.0, until - self._out[last] - self._into_end)
        return left

    def value(
        self, visited: NDArray[np.uint64], last: _Ints, ready: _Ints, room: NDArray[np.float64], value: _Ints
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """For each label, its value with the knapsack of what it can still reach in time, and what a second is worth
        at the rim of that knapsack."""
        usable = (visited[:, None] & self._bits) == 0
        usable &= ready.astype(np.int32)[:, None] <= self._leave_by[last]
        filled = np.cumsum(np.where(usable, self._weight, 0.0), axis=1)
        rim = (filled < room[:, None]).sum(axis=1)
        gain = np.minimum(filled, room[:, None], out=filled) @ self._steps
        return value + gain + _ROUNDING, np.append(self._density, 0.0)[rim]

    def travel_left(self, last: _Ints, missing: _Ints) -> NDArray[np.float64]:
        """Driving that is left at least for a label that has to gain `missing` more."""
        left: NDArray[np.float64] = self._out[last] + self._into_end + np.maximum(missing, 0) * self._driving_per_prize
        return left


def _shares(leg: _Ints, count: int, too_late: NDArray[np.bool_]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """out and in of each node, as large as they may be: half of the shortest legs first, then what is left of them."""
    allowed = np.full(leg.shape, np.inf)
    allowed[: count + 1, :count] = leg[: count + 1, :count]
    allowed[:count, :count][too_late] = np.inf
    allowed[:count, count + 1] = leg[:count, count + 1]
    np.fill_diagonal(allowed, np.inf)

    def least(slack: NDArray[np.float64], axis: int) -> NDArray[np.float64]:
        found = slack.min(axis=axis)
        return np.where(np.isfinite(found), found, 0.0)

    out = least(allowed, 1) / 2
    into = least(allowed - out[:, None], 0)
    out += least(allowed - out[:, None] - into, 1)
    return out, into


def shortest_driving(day: Day) -> _Ints:
    """Shortest driving over any stops: tables of road engines do not always keep the triangle inequality."""
    found = np.minimum(np.array(day.leg, dtype=np.int64), day.horizon + 1)
    for middle in range(day.count):
        found = np.minimum(found, found[:, middle, None] + found[middle])
    return found

"""The interface of every source of travel times, and the table it answers with; used by the planner."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from domain.places import Point


@dataclass(frozen=True, slots=True)
class TravelTable:
    """Distances (metres) and driving times (seconds) between n points, row = from, column = to.

    A cell that is not finite in either table is a pair without a way. Raises ValueError for tables that are not n x n
    or hold a negative number.
    """

    distance_m: NDArray[np.float64]
    leg_s: NDArray[np.float64]

    def __post_init__(self) -> None:
        shape = self.distance_m.shape
        if len(shape) != 2 or shape[0] != shape[1] or self.leg_s.shape != shape:
            raise ValueError("a travel table is square and both parts have the same size")
        if (self.distance_m < 0).any() or (self.leg_s < 0).any():
            raise ValueError("a travel table holds no negative number")

    @property
    def reachable(self) -> NDArray[np.bool_]:
        """True where there is a way."""
        return np.isfinite(self.distance_m) & np.isfinite(self.leg_s)


class TravelTimes(Protocol):
    """A source of travel times."""

    def table(self, points: Sequence[Point]) -> TravelTable:
        """The table between all given points, in their order."""
        ...

"""The interface of every source of travel times, and the table it answers with; used by the planner."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from domain.places import Point

Line = tuple[Point, ...]
"""A way on the map, from its first to its last point."""


@dataclass(frozen=True, slots=True)
class TravelTable:
    """Distances (metres) and driving times (seconds) between n points, row = from, column = to.

    A cell that is not finite in either table is a pair without a way. `estimated` marks the cells that were reckoned as
    the crow flies because no road engine answered for them; None marks none. Raises ValueError for tables that are not
    n x n or hold a negative number.
    """

    distance_m: NDArray[np.float64]
    leg_s: NDArray[np.float64]
    estimated: NDArray[np.bool_] | None = None

    def __post_init__(self) -> None:
        shape = self.distance_m.shape
        others = [self.leg_s.shape, *([] if self.estimated is None else [self.estimated.shape])]
        if len(shape) != 2 or shape[0] != shape[1] or any(other != shape for other in others):
            raise ValueError("a travel table is square and all its parts have the same size")
        if (self.distance_m < 0).any() or (self.leg_s < 0).any():
            raise ValueError("a travel table holds no negative number")

    @property
    def reachable(self) -> NDArray[np.bool_]:
        """True where there is a way."""
        return np.isfinite(self.distance_m) & np.isfinite(self.leg_s)

    def of(self, places: Sequence[int]) -> TravelTable:
        """The table between some of its points, by number."""
        cells = np.ix_(places, places)
        estimated = None if self.estimated is None else self.estimated[cells]
        return TravelTable(self.distance_m[cells], self.leg_s[cells], estimated)


class TravelTimes(Protocol):
    """A source of travel times."""

    def table(self, points: Sequence[Point]) -> TravelTable:
        """The table between all given points, in their order."""
        ...


class RoadMap(TravelTimes, Protocol):
    """A source that also knows the ways."""

    def lines(self, points: Sequence[Point], estimated: Sequence[bool]) -> list[Line]:
        """The way from each point to the next; a straight one where the leg is estimated or nothing is known."""
        ...


class AskedOnce:
    """The answers of a source, kept for one plan: what is planned with is what is verified, whatever it says later."""

    def __init__(self, source: TravelTimes) -> None:
        self._source = source
        self._place: dict[Point, int] = {}
        self._table: TravelTable | None = None

    def table(self, points: Sequence[Point]) -> TravelTable:
        """From the first answer where that holds all of the points, else asked of the source."""
        if self._table is not None and all(point in self._place for point in points):
            return self._table.of([self._place[point] for point in points])
        self._table = self._source.table(points)
        self._place = {point: index for index, point in enumerate(points)}
        return self._table

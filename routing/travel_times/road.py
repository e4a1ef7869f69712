"""Travel times over roads: asks an engine in blocks, remembers, and reckons as the crow flies what it does not answer.

Opened by routing/travel_times/source.py, asked by the planner in the processes of its pool.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from time import monotonic

import numpy as np
from numpy.typing import NDArray

from domain.places import Point
from routing.travel_times.cells import Cells
from routing.travel_times.engine import Block, EngineError, EngineRefusedError, RoadEngine
from routing.travel_times.geodesic import GeodesicTravelTimes, straight
from routing.travel_times.matrix import Line, TravelTable

TIMEOUT_S = 2.0
PAUSE_S = 30.0
MAX_SPLITS = 24
"""So many halved questions a table may take beyond the first ones."""

_log = logging.getLogger(__name__)
_Places = list[int]


class RoadTravelTimes:
    """One per process and engine.

    A table takes about `timeout_s` at the most, however many questions it needs. After a failure the engine is left
    alone for `pause_s`. Cells without an answer hold `estimate` and are marked; "no way" is an answer.
    """

    def __init__(
        self,
        engine: RoadEngine,
        *,
        estimate: GeodesicTravelTimes | None = None,
        cells: Cells | None = None,
        timeout_s: float = TIMEOUT_S,
        pause_s: float = PAUSE_S,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._engine = engine
        self._estimate = estimate or GeodesicTravelTimes()
        self._cells = cells or Cells()
        self._timeout_s = timeout_s
        self._pause_s = pause_s
        self._clock = clock
        self._resume_at = float("-inf")

    def table(self, points: Sequence[Point]) -> TravelTable:
        """Never raises for what the engine does."""
        draft = _Draft(self._estimate.table(points))
        places = self._cells.places(points)
        if places is not None:
            draft.fill_known(*self._cells.read(places), same=np.equal.outer(places, places))
        questions = list(_blocks(draft.estimated, self._engine.block_points))
        if questions and self._clock() >= self._resume_at:
            self._ask_all(points, draft, questions)
            if places is not None:
                self._cells.write(places, draft.distance_m, draft.leg_s, draft.answered)
        return TravelTable(draft.distance_m, draft.leg_s, draft.estimated)

    def _ask_all(self, points: Sequence[Point], draft: _Draft, questions: list[tuple[_Places, _Places]]) -> None:
        ends, splits = self._clock() + self._timeout_s, 0
        while questions:
            sources, targets = questions.pop()
            left_s = ends - self._clock()
            if left_s <= 0:
                self._pause(f"{len(questions) + 1} questions are left after {self._timeout_s} s")
                return
            try:
                block = self._engine.block([points[i] for i in sources], [points[i] for i in targets], left_s)
            except EngineRefusedError as refused:
                halves = _halved(sources, targets)
                if not halves and refused.no_way:
                    draft.no_way(sources, targets)
                elif splits + len(halves) <= MAX_SPLITS:
                    splits += len(halves)
                    questions += halves
                else:
                    _log.warning("the road engine refused a question of %d x %d", len(sources), len(targets))
            except EngineError as error:
                self._pause(str(error))
                return
            else:
                draft.fill(sources, targets, block)

    def lines(self, points: Sequence[Point], estimated: Sequence[bool]) -> list[Line]:
        """The way between each point and the next; a straight one for legs that are estimated or that fail."""
        found = straight(points)
        ends = self._clock() + self._timeout_s
        for first, last in _runs(estimated, self._engine.line_points - 1):
            left_s = ends - self._clock()
            if left_s <= 0 or self._clock() < self._resume_at:
                break
            try:
                lines = self._engine.lines(points[first : last + 1], left_s)
            except EngineRefusedError:
                continue
            except EngineError as error:
                self._pause(str(error))
                break
            found[first:last] = [line if len(line) > 1 else found[first + i] for i, line in enumerate(lines)]
        return found

    def _pause(self, why: str) -> None:
        self._resume_at = self._clock() + self._pause_s
        _log.warning("the road engine is left alone for %g s: %s", self._pause_s, why)


class _Draft:
    """A table that begins as an estimate and becomes better with each answer."""

    def __init__(self, estimate: TravelTable) -> None:
        self.distance_m = estimate.distance_m.copy()
        self.leg_s = estimate.leg_s.copy()
        self.estimated = ~np.eye(len(self.leg_s), dtype=np.bool_)
        self.answered = np.zeros_like(self.estimated)

    def fill_known(
        self,
        distance_m: NDArray[np.float64],
        leg_s: NDArray[np.float64],
        known: NDArray[np.bool_],
        *,
        same: NDArray[np.bool_],
    ) -> None:
        known = known & ~same
        self.distance_m = np.where(known, distance_m, self.distance_m)
        self.leg_s = np.where(known, leg_s, self.leg_s)
        self.estimated &= ~(known | same)

    def fill(self, sources: _Places, targets: _Places, block: Block) -> None:
        cells = np.ix_(sources, targets)
        # Of one point to itself engines say 0 or the way round the block.
        told = block.on_map & self.estimated[cells]
        way = np.isfinite(block.distance_m) & np.isfinite(block.leg_s)
        self.distance_m[cells] = np.where(told, np.where(way, block.distance_m, np.nan), self.distance_m[cells])
        self.leg_s[cells] = np.where(told, np.where(way, block.leg_s, np.nan), self.leg_s[cells])
        self.answered[cells] |= told
        self.estimated[cells] &= ~told

    def no_way(self, sources: _Places, targets: _Places) -> None:
        nothing = np.full((len(sources), len(targets)), np.nan)
        self.fill(sources, targets, Block(nothing, nothing, np.ones_like(nothing, dtype=np.bool_)))


def _blocks(missing: NDArray[np.bool_], size: int) -> Iterator[tuple[_Places, _Places]]:
    """Questions that cover all missing cells: mostly a few new points against all others, in both directions."""
    left = missing.copy()
    new: _Places = []
    while left.any():
        worst = int(np.argmax(left.sum(axis=0) + left.sum(axis=1)))
        new.append(worst)
        left[worst, :] = False
        left[:, worst] = False
    fresh = set(new) if 2 * len(new) < len(missing) else set(range(len(missing)))
    new, old = sorted(fresh), [i for i in range(len(missing)) if i not in fresh]
    for sources, targets in ((new, new), (new, old), (old, new)):
        for first in range(0, len(sources), size):
            for second in range(0, len(targets), size):
                block = sources[first : first + size], targets[second : second + size]
                if missing[np.ix_(*block)].any():
                    yield block


def _runs(estimated: Sequence[bool], size: int) -> Iterator[tuple[int, int]]:
    """First and last point of each row of legs over roads, at most `size` legs long."""
    first = 0
    for leg, over in enumerate([*estimated, True]):
        if over or leg - first == size:
            if leg > first:
                yield first, leg
            first = leg + 1 if over else leg


def _halved(sources: _Places, targets: _Places) -> list[tuple[_Places, _Places]]:
    if len(sources) == 1 and len(targets) == 1:
        return []
    if len(sources) >= len(targets):
        middle = len(sources) // 2
        return [(sources[:middle], targets), (sources[middle:], targets)]
    middle = len(targets) // 2
    return [(sources, targets[:middle]), (sources, targets[middle:])]

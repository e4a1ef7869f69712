"""What an engine had found by which moment, for engines that search once and are looked at on the way."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

from benchmarks.routing.instance import Answer, Routes


class Recorder:
    """Starts its clock when it is made, before the engine's model is built."""

    def __init__(self, moments_s: Sequence[float]) -> None:
        self._moments_s = tuple(moments_s)
        self._began = time.perf_counter()
        self._best = float("-inf")
        self._found: list[tuple[float, Routes]] = []

    def spent_s(self) -> float:
        """Seconds since it was made."""
        return time.perf_counter() - self._began

    def is_better(self, score: float) -> bool:
        """Whether this score exceeds all before; it is the best from now on."""
        better = score > self._best
        if better:
            self._best = score
        return better

    def keep(self, routes: Sequence[Sequence[int]]) -> None:
        """Found now."""
        self._found.append((self.spent_s(), tuple(tuple(route) for route in routes)))

    def answers(self) -> Mapping[float, Answer]:
        """The last of what was found by each moment."""
        over_s = self.spent_s()
        return {
            moment: Answer(
                next((routes for found_s, routes in reversed(self._found) if found_s <= moment), ()),
                min(moment, over_s) if moment != self._moments_s[-1] else over_s,
            )
            for moment in self._moments_s
        }

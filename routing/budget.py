"""When a search has to stop; used by the doors of the planner."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic

from routing.problem import Limit

_LOOK_EVERY_S = 0.02


class Budget:
    """Over at the end of the time allowed, or when the caller asks; asked far more often than it looks."""

    def __init__(self, limit: Limit) -> None:
        self._ends = monotonic() + limit.seconds
        self._stop: Callable[[], bool] | None = limit.stop
        self._looked = float("-inf")
        self._over = False

    def left_s(self) -> float:
        """Seconds left."""
        return self._ends - monotonic()

    def is_over(self) -> bool:
        """Whether to stop now."""
        if not self._over:
            now = monotonic()
            self._over = now >= self._ends
            if self._stop is not None and not self._over and now - self._looked >= _LOOK_EVERY_S:
                self._looked = now
                self._over = self._stop()
        return self._over

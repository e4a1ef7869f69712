"""What benchmarks/soak.py counts and samples, and the figures made of it."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import combinations
from math import floor, log

from benchmarks.measuring import Goal

_STEP = 1.02
_LEAST_S = 10e-6
WARM = 0.2
"""This part of the time does not count: caches fill, the allocator finds its size."""
SHORTEST_S = 600.0
"""A slope of a shorter run says nothing about an hour."""
GROWTH, SLOPE = "memory: end / after warm-up", "memory: slope after warm-up, MB an hour"
DESCRIPTORS = "open descriptors: slope after warm-up, an hour"
GOALS = {"errors": Goal(0), GROWTH: Goal(1.05), SLOPE: Goal(8.0), DESCRIPTORS: Goal(4.0)}


class Durations:
    """A histogram of times in steps of 2 %, which stays as small in an hour as in a minute."""

    def __init__(self) -> None:
        self._counts: Counter[int] = Counter()
        self.slowest_s = 0.0

    def add(self, seconds: float) -> None:
        """One more."""
        self._counts[floor(log(max(seconds, _LEAST_S) / _LEAST_S) / log(_STEP))] += 1
        self.slowest_s = max(self.slowest_s, seconds)

    def quantile_s(self, part: float) -> float:
        """At most 2 % more than the time within which `part` of all were; 0 where there are none."""
        left = part * self._counts.total()
        for step in sorted(self._counts):
            left -= self._counts[step]
            if left <= 0:
                return min(_LEAST_S * _STEP ** (step + 1), self.slowest_s)
        return self.slowest_s


@dataclass
class Tally:
    """What happened so far."""

    answered: Counter[str] = field(default_factory=Counter)
    durations: Durations = field(default_factory=Durations)
    retries: int = 0
    sockets: int = 0
    events: int = 0
    problems: list[str] = field(default_factory=list)
    problem_count: int = 0

    def note(self, operation: str, took_s: float) -> None:
        """One answer, `took_s` after it was due."""
        self.answered[operation] += 1
        self.durations.add(took_s)

    def wrong(self, problem: str) -> None:
        """One error; the first few are kept."""
        self.problem_count += 1
        if len(self.problems) < 5:
            self.problems.append(problem)


@dataclass(frozen=True, slots=True)
class Sample:
    """The server's process at a moment, seconds since the load began."""

    at_s: float
    rss_mb: float
    descriptors: int


def slope_an_hour(points: Sequence[tuple[float, float]]) -> float:
    """Median of the slopes between all pairs (seconds, value), by the hour (Theil 1950): peaks do not tilt it."""
    slopes = [(after[1] - before[1]) / (after[0] - before[0]) for before, after in combinations(points, 2)]
    return statistics.median(slopes) * 3_600


def figures(tally: Tally, samples: Sequence[Sample], seconds: float, most_a_second: float) -> dict[str, float]:
    """Everything that is reported of `seconds` of load; slopes only where that is long enough for them."""
    warm = [sample for sample in samples if sample.at_s >= seconds * WARM]
    tenth = max(1, len(warm) // 8)  # of the warm 80 %: a tenth of the whole
    early, late = (statistics.median(each.rss_mb for each in part) for part in (warm[:tenth], warm[-tenth:]))
    requests = tally.answered.total()
    found = {
        "seconds": seconds,
        "requests": requests,
        **{f"requests: {operation}": count for operation, count in sorted(tally.answered.items())},
        "errors": tally.problem_count,
        "told to retry": tally.retries,
        "requests a second, the most": most_a_second,
        "requests a second": requests / seconds,
        "sockets": tally.sockets,
        "events on sockets": tally.events,
        "p50, ms": tally.durations.quantile_s(0.5) * 1_000,
        "p95, ms": tally.durations.quantile_s(0.95) * 1_000,
        "p99, ms": tally.durations.quantile_s(0.99) * 1_000,
        "slowest, ms": tally.durations.slowest_s * 1_000,
        "memory: after warm-up, MB": early,
        "memory: end, MB": late,
        "memory: most, MB": max(sample.rss_mb for sample in samples),
        GROWTH: late / early,
        "open descriptors: after warm-up": statistics.median(each.descriptors for each in warm[:tenth]),
        "open descriptors: end": statistics.median(each.descriptors for each in warm[-tenth:]),
        "open descriptors: most": max(sample.descriptors for sample in samples),
    }
    if seconds >= SHORTEST_S:
        found[SLOPE] = slope_an_hour([(each.at_s, each.rss_mb) for each in warm])
        found[DESCRIPTORS] = slope_an_hour([(each.at_s, each.descriptors) for each in warm])
    return found

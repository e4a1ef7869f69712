"""Builders of day problems for the tests of the planner: one Monday in Shanghai, times in hours of UTC."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random

import numpy as np

from domain.places import Point
from routing.problem import Candidate, DayProblem, Lunch, Window
from routing.travel_times.matrix import TravelTable

MIDNIGHT = datetime(2026, 3, 2, tzinfo=UTC)
HOME = Point(31.2300, 121.4700)


def hour(value: float) -> datetime:
    return MIDNIGHT + timedelta(seconds=round(value * 3600))


def window(start: float, end: float) -> Window:
    return Window(hour(start), hour(end))


def lunch(start: float = 3.5, end: float = 5.5, minutes: int = 45) -> Lunch:
    return Lunch(window(start, end), minutes * 60)


def east(kilometres: float) -> Point:
    """A point about so many kilometres east of HOME."""
    return Point(HOME.latitude, HOME.longitude + kilometres / 95.3)


def visit(name: str, kilometres: float = 1.0, **changes: object) -> Candidate:
    values: dict[str, object] = {"point": east(kilometres), "service_s": 1800, "value": 100, **changes}
    return Candidate(id=name, **values)  # type: ignore[arg-type]


def day(*candidates: Candidate, **changes: object) -> DayProblem:
    values: dict[str, object] = {
        "shift_start": hour(1),
        "shift_end": hour(10),
        "start": HOME,
        "end": HOME,
        "lunch": None,
        "candidates": candidates,
        **changes,
    }
    return DayProblem(**values)  # type: ignore[arg-type]


def realistic(count: int, seed: int = 1, *, with_lunch: bool = True) -> DayProblem:
    """A mixed day: opening hours at two in three sites, a few appointments, tiers of value."""
    random = Random(seed)
    candidates = []
    for number in range(count):
        opens = random.choice([1, 2, 3, 5])
        windows = (window(opens, opens + random.choice([2, 3, 4, 8])),) if random.random() < 0.67 else None
        fixed_at = hour(2 + random.randrange(12) / 2) if random.random() < 0.06 else None
        candidates.append(
            Candidate(
                id=f"c{number:03}",
                point=Point(HOME.latitude + random.uniform(-0.12, 0.12), HOME.longitude + random.uniform(-0.12, 0.12)),
                service_s=1800,
                value=random.choice([20, 50, 100, 100, 200, 300]),
                windows=None if fixed_at else windows,
                fixed_at=fixed_at,
                must=fixed_at is not None,
            )
        )
    return day(*candidates, lunch=lunch() if with_lunch else None)


@dataclass(frozen=True)
class TableTimes:
    """Travel times as given: seconds by (from, to); a pair not named takes `otherwise`, NaN is no way."""

    seconds: Mapping[tuple[Point, Point], float] = field(default_factory=dict)
    otherwise: float = 600.0

    def table(self, points: Sequence[Point]) -> TravelTable:
        legs = np.array(
            [[0.0 if a == b else self.seconds.get((a, b), self.otherwise) for b in points] for a in points],
            dtype=np.float64,
        ).reshape(len(points), len(points))
        return TravelTable(distance_m=legs * 10, leg_s=legs)

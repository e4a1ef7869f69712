"""What every engine of the routing benchmark is asked and answers: whole numbers, without a unit of their own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

OURS = "Fieldbeat"
"""The name of our own engine."""


class Aim(StrEnum):
    """LEAST_TRAVEL: make all visits, drive least. MOST_VALUE: all `must` visits, then most value; driving is free."""

    LEAST_TRAVEL = "LEAST_TRAVEL"
    MOST_VALUE = "MOST_VALUE"


@dataclass(frozen=True, slots=True)
class Visit:
    """Service takes `service` and begins within one of `starts` (both ends included)."""

    starts: tuple[tuple[int, int], ...]
    service: int
    value: int = 1
    must: bool = False
    load: int = 1


@dataclass(frozen=True, slots=True)
class Break:
    """Begins from `opens` to `last_start` and takes `duration`: between visits, on a drive, or after the route."""

    opens: int
    last_start: int
    duration: int


@dataclass(frozen=True, slots=True)
class Vehicle:
    """Leaves the place `start` at `opens` or later and is back at the place `end` by `closes`."""

    start: int
    end: int
    opens: int
    closes: int
    capacity: int | None = None
    lunch: Break | None = None


@dataclass(frozen=True, slots=True)
class Instance:
    """Visit i lies at place i; the places after the visits are depots. `travel` is time and cost, row = from."""

    name: str
    aim: Aim
    visits: tuple[Visit, ...]
    vehicles: tuple[Vehicle, ...]
    travel: tuple[tuple[int, ...], ...]
    best_known: float | None = None

    def must(self, visit: int) -> bool:
        """Whether an answer without it is none."""
        return self.aim is Aim.LEAST_TRAVEL or self.visits[visit].must


Routes = tuple[tuple[int, ...], ...]
"""The visits of each vehicle in order."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What an engine had after `took_s` seconds of wall clock; without routes where it had nothing sound."""

    routes: Routes
    took_s: float


class Engine(Protocol):
    """Something that plans on one thread."""

    name: str
    is_seeded: bool
    """Whether another seed may give another answer."""

    def can_state(self, instance: Instance) -> bool:
        """Whether its model knows all that the instance asks."""
        ...

    def answers(self, instance: Instance, seed: int, moments_s: Sequence[float]) -> Mapping[float, Answer]:
        """The best answer it has after each of the moments (seconds, ascending)."""
        ...


class MissingEngineError(RuntimeError):
    """The engine is not installed here."""


def mean_leg(instance: Instance) -> float:
    """Between visits; at least 1."""
    count = len(instance.visits)
    legs = [leg for row in instance.travel[:count] for leg in row[:count] if leg > 0]
    return max(1.0, sum(legs) / len(legs)) if legs else 1.0


PRIZE_LEGS = 5
"""For engines that weigh value against driving: a visit of mean value is worth so many mean legs."""


def prizes(instance: Instance) -> list[int]:
    """The worth of each visit in units of `travel`, for engines that weigh the two."""
    mean_value = sum(visit.value for visit in instance.visits) / len(instance.visits)
    scale = PRIZE_LEGS * mean_leg(instance) / max(1.0, mean_value)
    return [max(1, round(visit.value * scale)) for visit in instance.visits]

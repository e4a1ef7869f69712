"""What the planner of a team's day is asked and what it answers: frozen values, built by resolvers/team_days.py.

The representatives share one clock and the candidates; each visit is made by one of them at most.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from domain.places import Point
from routing.problem import Candidate, DayPlan, DayProblem, Dropped, Lunch, Proof, require_aware

MAX_REPS = 30


@dataclass(frozen=True, slots=True)
class Rep:
    """One representative of the team, with a day of their own: see `DayProblem`. Raises ValueError as that does."""

    id: str
    shift_start: datetime
    shift_end: datetime
    start: Point | None
    end: Point | None
    lunch: Lunch | None
    skills: frozenset[str] = frozenset()
    max_load: int | None = None

    def __post_init__(self) -> None:
        require_aware("shift_start", self.shift_start)
        require_aware("shift_end", self.shift_end)
        if self.shift_end < self.shift_start:
            raise ValueError("the shift ends before it starts")
        if self.max_load is not None and self.max_load < 0:
            raise ValueError("max_load is negative")

    def day(self, candidates: tuple[Candidate, ...], hint: tuple[str, ...] = ()) -> DayProblem:
        """The day of this representative alone with these candidates."""
        return DayProblem(
            self.shift_start,
            self.shift_end,
            self.start,
            self.end,
            self.lunch,
            candidates,
            hint,
            self.id,
            self.skills,
            self.max_load,
        )


@dataclass(frozen=True, slots=True)
class TeamProblem:
    """The day of a team.

    `hints` are orders to begin with by representative, the published ones for example: the answer is never worse than
    what of them is still possible. Raises ValueError for nobody, for more than MAX_REPS, for two representatives or two
    candidates with the same id, and for a candidate locked to somebody who is not of the team.
    """

    reps: tuple[Rep, ...]
    candidates: tuple[Candidate, ...]
    hints: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        ids = {rep.id for rep in self.reps}
        if not 1 <= len(self.reps) <= MAX_REPS:
            raise ValueError(f"a team has 1 to {MAX_REPS} representatives")
        if len(ids) != len(self.reps):
            raise ValueError("two representatives share an id")
        if len({candidate.id for candidate in self.candidates}) != len(self.candidates):
            raise ValueError("two candidates share an id")
        if any(candidate.rep_id not in {*ids, None} for candidate in self.candidates):
            raise ValueError("a candidate is locked to somebody who is not of the team")


@dataclass(frozen=True, slots=True)
class TeamRoute:
    """One representative's part; `plan.dropped` is empty, what nobody visits is told once for the team.

    `plan.bound` and `plan.proof` speak of this route with these visits alone.
    """

    rep_id: str
    plan: DayPlan


@dataclass(frozen=True, slots=True)
class TeamPlan:
    """The answer: a route for each representative, in the order of the question, and everything left out.

    `value`, `distance_m` and `travel_s` are sums over the routes. `bound` is a value that no plan of the team exceeds.
    """

    routes: tuple[TeamRoute, ...]
    dropped: tuple[Dropped, ...]
    value: int
    distance_m: float
    travel_s: int
    proof: Proof
    bound: int
    seed: int

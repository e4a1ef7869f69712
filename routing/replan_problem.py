"""What replanning is asked and what it answers: frozen values, built by resolvers/replans.py.

A published plan is changed where that is worth more than it costs; a day is the team of one representative.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from routing.problem import require_aware
from routing.team_problem import TeamPlan, TeamProblem


@dataclass(frozen=True, slots=True)
class PublishedStop:
    """A visit of the published plan that was not begun: who was to make it and from when on. ValueError if naive.

    `rep_id` need not be of the team that is left.
    """

    candidate_id: str
    rep_id: str
    start_at: datetime

    def __post_init__(self) -> None:
        require_aware("start_at", self.start_at)


@dataclass(frozen=True, slots=True)
class PriceOfChange:
    """What each changed visit costs, in the unit of the candidates' values; ValueError for a negative one.

    Moved: made by the same representative, `moved_after_s` or more earlier or later. Reassigned: made by another one.
    Dropped: made by nobody.
    """

    moved: int
    reassigned: int
    dropped: int
    moved_after_s: int

    def __post_init__(self) -> None:
        if min(self.moved, self.reassigned, self.dropped) < 0:
            raise ValueError("a price is negative")
        if self.moved_after_s < 1:
            raise ValueError("a visit moves by at least a second")


@dataclass(frozen=True, slots=True)
class ReplanProblem:
    """The rest of the day as it now is, and what of the published plan was still to be done, in the order of its times.

    Raises ValueError where a visit was published twice, or is not among the candidates.
    """

    team: TeamProblem
    published: tuple[PublishedStop, ...]
    price: PriceOfChange

    def __post_init__(self) -> None:
        names = [stop.candidate_id for stop in self.published]
        if len(set(names)) != len(names):
            raise ValueError("a visit is published twice")
        if not set(names) <= {candidate.id for candidate in self.team.candidates}:
            raise ValueError("a published visit is no candidate")


@dataclass(frozen=True, slots=True)
class Worth:
    """How good a plan is, the first difference counts: must-visits, value less the price of its changes, driving."""

    must_visits: int
    net_value: int
    travel_s: int

    @property
    def rank(self) -> tuple[int, int, int]:
        """Larger is better."""
        return (self.must_visits, self.net_value, -self.travel_s)


@dataclass(frozen=True, slots=True)
class Replanned:
    """The plan, what of the published one it changes and at what price, and how good keeping that one would have been.

    `worth` is never less than `kept`: the published plan without what is not possible any more.
    """

    plan: TeamPlan
    moved: tuple[str, ...]
    reassigned: tuple[str, ...]
    dropped: tuple[str, ...]
    price: int
    worth: Worth
    kept: Worth

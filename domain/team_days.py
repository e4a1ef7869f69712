"""One date of a team planned in one go: whose candidates can be shared, and the life of such a plan.

Pure; for resolvers/team_days.py, which hands the candidates to routing/ and keeps one route plan for each rep.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import ClassVar
from uuid import UUID, uuid5

from domain.ids import OrgId, PersonId, PlanId, TeamDayId, TeamId
from domain.refusals import Refusal, VersionConflict, WrongState
from domain.replans import ReplanRequest
from domain.routes import Candidate, CandidateReason

MAX_REPS = 30
_NAMES = UUID("0b3f5d5e-8a0e-4f0e-9d44-6c0d7c5f7d11")


class TeamDayState(StrEnum):
    """Where a team's day stands."""

    SOLVING = "SOLVING"
    DRAFT = "DRAFT"
    PUBLISHED = "PUBLISHED"
    FAILED = "FAILED"


@dataclass(frozen=True, slots=True)
class TeamDay:
    """A local date (ISO) of the reps of a team who work on it; `owner_id` asked for it. Each step is a new version."""

    id: TeamDayId
    org_id: OrgId
    team_id: TeamId
    owner_id: PersonId
    date: str
    rep_ids: tuple[PersonId, ...]
    created_at: datetime
    state: TeamDayState = TeamDayState.SOLVING
    version: int = 1
    value: int | None = None
    bound: int | None = None
    distance_m: float | None = None
    travel_s: int | None = None
    moved: int = 0
    solved_at: datetime | None = None
    published_at: datetime | None = None
    failure: str | None = None
    replan: ReplanRequest | None = None
    """Where a published day is planned again: what was told about it."""
    change_price: int | None = None
    net_value: int | None = None
    kept_net_value: int | None = None


@dataclass(frozen=True, slots=True)
class TeamDayNotReady(Refusal):
    """The solver is still at work; ask again."""

    code: ClassVar[str] = "TEAM_DAY_NOT_READY"
    passing: ClassVar[bool] = True
    team_day_id: TeamDayId

    @property
    def message(self) -> str:
        return f"The team's day {self.team_day_id} is still being solved."


@dataclass(frozen=True, slots=True)
class NobodyOnDuty(Refusal):
    """Nobody of the team has a shift that starts on that date, so there is no day to plan."""

    code: ClassVar[str] = "NOBODY_ON_DUTY"
    team_id: TeamId
    date: str

    @property
    def message(self) -> str:
        return f"Nobody of {self.team_id} has a shift on {self.date}."


@dataclass(frozen=True, slots=True)
class TooManyReps(Refusal):
    """More people of the team work on that date than are planned together; plan a smaller team."""

    code: ClassVar[str] = "TOO_MANY_REPS"
    team_id: TeamId
    reps: int
    limit: int

    @property
    def message(self) -> str:
        return f"{self.reps} people of {self.team_id} work on that date; {self.limit} can be planned together."


@dataclass(frozen=True, slots=True)
class Shared:
    """A candidate of the team; `holder_id` would have it without the others, and alone may make it where `bound`."""

    candidate: Candidate
    holder_id: PersonId
    bound: bool


def share(found: Iterable[tuple[PersonId, Candidate]]) -> tuple[Shared, ...]:
    """Each place once, from what every rep would choose from alone; the most valuable first.

    What was promised stays with whom it was promised by: appointments, and leads, which only their owner sees. Of
    other candidates of one site or account the first by reason stands for all: a visit before an account that is due.
    """
    kept: list[Shared] = []
    for holder, candidate in sorted(found, key=_rank):
        bound = candidate.fixed_at is not None or candidate.lead_id is not None
        if not any(_same(each.candidate, candidate) for each in kept):
            kept.append(Shared(candidate, holder, bound))
    return tuple(sorted(kept, key=lambda each: (-each.candidate.value, each.candidate.site_id, each.holder_id)))


_ORDER = {reason: number for number, reason in enumerate(CandidateReason)}


def _rank(each: tuple[PersonId, Candidate]) -> tuple[bool, bool, int, int, str, str]:
    holder, candidate = each
    return (
        candidate.fixed_at is None,
        candidate.lead_id is None,
        _ORDER[candidate.reason],
        -candidate.value,
        candidate.site_id,
        holder,
    )


def _same(one: Candidate, other: Candidate) -> bool:
    if one.fixed_at is not None and other.fixed_at is not None:
        return False
    return one.site_id == other.site_id or (one.account_id is not None and one.account_id == other.account_id)


def plan_of(day: TeamDay, rep_id: PersonId) -> PlanId:
    """The id of a rep's plan in it: the same however often it is solved."""
    return PlanId(f"pln_{uuid5(_NAMES, f'{day.id} {rep_id}')}")


def solved(
    day: TeamDay, value: int, bound: int, distance_m: float, travel_s: int, moved: int, now: datetime
) -> TeamDay | WrongState:
    """SOLVING -> DRAFT; `moved` visits go to somebody else than without the others."""
    if day.state is not TeamDayState.SOLVING:
        return WrongState(day.id, day.state)
    return replace(
        day,
        state=TeamDayState.DRAFT,
        value=value,
        bound=bound,
        distance_m=distance_m,
        travel_s=travel_s,
        moved=moved,
        solved_at=now,
        version=day.version + 1,
    )


def failed(day: TeamDay, reason: str, now: datetime) -> TeamDay | WrongState:
    """SOLVING -> FAILED, with why in a word."""
    if day.state is not TeamDayState.SOLVING:
        return WrongState(day.id, day.state)
    return replace(day, state=TeamDayState.FAILED, solved_at=now, failure=reason, version=day.version + 1)


def published(
    day: TeamDay, expected_version: int | None, now: datetime
) -> TeamDay | TeamDayNotReady | WrongState | VersionConflict:
    """DRAFT -> PUBLISHED, guarded on the version the caller saw."""
    if day.state is TeamDayState.SOLVING:
        return TeamDayNotReady(day.id)
    if expected_version is not None and expected_version != day.version:
        return VersionConflict(day.id, day.version)
    if day.state is not TeamDayState.DRAFT:
        return WrongState(day.id, day.state)
    return replace(day, state=TeamDayState.PUBLISHED, published_at=now, version=day.version + 1)

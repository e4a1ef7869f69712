"""Times in which a person is away and who stands in; kept with the person, and as covers with the deputy.

Rules for resolvers/absences.py. Whether somebody is at work at an instant is in domain/attendance.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import ClassVar

from domain.ids import AbsenceId, PersonId
from domain.refusals import InvalidInput, Refusal, WrongState

LONGEST = timedelta(days=400)
LATEST_REPORT = timedelta(days=31)
"""How far back an absence may begin when it is recorded."""
KEPT = timedelta(days=400)
"""Past absences stay with the person for so long."""
MOST = 100
MAX_DEPUTIES = 10
"""So many deputies of deputies are followed."""


class AbsenceKind(StrEnum):
    """Why somebody is away."""

    VACATION = "VACATION"
    SICKNESS = "SICKNESS"
    TRAINING = "TRAINING"
    OTHER = "OTHER"


@dataclass(frozen=True, slots=True)
class PersonAbsence:
    """One person away in [from_at, until_at). Without a deputy, what is urgent goes to the next level."""

    id: AbsenceId
    person_id: PersonId
    from_at: datetime
    until_at: datetime
    kind: AbsenceKind
    deputy_id: PersonId | None
    recorded_by: PersonId
    recorded_at: datetime

    def covers(self, at: datetime) -> bool:
        """Whether the person is away at that instant."""
        return self.from_at <= at < self.until_at


@dataclass(frozen=True, slots=True)
class Cover:
    """A deputy's or successor's side: whose records they see and work on, and when; `until_at` None has no end yet."""

    person_id: PersonId
    from_at: datetime
    until_at: datetime | None = None
    absence_id: AbsenceId | None = None
    """None where the person is leaving for good."""

    def holds(self, at: datetime) -> bool:
        """Whether they stand in at that instant."""
        return self.from_at <= at and (self.until_at is None or at < self.until_at)


@dataclass(frozen=True, slots=True)
class AbsenceOverlaps(Refusal):
    """The person is away already in part of that time."""

    code: ClassVar[str] = "ABSENCE_OVERLAPS"
    absence_id: AbsenceId
    from_at: datetime
    until_at: datetime

    @property
    def message(self) -> str:
        return f"{self.absence_id} lasts from {self.from_at.isoformat()} to {self.until_at.isoformat()}."


@dataclass(frozen=True, slots=True)
class DeputyNotAvailable(Refusal):
    """The deputy cannot stand in: not active, or in a role without field work."""

    code: ClassVar[str] = "DEPUTY_NOT_AVAILABLE"
    field: str
    person_id: str

    @property
    def message(self) -> str:
        return f"{self.field}: {self.person_id} cannot stand in."


@dataclass(frozen=True, slots=True)
class DeputyCycle(Refusal):
    """The deputy is away in that time and, at the end of the chain, represented by the person themselves."""

    code: ClassVar[str] = "DEPUTY_CYCLE"
    field: str
    person_ids: tuple[str, ...]

    @property
    def message(self) -> str:
        return f"{self.field}: {' -> '.join(self.person_ids)} would stand in for each other."


def window_problem(from_at: datetime, until_at: datetime, now: datetime) -> InvalidInput | None:
    """Why nobody can be away then."""
    if from_at < now - LATEST_REPORT or from_at > now + LONGEST:
        return InvalidInput("fromAt", "must be within the last 31 or the next 400 days")
    if until_at <= max(from_at, now):
        return InvalidInput("untilAt", "must be after the beginning and in the future")
    if until_at - from_at > LONGEST:
        return InvalidInput("untilAt", "must be at most 400 days after the beginning")
    return None


def with_absence(
    before: Iterable[PersonAbsence], added: PersonAbsence, now: datetime
) -> tuple[PersonAbsence, ...] | AbsenceOverlaps | InvalidInput:
    """A person's absences in order with one more; those long past are dropped."""
    kept = [each for each in before if each.until_at > now - KEPT]
    for each in kept:
        if each.from_at < added.until_at and added.from_at < each.until_at:
            return AbsenceOverlaps(each.id, each.from_at, each.until_at)
    if len(kept) >= MOST:
        return InvalidInput("personId", f"has {MOST} absences already")
    return tuple(sorted([*kept, added], key=lambda each: each.from_at))


def ended(
    before: Iterable[PersonAbsence], absence_id: str, now: datetime
) -> tuple[PersonAbsence, ...] | WrongState | None:
    """The absences with one ended now, or taken back where it had not begun; None where there is no such absence."""
    absences = tuple(before)
    found = next((each for each in absences if each.id == absence_id), None)
    if found is None:
        return None
    if found.until_at <= now:
        return WrongState(absence_id, "OVER")
    others = tuple(each for each in absences if each is not found)
    if found.from_at >= now:
        return others
    return tuple(sorted([*others, replace(found, until_at=now)], key=lambda each: each.from_at))


def deputy_cycle(
    added: PersonAbsence, absences_of: Mapping[PersonId, Iterable[PersonAbsence]]
) -> tuple[PersonId, ...] | None:
    """Who would stand in for each other at some instant of `added`; `absences_of` holds the chain of its deputies."""
    return _cycle((added.person_id,), added.deputy_id, added.from_at, added.until_at, absences_of)


def _cycle(
    path: tuple[PersonId, ...],
    deputy_id: PersonId | None,
    from_at: datetime,
    until_at: datetime,
    absences_of: Mapping[PersonId, Iterable[PersonAbsence]],
) -> tuple[PersonId, ...] | None:
    if deputy_id is None or deputy_id in path[1:]:
        return None
    if deputy_id == path[0]:
        return path
    for each in absences_of.get(deputy_id, ()):
        since, until = max(from_at, each.from_at), min(until_at, each.until_at)
        if since < until:
            found = _cycle((*path, deputy_id), each.deputy_id, since, until, absences_of)
            if found is not None:
                return found
    return None


def with_cover(before: Iterable[Cover], added: Cover, now: datetime) -> tuple[Cover, ...]:
    """A deputy's covers with one more; those that are over are dropped."""
    return (*(each for each in before if each.until_at is None or each.until_at > now), added)

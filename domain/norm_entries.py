"""What a rep did of the norms: must-do items and customer insights, each in a visit; used by resolvers/norm_entries.py.

An entry belongs to the rep's work day and week of the moment it happened, whenever it arrives.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from domain.attendance import work_day
from domain.evidence_times import MAX_EARLY
from domain.ids import AccountId, NormEntryId, OrgId, PersonId, TeamId, VisitId, is_id
from domain.people import Person
from domain.refusals import InvalidInput, WrongState
from domain.visits import MAX_LATE, Visit
from domain.weeks import Week

INSIGHT_LENGTH = range(10, 2_001)
MAX_NOTE = 2_000


class NormKind(StrEnum):
    """What an entry is."""

    MUST_DO = "MUST_DO"
    INSIGHT = "INSIGHT"


class InsightTopic(StrEnum):
    """What an insight is about."""

    NEED = "NEED"
    COMPETITOR = "COMPETITOR"
    PRICE = "PRICE"
    SUPPLY = "SUPPLY"
    ORGANIZATION = "ORGANIZATION"
    OTHER = "OTHER"


@dataclass(frozen=True, slots=True)
class Said:
    """What a rep says to have done or learnt: `key` of a must-do item, or the topic of an insight with its text."""

    kind: NormKind
    key: str
    text: str | None = None
    id: str | None = None


@dataclass(frozen=True, slots=True)
class Deed:
    """As much of an entry as counts for a day and a week of its person."""

    id: NormEntryId
    kind: NormKind
    key: str
    day: str
    occurred_at: datetime
    text: str | None = None


@dataclass(frozen=True, slots=True)
class NormEntry:
    """One item done or one insight gained, by `owner_id` in a visit. `day` and `week` are the rep's (ISO)."""

    id: NormEntryId
    org_id: OrgId
    owner_id: PersonId
    team_id: TeamId | None
    visit_id: VisitId
    account_id: AccountId
    kind: NormKind
    key: str
    occurred_at: datetime
    recorded_at: datetime
    day: str
    week: str
    text: str | None = None

    @property
    def deed(self) -> Deed:
        """What of it counts."""
        return Deed(self.id, self.kind, self.key, self.day, self.occurred_at, self.text)


def said_problem(said: Said) -> InvalidInput | None:
    """The first value that can never be accepted."""
    if said.id is not None and not is_id("nrm", said.id):
        return InvalidInput("id", "must be nrm_ and a ULID or UUID")
    text = (said.text or "").strip()
    if said.kind is NormKind.INSIGHT and len(text) not in INSIGHT_LENGTH:
        return InvalidInput("text", f"must have {INSIGHT_LENGTH[0]} to {INSIGHT_LENGTH[-1]} characters")
    if len(said.text or "") > MAX_NOTE:
        return InvalidInput("note", f"must have at most {MAX_NOTE} characters")
    return None


def time_problem(at: datetime, now: datetime) -> InvalidInput | None:
    """Why something told by itself cannot have happened then: over 2 minutes ahead, over 72 hours late."""
    if at > now + MAX_EARLY:
        return InvalidInput("capturedAt", "lies in the future")
    if at < now - MAX_LATE:
        return InvalidInput("capturedAt", "is more than 72 hours ago")
    return None


def entry(
    said: Said, entry_id: NormEntryId, visit: Visit, person: Person, at: datetime, now: datetime
) -> NormEntry | InvalidInput | WrongState:
    """The entry, which must have happened within the visit."""
    problem = said_problem(said)
    if problem is not None:
        return problem
    if visit.opened_at is None:
        return WrongState(visit.id, visit.state)
    at = min(at, now)
    if at < visit.opened_at or (visit.closed_at is not None and at > visit.closed_at):
        return InvalidInput("capturedAt", "lies outside the visit")
    day = work_day(person, at)
    return NormEntry(
        id=entry_id,
        org_id=visit.org_id,
        owner_id=person.id,
        team_id=person.team_id,
        visit_id=visit.id,
        account_id=visit.account_id,
        kind=said.kind,
        key=said.key,
        occurred_at=at,
        recorded_at=now,
        day=day.isoformat(),
        week=str(Week.of(day)),
        text=said.text,
    )


def items_done(deeds: Iterable[Deed], day: date) -> frozenset[str]:
    """Which items were done that day; one done twice is one."""
    wanted = day.isoformat()
    return frozenset(each.key for each in deeds if each.kind is NormKind.MUST_DO and each.day == wanted)


def insights_gained(deeds: Iterable[Deed]) -> list[Deed]:
    """The insights among them, first to last; the same words again are no further insight."""
    found: dict[str, Deed] = {}
    for each in sorted(deeds, key=lambda each: (each.occurred_at, each.id)):
        if each.kind is NormKind.INSIGHT:
            found.setdefault(" ".join((each.text or "").casefold().split()), each)
    return list(found.values())


def is_same(stored: NormEntry, said: Said, visit_id: str, at: datetime) -> bool:
    """Whether an entry that has this id already says the same."""
    told = (stored.kind, stored.key, stored.text, stored.visit_id)
    off_by = abs(stored.occurred_at - min(at, stored.recorded_at))
    return told == (said.kind, said.key, said.text, visit_id) and off_by < timedelta(milliseconds=1)

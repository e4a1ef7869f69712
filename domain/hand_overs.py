"""A person leaves: everything open of theirs moves to a successor, in batches that a worker goes on with.

Rules for resolvers/hand_overs.py. Until a record has moved, reads and notices look from its owner to the successor
(domain/stand_ins.py), so that nothing is ever without somebody who works on it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import ClassVar

from domain.absences import Cover, with_cover
from domain.ids import HandOverEntryId, HandOverId, OrgId, PersonId, TeamId
from domain.notices import Notice, NoticeKind, Priority, event_key, make_notice
from domain.people import Person, PersonState, Team, subtree, superiors
from domain.refusals import Refusal
from domain.stand_ins import LEADS_TEAMS, can_stand_in, works

BATCH = 200
"""Most leads that move in one transaction."""
SETTLES = timedelta(minutes=2)
"""Longer than a transaction may take: whatever a request that began before the departure wrote is seen by then."""
LOOKS_AGAIN = timedelta(seconds=5)
_SLA = frozenset(
    {
        NoticeKind.SLA_REMINDER,
        NoticeKind.SLA_BREACHED,
        NoticeKind.SLA_ESCALATED,
        NoticeKind.SLA_REASSIGN_PROPOSED,
    }
)


class HandOverState(StrEnum):
    """Whether a hand-over still moves records."""

    RUNNING = "RUNNING"
    DONE = "DONE"


class HandedOver(StrEnum):
    """What kind of record moved."""

    LEAD = "LEAD"
    VISIT = "VISIT"
    NOTICE = "NOTICE"
    ACCOUNT = "ACCOUNT"
    TEAM = "TEAM"


@dataclass(frozen=True, slots=True)
class HandOver:
    """One departure. `owner_id` is the successor who was named, `team_id` the leaver's team."""

    id: HandOverId
    org_id: OrgId
    person_id: PersonId
    owner_id: PersonId
    team_id: TeamId | None
    state: HandOverState
    started_by: PersonId
    started_at: datetime
    next_at: datetime | None
    """When a worker looks next; None once done."""
    finished_at: datetime | None = None
    leads: int = 0
    visits: int = 0
    notices: int = 0
    accounts: int = 0
    batches: int = 0
    """Also its version: each batch is one transaction that adds one."""


@dataclass(frozen=True, slots=True)
class HandOverEntry:
    """One record that moved; `owner_id` is who got it."""

    id: HandOverEntryId
    org_id: OrgId
    hand_over_id: HandOverId
    kind: HandedOver
    record_id: str
    person_id: PersonId
    owner_id: PersonId
    team_id: TeamId | None
    at: datetime


@dataclass(frozen=True, slots=True)
class SuccessorRequired(Refusal):
    """The person has open work, which must go to somebody; counts end at 1,000."""

    code: ClassVar[str] = "SUCCESSOR_REQUIRED"
    field: str
    person_id: str
    open_leads: int
    planned_visits: int
    proposed_id: str | None

    @property
    def message(self) -> str:
        return f"{self.field}: {self.person_id} has {self.open_leads} open leads and {self.planned_visits} visits."


@dataclass(frozen=True, slots=True)
class SuccessorNotAvailable(Refusal):
    """The successor cannot take over: not active, without field work, or in no team that sees what the person has."""

    code: ClassVar[str] = "SUCCESSOR_NOT_AVAILABLE"
    field: str
    person_id: str

    @property
    def message(self) -> str:
        return f"{self.field}: {self.person_id} cannot take over."


def can_succeed(successor: Person, person: Person, teams: Mapping[TeamId, Team]) -> bool:
    """Whether the successor works and sees the person's team: a rep of it, or somebody who leads it."""
    if not can_stand_in(successor, person):
        return False
    if person.team_id is None or successor.team_id == person.team_id:
        return True
    return successor.role in LEADS_TEAMS and person.team_id in subtree(teams.values(), successor.team_id)


def proposed_successor(
    person: Person, teams: Mapping[TeamId, Team], people: Mapping[PersonId, Person]
) -> PersonId | None:
    """The nearest superior who can take over; `people` holds the managers of the teams above."""
    above = superiors(person.id, person.team_id, teams)
    return next((each for each in above if each in people and can_succeed(people[each], person, teams)), None)


def taken_over(teams: Mapping[TeamId, Team], person: Person, successor: Person) -> list[Team]:
    """The teams that the person managed, in the hands of a successor who leads; a rep leads nobody."""
    if successor.role not in LEADS_TEAMS:
        return []
    led = (each for each in teams.values() if each.manager_id == person.id)
    return [replace(each, manager_id=successor.id, version=each.version + 1) for each in led]


def leaving(person: Person, successor: Person, now: datetime) -> tuple[Person, Person]:
    """The person who leaves and the successor, who sees what was the person's until it has moved."""
    cover = Cover(person.id, now)
    return (
        replace(person, state=PersonState.LEAVING, successor_id=successor.id, covers=()),
        replace(successor, covers=with_cover(successor.covers, cover, now)),
    )


def handed_over_notice(person: Person, successor_id: PersonId, now: datetime) -> Notice:
    """Tells the successor, once for everything."""
    key = event_key(NoticeKind.LEADS_HANDED_OVER, person.id, str(person.version))
    return make_notice(person.org_id, successor_id, NoticeKind.LEADS_HANDED_OVER, Priority.NORMAL, key, now)


def working_successor(person: Person, people: Mapping[PersonId, Person]) -> Person | None:
    """Who gets it in the end: the successor, or theirs where they have left too; None where nobody works."""
    seen = {person.id}
    following = person.successor_id
    while following is not None and following not in seen:
        seen.add(following)
        successor = people.get(following)
        if successor is None or works(successor):
            return successor
        following = successor.successor_id
    return None


def is_passed_on(notice: Notice) -> bool:
    """Whether the successor must be told what the person was told: a promise that is still open, or nobody read it."""
    return not notice.is_settled and (notice.read_at is None or notice.kind in _SLA)


def after_batch(hand_over: HandOver, moved: Iterable[HandedOver], now: datetime) -> HandOver:
    """The hand-over after a batch. Done once nothing is left and every request from before has ended."""
    kinds = list(moved)
    if not kinds and now >= hand_over.started_at + SETTLES:
        return replace(hand_over, state=HandOverState.DONE, next_at=None, finished_at=now)
    return replace(
        hand_over,
        next_at=now if kinds else now + LOOKS_AGAIN,
        leads=hand_over.leads + kinds.count(HandedOver.LEAD),
        visits=hand_over.visits + kinds.count(HandedOver.VISIT),
        notices=hand_over.notices + kinds.count(HandedOver.NOTICE),
        accounts=hand_over.accounts + kinds.count(HandedOver.ACCOUNT),
    )

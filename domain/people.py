"""Organizations, teams and people, and who answers for whom; for resolvers, SLA ladder and map."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar

from domain.absences import Cover, PersonAbsence
from domain.access import Role, audience
from domain.calendar import known_zone
from domain.ids import OrgId, PersonId, TeamId
from domain.places import Point
from domain.preferences import Preferences
from domain.refusals import InvalidInput, Refusal, VersionConflict
from domain.shifts import Roster
from domain.sites import GivenCoordinates, locate

MAX_TEAM_DEPTH = 12
LOCALES = ("zh-CN", "en")
TEAMLESS = frozenset({Role.ADMIN, Role.SUPPORT})
"""Roles that see the whole organization and so need no team."""
_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]+\.[^@\s]+")
_NAME_LENGTH = range(1, 201)


class PersonState(StrEnum):
    """Whether a person may sign in and be given work."""

    INVITED = "INVITED"
    ACTIVE = "ACTIVE"
    LEAVING = "LEAVING"
    """Gone, while what was theirs moves to a successor."""
    DEACTIVATED = "DEACTIVATED"


GONE = frozenset({PersonState.LEAVING, PersonState.DEACTIVATED})
"""States in which nobody signs in or works."""


@dataclass(frozen=True, slots=True)
class Organization:
    """A company that runs its field sales here."""

    id: OrgId
    name: str
    time_zone: str
    locale: str
    created_at: datetime
    is_demo: bool = False


@dataclass(frozen=True, slots=True)
class Team:
    """A node of the organization's tree; its manager answers for everyone in it."""

    id: TeamId
    org_id: OrgId
    name: str
    parent_id: TeamId | None
    manager_id: PersonId | None
    created_at: datetime
    external_id: str | None = None
    version: int = 1


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who can sign in. The password lives elsewhere (storage/credentials.py)."""

    id: PersonId
    org_id: OrgId
    email: str
    name: str
    role: Role
    team_id: TeamId | None
    state: PersonState
    locale: str
    time_zone: str
    created_at: datetime
    updated_at: datetime
    start_point: Point | None = None
    start_given: GivenCoordinates | None = None
    phone: str | None = None
    external_id: str | None = None
    version: int = 1
    roster: Roster | None = None
    absences: tuple[PersonAbsence, ...] = ()
    """By beginning; the roster may hold days of leave beside them (domain/attendance.py)."""
    covers: tuple[Cover, ...] = ()
    """For whom this person stands in."""
    successor_id: PersonId | None = None
    """Who got what was theirs when they left."""
    erased_at: datetime | None = None
    """Since when nothing says who this was (domain/personal_data.py)."""
    preferences: Preferences | None = None
    """How they want to be told; None: as everybody."""


def subtree(teams: Iterable[Team], root: TeamId | None) -> frozenset[TeamId]:
    """The team and all teams below it; empty without a team. A cycle in bad data ends the walk."""
    if root is None:
        return frozenset()
    below: dict[TeamId | None, list[TeamId]] = {}
    for team in teams:
        below.setdefault(team.parent_id, []).append(team.id)
    found, open_teams = {root}, [root]
    while open_teams:
        for child in below.get(open_teams.pop(), []):
            if child not in found:
                found.add(child)
                open_teams.append(child)
    return frozenset(found)


def teams_above(teams: Mapping[TeamId, Team], team_id: TeamId | None) -> frozenset[TeamId]:
    """The teams that the team is below. A cycle in bad data ends the walk."""
    found: set[TeamId] = set()
    at = teams.get(team_id) if team_id is not None else None
    while at is not None and at.parent_id is not None and at.parent_id not in found:
        found.add(at.parent_id)
        at = teams.get(at.parent_id)
    return frozenset(found)


def audience_of(role: Role, team_id: TeamId | None, teams: Mapping[TeamId, Team]) -> frozenset[TeamId] | None:
    """`Scope.audience` of somebody who does not ask themselves."""
    below, above = subtree(teams.values(), team_id), teams_above(teams, team_id)
    return audience(role, team_id, below, above)


def superiors(person_id: PersonId | None, team_id: TeamId | None, teams: Mapping[TeamId, Team]) -> list[PersonId]:
    """Managers above the person, nearest first, each once; a manager's own team is skipped for the manager."""
    chain: list[PersonId] = []
    seen: set[TeamId] = set()
    while team_id is not None and team_id in teams and team_id not in seen:
        seen.add(team_id)
        manager = teams[team_id].manager_id
        if manager is not None and manager != person_id and manager not in chain:
            chain.append(manager)
        team_id = teams[team_id].parent_id
    return chain


@dataclass(frozen=True, slots=True)
class EmailTaken(Refusal):
    """The e-mail address belongs to somebody who can sign in already."""

    code: ClassVar[str] = "EMAIL_TAKEN"
    email: str

    @property
    def message(self) -> str:
        return f"{self.email} is in use."


@dataclass(frozen=True, slots=True)
class TeamCycle(Refusal):
    """A team cannot stand below itself."""

    code: ClassVar[str] = "TEAM_CYCLE"
    team_id: TeamId
    parent_id: TeamId
    field: str = "parentId"

    @property
    def message(self) -> str:
        return f"{self.parent_id} is {self.team_id} or stands below it."


@dataclass(frozen=True, slots=True)
class LastAdmin(Refusal):
    """The organization would be left without anybody who can manage it."""

    code: ClassVar[str] = "LAST_ADMIN"
    person_id: PersonId

    @property
    def message(self) -> str:
        return f"{self.person_id} is the last active administrator."


def normal_email(text: str) -> str:
    """The form in which an address is stored and looked for."""
    return text.strip().lower()


def problem_with(changes: Mapping[str, Any]) -> InvalidInput | None:
    """The first value of a person or team that can never be accepted; an absent one is no problem."""
    if "name" in changes and (changes["name"] is None or len(changes["name"].strip()) not in _NAME_LENGTH):
        return InvalidInput("name", "must have 1 to 200 characters")
    if "email" in changes and (len(changes["email"] or "") > 254 or not _EMAIL.fullmatch(changes["email"] or "")):
        return InvalidInput("email", "must be an e-mail address")
    if "role" in changes and changes["role"] is None:
        return InvalidInput("role", "cannot be cleared")
    if "locale" in changes and changes["locale"] not in LOCALES:
        return InvalidInput("locale", f"must be one of {', '.join(LOCALES)}")
    for field in ("phone", "external_id"):
        if len(changes.get(field) or "") > 120:
            return InvalidInput(field, "must have at most 120 characters")
    return _zone_problem(changes)


def _zone_problem(changes: Mapping[str, Any]) -> InvalidInput | None:
    if "time_zone" not in changes:
        return None
    try:
        known_zone(changes["time_zone"] or "")
    except ValueError:
        return InvalidInput("timeZone", "must be an IANA zone such as Asia/Shanghai")
    return None


def team_problem(role: Role, team_id: TeamId | None) -> InvalidInput | None:
    """Whether the role can do without a team."""
    if team_id is None and role not in TEAMLESS:
        return InvalidInput("teamId", f"is required for {role}")
    return None


def revise_person(
    person: Person, changes: Mapping[str, Any], expected_version: int | None, now: datetime
) -> Person | InvalidInput | VersionConflict:
    """The person with `changes` (None clears) and the next version; the roster moves to a new zone with them."""
    if expected_version is not None and expected_version != person.version:
        return VersionConflict(person.id, person.version)
    problem = problem_with(changes)
    if problem is not None:
        return problem
    start = _start(changes)
    if isinstance(start, InvalidInput):
        return start
    revised = replace(person, **{**changes, **start}, version=person.version + 1, updated_at=now)
    if revised.roster is not None and revised.roster.zone != revised.time_zone:
        revised = replace(revised, roster=replace(revised.roster, zone=revised.time_zone))
    return team_problem(revised.role, revised.team_id) or revised


def _start(changes: Mapping[str, Any]) -> Mapping[str, Any] | InvalidInput:
    """Point and given numbers of {latitude, longitude, datum}."""
    if changes.get("start_point") is None:
        return {"start_given": None} if "start_point" in changes else {}
    located = locate(changes["start_point"], "startPoint")
    return located if isinstance(located, InvalidInput) else {"start_point": located[0], "start_given": located[1]}


def place_team(team: Team, teams: Mapping[TeamId, Team]) -> Team | TeamCycle | InvalidInput:
    """The team, if its parent leaves a tree of at most MAX_TEAM_DEPTH levels; `teams` is the tree before the move."""
    below = subtree(teams.values(), team.id)
    if team.parent_id is not None and team.parent_id in below:
        return TeamCycle(team.id, team.parent_id)
    height = max(_level(teams, each, team.id) for each in below)
    if _level(teams, team.parent_id, None) + height > MAX_TEAM_DEPTH:
        return InvalidInput("parentId", f"would make the tree deeper than {MAX_TEAM_DEPTH} levels")
    return team


def _level(teams: Mapping[TeamId, Team], team_id: TeamId | None, top: TeamId | None) -> int:
    """How many teams stand from `team_id` up to `top` or the root, both counted."""
    level = 0
    while team_id is not None and level <= MAX_TEAM_DEPTH * 2:
        level += 1
        parent = teams[team_id].parent_id if team_id in teams else None
        team_id = None if team_id == top else parent
    return level

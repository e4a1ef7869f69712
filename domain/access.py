"""Who may see and do what: roles, capabilities and the Scope that every read is given (storage/reach.py applies it)."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from domain.ids import OrgId, PersonId, TeamId


class Role(StrEnum):
    """What a person is in the organization."""

    REP = "REP"
    MANAGER = "MANAGER"
    DIRECTOR = "DIRECTOR"
    ADMIN = "ADMIN"
    SUPPORT = "SUPPORT"


class Capability(StrEnum):
    """One thing a role may do beyond its own work."""

    MANAGE_PEOPLE = "MANAGE_PEOPLE"
    MANAGE_TEAMS = "MANAGE_TEAMS"
    MANAGE_SLA = "MANAGE_SLA"
    ASSIGN_LEADS = "ASSIGN_LEADS"
    MANAGE_ASSIGNMENT = "MANAGE_ASSIGNMENT"
    MANAGE_PROCEDURES = "MANAGE_PROCEDURES"
    APPROVE_BYPASSES = "APPROVE_BYPASSES"
    PLAN_FOR_OTHERS = "PLAN_FOR_OTHERS"
    EDIT_ARTICLES = "EDIT_ARTICLES"
    REVIEW_ARTICLES = "REVIEW_ARTICLES"
    """Of others: nobody reviews a text they wrote at (domain/article_reviews.py)."""
    EDIT_CUSTOMERS = "EDIT_CUSTOMERS"
    DO_FIELD_WORK = "DO_FIELD_WORK"
    SEE_TEAM_MAP = "SEE_TEAM_MAP"
    RECORD_SURVEYS = "RECORD_SURVEYS"
    BIND_CHANNELS = "BIND_CHANNELS"
    """For others: the people and teams one sees."""
    READ_AUDIT = "READ_AUDIT"
    MANAGE_ALERTS = "MANAGE_ALERTS"
    MANAGE_DELIVERIES = "MANAGE_DELIVERIES"


_FIELD = frozenset({Capability.EDIT_CUSTOMERS, Capability.DO_FIELD_WORK, Capability.RECORD_SURVEYS})
_LEADING = _FIELD | {
    Capability.APPROVE_BYPASSES,
    Capability.ASSIGN_LEADS,
    Capability.PLAN_FOR_OTHERS,
    Capability.EDIT_ARTICLES,
    Capability.REVIEW_ARTICLES,
    Capability.SEE_TEAM_MAP,
    Capability.BIND_CHANNELS,
}
CAPABILITIES: dict[Role, frozenset[Capability]] = {
    Role.REP: _FIELD,
    Role.MANAGER: _LEADING,
    Role.DIRECTOR: _LEADING,
    Role.ADMIN: frozenset(
        {
            Capability.MANAGE_PEOPLE,
            Capability.MANAGE_TEAMS,
            Capability.MANAGE_SLA,
            Capability.ASSIGN_LEADS,
            Capability.MANAGE_ASSIGNMENT,
            Capability.MANAGE_PROCEDURES,
            Capability.APPROVE_BYPASSES,
            Capability.PLAN_FOR_OTHERS,
            Capability.EDIT_ARTICLES,
            Capability.REVIEW_ARTICLES,
            Capability.EDIT_CUSTOMERS,
            Capability.RECORD_SURVEYS,
            Capability.BIND_CHANNELS,
            Capability.READ_AUDIT,
            Capability.MANAGE_ALERTS,
            Capability.MANAGE_DELIVERIES,
        }
    ),
    Role.SUPPORT: frozenset({Capability.RECORD_SURVEYS}),
}


class Reach(StrEnum):
    """How far into a collection a role may look."""

    ORGANIZATION = "ORGANIZATION"
    """Every member of the organization."""
    TEAM = "TEAM"
    """The caller's team and the teams below it; administrators and support see all."""
    OWNED = "OWNED"
    """The owner, the managers above the owner's team; administrators and support see all."""
    HELD = "HELD"
    """As OWNED, where the owner may also be a team: then its members too."""
    PERSONAL = "PERSONAL"
    """The owner alone."""
    ADMINISTRATION = "ADMINISTRATION"
    """Administrators alone."""
    AUDIENCE = "AUDIENCE"
    """Everybody, or where it is kept to teams: who is in them or below them, and the managers above."""
    CHAIN = "CHAIN"
    """The owner and the managers above; never administrators or support (positions)."""


SEES_ALL = frozenset({Role.ADMIN, Role.SUPPORT})
"""Whoever is shown what teams have, whichever they are in."""


@dataclass(frozen=True, slots=True)
class Actor:
    """A signed-in person, as found active in the database when the request began."""

    org_id: OrgId
    person_id: PersonId
    role: Role
    team_id: TeamId | None
    subtree: frozenset[TeamId]
    """The caller's team and all teams below it."""
    session_id: str = ""
    device_id: str = ""
    locale: str = "en"
    """The language the person is addressed in."""
    stands_in_for: frozenset[PersonId] = frozenset()
    """Absent or leaving people whose leads and visits the caller works on meanwhile."""
    teams_above: frozenset[TeamId] = frozenset()
    scope: Scope = field(init=False, repr=False, compare=False)
    """What this person may see."""

    def __post_init__(self) -> None:
        seen = Scope(
            self.org_id,
            self.person_id,
            self.role,
            self.team_id,
            self.subtree,
            self.stands_in_for,
            self.teams_above,
        )
        object.__setattr__(self, "scope", seen)

    def can(self, capability: Capability) -> bool:
        """Whether the role includes the capability."""
        return capability in CAPABILITIES[self.role]


def audience(
    role: Role, team_id: TeamId | None, subtree: frozenset[TeamId], above: frozenset[TeamId]
) -> frozenset[TeamId] | None:
    """The teams to which something may be kept and still be for somebody with this place; None: any.

    Their own and those above it; for whoever leads teams also those below.
    """
    if role in SEES_ALL:
        return None
    own = frozenset({team_id} if team_id is not None else ())
    return own | above | (frozenset() if role is Role.REP else subtree)


@dataclass(frozen=True, slots=True)
class Scope:
    """What a read may return. Made from an Actor, or for the server's own work by `whole_organization`."""

    org_id: OrgId
    person_id: PersonId | None
    role: Role | None
    team_id: TeamId | None
    subtree: frozenset[TeamId]
    stands_in_for: frozenset[PersonId] = frozenset()
    teams_above: frozenset[TeamId] = frozenset()

    @classmethod
    def whole_organization(cls, org_id: OrgId) -> Scope:
        """For workers, importers and checks that no caller's answer depends on."""
        return cls(org_id, None, None, None, frozenset())

    @property
    def is_system(self) -> bool:
        """Whether the server itself is reading."""
        return self.role is None

    @property
    def audience(self) -> frozenset[TeamId] | None:
        """The teams to which something may be kept and still be for the caller; None: any."""
        return None if self.role is None else audience(self.role, self.team_id, self.subtree, self.teams_above)

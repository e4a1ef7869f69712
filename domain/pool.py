"""The shared pool: who may take an open lead that nobody has, how many, and when an untouched one goes back.

Pure; for resolvers/pool.py, resolvers/leads.py and workers/pool.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, ClassVar

from domain.calendar import DAY_S, known_zone, wall_span
from domain.ids import LeadId, OrgId, PersonId, TeamId
from domain.leads import Lead, assign
from domain.notices import Notice, NoticeKind, Priority, event_key, make_notice
from domain.people import Person, Team
from domain.refusals import InvalidInput, Refusal, VersionConflict
from domain.tenure import Tenure, TenureKind

EVERYBODY = "*"
"""The pool of leads that belong to no team."""
MAX_HOURS = 24 * 366
MAX_CLAIMS = 10_000


@dataclass(frozen=True, slots=True)
class PoolRules:
    """An organization's numbers. None for a limit of hours: leads of that kind may lie."""

    id: OrgId
    org_id: OrgId
    max_open_claims: int = 20
    max_claims_per_day: int = 10
    cool_down_h: int = 168
    claimed_untouched_h: int | None = 72
    assigned_untouched_h: int | None = None
    warn_before_h: int = 12
    version: int = 0
    updated_at: datetime | None = None
    updated_by: PersonId | None = None

    def untouched(self, kind: TenureKind) -> timedelta | None:
        """After how long without an activity a lead goes back."""
        hours = self.claimed_untouched_h if kind is TenureKind.CLAIMED else self.assigned_untouched_h
        return None if hours is None else timedelta(hours=hours)

    @property
    def warning(self) -> timedelta:
        """How long before that the owner is told."""
        return timedelta(hours=self.warn_before_h)


class ClaimLimit(StrEnum):
    """Which limit of claims is reached."""

    OPEN = "OPEN"
    DAY = "DAY"


@dataclass(frozen=True, slots=True)
class LeadTaken(Refusal):
    """Somebody was faster: the lead is no longer in the pool."""

    code: ClassVar[str] = "LEAD_TAKEN"
    id: str

    @property
    def message(self) -> str:
        return f"{self.id} was taken from the pool."


@dataclass(frozen=True, slots=True)
class ClaimLimitReached(Refusal):
    """The caller has claimed as many leads as the organization allows."""

    code: ClassVar[str] = "CLAIM_LIMIT_REACHED"
    limit: ClaimLimit
    allowed: int

    @property
    def message(self) -> str:
        return f"{self.allowed} claims are allowed ({self.limit})."


@dataclass(frozen=True, slots=True)
class CoolingDown(Refusal):
    """The caller had this lead not long ago; others come first for a while."""

    code: ClassVar[str] = "COOLING_DOWN"
    id: str
    until: datetime

    @property
    def message(self) -> str:
        return f"{self.id} can be claimed again from {self.until.isoformat()}."


@dataclass(frozen=True, slots=True)
class Claims:
    """What the caller has claimed so far, and when this lead last left them."""

    open: int
    today: int
    left_at: datetime | None = None


_FIELDS = {
    "max_open_claims": ("maxOpenClaims", 1, MAX_CLAIMS),
    "max_claims_per_day": ("maxClaimsPerDay", 1, MAX_CLAIMS),
    "cool_down_h": ("coolDownHours", 0, MAX_HOURS),
    "claimed_untouched_h": ("claimedUntouchedHours", 1, MAX_HOURS),
    "assigned_untouched_h": ("assignedUntouchedHours", 1, MAX_HOURS),
    "warn_before_h": ("warnBeforeHours", 1, MAX_HOURS),
}
_CLEARED = frozenset({"claimed_untouched_h", "assigned_untouched_h"})


def revise(
    rules: PoolRules, changes: Mapping[str, Any], expected_version: int, by_id: PersonId, now: datetime
) -> PoolRules | InvalidInput | VersionConflict:
    """The rules with `changes` (None clears a limit of hours) and the next version."""
    for name, value in changes.items():
        field, least, most = _FIELDS[name]
        if value is None and name not in _CLEARED:
            return InvalidInput(field, "cannot be cleared")
        if value is not None and not least <= value <= most:
            return InvalidInput(field, f"must be {least} to {most}")
    revised = replace(rules, **changes, version=rules.version + 1, updated_at=now, updated_by=by_id)
    for name in ("claimed_untouched_h", "assigned_untouched_h"):
        hours = getattr(revised, name)
        if hours is not None and hours <= revised.warn_before_h:
            return InvalidInput(_FIELDS[name][0], "must be more than warnBeforeHours")
    if rules.version != expected_version:
        return VersionConflict(rules.id, rules.version)
    return revised


def pool_of(lead: Lead) -> str | None:
    """The pool an open lead without an owner lies in."""
    if lead.owner_id is not None or not lead.is_open:
        return None
    return lead.team_id or EVERYBODY


def pools_seen(
    team_id: TeamId | None, subtree: frozenset[TeamId], sees_all: bool, teams: Mapping[TeamId, Team]
) -> list[str]:
    """The pools somebody may look into: those of their teams, of the teams above, and the organization's."""
    if sees_all:
        return sorted([EVERYBODY, *teams])
    seen: set[str] = {EVERYBODY, *subtree}
    above = team_id
    while above is not None and above in teams and (above == team_id or above not in seen):
        seen.add(above)
        above = teams[above].parent_id
    return sorted(seen)


def day_begins(person: Person, now: datetime) -> datetime:
    """The midnight before `now` where the person lives."""
    zone = known_zone(person.time_zone)
    return wall_span(zone, now.astimezone(zone).date(), 0, DAY_S)[0]


def claim(
    lead: Lead, person: Person, claims: Claims, rules: PoolRules, now: datetime
) -> Lead | ClaimLimitReached | CoolingDown:
    """The lead, which lies in the pool, in the hands of whoever claims it."""
    until = claims.left_at + timedelta(hours=rules.cool_down_h) if claims.left_at is not None else now
    if until > now:
        return CoolingDown(lead.id, until)
    if claims.open >= rules.max_open_claims:
        return ClaimLimitReached(ClaimLimit.OPEN, rules.max_open_claims)
    if claims.today >= rules.max_claims_per_day:
        return ClaimLimitReached(ClaimLimit.DAY, rules.max_claims_per_day)
    return held(assign(lead, person, now), TenureKind.CLAIMED, rules, now, pool_of(lead))


def held(lead: Lead, kind: TenureKind, rules: PoolRules, now: datetime, pool: str | None = None) -> Lead:
    """The lead with its owner's time beginning now."""
    assert lead.owner_id is not None
    untouched = rules.untouched(kind)
    look_at = None if untouched is None else now + untouched - rules.warning
    return replace(lead, tenure=Tenure(kind, lead.owner_id, now, look_at, pool=pool))


def give_back(lead: Lead, now: datetime) -> Lead:
    """The lead in the pool it was taken from, else in that of its team."""
    team_id = lead.team_id
    if lead.tenure is not None and lead.tenure.pool is not None:
        team_id = None if lead.tenure.pool == EVERYBODY else TeamId(lead.tenure.pool)
    return replace(
        lead,
        owner_id=None,
        team_id=team_id,
        tenure=None,
        pooled_at=now,
        version=lead.version + 1,
        updated_at=now,
    )


def look(lead: Lead, rules: PoolRules, now: datetime) -> Tenure | None:
    """The tenure after a look at a lead whose time has come; None where it goes back to the pool now.

    Every activity starts the time anew, a lead on hold waits, and nothing goes back before its owner has been told
    `warn_before_h` ahead, however long no worker ran. A new `warned_for` means that the owner is told now.
    """
    tenure = lead.tenure
    assert tenure is not None
    untouched = rules.untouched(tenure.kind)
    if untouched is None or tenure.owner_id != lead.owner_id:
        return replace(tenure, look_at=None)
    touched = [tenure.since, lead.last_activity_at, lead.last_contact_at, now if lead.held_at else None]
    due = max(each for each in touched if each is not None) + untouched
    if now < due - rules.warning:
        return replace(tenure, look_at=due - rules.warning)
    if tenure.warned_for is None or tenure.warned_for < due:
        told = max(due, now + rules.warning)
        return replace(tenure, look_at=told, warned_for=told)
    return None if now >= tenure.warned_for else replace(tenure, look_at=tenure.warned_for)


def returning_notice(lead: Lead, owner_id: PersonId, goes_at: datetime, now: datetime) -> Notice:
    """Tells the owner that the lead goes back unless something is done about it."""
    key = event_key(NoticeKind.LEAD_UNTOUCHED, lead.id, goes_at.isoformat())
    kind, priority = NoticeKind.LEAD_UNTOUCHED, Priority.HIGH
    return make_notice(lead.org_id, owner_id, kind, priority, key, now, lead_id=lead.id)


def returned_notice(lead: Lead, owner_id: PersonId, now: datetime) -> Notice:
    """Tells whoever had the lead that it is in the pool again."""
    key = event_key(NoticeKind.LEAD_RETURNED, lead.id, str(lead.version))
    kind, priority = NoticeKind.LEAD_RETURNED, Priority.NORMAL
    return make_notice(lead.org_id, owner_id, kind, priority, key, now, lead_id=LeadId(lead.id))

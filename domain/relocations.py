"""Proposals to move a site's pin: measured on the spot by whoever was there, approved by somebody else.

Used by resolvers/relocations.py. An approved one moves the pin from then on, so it never makes an earlier check-in
right: that is judged by the pin of its own time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import ClassVar

from domain.datum import to_wgs84
from domain.evidence import Evidence, evidence_problem
from domain.ids import AccountId, OrgId, PersonId, RelocationId, SiteId, TeamId
from domain.places import Datum, Point, distance_m
from domain.refusals import InvalidInput, Refusal, WrongState
from domain.sites import Site

FEWEST_FIXES, MOST_FIXES = 3, 20
MAX_ACCURACY_M = 30.0
MAX_SPREAD_M = 100.0
"""Fixes of one place lie no farther than this from their middle."""
MAX_LATE, MAX_EARLY = timedelta(hours=72), timedelta(minutes=2)
MAX_TEXT = 1_000


class RelocationState(StrEnum):
    """Whether somebody has decided."""

    PROPOSED = "PROPOSED"
    APPROVED = "APPROVED"
    REJECTED = "REJECTED"


@dataclass(frozen=True, slots=True)
class SpotFix:
    """A position measured at the place, as the phone gave it."""

    latitude: float
    longitude: float
    datum: Datum
    accuracy_m: float
    at: datetime


@dataclass(frozen=True, slots=True)
class SiteRelocation:
    """One proposal. `owner_id` made it; `team_id` is the site's, so that its managers read it."""

    id: RelocationId
    org_id: OrgId
    site_id: SiteId
    account_id: AccountId
    owner_id: PersonId
    team_id: TeamId | None
    state: RelocationState
    location: Point
    """The middle of the fixes."""
    moves_m: float
    fixes: tuple[SpotFix, ...]
    reason: str
    proposed_at: datetime
    location_version: int
    """The site's when it was proposed; a pin that has moved since is another question."""
    decided_by_id: PersonId | None = None
    decided_at: datetime | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class OwnProposal(Refusal):
    """Nobody decides on what they proposed themselves."""

    code: ClassVar[str] = "OWN_PROPOSAL"
    id: str

    @property
    def message(self) -> str:
        return f"{self.id} is your own; somebody else has to decide."


def propose(
    relocation_id: RelocationId,
    site: Site,
    fixes: Sequence[SpotFix],
    reason: str,
    by_id: PersonId,
    now: datetime,
) -> SiteRelocation | InvalidInput:
    """A proposal from at least three good fixes of different moments, close together."""
    problem = text_problem("reason", reason)
    if problem is not None:
        return problem
    if not FEWEST_FIXES <= len(fixes) <= MOST_FIXES:
        return InvalidInput("fixes", f"must be {FEWEST_FIXES} to {MOST_FIXES}")
    points: list[Point] = []
    for index, fix in enumerate(fixes):
        wrong = _fix_problem(fix, now)
        if wrong is not None:
            return InvalidInput(f"fixes.{index}.{wrong.field}", wrong.reason)
        points.append(to_wgs84(fix.latitude, fix.longitude, fix.datum).point)
    if len({fix.at for fix in fixes}) < len(fixes):
        return InvalidInput("fixes", "must be of different moments")
    middle = Point(
        sum(each.latitude for each in points) / len(points), sum(each.longitude for each in points) / len(points)
    )
    if any(distance_m(each, middle) > MAX_SPREAD_M for each in points):
        return InvalidInput("fixes", f"must lie within {MAX_SPREAD_M:.0f} m of their middle")
    return SiteRelocation(
        id=relocation_id,
        org_id=site.org_id,
        site_id=site.id,
        account_id=site.account_id,
        owner_id=by_id,
        team_id=site.team_id,
        state=RelocationState.PROPOSED,
        location=middle,
        moves_m=distance_m(site.location, middle),
        fixes=tuple(fixes),
        reason=reason.strip(),
        proposed_at=now,
        location_version=site.location_version,
    )


def decide(
    relocation: SiteRelocation, site: Site, by_id: PersonId, note: str | None, now: datetime, *, approve: bool
) -> SiteRelocation | InvalidInput | WrongState | OwnProposal:
    """The proposal as decided, once and by somebody else; the caller moves the pin of an approved one."""
    problem = text_problem("note", note) if note is not None else None
    if problem is not None:
        return problem
    if relocation.state is not RelocationState.PROPOSED:
        return WrongState(relocation.id, relocation.state)
    if relocation.owner_id == by_id:
        return OwnProposal(relocation.id)
    if approve and site.location_version != relocation.location_version:
        return WrongState(relocation.id, "SITE_MOVED")
    state = RelocationState.APPROVED if approve else RelocationState.REJECTED
    return replace(relocation, state=state, decided_by_id=by_id, decided_at=now, note=note)


def text_problem(field: str, text: str) -> InvalidInput | None:
    """Whether a reason is missing or too long."""
    if not text.strip() or len(text) > MAX_TEXT:
        return InvalidInput(field, f"must have 1 to {MAX_TEXT} characters")
    return None


def _fix_problem(fix: SpotFix, now: datetime) -> InvalidInput | None:
    found = evidence_problem(Evidence(fix.latitude, fix.longitude, fix.datum, fix.accuracy_m, fix.at))
    if found is not None:
        return InvalidInput("accuracyM" if found.field == "accuracy_m" else found.field, found.reason)
    if fix.accuracy_m > MAX_ACCURACY_M:
        return InvalidInput("accuracyM", f"must be {MAX_ACCURACY_M:.0f} m at the most")
    if not now - MAX_LATE <= fix.at <= now + MAX_EARLY:
        return InvalidInput("at", "must be within the last 72 hours")
    return None

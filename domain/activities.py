"""Activities: what was said and done about a lead, and which of it counts as a human contact.

Used by resolvers/activities.py, check-ins and the SLA watcher.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from domain.ids import ActivityId, LeadId, OrgId, PersonId, TeamId, VisitId
from domain.leads import Lead
from domain.notices import derived_id
from domain.visits import Visit, VisitOutcome

OLDEST = timedelta(hours=72)
"""How far back a phone may report what it did while it was offline."""
PROMPT = timedelta(seconds=120)
"""What is told so soon was told while it happened."""


class ActivityKind(StrEnum):
    """How the prospect was dealt with."""

    CALL = "CALL"
    EMAIL = "EMAIL"
    MESSAGE = "MESSAGE"
    MEETING = "MEETING"
    NOTE = "NOTE"
    VISIT = "VISIT"


class Direction(StrEnum):
    """Who began."""

    INBOUND = "INBOUND"
    OUTBOUND = "OUTBOUND"


class Evidence(StrEnum):
    """What an activity rests on."""

    CALL_LOG = "CALL_LOG"
    MESSAGE_ID = "MESSAGE_ID"
    VISIT = "VISIT"
    DECLARED = "DECLARED"


@dataclass(frozen=True, slots=True)
class Activity:
    """One thing done. `owner_id` and `team_id` follow the lead, so that its history is seen by whoever owns it now;
    `by_id` did it."""

    id: ActivityId
    org_id: OrgId
    lead_id: LeadId
    owner_id: PersonId | None
    team_id: TeamId | None
    by_id: PersonId | None
    kind: ActivityKind
    direction: Direction
    automatic: bool
    evidence: Evidence
    occurred_at: datetime
    created_at: datetime
    note: str | None = None
    evidence_ref: str | None = None
    visit_id: VisitId | None = None
    outcome: VisitOutcome | None = None
    next_step: str | None = None
    stage: str | None = None
    """Key of the lead's stage at the time."""
    covered: tuple[str, ...] = ()
    """Keys of what it covered; coaching rules look for them."""
    released_at: datetime | None = None
    released_by_id: PersonId | None = None
    """Who vouches for it where it was only declared, and late."""

    @property
    def is_proof(self) -> bool:
        """Whether it can show that a recorded breach was none: more than a late word of whoever logged it."""
        prompt = self.created_at - self.occurred_at <= PROMPT
        return prompt or self.evidence is not Evidence.DECLARED or self.released_at is not None


def of_visit(visit: Visit, lead: Lead, now: datetime) -> Activity:
    """What a visit that has its outcome is in the lead's history, always under the same id.

    One whose presence is not proved is a note: it is no contact.
    """
    assert visit.opened_at is not None
    return Activity(
        id=ActivityId(derived_id("act", visit.id)),
        org_id=lead.org_id,
        lead_id=lead.id,
        owner_id=lead.owner_id,
        team_id=lead.team_id,
        by_id=visit.owner_id,
        kind=ActivityKind.VISIT if visit.verified else ActivityKind.NOTE,
        direction=Direction.OUTBOUND,
        automatic=False,
        evidence=Evidence.VISIT,
        occurred_at=visit.opened_at,
        created_at=now,
        note=visit.note,
        visit_id=visit.id,
        outcome=visit.outcome,
        next_step=visit.next_step,
    )

"""Activities: what was said and done about a lead, and which of it counts as a human contact.

Used by resolvers/activities.py, check-ins and the SLA watcher.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from domain.ids import ActivityId, LeadId, OrgId, PersonId, TeamId, VisitId

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
    released_at: datetime | None = None
    released_by_id: PersonId | None = None
    """Who vouches for it where it was only declared, and late."""

    @property
    def is_proof(self) -> bool:
        """Whether it can show that a recorded breach was none: more than a late word of whoever logged it."""
        prompt = self.created_at - self.occurred_at <= PROMPT
        return prompt or self.evidence is not Evidence.DECLARED or self.released_at is not None

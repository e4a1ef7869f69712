"""The audit trail: who did what to which record, when and why. Written by resolvers/once.py, read by administrators."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from domain.access import Role
from domain.ids import AuditEntryId, OrgId, PersonId

KEEP: Final = timedelta(days=1_096)
"""Three years, as long as records of how personal data was handled have to be kept."""
MAX_REASON: Final = 1_000
AUDITED: Final = frozenset(
    {
        "invitePerson",
        "updatePerson",
        "deactivatePerson",
        "startDeparture",
        "issuePasswordReset",
        "createTeam",
        "updateTeam",
        "saveCalendar",
        "importHolidays",
        "saveSlaPolicy",
        "recalculateSla",
        "deactivateSlaPolicy",
        "saveAssignmentTable",
        "updatePoolRules",
        "saveSalesProcedure",
        "bypassGate",
        "releaseActivity",
        "releaseCheckIn",
        "overrideCheckIn",
        "sharePhone",
        "approveSiteLocation",
        "rejectSiteLocation",
        "mergeLeads",
        "publishConsentText",
        "replayDelivery",
        "replayDeadLetters",
        "saveBehaviourNorms",
        "saveAlertRules",
        "savePlanningPolicy",
        "saveVisitCadences",
        "saveNightRules",
        "saveCoachingRules",
        "saveArticlePolicy",
        "submitArticle",
        "returnArticle",
        "approveArticle",
        "publishArticle",
        "retireArticle",
        "discardArticleDraft",
        "saveSynonyms",
        "bindChannel",
        "unbindChannel",
        "exportMyData",
        "erasePerson",
    }
)
"""Mutations that leave an entry, in the transaction of what they do: whatever changes rules, rights or records for
others. A mutation joins with its name; `reason` or `note` of its input is kept with it."""


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One deed. Without an actor it was a command of whoever operates the server."""

    id: AuditEntryId
    org_id: OrgId
    at: datetime
    action: str
    actor_id: PersonId | None
    actor_role: Role | None
    record_id: str | None
    reason: str | None
    changed: tuple[str, ...] = ()
    """What was set: names, and values that are no personal data (`role=MANAGER`)."""


def reason_in(given: Mapping[str, Any]) -> str | None:
    """Why, where the input says so."""
    said = given.get("reason") or given.get("note")
    return said[:MAX_REASON] if isinstance(said, str) else None


def changed_in(given: Mapping[str, Any]) -> tuple[str, ...]:
    """What the input sets of a record; values of enums with it."""
    changes = given.get("changes")
    if not isinstance(changes, Mapping):
        return ()
    return tuple(
        f"{name}={changes[name].value}" if isinstance(changes[name], StrEnum) else str(name) for name in sorted(changes)
    )

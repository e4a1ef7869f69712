"""The customer timeline: which kinds of records it holds, and when each of them happened."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class EntryKind(StrEnum):
    """What an entry is."""

    ACCOUNT = "ACCOUNT"
    CONTACT = "CONTACT"
    LEAD = "LEAD"
    ACTIVITY = "ACTIVITY"
    VISIT = "VISIT"
    CHECK_IN = "CHECK_IN"
    NOTICE = "NOTICE"
    FILE = "FILE"


@dataclass(frozen=True, slots=True)
class Source:
    """Where entries of a kind come from: records whose `key` names the account or one of its leads, by `time`."""

    kind: EntryKind
    collection: str
    typename: str
    key: str
    time: str

    @property
    def of_leads(self) -> bool:
        """Whether its records belong to the account's leads rather than to the account."""
        return self.key == "lead_id"


ACCOUNT = Source(EntryKind.ACCOUNT, "accounts", "Account", "_id", "created_at")
SOURCES = (
    Source(EntryKind.CONTACT, "contacts", "Contact", "account_id", "created_at"),
    Source(EntryKind.LEAD, "leads", "Lead", "account_id", "occurred_at"),
    Source(EntryKind.ACTIVITY, "activities", "Activity", "lead_id", "occurred_at"),
    Source(EntryKind.VISIT, "visits", "Visit", "account_id", "scheduled_at"),
    Source(EntryKind.CHECK_IN, "check_ins", "CheckIn", "account_id", "event_at"),
    Source(EntryKind.NOTICE, "notices", "Notice", "lead_id", "created_at"),
    Source(EntryKind.FILE, "files", "File", "account_id", "uploaded_at"),
    Source(EntryKind.FILE, "files", "File", "lead_id", "uploaded_at"),
)
"""Beside the account. No record comes from two: a file is about a lead or belongs to an account, never both."""

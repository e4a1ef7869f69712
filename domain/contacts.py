"""Contacts: the people at an account and how they are reached; used by resolvers/contacts.py and lead conversion."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from domain.ids import AccountId, ContactId, OrgId, PersonId, TeamId
from domain.refusals import InvalidInput, VersionConflict

NAME_LENGTH = range(1, 201)
MAX_EMAIL = 254


@dataclass(frozen=True, slots=True)
class Contact:
    """A person at a customer; `team_id` is the account's, so that whoever sees the account sees its contacts."""

    id: ContactId
    org_id: OrgId
    account_id: AccountId
    name: str
    owner_id: PersonId | None
    team_id: TeamId | None
    created_at: datetime
    updated_at: datetime
    title: str | None = None
    phone: str | None = None
    email: str | None = None
    note: str | None = None
    version: int = 1


def problem_with(changes: Mapping[str, Any]) -> InvalidInput | None:
    """The first value that can never be accepted."""
    if "name" in changes and (changes["name"] is None or len(changes["name"].strip()) not in NAME_LENGTH):
        return InvalidInput("name", "must have 1 to 200 characters")
    for field in ("title", "phone"):
        if len(changes.get(field) or "") > 120:
            return InvalidInput(field, "must have at most 120 characters")
    if not is_email(changes.get("email")):
        return InvalidInput("email", "must be an e-mail address")
    if len(changes.get("note") or "") > 4000:
        return InvalidInput("note", "must have at most 4000 characters")
    return None


def is_email(value: str | None) -> bool:
    """Whether the value is absent or has the shape of an address; only a mail that arrives proves more."""
    if value is None:
        return True
    name, at, host = value.rpartition("@")
    return bool(name and at and host) and len(value) <= MAX_EMAIL and not any(each.isspace() for each in value)


def revise(
    contact: Contact, changes: Mapping[str, Any], expected_version: int | None, now: datetime
) -> Contact | InvalidInput | VersionConflict:
    """The contact with `changes` (None clears) and the next version."""
    if expected_version is not None and expected_version != contact.version:
        return VersionConflict(contact.id, contact.version)
    problem = problem_with(changes)
    if problem is not None:
        return problem
    return replace(contact, **changes, version=contact.version + 1, updated_at=now)

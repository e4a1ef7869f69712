"""Accounts (customers): who they are, how much they matter, and what may be changed; used by resolvers/accounts.py."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from domain.ids import AccountId, OrgId, PersonId, TeamId
from domain.refusals import InvalidInput, VersionConflict

NAME_LENGTH = range(1, 201)


class Tier(StrEnum):
    """How much an account or lead matters."""

    A = "A"
    B = "B"
    C = "C"


@dataclass(frozen=True, slots=True)
class Account:
    """A customer of the organization."""

    id: AccountId
    org_id: OrgId
    name: str
    tier: Tier
    owner_id: PersonId | None
    team_id: TeamId | None
    created_at: datetime
    updated_at: datetime
    external_id: str | None = None
    industry: str | None = None
    region: str | None = None
    phone: str | None = None
    note: str | None = None
    last_verified_visit_at: datetime | None = None
    version: int = 1


EDITABLE = frozenset({"name", "tier", "industry", "region", "phone", "note", "external_id"})


def problem_with(changes: Mapping[str, Any]) -> InvalidInput | None:
    """The first value that can never be accepted."""
    if "name" in changes and (changes["name"] is None or len(changes["name"].strip()) not in NAME_LENGTH):
        return InvalidInput("name", "must have 1 to 200 characters")
    if "tier" in changes and changes["tier"] is None:
        return InvalidInput("tier", "cannot be cleared")
    for field in ("industry", "region", "phone", "external_id"):
        if len(changes.get(field) or "") > 120:
            return InvalidInput(field, "must have at most 120 characters")
    if len(changes.get("note") or "") > 4000:
        return InvalidInput("note", "must have at most 4000 characters")
    return None


def revise(
    account: Account, changes: Mapping[str, Any], expected_version: int | None, now: datetime
) -> Account | InvalidInput | VersionConflict:
    """The account with `changes` (a subset of EDITABLE; None clears) and the next version."""
    if expected_version is not None and expected_version != account.version:
        return VersionConflict(account.id, account.version)
    problem = problem_with(changes)
    if problem is not None:
        return problem
    return replace(account, **changes, version=account.version + 1, updated_at=now)

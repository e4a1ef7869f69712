"""Letting one lead past one gate all the same: asked for with a reason, approved by somebody else, kept for good."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from domain.accounts import Tier
from domain.ids import GateBypassId, LeadId, OrgId, PersonId, TeamId
from domain.refusals import InvalidInput, Refusal, WrongState

MAX_REASON = 1_000


class BypassState(StrEnum):
    """Whether somebody has approved it."""

    REQUESTED = "REQUESTED"
    APPROVED = "APPROVED"


@dataclass(frozen=True, slots=True)
class GateBypass:
    """One exception. `owner_id` asked for it; `team_id` is the lead's, so that its managers read it."""

    id: GateBypassId
    org_id: OrgId
    lead_id: LeadId
    tier: Tier
    stage: str
    reason: str
    owner_id: PersonId
    team_id: TeamId | None
    state: BypassState
    requested_at: datetime
    approver_id: PersonId | None = None
    approved_at: datetime | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class SelfApproval(Refusal):
    """Who asks for an exception cannot approve it."""

    code: ClassVar[str] = "SELF_APPROVAL"
    id: str

    @property
    def message(self) -> str:
        return f"{self.id} must be approved by somebody else."


def text_problem(field: str, text: str) -> InvalidInput | None:
    """Whether a reason is missing or too long."""
    if not text.strip() or len(text) > MAX_REASON:
        return InvalidInput(field, f"must have 1 to {MAX_REASON} characters")
    return None


def approve(
    bypass: GateBypass, approver: PersonId, note: str | None, now: datetime
) -> GateBypass | SelfApproval | WrongState | InvalidInput:
    """The exception as approved, once and by another person."""
    if note is not None and (problem := text_problem("note", note)) is not None:
        return problem
    if bypass.state is not BypassState.REQUESTED:
        return WrongState(bypass.id, bypass.state)
    if approver == bypass.owner_id:
        return SelfApproval(bypass.id)
    return replace(bypass, state=BypassState.APPROVED, approver_id=approver, approved_at=now, note=note)

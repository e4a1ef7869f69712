"""Putting a lead on hold, during which none of its promises count time; used by resolvers/holds.py."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from domain.leads import Lead
from domain.refusals import InvalidInput, WrongState

REASON_LENGTH = range(1, 121)
HELD = "HELD"
NOT_HELD = "NOT_HELD"


def hold(lead: Lead, reason: str, now: datetime) -> Lead | InvalidInput | WrongState:
    """The open lead on hold from now, for a reason."""
    if len(reason.strip()) not in REASON_LENGTH:
        return InvalidInput("reason", "must have 1 to 120 characters")
    if not lead.is_open:
        return WrongState(lead.id, lead.stage_kind.value)
    if lead.held_at is not None:
        return WrongState(lead.id, HELD)
    return replace(lead, held_at=now, hold_reason=reason.strip(), version=lead.version + 1, updated_at=now)


def resume(lead: Lead, now: datetime) -> Lead | WrongState:
    """The lead as before its hold."""
    if lead.held_at is None:
        return WrongState(lead.id, NOT_HELD)
    return replace(lead, held_at=None, hold_reason=None, version=lead.version + 1, updated_at=now)

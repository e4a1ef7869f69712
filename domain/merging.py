"""Two leads that turn out to be one: what the surviving one takes over, and how the other ends.

Used by resolvers/merging.py; which clock survives is decided here too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from domain.leads import Lead, Stage, StageKind
from domain.refusals import InvalidInput, WrongState
from domain.sla import Clock, ClockState

REASON = "merged"
_FILLED = (
    "source",
    "region",
    "product_line",
    "account_id",
    "contact_id",
    "site_id",
    "contact_name",
    "phone",
    "email",
    "note",
)
_CLOSED = (StageKind.DISQUALIFIED, StageKind.LOST, StageKind.WON)


def merge(
    survivor: Lead, other: Lead, stages: Sequence[Stage], now: datetime
) -> tuple[Lead, Lead] | InvalidInput | WrongState:
    """The surviving lead with what only the other knew, and the other as it ends; both must be open."""
    if survivor.id == other.id:
        return InvalidInput("mergedLeadId", "is the surviving lead")
    for lead in (survivor, other):
        if not lead.is_open:
            return WrongState(lead.id, lead.stage_kind.value)
    taken = {name: getattr(other, name) for name in _FILLED if getattr(survivor, name) is None}
    if survivor.estimated_value is None:
        taken |= {"estimated_value": other.estimated_value, "currency": other.currency}
    if survivor.owner_id is None:
        taken |= {"owner_id": other.owner_id, "team_id": other.team_id}
    kept = replace(
        survivor,
        **taken,
        occurred_at=min(survivor.occurred_at, other.occurred_at),
        assigned_at=_earliest(survivor.assigned_at, other.assigned_at),
        last_activity_at=_latest(survivor.last_activity_at, other.last_activity_at),
        last_contact_at=_latest(survivor.last_contact_at, other.last_contact_at),
        version=survivor.version + 1,
        updated_at=now,
    )
    end = next((stage for kind in _CLOSED for stage in stages if stage.kind is kind), None)
    ended = replace(
        other,
        stage=other.stage if end is None else end.key,
        stage_kind=StageKind.DISQUALIFIED if end is None else end.kind,
        lost_reason=REASON,
        closed_at=now,
        merged_into_id=survivor.id,
        held_at=None,
        hold_reason=None,
        sla_due_at=None,
        red_flag=False,
        red_since=None,
        version=other.version + 1,
        updated_at=now,
    )
    return kept, ended


def begins_first(one: Clock | None, other: Clock | None) -> bool:
    """Whether `one` is the clock that goes on where both measure the same: the one with the earliest start."""
    if one is None or other is None:
        return one is not None
    if (one.state is ClockState.CANCELLED) is not (other.state is ClockState.CANCELLED):
        return other.state is ClockState.CANCELLED
    if not one.cycles or not other.cycles:
        return bool(one.cycles) or not other.cycles
    return one.cycles[0].started_at <= other.cycles[0].started_at


def _earliest(one: datetime | None, other: datetime | None) -> datetime | None:
    return min((each for each in (one, other) if each is not None), default=None)


def _latest(one: datetime | None, other: datetime | None) -> datetime | None:
    return max((each for each in (one, other) if each is not None), default=None)

"""Deliveries and the surveys that follow them on a lead that was won; used by resolvers/satisfaction.py."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from domain.leads import AHEAD, Lead, StageKind
from domain.refusals import InvalidInput, WrongState

SCORES = range(11)
COMMENT_LENGTH = 4_000
NOT_DELIVERED = "NOT_DELIVERED"
DELIVERED = "DELIVERED"
SURVEYED = "SURVEYED"


@dataclass(frozen=True, slots=True)
class Survey:
    """What a customer answered, now or `submitted_at`: from 0 (would warn others) to 10 (would recommend us)."""

    score: int
    comment: str | None = None
    submitted_at: datetime | None = None


def deliver(lead: Lead, delivered_at: datetime, now: datetime) -> Lead | InvalidInput | WrongState:
    """The won lead with its delivery; there is one."""
    if delivered_at > now + AHEAD:
        return InvalidInput("deliveredAt", "lies in the future")
    if lead.stage_kind is not StageKind.WON:
        return WrongState(lead.id, lead.stage_kind.value)
    if lead.delivered_at is not None:
        return WrongState(lead.id, DELIVERED)
    return replace(lead, delivered_at=min(delivered_at, now), version=lead.version + 1, updated_at=now)


def answer(lead: Lead, survey: Survey, now: datetime) -> Lead | InvalidInput | WrongState:
    """The delivered lead with what its customer said; the first answer stays."""
    if survey.score not in SCORES:
        return InvalidInput("score", "must be 0 to 10")
    if len(survey.comment or "") > COMMENT_LENGTH:
        return InvalidInput("comment", f"must have at most {COMMENT_LENGTH} characters")
    submitted_at = survey.submitted_at or now
    if submitted_at > now + AHEAD:
        return InvalidInput("submittedAt", "lies in the future")
    if lead.delivered_at is None:
        return WrongState(lead.id, NOT_DELIVERED)
    if lead.surveyed_at is not None:
        return WrongState(lead.id, SURVEYED)
    if submitted_at < lead.delivered_at:
        return InvalidInput("submittedAt", "lies before the delivery")
    return replace(
        lead,
        surveyed_at=min(submitted_at, now),
        survey_score=survey.score,
        survey_comment=survey.comment,
        version=lead.version + 1,
        updated_at=now,
    )

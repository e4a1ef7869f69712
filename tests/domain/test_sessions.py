"""What a refresh token is worth, as a table."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from domain.ids import OrgId, PersonId
from domain.sessions import (
    LOST_ANSWER,
    Exchange,
    Session,
    SessionId,
    SessionState,
    SignInRules,
    judge_refresh,
    rotate,
)

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
RULES = SignInRules(idle_s=3600, attempts=10, window_s=900)
FRESH = Session(
    SessionId("ses_1"),
    OrgId("org_1"),
    PersonId("per_1"),
    SessionState.ACTIVE,
    "first",
    NOW,
    NOW,
    NOW + timedelta(hours=1),
)
ROTATED = rotate(FRESH, "second", "phone and key", NOW, RULES)
TWICE = rotate(ROTATED, "third", "phone and other key", NOW, RULES)
LATE = NOW + LOST_ANSWER + timedelta(milliseconds=1)


@pytest.mark.parametrize(
    ("session", "presented", "caller", "at", "verdict"),
    [
        (None, "first", "x", NOW, Exchange.ENDED),
        (FRESH, "first", "x", NOW, Exchange.ROTATE),
        (FRESH, "first", "x", NOW + timedelta(hours=1), Exchange.ENDED),
        (replace(FRESH, state=SessionState.ENDED), "first", "x", NOW, Exchange.ENDED),
        (FRESH, "unknown", "x", NOW, Exchange.REUSED),
        (ROTATED, "second", "anything", LATE, Exchange.ROTATE),
        (ROTATED, "first", "phone and key", NOW, Exchange.REPEAT),
        (ROTATED, "first", "phone and key", NOW + LOST_ANSWER, Exchange.REPEAT),
        (ROTATED, "first", "phone and key", LATE, Exchange.REUSED),
        (ROTATED, "first", "other phone", NOW, Exchange.REUSED),
        (TWICE, "first", "phone and key", NOW, Exchange.REUSED),
        (TWICE, "second", "phone and other key", NOW, Exchange.REPEAT),
    ],
)
def test_judge_refresh(session: Session | None, presented: str, caller: str, at: datetime, verdict: Exchange) -> None:
    assert judge_refresh(session, presented, caller, at) is verdict


def test_rotate_moves_the_idle_end() -> None:
    moved = rotate(FRESH, "second", "phone and key", NOW + timedelta(minutes=50), RULES)
    assert moved.expires_at == NOW + timedelta(minutes=110)
    assert (moved.spent_digest, moved.token_digest, moved.spent_by) == ("first", "second", "phone and key")

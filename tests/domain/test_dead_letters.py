"""Dead letters: which deliveries are, and the row that replays one."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from domain.dead_letters import HELD_TOO_LONG_S, is_dead_letter, replay
from domain.deliveries import Delivery, DeliveryState, is_claimable, make_delivery
from domain.ids import DeviceId, OrgId, PersonId
from domain.notices import NoticeKind, Priority, make_notice

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
LATER = NOW + timedelta(hours=2)
S = DeliveryState


def dead(state: DeliveryState = S.EXPIRED) -> Delivery:
    notice = make_notice(OrgId("org_1"), PersonId("per_1"), NoticeKind.SLA_BREACHED, Priority.CRITICAL, "key", NOW)
    row = make_delivery(notice, "fcm", DeviceId("dev_1"), NOW, rank=1)
    return replace(row, state=state, attempts=7, fence=7, finished_at=NOW, last_error="RETRY: HTTP 503")


@pytest.mark.parametrize("state", list(S))
def test_expired_and_poison_are_dead_letters(state: DeliveryState) -> None:
    assert is_dead_letter(dead(state), NOW) is (state in {S.EXPIRED, S.POISON})


@pytest.mark.parametrize(("seconds", "stuck"), [(HELD_TOO_LONG_S, False), (HELD_TOO_LONG_S + 0.001, True)])
def test_held_for_longer_than_15_minutes_is_a_dead_letter(seconds: float, stuck: bool) -> None:
    held = replace(dead(S.CONFIG_HOLD), finished_at=None, held_since=NOW + timedelta(minutes=1))
    assert is_dead_letter(held, NOW + timedelta(minutes=1, seconds=seconds)) is stuck


def test_replay_is_a_new_row_with_all_its_time() -> None:
    old = dead()
    kept, again = replay(old, LATER)
    assert kept is old, "final rows never reopen"
    assert (again.generation, again.replay_of, again.attempts, again.fence, again.rank) == (1, old.id, 0, 0, 0)
    assert (again.created_at, again.finished_at, again.last_error) == (LATER, None, None)
    assert again.deadline_at == LATER + timedelta(minutes=60)
    assert is_claimable(again, LATER)
    assert replay(old, LATER)[1].id == again.id != old.id
    _, third = replay(replace(again, state=S.POISON), LATER)
    assert (third.generation, third.replay_of) == (2, again.id)
    assert len({old.id, again.id, third.id}) == 3


def test_replay_of_a_held_row_cancels_it() -> None:
    held = replace(dead(S.CONFIG_HOLD), finished_at=None, held_since=NOW)
    kept, again = replay(held, LATER)
    assert (kept.state, kept.last_error, again.state, again.held_since) == (S.CANCELLED, "replayed", S.PENDING, None)


@pytest.mark.parametrize("state", sorted(set(S) - {S.EXPIRED, S.POISON, S.CONFIG_HOLD}))
def test_replay_needs_a_dead_letter(state: DeliveryState) -> None:
    with pytest.raises(ValueError, match="no dead letter"):
        replay(dead(state), LATER)

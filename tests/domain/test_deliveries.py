"""Outbox rows: claiming, completing, giving up, and that nothing final is sent again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.deliveries import (
    CLAIMABLE,
    FINAL,
    OPEN,
    Delivery,
    DeliveryState,
    Outcome,
    SendResult,
    after_result,
    cancel,
    defer,
    delivery_id,
    digest,
    end_deferral,
    expire,
    give_up,
    is_claimable,
    lease,
    make_delivery,
    mark_opened,
    mark_received,
    postpone,
    release,
    retry_delay_s,
)
from domain.ids import DeviceId, NoticeId, OrgId, PersonId, is_id
from domain.notices import NoticeKind, Priority, make_notice

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
S = DeliveryState


def pending(priority: Priority = Priority.CRITICAL) -> Delivery:
    notice = make_notice(OrgId("org_1"), PersonId("per_1"), NoticeKind.SLA_BREACHED, priority, "key", NOW)
    return make_delivery(notice, "fcm", DeviceId("dev_1"), NOW)


def leased() -> Delivery:
    return lease(pending(), "worker-1", NOW)


def at(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def in_state(state: DeliveryState) -> Delivery:
    if state is S.LEASED:
        return leased()
    finished_at = NOW if state in FINAL else None
    return replace(pending(), state=state, attempts=1, fence=1, finished_at=finished_at)


def test_delivery_id_is_derived() -> None:
    notice, device = NoticeId("ntc_1"), DeviceId("dev_1")
    same = delivery_id(notice, "fcm", device)
    assert same == delivery_id(notice, "fcm", device)
    assert is_id("dlv", same)
    others = {
        delivery_id(NoticeId("ntc_2"), "fcm", device),
        delivery_id(notice, "console", device),
        delivery_id(notice, "fcm", None),
        delivery_id(notice, "fcm", device, 1),
        delivery_id(notice, "fcm", device, 2),
    }
    assert len(others | {same}) == 6


@pytest.mark.parametrize("priority", list(Priority))
def test_make_delivery_is_due_until_its_deadline(priority: Priority) -> None:
    delivery = pending(priority)
    assert is_claimable(delivery, NOW)
    assert delivery.deadline_at - NOW == timedelta(seconds=priority.deadline_s)
    assert (delivery.attempts, delivery.fence) == (0, 0)


def test_states_are_grouped_completely() -> None:
    assert set(S) == OPEN | FINAL
    assert not OPEN & FINAL
    assert CLAIMABLE.issubset(OPEN)


@pytest.mark.parametrize("state", list(S))
def test_lease_only_what_is_claimable(state: DeliveryState) -> None:
    delivery = in_state(state)
    if state in CLAIMABLE:
        held = lease(delivery, "w", NOW, lease_s=60)
        assert (held.state, held.lease_owner, held.lease_until) == (S.LEASED, "w", at(60))
        assert (held.attempts, held.fence) == (delivery.attempts + 1, delivery.fence + 1)
    else:
        with pytest.raises(ValueError, match=state.value):
            lease(delivery, "w", NOW)


def test_lease_not_before_it_is_due() -> None:
    with pytest.raises(ValueError, match="due at"):
        lease(replace(pending(), next_at=at(1)), "w", NOW)


def test_release_is_due_at_once_and_the_next_claim_has_a_new_fence() -> None:
    back = release(leased(), at(61))
    assert (back.state, back.next_at, back.lease_owner, back.lease_until) == (S.PENDING, at(61), None, None)
    assert lease(back, "worker-2", at(61)).fence == 2


@pytest.mark.parametrize(
    ("attempt", "retry_after_s", "jitter", "delay_s"),
    [
        (1, None, 1.0, 10),
        (1, None, 0.5, 5),
        (2, None, 1.0, 20),
        (5, None, 1.0, 160),
        (6, None, 1.0, 300),
        (6, None, 0.5, 150),
        (10_000, None, 1.0, 300),
        (1, 60.0, 1.0, 60),
        (6, 60.0, 1.0, 300),
        (1, 0.0, 1.0, 10),
    ],
)
def test_retry_delay(attempt: int, retry_after_s: float | None, jitter: float, delay_s: float) -> None:
    assert retry_delay_s(attempt, retry_after_s, jitter) == delay_s


@pytest.mark.parametrize(("attempt", "jitter"), [(0, 1.0), (1, 0.4), (1, 1.1), (1, float("nan"))])
def test_retry_delay_refuses(attempt: int, jitter: float) -> None:
    with pytest.raises(ValueError, match=r"jitter|attempts"):
        retry_delay_s(attempt, None, jitter)


@pytest.mark.parametrize(
    ("outcome", "state", "next_at", "finished"),
    [
        (Outcome.ACCEPTED, S.SENT, NOW, True),
        (Outcome.RETRY, S.PENDING, at(11), False),
        (Outcome.AMBIGUOUS, S.PENDING, at(11), False),
        (Outcome.THROTTLED, S.PENDING, at(11), False),
        (Outcome.HELD, S.PENDING, at(2), False),
        (Outcome.DEAD_TARGET, S.DEAD_TARGET, NOW, True),
        (Outcome.POISON, S.POISON, NOW, True),
        (Outcome.CONFIG, S.CONFIG_HOLD, at(61), False),
    ],
)
def test_after_result(outcome: Outcome, state: DeliveryState, next_at: datetime, finished: bool) -> None:
    result = SendResult(outcome, detail="why", provider_message_id="m" if outcome is Outcome.ACCEPTED else None)
    done = after_result(leased(), result, at(1), 1.0)
    assert (done.state, done.next_at) == (state, next_at)
    assert done.finished_at == (at(1) if finished else None)
    assert (done.lease_owner, done.lease_until, done.fence) == (None, None, 1)
    assert done.last_error == (None if outcome is Outcome.ACCEPTED else f"{outcome}: why")
    assert done.provider_message_id == result.provider_message_id


@pytest.mark.parametrize("outcome", [Outcome.RETRY, Outcome.AMBIGUOUS, Outcome.THROTTLED, Outcome.HELD, Outcome.CONFIG])
@pytest.mark.parametrize(("retry_after_s", "state"), [(3_599.0, None), (3_600.0, S.EXPIRED), (1e300, S.EXPIRED)])
def test_after_result_past_the_deadline_is_expired(
    outcome: Outcome, retry_after_s: float, state: DeliveryState | None
) -> None:
    done = after_result(leased(), SendResult(outcome, retry_after_s=retry_after_s), NOW, 1.0)
    assert (done.state is S.EXPIRED) is (state is S.EXPIRED)
    assert (done.finished_at is not None) is (state is S.EXPIRED)
    assert done.last_error == outcome.value


@pytest.mark.parametrize("state", sorted(set(S) - {S.LEASED}))
def test_after_result_needs_the_lease(state: DeliveryState) -> None:
    with pytest.raises(ValueError, match="not LEASED"):
        after_result(in_state(state), SendResult(Outcome.ACCEPTED), NOW, 1.0)
    with pytest.raises(ValueError, match="not LEASED"):
        release(in_state(state), NOW)


@pytest.mark.parametrize("state", list(S))
def test_expire_only_open_rows_past_the_deadline(state: DeliveryState) -> None:
    delivery = in_state(state)
    assert expire(delivery, at(3_599)) is delivery
    runs = state in OPEN and state is not S.DEFERRED
    assert (expire(delivery, at(3_600)).state is S.EXPIRED) is (runs or state is S.EXPIRED)


@pytest.mark.parametrize("state", list(S))
def test_cancel_fences_off_what_is_in_flight(state: DeliveryState) -> None:
    delivery = in_state(state)
    cancelled = cancel(delivery, "acknowledged", at(1))
    if state in OPEN:
        assert (cancelled.state, cancelled.last_error, cancelled.finished_at) == (S.CANCELLED, "acknowledged", at(1))
        assert cancelled.fence == delivery.fence + 1
    else:
        assert cancelled is delivery


@pytest.mark.parametrize("state", [S.DEAD_TARGET, S.POISON])
def test_give_up_before_sending(state: DeliveryState) -> None:
    ended = give_up(leased(), state, "device is gone", at(1))
    assert (ended.state, ended.last_error, ended.finished_at) == (state, "device is gone", at(1))
    sent = in_state(S.SENT)
    assert give_up(sent, state, "late", NOW) is sent


def test_give_up_has_two_reasons() -> None:
    with pytest.raises(ValueError, match="another way"):
        give_up(leased(), S.SENT, "x", NOW)


def test_received_then_opened() -> None:
    sent = after_result(leased(), SendResult(Outcome.ACCEPTED), at(1), 1.0)
    received = mark_received(sent, at(2))
    opened = mark_opened(received, at(3))
    assert (received.state, received.received_at, received.finished_at) == (S.RECEIVED, at(2), at(1))
    assert (opened.state, opened.received_at, opened.opened_at) == (S.OPENED, at(2), at(3))
    assert mark_opened(sent, at(3)).received_at == at(3)
    assert mark_received(opened, at(9)) is opened
    assert mark_opened(opened, at(9)) is opened


def test_received_after_a_lost_answer_stops_the_retry() -> None:
    waiting = after_result(leased(), SendResult(Outcome.AMBIGUOUS), at(1), 1.0)
    received = mark_received(waiting, at(2))
    assert (received.state, received.finished_at, received.fence) == (S.RECEIVED, at(2), 2)
    assert not is_claimable(received, at(9_999))


def test_received_is_not_believed_before_any_attempt() -> None:
    delivery = pending()
    assert mark_received(delivery, NOW) is delivery


@pytest.mark.parametrize("state", list(S))
def test_defer_what_is_open(state: DeliveryState) -> None:
    delivery = in_state(state)
    deferred = defer(delivery, at(7_200))
    if state in OPEN - {S.DEFERRED}:
        assert (deferred.state, deferred.next_at, deferred.lease_owner) == (S.DEFERRED, at(7_200), None)
        assert not is_claimable(deferred, at(7_200))
    else:
        assert deferred is delivery


@pytest.mark.parametrize("priority", list(Priority))
def test_deadline_counts_from_the_end_of_the_deferral(priority: Priority) -> None:
    deferred = defer(pending(priority), at(9 * 3_600))
    assert end_deferral(deferred, at(9 * 3_600 - 0.001)) is deferred
    due = end_deferral(deferred, at(9 * 3_600 + 2))
    assert (due.state, due.next_at, due.deadline_counts_from) == (S.PENDING, at(9 * 3_600 + 2), at(9 * 3_600 + 2))
    assert due.deadline_at - due.deadline_counts_from == timedelta(seconds=priority.deadline_s)
    assert end_deferral(due, at(99_999)) is due
    assert pending().deadline_counts_from == NOW


@pytest.mark.parametrize("state", list(S))
def test_digest_ends_what_is_open_and_fences_off_what_is_in_flight(state: DeliveryState) -> None:
    delivery, into = in_state(state), NoticeId("ntc_digest")
    told = digest(delivery, into, at(1))
    if state in OPEN:
        assert (told.state, told.digest_id, told.finished_at) == (S.DIGESTED, into, at(1))
        assert told.fence == delivery.fence + 1
    else:
        assert told is delivery


def test_postpone_never_past_the_deadline() -> None:
    assert postpone(pending(), at(30)).next_at == at(30)
    assert postpone(pending(), at(99_999)).next_at == pending().deadline_at
    late = replace(pending(), next_at=at(4_000))
    assert postpone(late, at(99_999)).next_at == at(4_000)
    with pytest.raises(ValueError, match="not claimable"):
        postpone(leased(), at(30))


def test_held_since_the_first_of_several_refusals_of_our_configuration() -> None:
    held = after_result(leased(), SendResult(Outcome.CONFIG), at(1), 1.0)
    again = after_result(lease(held, "w", at(61)), SendResult(Outcome.CONFIG), at(62), 1.0)
    assert (held.held_since, again.held_since) == (at(1), at(1))
    retried = after_result(lease(again, "w", at(122)), SendResult(Outcome.RETRY), at(123), 1.0)
    assert retried.held_since is None


STEPS: dict[str, Callable[[Delivery, datetime], Delivery]] = {
    "lease": lambda row, now: lease(row, "w", now) if is_claimable(row, now) else row,
    "release": lambda row, now: release(row, now) if row.state is S.LEASED else row,
    "expire": expire,
    "cancel": lambda row, now: cancel(row, "done", now),
    "received": mark_received,
    "opened": mark_opened,
    "defer": lambda row, now: defer(row, now + timedelta(seconds=100)),
    "end deferral": end_deferral,
    "digest": lambda row, now: digest(row, NoticeId("ntc_digest"), now),
    "postpone": lambda row, now: postpone(row, now) if row.state in CLAIMABLE else row,
} | {
    outcome.value: lambda row, now, outcome=outcome: (
        after_result(row, SendResult(outcome), now, 1.0) if row.state is S.LEASED else row
    )
    for outcome in Outcome
}


@given(st.lists(st.tuples(st.sampled_from(sorted(STEPS)), st.integers(0, 400)), max_size=30))
def test_any_history_keeps_the_rules(steps: list[tuple[str, int]]) -> None:
    row, now = pending(), NOW
    for name, seconds in steps:
        now += timedelta(seconds=seconds)
        before, row = row, STEPS[name](row, now)
        assert row.fence >= before.fence
        assert (row.lease_owner is not None) is (row.lease_until is not None) is (row.state is S.LEASED)
        assert (row.finished_at is not None) is (row.state in FINAL)
        if before.state in FINAL:
            assert row.state in FINAL, "final rows never reopen"
            assert row.finished_at == before.finished_at
            assert row.state is before.state or row.state in {S.RECEIVED, S.OPENED}

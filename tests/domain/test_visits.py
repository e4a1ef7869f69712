"""The life of a visit as tables: which step is possible from which state, and what a dwell is worth."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.accounts import Tier
from domain.ids import AccountId, CheckInId, LeadId, OrgId, PersonId, SiteId, VisitId
from domain.refusals import InvalidInput, Refusal, VersionConflict, WrongState
from domain.visits import (
    DEFAULT_LENGTH,
    LONGEST_OPEN,
    LONGEST_PLANNED,
    MAX_AHEAD,
    MAX_LATE,
    MISSED_GRACE,
    OUTCOME_WAIT,
    Visit,
    VisitKind,
    VisitOutcome,
    VisitState,
    arrive,
    cancel,
    close_forgotten,
    confirm,
    leave,
    miss,
    missed_after,
    reschedule,
    window,
)

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
CHECK_IN = CheckInId("chk_1")


def a_visit(state: VisitState = VisitState.PLANNED, tier: Tier = Tier.B) -> Visit:
    planned = Visit(
        id=VisitId("vis_1"),
        org_id=OrgId("org_1"),
        site_id=SiteId("sit_1"),
        account_id=AccountId("acc_1"),
        owner_id=PersonId("per_1"),
        team_id=None,
        kind=VisitKind.APPOINTMENT,
        state=state,
        tier=tier,
        scheduled_at=NOW,
        created_at=NOW,
        updated_at=NOW,
        planned_start_at=NOW,
        planned_end_at=NOW + DEFAULT_LENGTH,
    )
    if state is VisitState.PLANNED:
        return replace(planned, missed_after=NOW + DEFAULT_LENGTH + MISSED_GRACE)
    if state in {VisitState.OPEN, VisitState.AUTO_CLOSED}:
        opened = replace(planned, opened_at=NOW, arrived_inside=True, last_inside_at=NOW, last_check_in_id=CHECK_IN)
        if state is VisitState.OPEN:
            return replace(opened, auto_close_at=NOW + LONGEST_OPEN)
        closed_at = NOW + LONGEST_OPEN
        return replace(opened, closed_at=closed_at, auto_close_at=closed_at + OUTCOME_WAIT, auto_closed=True)
    return planned


def left(
    visit: Visit, after: timedelta, *inside: timedelta, proved: bool = True, disproved: bool = False
) -> Visit | Refusal:
    """Checked out after so long; `inside` is when fixes were inside, by default at the end."""
    fixes = [NOW + each for each in (inside or (after,))] if proved else []
    at = NOW + after
    return leave(visit, at, VisitOutcome.ORDER, "call", None, at, inside_at=fixes, disproved=disproved)


@pytest.mark.parametrize(
    ("tier", "dwell", "state"),
    [
        (Tier.A, 10 * MINUTE, VisitState.DONE),
        (Tier.A, 10 * MINUTE - timedelta(milliseconds=1), VisitState.TOUCH),
        (Tier.B, 5 * MINUTE, VisitState.DONE),
        (Tier.B, 5 * MINUTE - timedelta(milliseconds=1), VisitState.TOUCH),
        (Tier.C, 5 * MINUTE, VisitState.DONE),
        (Tier.C, timedelta(0), VisitState.TOUCH),
    ],
)
def test_leave_dwell(tier: Tier, dwell: timedelta, state: VisitState) -> None:
    ended = left(a_visit(VisitState.OPEN, tier), dwell)
    assert isinstance(ended, Visit)
    assert (ended.state, ended.verified, ended.auto_close_at) == (state, state is VisitState.DONE, None)
    assert (ended.outcome, ended.next_step, ended.version) == (VisitOutcome.ORDER, "call", 2)


@pytest.mark.parametrize(
    ("tier", "inside", "verified"),
    [
        (Tier.B, [5 * MINUTE], True),
        (Tier.B, [5 * MINUTE - timedelta(milliseconds=1)], False),
        (Tier.A, [10 * MINUTE], True),
        (Tier.A, [10 * MINUTE - timedelta(milliseconds=1)], False),
        (Tier.B, [MINUTE, 6 * MINUTE, 2 * MINUTE], True),
        (Tier.B, [21 * MINUTE], False),
        (Tier.B, [], False),
    ],
)
def test_leave_is_verified_by_evidence_that_spans_the_stay(tier: Tier, inside: list[timedelta], verified: bool) -> None:
    ended = left(a_visit(VisitState.OPEN, tier), 20 * MINUTE, *inside, proved=bool(inside))
    assert isinstance(ended, Visit)
    assert (ended.state, ended.verified) == (VisitState.DONE, verified)
    assert ended.lacks_proof is not verified


def test_leave_unproved_presence_is_done_and_not_verified() -> None:
    unproved = left(replace(a_visit(VisitState.OPEN), arrived_inside=False), 20 * MINUTE)
    made_up = left(a_visit(VisitState.OPEN), 20 * MINUTE, 10 * MINUTE, disproved=True)
    for ended in (unproved, made_up):
        assert isinstance(ended, Visit)
        assert (ended.state, ended.verified) == (VisitState.DONE, False)


def test_confirm_makes_a_weak_arrival_count() -> None:
    weak = replace(a_visit(VisitState.OPEN), arrived_inside=False, last_inside_at=None, lead_id=LeadId("led_1"))
    confirmed = confirm(weak, NOW + MINUTE, NOW + MINUTE)
    assert (confirmed.arrived_inside, confirmed.last_inside_at) == (True, NOW + MINUTE)
    assert (confirmed.counts_for_lead, confirmed.version) == (True, 2)
    assert confirm(confirmed, NOW, NOW + MINUTE).last_inside_at == NOW + MINUTE
    ended = left(confirmed, 5 * MINUTE)
    assert isinstance(ended, Visit)
    assert ended.verified


def test_leave_before_the_check_in() -> None:
    assert left(a_visit(VisitState.OPEN), -MINUTE) == InvalidInput("capturedAt", "lies before the check-in")


@pytest.mark.parametrize("state", sorted(set(VisitState) - {VisitState.OPEN, VisitState.AUTO_CLOSED}))
def test_leave_is_possible_from_open_only(state: VisitState) -> None:
    assert left(a_visit(state), 20 * MINUTE) == WrongState(VisitId("vis_1"), state)


def test_leave_before_the_automatic_end_replaces_it() -> None:
    completed = left(a_visit(VisitState.AUTO_CLOSED), 30 * MINUTE)
    assert isinstance(completed, Visit)
    assert (completed.state, completed.verified, completed.offline) == (VisitState.DONE, True, True)
    assert (completed.closed_at, completed.auto_closed, completed.auto_close_at) == (NOW + 30 * MINUTE, False, None)


def test_leave_after_the_automatic_end_only_brings_the_outcome() -> None:
    told = left(a_visit(VisitState.AUTO_CLOSED), LONGEST_OPEN + MINUTE, 30 * MINUTE, LONGEST_OPEN + MINUTE)
    assert isinstance(told, Visit)
    assert (told.state, told.auto_closed, told.verified) == (VisitState.AUTO_CLOSED, True, True)
    assert (told.closed_at, told.last_inside_at) == (NOW + LONGEST_OPEN, NOW + 30 * MINUTE)
    assert told.auto_close_at is None
    assert left(told, LONGEST_OPEN + 2 * MINUTE) == WrongState(VisitId("vis_1"), VisitState.AUTO_CLOSED)


def test_closed_automatically_without_an_outcome_becomes_a_touch() -> None:
    closed = close_forgotten(a_visit(VisitState.OPEN), NOW + LONGEST_OPEN)
    assert closed is not None
    assert (closed.state, closed.auto_closed) == (VisitState.AUTO_CLOSED, True)
    due = NOW + LONGEST_OPEN + OUTCOME_WAIT
    assert close_forgotten(closed, due - timedelta(milliseconds=1)) is None
    touch = close_forgotten(closed, due)
    assert touch is not None
    assert (touch.state, touch.closed_at, touch.auto_closed) == (VisitState.TOUCH, NOW + LONGEST_OPEN, True)
    assert (touch.auto_close_at, touch.verified) == (None, False)


def came(visit: Visit, *, late: bool = False, shift_end_at: datetime | None = None) -> Visit:
    return arrive(visit, CHECK_IN, NOW, NOW, inside=True, counts_for_lead=False, late=late, shift_end_at=shift_end_at)


def test_arrive_opens_until_the_end_of_the_shift() -> None:
    assert came(a_visit()).auto_close_at == NOW + LONGEST_OPEN
    assert came(a_visit(), shift_end_at=NOW - MINUTE).auto_close_at == NOW + LONGEST_OPEN
    opened = came(a_visit(), shift_end_at=NOW + MINUTE)
    assert (opened.state, opened.auto_close_at, opened.missed_after) == (VisitState.OPEN, NOW + MINUTE, None)
    assert came(a_visit(VisitState.MISSED)).state is VisitState.OPEN


def test_arrive_late_at_a_missed_visit_is_done_and_waits_for_its_check_out() -> None:
    done = came(a_visit(VisitState.MISSED), late=True)
    assert (done.state, done.offline, done.closed_at) == (VisitState.DONE, True, None)
    ended = left(done, 20 * MINUTE)
    assert isinstance(ended, Visit)
    assert (ended.state, ended.verified) == (VisitState.DONE, True)
    assert left(ended, 30 * MINUTE) == WrongState(VisitId("vis_1"), VisitState.DONE)
    forgotten = close_forgotten(done, NOW + MAX_LATE)
    assert forgotten is not None
    assert (forgotten.state, forgotten.closed_at) == (VisitState.TOUCH, NOW)


@pytest.mark.parametrize("state", list(VisitState))
def test_cancel_and_reschedule_by_state(state: VisitState) -> None:
    cancelled = cancel(a_visit(state), "closed today", None, NOW)
    assert isinstance(cancelled, Visit) == (state is VisitState.PLANNED)
    moved = reschedule(a_visit(state), VisitId("vis_2"), NOW, NOW + MINUTE, "closed today", None, NOW)
    assert isinstance(moved, tuple) == (state in {VisitState.PLANNED, VisitState.MISSED})


@pytest.mark.parametrize("reason", ["", "  ", "x" * 501])
def test_cancel_wants_a_reason(reason: str) -> None:
    refused = cancel(a_visit(), reason, None, NOW)
    assert isinstance(refused, InvalidInput)
    assert refused.field == "reason"


def test_reschedule_leaves_a_trace() -> None:
    moved = reschedule(a_visit(VisitState.MISSED), VisitId("vis_2"), NOW + MINUTE, NOW + 2 * MINUTE, "was ill", 1, NOW)
    assert isinstance(moved, tuple)
    old, following = moved
    assert (old.state, old.reason, old.version, old.missed_after) == (VisitState.RESCHEDULED, "was ill", 2, None)
    assert (following.id, following.replaces_id, following.version) == (VisitId("vis_2"), VisitId("vis_1"), 1)
    assert (following.state, following.reason) == (VisitState.PLANNED, None)
    assert following.missed_after == NOW + 2 * MINUTE + MISSED_GRACE
    stale = reschedule(a_visit(), VisitId("vis_2"), NOW, NOW + MINUTE, "x", 7, NOW)
    assert stale == VersionConflict(VisitId("vis_1"), 1)


@pytest.mark.parametrize(
    ("start", "length", "field"),
    [
        (timedelta(0), None, None),
        (timedelta(0), LONGEST_PLANNED, None),
        (timedelta(0), timedelta(0), "endAt"),
        (timedelta(0), -MINUTE, "endAt"),
        (timedelta(0), LONGEST_PLANNED + MINUTE, "endAt"),
        (-MAX_LATE, None, None),
        (-MAX_LATE - MINUTE, None, "startAt"),
        (MAX_AHEAD, None, None),
        (MAX_AHEAD + MINUTE, None, "startAt"),
    ],
)
def test_window(start: timedelta, length: timedelta | None, field: str | None) -> None:
    begin = NOW + start
    found = window(begin, None if length is None else begin + length, NOW)
    if field is None:
        assert found == (begin, begin + (length or DEFAULT_LENGTH))
    else:
        assert isinstance(found, InvalidInput)
        assert found.field == field


def test_missed_after_the_shift_or_the_visit() -> None:
    assert missed_after(NOW, None) == NOW + MISSED_GRACE
    assert missed_after(NOW, NOW + MINUTE) == NOW + MINUTE + MISSED_GRACE
    assert missed_after(NOW, NOW - MINUTE) == NOW + MISSED_GRACE


def test_miss_and_close_at_their_times_only() -> None:
    planned, due = a_visit(), NOW + DEFAULT_LENGTH + MISSED_GRACE
    assert miss(planned, due - MINUTE) is None
    missed = miss(planned, due)
    assert missed is not None
    assert (missed.state, missed.missed_after) == (VisitState.MISSED, None)
    assert miss(a_visit(VisitState.OPEN), due) is None
    open_visit = a_visit(VisitState.OPEN)
    assert close_forgotten(open_visit, NOW + LONGEST_OPEN - MINUTE) is None
    closed = close_forgotten(open_visit, NOW + LONGEST_OPEN + MINUTE)
    assert closed is not None
    assert (closed.state, closed.closed_at, closed.verified) == (VisitState.AUTO_CLOSED, NOW + LONGEST_OPEN, False)


@given(st.sampled_from(VisitState), st.integers(-600, 6000), st.booleans(), st.sampled_from(Tier))
def test_only_a_long_inside_stay_is_ever_verified(state: VisitState, seconds: int, inside: bool, tier: Tier) -> None:
    ended = left(replace(a_visit(state, tier), arrived_inside=inside), timedelta(seconds=seconds))
    if isinstance(ended, Visit) and ended.verified:
        assert inside
        assert ended.state is VisitState.DONE
        assert seconds >= (600 if tier is Tier.A else 300)

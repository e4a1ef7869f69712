"""The breaker of a channel: 5 failures of 20 pause it for 30 s, then a single message tries."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from domain.deliveries import Outcome, SendResult
from domain.ids import DeliveryId
from domain.lanes import (
    FAILURES,
    LONGEST_PAUSE_S,
    PAUSE_S,
    PROBE_S,
    WINDOW,
    Lane,
    LaneState,
    after,
    begun,
    given_up,
    look_again_at,
    room,
)

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
ROW, OTHER = DeliveryId("dlv_1"), DeliveryId("dlv_2")


def at(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def lane_after(*outcomes: Outcome) -> Lane:
    lane = Lane()
    for outcome in outcomes:
        lane = after(lane, ROW, SendResult(outcome), NOW)
    return lane


@pytest.mark.parametrize("failure", [Outcome.RETRY, Outcome.AMBIGUOUS])
def test_five_failures_of_twenty_pause(failure: Outcome) -> None:
    assert lane_after(*[failure] * (FAILURES - 1)).state(NOW) is LaneState.CLOSED
    assert lane_after(*[failure] * FAILURES).state(NOW) is LaneState.OPEN
    good = [Outcome.ACCEPTED] * (WINDOW - FAILURES)
    spread = [failure, *good, *[failure] * (FAILURES - 1)]
    assert lane_after(*spread).state(NOW) is LaneState.OPEN
    assert lane_after(failure, Outcome.ACCEPTED, *good, *[failure] * (FAILURES - 1)).state(NOW) is LaneState.CLOSED


@pytest.mark.parametrize("outcome", [Outcome.ACCEPTED, Outcome.DEAD_TARGET, Outcome.POISON, Outcome.CONFIG])
def test_answers_about_one_message_say_that_the_channel_works(outcome: Outcome) -> None:
    assert lane_after(*[outcome] * WINDOW).state(NOW) is LaneState.CLOSED


def test_pause_then_one_message_tries() -> None:
    lane = lane_after(*[Outcome.RETRY] * FAILURES)
    assert (room(lane, at(PAUSE_S - 0.001), 9), look_again_at(lane, NOW)) == (0, at(PAUSE_S))
    assert lane.state(at(PAUSE_S)) is LaneState.HALF_OPEN
    assert (room(lane, at(PAUSE_S), 9), room(lane, at(PAUSE_S), 0)) == (1, 0)
    trying = begun(lane, ROW, at(PAUSE_S))
    assert room(trying, at(PAUSE_S), 9) == 0
    assert look_again_at(trying, at(PAUSE_S)) == at(PAUSE_S + PROBE_S)
    works = after(trying, ROW, SendResult(Outcome.ACCEPTED), at(PAUSE_S + 1))
    assert (works, room(works, at(PAUSE_S + 1), 9)) == (Lane(), 9)
    fails = after(trying, ROW, SendResult(Outcome.AMBIGUOUS), at(PAUSE_S + 1))
    assert (fails.state(at(2 * PAUSE_S)), fails.state(at(2 * PAUSE_S + 1))) == (LaneState.OPEN, LaneState.HALF_OPEN)


def test_only_the_message_that_tries_decides() -> None:
    trying = begun(lane_after(*[Outcome.RETRY] * FAILURES), ROW, at(PAUSE_S))
    for outcome in (Outcome.ACCEPTED, Outcome.RETRY):
        assert after(trying, OTHER, SendResult(outcome), at(PAUSE_S + 1)) == trying
    assert given_up(trying, OTHER) == trying
    assert room(given_up(trying, ROW), at(PAUSE_S + 1), 9) == 1


def test_what_never_left_decides_nothing() -> None:
    held = SendResult(Outcome.HELD, retry_after_s=4.0)
    assert after(Lane(), ROW, held, NOW) == Lane()
    trying = begun(lane_after(*[Outcome.RETRY] * FAILURES), ROW, at(PAUSE_S))
    assert room(after(trying, ROW, held, at(PAUSE_S)), at(PAUSE_S), 9) == 1


def test_what_was_under_way_makes_the_pause_no_longer() -> None:
    lane = lane_after(*[Outcome.RETRY] * FAILURES)
    assert after(lane, ROW, SendResult(Outcome.RETRY), at(20)) == lane
    assert after(lane, ROW, SendResult(Outcome.ACCEPTED), at(20)) == lane
    assert begun(Lane(), ROW, NOW) == Lane()


@pytest.mark.parametrize(
    ("asked_s", "pause_s"), [(None, PAUSE_S), (60.0, 60), (0.0, PAUSE_S), (1e300, LONGEST_PAUSE_S)]
)
def test_a_throttled_channel_pauses_at_once(asked_s: float | None, pause_s: float) -> None:
    lane = after(Lane(), ROW, SendResult(Outcome.THROTTLED, retry_after_s=asked_s), NOW)
    assert (lane.state(at(pause_s - 0.001)), lane.state(at(pause_s))) == (LaneState.OPEN, LaneState.HALF_OPEN)
    shorter = after(lane, ROW, SendResult(Outcome.THROTTLED, retry_after_s=1.0), NOW)
    assert shorter.paused_until == lane.paused_until

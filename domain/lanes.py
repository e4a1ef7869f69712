"""The breaker of one channel in one worker: after many failures it pauses, then lets a single message try.

Pure; workers/push_delivery.py holds a lane for each channel and tells it what came of each attempt.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from domain.deliveries import Outcome, SendResult
from domain.ids import DeliveryId

WINDOW = 20
FAILURES = 5
"""So many of the last WINDOW attempts failing pause the lane."""
PAUSE_S = 30.0
LONGEST_PAUSE_S = 3_600.0
PROBE_S = 2.0
"""How long others wait while a single message tries a lane that was paused."""
_FAILED = frozenset({Outcome.RETRY, Outcome.AMBIGUOUS})
"""What says that the channel is in trouble; a dead target or a bad message says that it works."""


class LaneState(StrEnum):
    """What the lane lets through."""

    CLOSED = "CLOSED"
    """Everything; the word is that of circuit breakers."""
    OPEN = "OPEN"
    """Nothing before `opens_at`."""
    HALF_OPEN = "HALF_OPEN"
    """One message, whose outcome decides."""


@dataclass(frozen=True, slots=True)
class Lane:
    """`recent` holds whether each of the last attempts failed, the newest last; `probe` is the message that tries."""

    recent: tuple[bool, ...] = ()
    paused_until: datetime | None = None
    probe: DeliveryId | None = None

    def state(self, now: datetime) -> LaneState:
        """What it lets through now."""
        if self.paused_until is None:
            return LaneState.CLOSED
        return LaneState.OPEN if now < self.paused_until else LaneState.HALF_OPEN


def room(lane: Lane, now: datetime, wanted: int) -> int:
    """How many of `wanted` messages may go now."""
    match lane.state(now):
        case LaneState.CLOSED:
            return wanted
        case LaneState.OPEN:
            return 0
        case LaneState.HALF_OPEN:
            return min(1, wanted) if lane.probe is None else 0


def look_again_at(lane: Lane, now: datetime) -> datetime:
    """When a message that found no room tries again."""
    if lane.paused_until is not None and now < lane.paused_until:
        return lane.paused_until
    return now + timedelta(seconds=PROBE_S)


def begun(lane: Lane, delivery_id: DeliveryId, now: datetime) -> Lane:
    """The message is on its way; in a half-open lane it is the one that tries."""
    return replace(lane, probe=delivery_id) if lane.state(now) is LaneState.HALF_OPEN else lane


def given_up(lane: Lane, delivery_id: DeliveryId) -> Lane:
    """The message was not sent after all, so that another one may try."""
    return replace(lane, probe=None) if lane.probe == delivery_id else lane


def after(lane: Lane, delivery_id: DeliveryId, result: SendResult, now: datetime, *, pause_s: float = PAUSE_S) -> Lane:
    """The lane after one attempt.

    What was on its way already when the lane paused neither opens it nor makes the pause longer.
    """
    if result.outcome is Outcome.THROTTLED:
        wait_s = min(result.retry_after_s or pause_s, LONGEST_PAUSE_S)
        until = now + timedelta(seconds=wait_s)
        return Lane(paused_until=max(until, lane.paused_until or until))
    if result.outcome is Outcome.HELD:  # nothing was asked of the provider
        return given_up(lane, delivery_id)
    failed = result.outcome in _FAILED
    if lane.paused_until is None:
        recent = (*lane.recent, failed)[-WINDOW:]
        return _paused(now, pause_s) if sum(recent) >= FAILURES else Lane(recent=recent)
    if lane.probe != delivery_id:
        return lane
    return _paused(now, pause_s) if failed else Lane()


def _paused(now: datetime, pause_s: float) -> Lane:
    return Lane(paused_until=now + timedelta(seconds=pause_s))

"""When evidence was made, how sure that is, and how old its fix was; used by domain/check_ins.py.

A phone's wall clock can be set by hand. Its monotonic clock cannot, and together with the server's time (at the
arrival, or in a signed anchor) it tells the time of the tap. Readings of different boots cannot be compared.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import ClassVar

from domain.check_in_policies import TimeLimits
from domain.evidence import Evidence, PhoneClock, Reason, Sending, clock_problem
from domain.refusals import InvalidInput, Refusal

MAX_EARLY = timedelta(minutes=2)
"""How far a phone's clock may run ahead of ours."""
ONLINE_WITHIN = timedelta(seconds=TimeLimits().online_s)
"""What arrives later comes from a phone without a connection."""
_EARLIEST_YEAR = 2000


class TimeConfidence(StrEnum):
    """Whether the time of the tap follows from the server's time."""

    HIGH = "HIGH"
    LOW = "LOW"


class TimeSource(StrEnum):
    """What the time of the tap was taken from."""

    ARRIVAL = "ARRIVAL"
    """The arrival, minus what the phone's monotonic clock counted since the tap."""
    ANCHOR = "ANCHOR"
    """A signed server time, plus what the monotonic clock counted since."""
    DEVICE = "DEVICE"
    """The phone's own clock."""


class FixAge(StrEnum):
    """How old the fix was at the tap."""

    FRESH = "FRESH"
    STALE = "STALE"
    OUTDATED = "OUTDATED"
    """Older than may be, or from before the phone was started again."""
    UNKNOWN = "UNKNOWN"
    """The phone does not tell."""


@dataclass(frozen=True, slots=True)
class Timing:
    """When the tap happened, and what is odd about that."""

    event_at: datetime
    source: TimeSource
    offline: bool
    fix_age: FixAge
    reasons: tuple[Reason, ...] = ()

    @property
    def confidence(self) -> TimeConfidence:
        """LOW where only the phone's own clock tells."""
        return confidence_of(self.source)


@dataclass(frozen=True, slots=True)
class StaleFix(Refusal):
    """The position is too old to show where the rep is now; measure again. The evidence is kept."""

    code: ClassVar[str] = "STALE_FIX"

    @property
    def message(self) -> str:
        return "The position was measured too long before the tap; measure it again."


def confidence_of(source: str | None) -> TimeConfidence:
    """LOW where only the phone's own clock tells, as it does for evidence that says nothing of clocks."""
    return TimeConfidence.LOW if source in {None, TimeSource.DEVICE} else TimeConfidence.HIGH


def time_evidence(
    evidence: Evidence, sending: Sending | None, received_at: datetime, limits: TimeLimits
) -> Timing | InvalidInput:
    """The time of the tap from the best clock there is, and what is odd about the clocks."""
    problem = clock_problem(evidence.clock, sending)
    if problem is not None:
        return problem
    clock, sent = evidence.clock or PhoneClock(), sending or Sending()
    waited_s = _counted_s(clock.captured_elapsed_ms, clock.boot_id, sent.sent_elapsed_ms, sent.boot_id)
    if waited_s is not None and waited_s < 0:
        return InvalidInput("sending.elapsedMs", "lies before the tap")
    aged_s = _fix_age_s(evidence, clock)
    if aged_s is not None and aged_s < 0:
        return InvalidInput("clock.fixElapsedMs", "lies after the tap")
    skew_s = (sent.sent_at - received_at).total_seconds() if sent.sent_at is not None else None
    found = _event(evidence, clock, waited_s, skew_s, received_at, limits)
    if isinstance(found, InvalidInput):
        return found
    event_at, source, contradicted = found
    off_s = abs(skew_s or 0.0)
    suspect = contradicted or off_s > limits.suspect_skew_s
    fix_age = _age_class(aged_s, limits, rebooted=_rebooted(clock))
    reasons = [
        reason
        for reason, holds in (
            (Reason.STALE_FIX, fix_age is FixAge.STALE),
            (Reason.OUTDATED_FIX, fix_age is FixAge.OUTDATED),
            (Reason.CLOCK_SKEW, not suspect and off_s > limits.skew_s),
            (Reason.CLOCK_SUSPECT, suspect),
            (Reason.TIME_DOUBTFUL, suspect and (source is TimeSource.DEVICE or contradicted)),
            (Reason.ANCHOR_NOT_ACCEPTED, clock.anchor is not None and clock.anchor_at is None),
            (Reason.VERY_LATE, received_at - event_at > timedelta(hours=limits.late_h)),
        )
        if holds
    ]
    offline_s = waited_s if waited_s is not None else (received_at - event_at).total_seconds()
    return Timing(event_at, source, offline_s > limits.online_s, fix_age, tuple(reasons))


def _event(
    evidence: Evidence,
    clock: PhoneClock,
    waited_s: float | None,
    skew_s: float | None,
    received_at: datetime,
    limits: TimeLimits,
) -> tuple[datetime, TimeSource, bool] | InvalidInput:
    """The time, what it comes from, and whether two good clocks contradict each other."""
    by_arrival = _moved(received_at, -waited_s) if waited_s is not None else None
    by_anchor = None
    since_s = _counted_s(clock.anchor_elapsed_ms, clock.anchor_boot_id, clock.captured_elapsed_ms, clock.boot_id)
    if clock.anchor_at is not None and since_s is not None:
        by_anchor = _moved(clock.anchor_at, since_s)
        if by_anchor is None or by_anchor > received_at + MAX_EARLY:
            return InvalidInput("clock.anchorElapsedMs", "puts the tap in the future")
        by_anchor = min(by_anchor, received_at)
    if waited_s is not None and by_arrival is None:
        return InvalidInput("sending.elapsedMs", "puts the tap before any phone")
    if by_arrival is not None and waited_s is not None and (waited_s <= limits.online_s or by_anchor is None):
        off_s = abs((by_anchor - by_arrival).total_seconds()) if by_anchor is not None else 0.0
        return by_arrival, TimeSource.ARRIVAL, off_s > limits.skew_s
    if by_anchor is not None:
        off_s = abs((by_anchor - by_arrival).total_seconds()) if by_arrival is not None else 0.0
        return by_anchor, TimeSource.ANCHOR, off_s > limits.skew_s
    by_phone = _moved(evidence.captured_at, -(skew_s or 0.0))
    if by_phone is None or by_phone > received_at + MAX_EARLY:
        return InvalidInput("capturedAt", "lies in the future")
    return min(by_phone, received_at), TimeSource.DEVICE, False


def _counted_s(from_ms: float | None, from_boot: str | None, to_ms: float | None, to_boot: str | None) -> float | None:
    """Seconds between two readings of one boot; None where they cannot be compared."""
    if from_ms is None or to_ms is None or from_boot is None or from_boot != to_boot:
        return None
    return (to_ms - from_ms) / 1000


def _moved(at: datetime, seconds: float) -> datetime | None:
    """None where no phone existed then."""
    try:
        moved = at + timedelta(seconds=seconds)
    except OverflowError:
        return None
    return moved if moved.year >= _EARLIEST_YEAR else None


def _fix_age_s(evidence: Evidence, clock: PhoneClock) -> float | None:
    """Seconds from the fix to the tap; by the wall clock, which may have been set meanwhile, never negative."""
    counted_s = _counted_s(
        clock.fix_elapsed_ms, clock.fix_boot_id or clock.boot_id, clock.captured_elapsed_ms, clock.boot_id
    )
    if counted_s is not None or clock.fix_at is None:
        return counted_s
    return max(0.0, (evidence.captured_at - clock.fix_at).total_seconds())


def _rebooted(clock: PhoneClock) -> bool:
    return clock.fix_boot_id is not None and clock.boot_id is not None and clock.fix_boot_id != clock.boot_id


def _age_class(aged_s: float | None, limits: TimeLimits, *, rebooted: bool) -> FixAge:
    if rebooted:
        return FixAge.OUTDATED
    if aged_s is None:
        return FixAge.UNKNOWN
    if aged_s <= limits.fresh_s:
        return FixAge.FRESH
    return FixAge.STALE if aged_s <= limits.stale_s else FixAge.OUTDATED

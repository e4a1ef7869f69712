"""When a tap happened, by which clock, and how old its fix was, at both sides of every limit."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.check_in_policies import TimeLimits
from domain.evidence import Evidence, PhoneClock, Reason, Sending
from domain.evidence_times import FixAge, TimeConfidence, TimeSource, Timing, time_evidence
from domain.places import Datum
from domain.refusals import InvalidInput

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
LIMITS = TimeLimits()
HOUR_MS = 3_600_000


def told(captured_at: datetime = NOW, **clock: Any) -> Evidence:
    return Evidence(60.17, 24.94, Datum.WGS84, 10, captured_at, clock=PhoneClock(**clock) if clock else None)


def timed(evidence: Evidence, sending: Sending | None = None) -> Timing:
    found = time_evidence(evidence, sending, NOW, LIMITS)
    assert isinstance(found, Timing), found
    return found


def ago(**parts: float) -> datetime:
    return NOW - timedelta(**parts)


@pytest.mark.parametrize(("waited_s", "offline"), [(0, False), (120, False), (120.001, True), (259_200, True)])
def test_the_arrival_less_what_the_phone_counted_is_the_time(waited_s: float, offline: bool) -> None:
    wrong_clock = told(ago(days=9), boot_id="b", captured_elapsed_ms=HOUR_MS)
    found = timed(wrong_clock, Sending(ago(days=9), HOUR_MS + waited_s * 1000, "b"))
    assert (found.event_at, found.source, found.offline) == (
        NOW - timedelta(seconds=waited_s),
        TimeSource.ARRIVAL,
        offline,
    )
    assert found.confidence is TimeConfidence.HIGH


@pytest.mark.parametrize("sent_boot", ["b", "after a reboot"])
@pytest.mark.parametrize("anchor_ms", [0, HOUR_MS, 5 * HOUR_MS])
def test_offline_an_anchor_of_the_same_boot_tells_the_time(sent_boot: str, anchor_ms: float) -> None:
    tap_ms = 2 * HOUR_MS
    anchor_at = ago(hours=30) + timedelta(milliseconds=anchor_ms - tap_ms)
    evidence = told(
        ago(days=3),
        boot_id="b",
        captured_elapsed_ms=tap_ms,
        anchor="a",
        anchor_at=anchor_at,
        anchor_elapsed_ms=anchor_ms,
        anchor_boot_id="b",
    )
    found = timed(evidence, Sending(None, tap_ms + 30 * HOUR_MS, sent_boot))
    assert (found.event_at, found.source, found.reasons) == (ago(hours=30), TimeSource.ANCHOR, ())
    assert found.offline


def test_without_a_clock_in_common_the_phone_tells_with_low_confidence() -> None:
    evidence = told(ago(hours=5), boot_id="b", captured_elapsed_ms=0, anchor="a", anchor_boot_id="c")
    found = timed(evidence, Sending(NOW, 7, "c"))
    assert (found.event_at, found.source, found.confidence) == (ago(hours=5), TimeSource.DEVICE, TimeConfidence.LOW)
    assert found.reasons == (Reason.ANCHOR_NOT_ACCEPTED,)


@pytest.mark.parametrize(
    ("off_s", "reasons"),
    [
        (0, ()),
        (120, ()),
        (-120, ()),
        (120.001, (Reason.CLOCK_SKEW,)),
        (-600, (Reason.CLOCK_SKEW,)),
        (600, (Reason.CLOCK_SKEW,)),
        (600.001, (Reason.CLOCK_SUSPECT,)),
        (-86_400, (Reason.CLOCK_SUSPECT,)),
    ],
)
def test_skew_is_measured_at_the_sending(off_s: float, reasons: tuple[Reason, ...]) -> None:
    off = timedelta(seconds=off_s)
    sending = Sending(NOW + off, 2_000, "b")
    online = timed(told(NOW + off, boot_id="b", captured_elapsed_ms=1_000), sending)
    assert (online.reasons, online.event_at) == (reasons, ago(seconds=1))
    by_phone = timed(told(NOW + off - timedelta(hours=3)), Sending(NOW + off))
    doubt = (Reason.TIME_DOUBTFUL,) if Reason.CLOCK_SUSPECT in reasons else ()
    assert (by_phone.reasons, by_phone.event_at) == ((*reasons, *doubt), ago(hours=3))


@pytest.mark.parametrize(("apart_s", "suspect"), [(120, False), (121, True)])
def test_two_good_clocks_that_contradict_each_other_are_suspect(apart_s: float, suspect: bool) -> None:
    evidence = told(
        boot_id="b",
        captured_elapsed_ms=HOUR_MS,
        anchor="a",
        anchor_at=ago(seconds=apart_s),
        anchor_elapsed_ms=HOUR_MS,
        anchor_boot_id="b",
    )
    found = timed(evidence, Sending(None, HOUR_MS, "b"))
    assert ({Reason.CLOCK_SUSPECT, Reason.TIME_DOUBTFUL} <= set(found.reasons)) is suspect


@pytest.mark.parametrize(
    ("aged_s", "age"),
    [
        (0, FixAge.FRESH),
        (60, FixAge.FRESH),
        (60.001, FixAge.STALE),
        (300, FixAge.STALE),
        (300.001, FixAge.OUTDATED),
        (9_000, FixAge.OUTDATED),
    ],
)
def test_the_age_of_the_fix(aged_s: float, age: FixAge) -> None:
    reasons = {FixAge.STALE: (Reason.STALE_FIX,), FixAge.OUTDATED: (Reason.OUTDATED_FIX,)}.get(age, ())
    counted = timed(told(boot_id="b", captured_elapsed_ms=9_000_000, fix_elapsed_ms=9_000_000 - aged_s * 1000))
    by_wall = timed(told(fix_at=ago(seconds=aged_s)))
    assert [(each.fix_age, each.reasons) for each in (counted, by_wall)] == [(age, reasons)] * 2


def test_a_fix_of_before_a_reboot_is_outdated_and_one_nobody_dated_unknown() -> None:
    evidence = told(boot_id="b", captured_elapsed_ms=9_000, fix_elapsed_ms=8_999, fix_boot_id="a")
    assert timed(evidence).fix_age is FixAge.OUTDATED
    assert timed(told()).fix_age is FixAge.UNKNOWN
    # The wall clock was set back between fix and tap.
    assert timed(told(fix_at=NOW + timedelta(minutes=9))).fix_age is FixAge.FRESH


@pytest.mark.parametrize(("late", "reasons"), [({"hours": 72}, ()), ({"hours": 72, "seconds": 1}, (Reason.VERY_LATE,))])
def test_later_than_72_hours_is_very_late(late: dict[str, float], reasons: tuple[Reason, ...]) -> None:
    assert timed(told(ago(**late))).reasons == reasons


@pytest.mark.parametrize(
    ("evidence", "sending", "field"),
    [
        (told(NOW + timedelta(seconds=121)), None, "capturedAt"),
        (told(boot_id="b", captured_elapsed_ms=5), Sending(None, 4, "b"), "sending.elapsedMs"),
        (told(boot_id="b", captured_elapsed_ms=5), Sending(None, 1e13, "b"), "sending.elapsedMs"),
        (told(boot_id="b", captured_elapsed_ms=5, fix_elapsed_ms=6), None, "clock.fixElapsedMs"),
        (told(captured_elapsed_ms=-1), None, "clock.capturedElapsedMs"),
        (told(fix_elapsed_ms=float("nan")), None, "clock.fixElapsedMs"),
        (told(anchor_elapsed_ms=1.1e13), None, "clock.anchorElapsedMs"),
        (told(), Sending(None, float("inf")), "sending.elapsedMs"),
        (told(boot_id="x" * 101), None, "clock.bootId"),
        (told(anchor="x" * 101), None, "clock.anchor"),
        (told(), Sending(boot_id="x" * 101), "sending.bootId"),
        (
            told(boot_id="b", captured_elapsed_ms=3e5, anchor_at=NOW, anchor_elapsed_ms=0, anchor_boot_id="b"),
            None,
            "clock.anchorElapsedMs",
        ),
    ],
)
def test_readings_that_cannot_be(evidence: Evidence, sending: Sending | None, field: str) -> None:
    found = time_evidence(evidence, sending, NOW, LIMITS)
    assert isinstance(found, InvalidInput)
    assert found.field == field


def test_a_phone_two_minutes_ahead_is_taken_at_the_arrival() -> None:
    assert timed(told(NOW + timedelta(seconds=120))).event_at == NOW


_MS = st.none() | st.floats(0, 1e13)
_BOOT = st.sampled_from([None, "a", "b"])
_TIME = st.none() | st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


@given(_TIME, _MS, _MS, _MS, _MS, _BOOT, _BOOT, _BOOT, _TIME, _TIME, _TIME)
def test_any_clocks_get_an_answer_that_lies_not_in_the_future(
    captured_at: datetime | None,
    captured_ms: float | None,
    fix_ms: float | None,
    anchor_ms: float | None,
    sent_ms: float | None,
    boot: str | None,
    fix_boot: str | None,
    sent_boot: str | None,
    fix_at: datetime | None,
    anchor_at: datetime | None,
    sent_at: datetime | None,
) -> None:
    clock = PhoneClock(boot, captured_ms, fix_at, fix_ms, fix_boot, "a", anchor_at, anchor_ms, boot)
    evidence = Evidence(60, 24, Datum.WGS84, 5, captured_at or NOW, clock=clock)
    sending = Sending(sent_at, sent_ms, sent_boot)
    found = time_evidence(evidence, sending, NOW, LIMITS)
    assert isinstance(found, Timing | InvalidInput)
    if isinstance(found, Timing):
        assert found.event_at <= NOW
        assert time_evidence(evidence, sending, NOW, LIMITS) == found

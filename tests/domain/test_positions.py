"""Which reported points are kept, and what condition a rep is in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.consents import Consent, ConsentPurpose, TrackingConsent
from domain.ids import OrgId, PersonId, ShiftId
from domain.places import Datum, Point, distance_m
from domain.positions import PositionDropReason, ReportedPoint, batch_problem, drawn_state, duty, sift, state_problem
from domain.presence import Condition, DisplayState
from domain.shifts import Break, EndKind, Shift, tracking_on

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
REP = PersonId("per_1")
PAUSES = (Break(NOW - timedelta(hours=2), NOW - timedelta(hours=1)), Break(NOW - timedelta(minutes=10)))
OPEN = Shift(ShiftId("shf_2"), REP, NOW - timedelta(hours=4), NOW + timedelta(hours=6), PAUSES)
EARLIER = Shift(
    ShiftId("shf_1"),
    REP,
    NOW - timedelta(hours=80),
    NOW - timedelta(hours=70),
    (),
    NOW - timedelta(hours=71),
    EndKind.MANUAL,
)
SHIFTS = [OPEN, EARLIER]
UNASKED = TrackingConsent(None, None)


def point(minutes: float, **given: Any) -> ReportedPoint:
    """A good point of `minutes` from NOW."""
    values: dict[str, Any] = {"latitude": 52.5, "longitude": 13.4, "datum": Datum.WGS84, "accuracy_m": 12.0} | given
    return ReportedPoint(at=NOW + timedelta(minutes=minutes), **values)


@pytest.mark.parametrize(
    ("reported", "reason"),
    [
        (point(-30), None),
        (point(-240), None),
        (point(-241), PositionDropReason.OUTSIDE_SHIFT),
        (point(-120), PositionDropReason.ON_BREAK),
        (point(-60.01), PositionDropReason.ON_BREAK),
        (point(-60), None),
        (point(-10), PositionDropReason.ON_BREAK),
        (point(1), PositionDropReason.ON_BREAK),
        (point(2.1), PositionDropReason.FUTURE),
        (point(-71.5 * 60), None),
        (point(-71 * 60), PositionDropReason.OUTSIDE_SHIFT),
        (point(-73 * 60), PositionDropReason.TOO_OLD),
        (point(-30, latitude=90.1), PositionDropReason.BAD_POINT),
        (point(-30, longitude=-180.1), PositionDropReason.BAD_POINT),
        (point(-30, latitude=float("nan")), PositionDropReason.BAD_POINT),
        (point(-30, latitude=0.0, longitude=0.0), PositionDropReason.BAD_POINT),
        (point(-30, accuracy_m=0.0), PositionDropReason.BAD_POINT),
        (point(-30, accuracy_m=-1.0), PositionDropReason.BAD_POINT),
        (point(-30, accuracy_m=5_000.1), PositionDropReason.BAD_POINT),
        (point(-30, accuracy_m=float("inf")), PositionDropReason.BAD_POINT),
    ],
)
def test_a_point_is_kept_inside_the_shift_and_outside_breaks(
    reported: ReportedPoint, reason: PositionDropReason
) -> None:
    sifted = sift([reported], SHIFTS, UNASKED, NOW)
    assert [each.reason for each in sifted.dropped] == ([] if reason is None else [reason])
    assert len(sifted.kept) == (reason is None)


def test_the_good_ones_of_a_batch_are_kept_in_event_order() -> None:
    sifted = sift([point(-20), point(-40, accuracy_m=-1), point(-50), point(-300), point(-301)], SHIFTS, UNASKED, NOW)
    assert [each.at for each in sifted.kept] == [NOW - timedelta(minutes=50), NOW - timedelta(minutes=20)]
    assert [each.index for each in sifted.dropped] == [1, 3, 4]
    assert sifted.counts == {PositionDropReason.OUTSIDE_SHIFT: 2, PositionDropReason.BAD_POINT: 1}


def test_each_kept_point_knows_its_shift() -> None:
    sifted = sift([point(-20), point(-71.5 * 60)], SHIFTS, UNASKED, NOW)
    assert [each.shift_id for each in sifted.kept] == [EARLIER.id, OPEN.id]


def test_what_was_measured_without_consent_is_dropped() -> None:
    withdrawn = Consent("con_1", OrgId("org_1"), REP, ConsentPurpose.LIVE_LOCATION, 2, withdrawn_at=NOW)
    sifted = sift([point(-20), point(-240.1)], SHIFTS, TrackingConsent(None, withdrawn), NOW)
    assert sifted.kept == ()
    assert [each.reason for each in sifted.dropped] == [PositionDropReason.NO_CONSENT, PositionDropReason.OUTSIDE_SHIFT]


def test_another_datum_is_converted_and_kept_as_sent() -> None:
    sifted = sift([point(-20, latitude=39.9087, longitude=116.3975, datum=Datum.GCJ02)], SHIFTS, UNASKED, NOW)
    kept = sifted.kept[0]
    assert 500 < distance_m(kept.location, Point(39.9087, 116.3975)) < 600
    assert (kept.sent_latitude, kept.sent_longitude, kept.sent_datum) == (39.9087, 116.3975, Datum.GCJ02)
    assert sift([point(-20)], SHIFTS, UNASKED, NOW).kept[0].sent_datum is None


def test_extras_a_phone_does_not_know_are_left_out() -> None:
    kept = sift([point(-20, speed_mps=-1.0, heading_deg=-1.0, battery_pct=55.0)], SHIFTS, UNASKED, NOW).kept[0]
    assert (kept.speed_mps, kept.heading_deg, kept.battery_pct) == (None, None, 55.0)


@given(st.lists(st.floats(-6_000, 600), max_size=30))
def test_nothing_is_kept_that_must_not_be_tracked(minutes: list[float]) -> None:
    sifted = sift([point(each) for each in minutes], SHIFTS, UNASKED, NOW)
    assert len(sifted.kept) + len(sifted.dropped) == len(minutes)
    assert all(any(tracking_on(shift, each.at) for shift in SHIFTS) for each in sifted.kept)
    assert sum(sifted.counts.values()) == len(sifted.dropped)


@pytest.mark.parametrize(
    ("points", "cadence_s", "field"),
    [
        (1, 1, None),
        (10_000, 3600, None),
        (0, 60, "points"),
        (10_001, 60, "points"),
        (1, 0, "cadenceS"),
        (1, 3601, "cadenceS"),
    ],
)
def test_batch_problem(points: int, cadence_s: int, field: str | None) -> None:
    problem = batch_problem(points, cadence_s)
    assert (problem.field if problem else None) == field


def test_state_problem() -> None:
    assert state_problem(NOW, NOW) is None
    assert state_problem(NOW + timedelta(minutes=3), NOW) is not None
    assert state_problem(NOW - timedelta(hours=73), NOW) is not None


START, END = NOW - timedelta(hours=1), NOW + timedelta(hours=1)


@pytest.mark.parametrize(
    ("started_at", "auto_end_at", "on_break", "phone", "expected"),
    [
        (None, None, None, None, Condition.OFF_DUTY),
        (None, None, None, "NO_PERMISSION", Condition.OFF_DUTY),
        (START, END, False, None, Condition.ON_DUTY),
        (START, END, None, "OK", Condition.ON_DUTY),
        (START, NOW, False, None, Condition.OFF_DUTY),
        (START, END, True, "NO_PERMISSION", Condition.PAUSED),
        (START, END, False, "NO_PERMISSION", Condition.NO_PERMISSION),
        (START, END, False, "LOW_BATTERY", Condition.LOW_BATTERY),
    ],
)
def test_duty(
    started_at: datetime | None,
    auto_end_at: datetime | None,
    on_break: bool | None,
    phone: str | None,
    expected: Condition,
) -> None:
    assert duty(started_at, auto_end_at, on_break, phone, None, now=NOW) is expected


def test_drawn_state() -> None:
    assert drawn_state(NOW, 60, START, END, False, None, None, "vis_1", now=NOW) is DisplayState.IN_VISIT
    assert drawn_state(NOW, 60, START, END, False, None, None, None, now=NOW) is DisplayState.LIVE
    assert drawn_state(None, None, START, END, False, None, None, None, now=NOW) is DisplayState.NO_DATA
    assert drawn_state(NOW, 60, None, None, None, None, None, None, now=NOW) is DisplayState.OFF_DUTY

"""Planned shifts across zones and midnights, the steps of an actual shift, and when positions may be kept."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.ids import PersonId, ShiftId
from domain.refusals import IdTaken, Refusal
from domain.shifts import (
    Absence,
    Break,
    BreakAlreadyOpen,
    EndKind,
    EvidenceTimeInvalid,
    NoOpenBreak,
    NoOpenShift,
    Roster,
    Shift,
    ShiftAlreadyOpen,
    WorkTime,
    close_forgotten,
    end_break,
    end_shift,
    planned_shift,
    start_break,
    start_shift,
    tracking_on,
    work_times,
)

DAY = work_times("09:00-12:00 13:00-18:00")
ROSTER = Roster(
    "Asia/Shanghai",
    ((DAY,) * 5) + ((), ()),
    {"2026-11-24": (), "2026-11-28": work_times("10:00-14:00")},
    (Absence("2026-12-01", "2026-12-03"),),
)
T0 = datetime(2026, 11, 23, 1, tzinfo=UTC)
PLANNED = (T0, T0 + timedelta(hours=9))
ME = PersonId("per_1")


def at(hours: float) -> datetime:
    return T0 + timedelta(hours=hours)


def started() -> Shift:
    shift = start_shift(None, ShiftId("shf_1"), ME, T0, T0, PLANNED)
    assert isinstance(shift, Shift)
    return shift


def done(outcome: Shift | Refusal) -> Shift:
    assert isinstance(outcome, Shift)
    return outcome


@pytest.mark.parametrize(
    ("day", "start", "end"),
    [
        ("2026-11-23", "2026-11-23 09:00", "2026-11-23 18:00"),
        ("2026-11-24", None, None),
        ("2026-11-28", "2026-11-28 10:00", "2026-11-28 14:00"),
        ("2026-11-29", None, None),
        ("2026-11-30", "2026-11-30 09:00", "2026-11-30 18:00"),
        ("2026-12-01", None, None),
        ("2026-12-03", None, None),
        ("2026-12-04", "2026-12-04 09:00", "2026-12-04 18:00"),
    ],
)
def test_the_planned_shift_of_a_date(day: str, start: str | None, end: str | None) -> None:
    found = planned_shift(ROSTER, date.fromisoformat(day))
    if start is None or end is None:
        assert found is None
    else:
        zone = ZoneInfo("Asia/Shanghai")
        assert found == tuple(datetime.fromisoformat(each).replace(tzinfo=zone) for each in (start, end))


def test_a_night_shift_belongs_to_the_date_it_starts_on() -> None:
    roster = Roster("Europe/Berlin", (work_times("22:00-06:00"),) * 7)
    saturday = planned_shift(roster, date(2026, 10, 24))
    # The night of the time change has an hour more.
    assert saturday == (datetime(2026, 10, 24, 20, tzinfo=UTC), datetime(2026, 10, 25, 5, tzinfo=UTC))
    assert planned_shift(Roster("UTC", (work_times("18:00-00:00"),) * 7), date(2026, 1, 1)) == (
        datetime(2026, 1, 1, 18, tzinfo=UTC),
        datetime(2026, 1, 2, tzinfo=UTC),
    )


def test_rosters_that_cannot_be() -> None:
    with pytest.raises(ValueError, match="seven"):
        Roster("UTC", ())
    with pytest.raises(ValueError, match="time zone"):
        Roster("Nowhere/Town", ((),) * 7)
    with pytest.raises(ValueError, match=r"isoformat|YYYY"):
        Roster("UTC", ((),) * 7, {"tomorrow": ()})
    with pytest.raises(ValueError, match=r"isoformat|YYYY"):
        Roster("UTC", ((),) * 7, absences=(Absence("2026-12-01", "later"),))
    for starts_s, ends_s in ((-1, 5), (86_400, 86_401), (10, 10), (0, 86_401)):
        with pytest.raises(ValueError, match="24 hours"):
            WorkTime(starts_s, ends_s)
    for text in ("9-17", "09:00", "25:00-26:00"):
        with pytest.raises(ValueError, match=r"time of day|opens before"):
            work_times(text)


def test_a_shift_from_start_to_end() -> None:
    shift = started()
    assert shift.auto_end_at == at(11)
    shift = done(start_break(shift, at(3), at(3)))
    assert shift.open_break == Break(at(3))
    shift = done(end_break(shift, at(4), at(4)))
    shift = done(end_shift(shift, at(9), at(9)))
    assert (shift.ended_at, shift.end_kind, shift.breaks) == (at(9), EndKind.MANUAL, (Break(at(3), at(4)),))


def test_ending_a_shift_ends_its_break() -> None:
    shift = done(end_shift(done(start_break(started(), at(3), at(3))), at(5), at(5)))
    assert shift.breaks == (Break(at(3), at(5)),)


def test_refusals_of_a_shift() -> None:
    shift = started()
    pausing = done(start_break(shift, at(3), at(3)))
    ended = done(end_shift(shift, at(5), at(5)))
    other = ShiftId("shf_2")
    found: list[tuple[object, Refusal]] = [
        (start_shift(shift, other, ME, at(1), at(1), PLANNED), ShiftAlreadyOpen(shift.id)),
        (start_shift(shift, shift.id, ME, at(1), at(1), PLANNED), IdTaken(shift.id)),
        (start_break(None, at(1), at(1)), NoOpenShift()),
        (start_break(ended, at(6), at(6)), NoOpenShift()),
        (start_break(pausing, at(4), at(4)), BreakAlreadyOpen(at(3))),
        (end_break(None, at(1), at(1)), NoOpenShift()),
        (end_break(ended, at(6), at(6)), NoOpenShift()),
        (end_break(shift, at(1), at(1)), NoOpenBreak()),
        (end_shift(None, at(1), at(1)), NoOpenShift()),
        (end_shift(ended, at(6), at(6)), NoOpenShift()),
    ]
    for outcome, refusal in found:
        assert outcome == refusal
        assert refusal.message
    assert len({refusal.code for _, refusal in found}) == 5


def test_starting_again_with_the_same_id_and_time_is_the_same_shift() -> None:
    shift = started()
    assert start_shift(shift, shift.id, ME, T0, at(1), PLANNED) == shift


def test_a_start_before_the_end_of_the_last_shift() -> None:
    ended = done(end_shift(started(), at(5), at(5)))
    again = start_shift(ended, ShiftId("shf_2"), ME, at(4), at(6), PLANNED)
    assert isinstance(again, EvidenceTimeInvalid)
    assert done(start_shift(ended, ShiftId("shf_2"), ME, at(5), at(6), PLANNED)).started_at == at(5)


@pytest.mark.parametrize(
    ("seconds", "fine"),
    [(0, True), (120, True), (121, False), (-72 * 3600, True), (-72 * 3600 - 1, False)],
)
def test_evidence_times(seconds: int, fine: bool) -> None:
    tap = T0 + timedelta(seconds=seconds)
    outcome = start_shift(None, ShiftId("shf_1"), ME, tap, T0, None)
    assert isinstance(outcome, Shift) is fine
    if isinstance(outcome, EvidenceTimeInvalid):
        assert (outcome.at, outcome.latest_at) == (tap, T0 + timedelta(seconds=120))
        assert outcome.message


def test_steps_keep_their_order() -> None:
    pausing = done(start_break(started(), at(3), at(3)))
    for outcome in (
        start_break(started(), at(-0.1), at(4)),
        end_break(pausing, at(2.9), at(4)),
        end_shift(pausing, at(2.9), at(4)),
    ):
        assert isinstance(outcome, EvidenceTimeInvalid)


def test_a_forgotten_end() -> None:
    shift = done(start_break(started(), at(8), at(8)))
    assert close_forgotten(shift, at(10.99)) is None
    closed = close_forgotten(shift, at(30))
    assert closed is not None
    assert (closed.ended_at, closed.end_kind) == (at(11), EndKind.AUTO)
    assert closed.breaks == (Break(at(8), at(11)),)
    assert close_forgotten(closed, at(31)) is None


def test_an_end_that_arrives_late_replaces_the_assumed_one() -> None:
    closed = close_forgotten(done(start_break(started(), at(8), at(8))), at(12))
    assert closed is not None
    corrected = done(end_shift(closed, at(9), at(20)))
    assert (corrected.ended_at, corrected.end_kind, corrected.breaks) == (at(9), EndKind.MANUAL, (Break(at(8), at(9)),))
    assert end_shift(closed, at(12), at(20)) == NoOpenShift()


@pytest.mark.parametrize(
    ("planned", "start", "auto_end"),
    [(PLANNED, 0, 11), (None, 0, 12), (PLANNED, 10.5, 11), (PLANNED, 11, 23), (PLANNED, 20, 32)],
)
def test_when_a_forgotten_end_is_assumed(
    planned: tuple[datetime, datetime] | None, start: float, auto_end: float
) -> None:
    shift = done(start_shift(None, ShiftId("shf_1"), ME, at(start), at(start), planned))
    assert shift.auto_end_at == at(auto_end)


@pytest.mark.parametrize(
    ("hour", "on"),
    [(-0.01, False), (0, True), (2.99, True), (3, False), (3.99, False), (4, True), (8.99, True), (9, False)],
)
def test_tracking_is_on_inside_the_shift_minus_breaks(hour: float, on: bool) -> None:
    shift = done(end_break(done(start_break(started(), at(3), at(3))), at(4), at(4)))
    assert tracking_on(done(end_shift(shift, at(9), at(9))), at(hour)) is on


def test_tracking_of_a_forgotten_shift_stops_by_itself() -> None:
    assert tracking_on(started(), at(10.99))
    assert not tracking_on(started(), at(11))
    assert not tracking_on(done(start_break(started(), at(3), at(3))), at(5))


STEPS = st.lists(st.tuples(st.sampled_from(["break", "back", "end"]), st.integers(0, 700)), max_size=8)


@given(STEPS, st.integers(0, 1000))
def test_any_steps_leave_breaks_in_order(steps: list[tuple[str, int]], minute: int) -> None:
    shift, now = started(), at(11)
    take = {"break": start_break, "back": end_break, "end": end_shift}
    for name, step_minute in steps:
        outcome = take[name](shift, T0 + timedelta(minutes=step_minute), now)
        shift = outcome if isinstance(outcome, Shift) else shift
    times = [shift.started_at]
    for each in shift.breaks:
        times += [each.started_at] if each.ended_at is None else [each.started_at, each.ended_at]
    times += [] if shift.ended_at is None else [shift.ended_at]
    assert times == sorted(times)
    closed = close_forgotten(shift, at(11)) or shift
    assert closed.ended_at is not None
    assert closed.open_break is None
    moment = T0 + timedelta(minutes=minute)
    if tracking_on(closed, moment):
        assert closed.started_at <= moment < closed.ended_at

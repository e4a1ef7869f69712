"""Open time: the vectors of the specification, gaps and folds, and calendars that are refused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from domain.calendar import (
    ALWAYS,
    Calendar,
    NoOpenTimeError,
    add,
    calendar_problem,
    elapsed,
    hours,
    open_spans,
    workdays,
)

OFFICE = hours("09:00-12:00 13:30-18:00")
WORK = Calendar(
    "WORK",
    1,
    "Asia/Shanghai",
    ((OFFICE,) * 5) + ((), ()),
    {"2026-11-24": (), "2026-11-28": OFFICE},
)
BERLIN_ALWAYS = Calendar("24x7", 1, "Europe/Berlin", (hours("00:00-24:00"),) * 7)
BERLIN_OFFICE = Calendar("office", 1, "Europe/Berlin", ((hours("09:00-17:00"),) * 5) + ((), ()))


def local(zone: str, text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def daily(zone: str, text: str) -> Calendar:
    return Calendar("daily", 1, zone, (hours(text),) * 7)


@pytest.mark.parametrize(
    ("calendar", "start", "target_h", "due"),
    [
        (WORK, "2026-11-20 17:00", 1, "2026-11-20 18:00"),
        (WORK, "2026-11-22 20:00", 1, "2026-11-23 10:00"),
        (WORK, "2026-11-23 11:30", 1, "2026-11-23 14:00"),
        (WORK, "2026-11-23 17:00", 2, "2026-11-25 10:00"),
        (WORK, "2026-11-27 17:00", 2, "2026-11-28 10:00"),
        (WORK, "2026-11-25 17:00", 4, "2026-11-26 12:00"),
        (WORK, "2026-11-25 17:00", 3, "2026-11-26 11:00"),
        (WORK, "2026-11-23 11:00", 1, "2026-11-23 12:00"),
        (WORK, "2026-11-23 12:30", 0, "2026-11-23 12:30"),
        (BERLIN_ALWAYS, "2026-03-29 00:00", 24, "2026-03-30 01:00"),
        (BERLIN_ALWAYS, "2026-10-25 00:00", 24, "2026-10-25 23:00"),
        (BERLIN_OFFICE, "2026-03-27 16:00", 2, "2026-03-30 10:00"),
    ],
)
def test_vectors(calendar: Calendar, start: str, target_h: int, due: str) -> None:
    start_at, due_at = local(calendar.zone, start), local(calendar.zone, due)
    assert add(calendar, start_at, target_h * 3600) == due_at
    assert elapsed(calendar, start_at, due_at) == target_h * 3600


def test_a_day_of_24x7_has_no_missing_minute() -> None:
    start_at = local("Europe/Berlin", "2026-01-01 00:00")
    almost = daily("Europe/Berlin", "00:00-23:59")
    assert elapsed(BERLIN_ALWAYS, start_at, start_at + timedelta(days=365)) == 365 * 86_400
    assert elapsed(almost, start_at, start_at + timedelta(days=7)) == 7 * 86_340
    assert elapsed(ALWAYS, start_at, start_at + timedelta(days=365)) == 365 * 86_400


@pytest.mark.parametrize(
    ("zone", "times", "date", "spans"),
    [
        # 02:00-03:00 does not exist: an opening inside moves on by an hour, a closing too.
        ("Europe/Berlin", "02:30-05:00", "2026-03-29", [("01:30", "03:00")]),
        ("Europe/Berlin", "01:00-02:30", "2026-03-29", [("00:00", "01:30")]),
        ("Europe/Berlin", "02:10-02:50", "2026-03-29", [("01:10", "01:50")]),
        ("Europe/Berlin", "02:10-02:50 03:00-03:30", "2026-03-29", [("01:00", "01:50")]),
        # 02:00-03:00 exists twice: opens at the first, closes at the second.
        ("Europe/Berlin", "02:30-02:40", "2026-10-25", [("00:30", "01:40")]),
        ("Europe/Berlin", "01:00-02:30", "2026-10-25", [("-01:00", "01:30")]),
        # Half an hour at Lord Howe: 02:00 -> 02:30 at +10:30.
        ("Australia/Lord_Howe", "02:15-04:00", "2026-10-04", [("-08:15", "-07:00")]),
        # Midnight itself exists twice in Havana.
        ("America/Havana", "00:00-02:00", "2025-11-02", [("04:00", "07:00")]),
        ("Pacific/Apia", "09:00-17:00", "2011-12-30", [("19:00", "27:00")]),
    ],
)
def test_gaps_and_folds(zone: str, times: str, date: str, spans: list[tuple[str, str]]) -> None:
    def utc(text: str) -> datetime:
        back = text.startswith("-")
        hour, minute = (int(each) for each in text.lstrip("-").split(":"))
        offset = timedelta(hours=hour, minutes=minute)
        midnight = datetime.fromisoformat(date).replace(tzinfo=UTC)
        return midnight - offset if back else midnight + offset

    calendar = Calendar("one day", 1, zone, ((),) * 7, {date: hours(times)})
    middle = datetime.fromisoformat(date).replace(tzinfo=UTC)
    found = open_spans(calendar, middle - timedelta(days=3), middle + timedelta(days=3))
    assert found == tuple((utc(start), utc(end)) for start, end in spans)


def test_the_skipped_day_of_apia_counts_once() -> None:
    calendar = daily("Pacific/Apia", "09:00-17:00")
    start_at = local("Pacific/Apia", "2011-12-29 00:00")
    # Three dates in two days: the 30th never was and falls onto the 31st.
    assert elapsed(calendar, start_at, local("Pacific/Apia", "2012-01-01 00:00")) == 2 * 8 * 3600


def test_pausing_outside_open_time_costs_nothing() -> None:
    night = (local("Asia/Shanghai", "2026-11-25 20:00"), local("Asia/Shanghai", "2026-11-26 08:00"))
    assert elapsed(WORK, *night) == 0


def test_time_does_not_run_backwards() -> None:
    at = local("Asia/Shanghai", "2026-11-25 10:00")
    assert elapsed(WORK, at, at - timedelta(days=3)) == 0
    with pytest.raises(ValueError, match="negative"):
        add(WORK, at, -1)


def test_closed_calendars_are_refused() -> None:
    now = local("Asia/Shanghai", "2026-11-25 10:00")
    never = Calendar("never", 1, "UTC", ((),) * 7)
    problem = calendar_problem(never, now)
    assert problem is not None
    assert problem.field == "weekly"
    with pytest.raises(NoOpenTimeError):
        add(never, now, 1)
    once = Calendar("once", 1, "UTC", ((),) * 7, {"2026-12-01": hours("09:00-10:00")})
    assert calendar_problem(once, now) is None
    assert add(once, now, 3600) == datetime(2026, 12, 1, 10, tzinfo=UTC)
    with pytest.raises(NoOpenTimeError):
        add(once, now, 3601)


def test_targets_may_need_more_than_400_days() -> None:
    hour_a_week = Calendar("rare", 1, "UTC", (hours("09:00-10:00"), *((),) * 6))
    start_at = datetime(2026, 11, 23, tzinfo=UTC)
    assert add(hour_a_week, start_at, 100 * 3600) == datetime(2026, 11, 23, 10, tzinfo=UTC) + timedelta(weeks=99)


@pytest.mark.parametrize("text", ["9:00-10:00", "09:00", "10:00-09:00", "09:00-09:00", "09:00-24:01", "aa:00-bb:00"])
def test_bad_intervals_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"time of day|opens before"):
        hours(text)


def test_bad_calendars_are_refused() -> None:
    with pytest.raises(ValueError, match="seven"):
        Calendar("short", 1, "UTC", ())
    for zone in ("Mars/Olympus", "", "../etc/passwd", "Europe"):
        with pytest.raises(ValueError, match="time zone"):
            Calendar("nowhere", 1, zone, ((),) * 7)
    with pytest.raises(ValueError, match=r"isoformat|YYYY"):
        Calendar("dates", 1, "UTC", ((),) * 7, {"24.11.2026": ()})


def test_the_workday_preset() -> None:
    calendar = workdays("Asia/Shanghai")
    monday = local("Asia/Shanghai", "2026-11-23 00:00")
    assert elapsed(calendar, monday, monday + timedelta(days=7)) == 5 * 7.5 * 3600

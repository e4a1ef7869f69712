"""Laws of `elapsed` and `add` on any calendar, in zones with odd changes, over spans of up to 400 days."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.calendar import Calendar, Interval, add, elapsed, hours, open_spans, workdays

ZONES = (
    "Asia/Shanghai",
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "America/Havana",
    "Africa/Casablanca",
    "Pacific/Apia",
)
CHANGES = (
    "2011-12-30",  # Apia skips the day
    "2025-03-09",  # New York and Havana forward, Havana at midnight
    "2025-04-06",  # Lord Howe back by half an hour
    "2025-11-02",  # New York and Havana back
    "2026-02-15",  # Casablanca back for Ramadan
    "2026-03-22",  # Casablanca forward again
    "2026-03-29",  # Berlin forward
    "2026-10-04",  # Lord Howe forward
    "2026-10-25",  # Berlin back
)
YEAR_AND_MORE = timedelta(days=400)


@st.composite
def calendars(draw: st.DrawFn) -> Calendar:
    """Up to three intervals on each day, exceptions at the changes of the zones, at least 2.5 h of a Sunday."""

    def day() -> tuple[Interval, ...]:
        quarters = draw(st.lists(st.integers(0, 96), min_size=0, max_size=6, unique=True).map(sorted))
        pairs = zip(quarters[::2], quarters[1::2], strict=False)
        return tuple(Interval(opens * 900, closes * 900) for opens, closes in pairs)

    weekly = tuple(day() for _ in range(6))
    exceptions = {key: day() for key in draw(st.sets(st.sampled_from(CHANGES)))}
    return Calendar("drawn", 1, draw(st.sampled_from(ZONES)), (*weekly, hours("01:00-03:30")), exceptions)


def near(change: str) -> st.SearchStrategy[datetime]:
    """Instants within two days of a change."""
    middle = datetime.fromisoformat(change).replace(tzinfo=UTC)
    return st.integers(-2 * 86_400, 2 * 86_400).map(lambda seconds: middle + timedelta(seconds=seconds))


INSTANTS = st.one_of(
    *map(near, CHANGES),
    st.integers(0, 15 * 366 * 86_400).map(
        lambda seconds: datetime(2011, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    ),
)
SECONDS = st.one_of(st.integers(0, 40 * 3600), st.integers(0, 57 * 9_000))
"""Up to what 400 days of the leanest drawn calendar hold."""
SPANS = st.integers(0, int(YEAR_AND_MORE.total_seconds()))
slow = settings(max_examples=60, deadline=None)


@slow
@given(calendars(), INSTANTS, SECONDS)
def test_what_is_added_has_elapsed_and_not_earlier(calendar: Calendar, at: datetime, seconds: int) -> None:
    due_at = add(calendar, at, seconds)
    assert elapsed(calendar, at, due_at) == seconds
    assert due_at == at if seconds == 0 else elapsed(calendar, at, due_at - timedelta(microseconds=1)) < seconds


@slow
@given(calendars(), INSTANTS, SECONDS, SECONDS, st.integers(0, 300_000))
def test_add_is_monotone(calendar: Calendar, at: datetime, one: int, other: int, later: int) -> None:
    less, more = sorted((one, other))
    assert add(calendar, at, less) <= add(calendar, at, more)
    assert add(calendar, at, one) <= add(calendar, at + timedelta(seconds=later), one)


@slow
@given(calendars(), INSTANTS, SECONDS, SECONDS)
def test_adding_twice_is_adding_once(calendar: Calendar, at: datetime, one: int, other: int) -> None:
    whole = add(calendar, at, one + other)
    assert add(calendar, add(calendar, at, one), other) == whole or other == 0


@slow
@given(calendars(), INSTANTS, SPANS, SPANS)
def test_elapsed_adds_up_over_400_days(calendar: Calendar, at: datetime, one: int, other: int) -> None:
    middle, end = at + timedelta(seconds=one), at + timedelta(seconds=one + other)
    whole = elapsed(calendar, at, end)
    assert whole == pytest.approx(elapsed(calendar, at, middle) + elapsed(calendar, middle, end), abs=1e-5)
    assert 0 <= whole <= one + other
    assert elapsed(calendar, end, at) == 0


@slow
@given(calendars(), INSTANTS, SPANS)
def test_spans_are_disjoint_in_order_and_sum_to_elapsed(calendar: Calendar, at: datetime, seconds: int) -> None:
    end_at = at + timedelta(seconds=seconds)
    spans = open_spans(calendar, at, end_at)
    flat = [each for span in spans for each in span]
    assert flat == sorted(set(flat))
    assert all(at <= each <= end_at for each in flat)
    total = sum((end - start for start, end in spans), timedelta())
    assert total.total_seconds() == elapsed(calendar, at, end_at)


@slow
@given(calendars(), INSTANTS)
def test_away_from_changes_the_clock_on_the_wall_decides(calendar: Calendar, at: datetime) -> None:
    """An oracle that shares nothing with the code: at each quarter of an hour, what the wall and the week say."""
    zone = ZoneInfo(calendar.zone)
    start_at = at.replace(minute=0, second=0, microsecond=0)
    spans = open_spans(calendar, start_at, start_at + timedelta(days=3))
    for quarter in range(3 * 96):
        instant = start_at + timedelta(minutes=15 * quarter)
        offsets = {(instant + timedelta(hours=shift)).astimezone(zone).utcoffset() for shift in (-50, -26, 0, 26, 50)}
        if len(offsets) > 1:
            continue
        wall = instant.astimezone(zone)
        wall_s = wall.hour * 3600 + wall.minute * 60
        intervals = calendar.exceptions.get(wall.date().isoformat(), calendar.weekly[wall.weekday()])
        by_the_wall = any(each.opens_s <= wall_s < each.closes_s for each in intervals)
        assert any(start <= instant < end for start, end in spans) is by_the_wall, instant


class CountedDates(Mapping[str, tuple[Interval, ...]]):
    """No exceptions, and how many dates were laid out: each is looked up here once."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def get(self, key: str, default: object = None) -> object:  # type: ignore[override]
        self.asked.append(key)
        return default

    def __getitem__(self, key: str) -> tuple[Interval, ...]:
        raise KeyError(key)

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(ZONES), INSTANTS, st.integers(1, 60 * 27_000))
def test_add_lays_out_the_dates_it_crosses_and_one_on_each_side(zone: str, at: datetime, seconds: int) -> None:
    week, counted = workdays(zone), CountedDates()
    due_at = add(Calendar("counted", 1, zone, week.weekly, counted), at, seconds)
    first, last = (each.astimezone(ZoneInfo(zone)).date() for each in (at, due_at))
    crossed = (last - first).days + 1
    assert len(counted.asked) <= crossed + 2
    assert counted.asked == [
        date.fromordinal(first.toordinal() - 1 + step).isoformat() for step in range(len(counted.asked))
    ]

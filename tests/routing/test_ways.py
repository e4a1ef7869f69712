"""Ways to visit a site through a period: every limit of a cadence on both sides."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.period_problem import Cadence
from routing.ways import ways
from tests.routing.periods import FIRST, MONTHLY, WEEKLY, on


def _workdays(weeks: int) -> list[date]:
    return [on(number) for number in range(7 * weeks) if on(number).weekday() < 5]


def _found(weeks: int, cadence: Cadence, last_visit: date | None, *promised: date) -> list[tuple[int, ...]]:
    found = ways(FIRST, on(7 * weeks - 1), _workdays(weeks), cadence, last_visit, promised)
    return [tuple((day - FIRST).days for day in way.days) for way in found]


@pytest.mark.parametrize(
    ("days_ago", "first_day", "allowed"),
    [(3, 1, True), (3, 0, False), (6, 4, True), (9, 1, True), (9, 2, False), (10, 0, True), (10, 1, False)],
)
def test_least_and_most_days_after_the_visit_before(days_ago: int, first_day: int, allowed: bool) -> None:
    firsts = {way[0] for way in _found(1, WEEKLY, on(-days_ago)) if way}
    assert (first_day in firsts) is allowed


@pytest.mark.parametrize(("days_ago", "idle"), [(28, False), (29, False), (30, False), (1, True), (28 - 7, True)])
def test_nothing_is_due_as_long_as_most_days_reach_past_the_period(days_ago: int, idle: bool) -> None:
    # 36 days at the most: the day after the week is the 7th after its first.
    assert (() in _found(1, MONTHLY, on(-days_ago))) is (idle or days_ago + 7 <= MONTHLY.most_days)


@pytest.mark.parametrize(("days_ago", "idle"), [(29, True), (30, False)])
def test_the_first_day_after_the_period_is_the_latest(days_ago: int, idle: bool) -> None:
    assert (() in _found(1, MONTHLY, on(-days_ago))) is idle


@pytest.mark.parametrize("last_visit", [None, on(-11), on(-400)])
def test_who_is_late_is_due_within_one_interval(last_visit: date | None) -> None:
    firsts = {way[0] for way in _found(2, WEEKLY, last_visit)}
    assert firsts == {0, 1, 2, 3, 4}


def test_regular_ways_come_first() -> None:
    assert _found(4, WEEKLY, on(-7))[0] == (0, 7, 14, 21)


def test_a_promised_day_is_in_every_way_and_is_not_judged() -> None:
    found = _found(2, WEEKLY, on(-7), on(1), on(2))
    assert found
    assert all({1, 2} <= set(way) for way in found)


def test_no_way_where_the_rep_is_away_for_longer_than_most_days() -> None:
    days = [day for day in _workdays(4) if not on(5) <= day < on(21)]
    assert ways(FIRST, on(27), days, WEEKLY, on(-7)) == ()


@settings(max_examples=40, deadline=None)
@given(
    st.integers(1, 30).flatmap(
        lambda interval: st.tuples(st.integers(1, interval), st.just(interval), st.integers(interval, 45))
    ),
    st.integers(1, 4),
    st.none() | st.integers(1, 60),
    st.sets(st.integers(0, 55), max_size=20),
)
def test_every_way_keeps_the_cadence(
    days: tuple[int, int, int], weeks: int, days_ago: int | None, free: set[int]
) -> None:
    least, interval, most = days
    working = [day for day in _workdays(weeks) if (day - FIRST).days not in free]
    before = None if days_ago is None else on(-days_ago)
    late = before is None or days_ago > most  # type: ignore[operator]
    last = on(7 * weeks - 1)
    for way in ways(FIRST, last, working, Cadence(interval, least, most), before):
        assert set(way.days) <= set(working)
        seen = list(way.days) if late or before is None else [before, *way.days]
        assert all(least <= (later - earlier).days <= most for earlier, later in pairwise(seen))
        assert last - seen[-1] < timedelta(days=most)

"""The team map's two fields and the one state drawn from them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from domain.presence import (
    Condition,
    DeviceState,
    DisplayState,
    Freshness,
    condition,
    display_state,
    freshness,
    wake_at,
)

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("age_s", "cadence_s", "expected"),
    [
        (None, 60, Freshness.NO_DATA),
        (0, 60, Freshness.LIVE),
        (-30, 60, Freshness.LIVE),
        (120, 60, Freshness.LIVE),
        (121, 60, Freshness.RECENT),
        (120, None, Freshness.LIVE),
        (121, None, Freshness.RECENT),
        (600, 300, Freshness.LIVE),
        (601, 300, Freshness.RECENT),
        (1200, 600, Freshness.LIVE),
        (1201, 600, Freshness.STALE),
        (900, 60, Freshness.RECENT),
        (901, 60, Freshness.STALE),
        (3600, 60, Freshness.STALE),
        (3601, 60, Freshness.LOST),
        (121, 0, Freshness.RECENT),
        (121, -5, Freshness.RECENT),
        (121, float("nan"), Freshness.RECENT),
        (86_400, float("inf"), Freshness.LOST),
    ],
)
def test_freshness(age_s: float | None, cadence_s: float | None, expected: Freshness) -> None:
    last_at = None if age_s is None else NOW - timedelta(seconds=age_s)
    assert freshness(last_at, cadence_s, now=NOW) is expected


@pytest.mark.parametrize(("cadence_s", "minutes"), [(1, 15), (60, 15), (450, 15), (451, 15 + 2 / 60), (3_600, 120)])
def test_a_phone_is_asked_once_it_is_neither_live_nor_recent(cadence_s: int, minutes: float) -> None:
    at = wake_at(NOW, cadence_s)
    assert at == NOW + timedelta(minutes=minutes)
    assert freshness(NOW, cadence_s, now=at) in {Freshness.LIVE, Freshness.RECENT}
    assert freshness(NOW, cadence_s, now=at + timedelta(seconds=1)) not in {Freshness.LIVE, Freshness.RECENT}


@pytest.mark.parametrize(
    ("device", "on_shift", "on_break", "expected"),
    [
        (None, True, False, Condition.ON_DUTY),
        (DeviceState(), True, False, Condition.ON_DUTY),
        (DeviceState(permitted=False, low_battery=True), True, False, Condition.NO_PERMISSION),
        (DeviceState(low_battery=True), True, False, Condition.LOW_BATTERY),
        (DeviceState(woken_at=NOW - timedelta(seconds=599)), True, False, Condition.ON_DUTY),
        (DeviceState(woken_at=NOW - timedelta(seconds=600)), True, False, Condition.APP_KILLED),
        (DeviceState(low_battery=True, woken_at=NOW - timedelta(hours=1)), True, False, Condition.APP_KILLED),
        (DeviceState(permitted=False, woken_at=NOW - timedelta(hours=1)), True, False, Condition.NO_PERMISSION),
        (DeviceState(woken_at=NOW - timedelta(hours=1)), True, True, Condition.PAUSED),
        (DeviceState(permitted=False), True, True, Condition.PAUSED),
        (DeviceState(permitted=False), False, False, Condition.OFF_DUTY),
        (None, False, True, Condition.OFF_DUTY),
    ],
)
def test_condition(device: DeviceState | None, on_shift: bool, on_break: bool, expected: Condition) -> None:
    assert condition(device, on_shift=on_shift, on_break=on_break, now=NOW) is expected


@pytest.mark.parametrize(
    ("fresh", "state", "in_visit", "expected"),
    [
        (Freshness.LIVE, Condition.ON_DUTY, False, DisplayState.LIVE),
        (Freshness.LIVE, Condition.ON_DUTY, True, DisplayState.IN_VISIT),
        (Freshness.RECENT, Condition.ON_DUTY, True, DisplayState.RECENT),
        (Freshness.STALE, Condition.ON_DUTY, True, DisplayState.STALE),
        (Freshness.LOST, Condition.ON_DUTY, True, DisplayState.LOST),
        (Freshness.NO_DATA, Condition.ON_DUTY, False, DisplayState.NO_DATA),
        (Freshness.LIVE, Condition.LOW_BATTERY, False, DisplayState.LOW_BATTERY),
        (Freshness.LOST, Condition.LOW_BATTERY, False, DisplayState.LOST),
        (Freshness.LOST, Condition.NO_PERMISSION, False, DisplayState.NO_PERMISSION),
        (Freshness.LOST, Condition.APP_KILLED, True, DisplayState.APP_KILLED),
        (Freshness.STALE, Condition.APP_KILLED, False, DisplayState.APP_KILLED),
        (Freshness.LIVE, Condition.PAUSED, True, DisplayState.PAUSED),
        (Freshness.LIVE, Condition.OFF_DUTY, True, DisplayState.OFF_DUTY),
        (Freshness.NO_DATA, Condition.OFF_DUTY, False, DisplayState.OFF_DUTY),
    ],
)
def test_display_state(fresh: Freshness, state: Condition, in_visit: bool, expected: DisplayState) -> None:
    assert display_state(fresh, state, in_visit=in_visit) is expected


def test_the_precedence_is_the_order_of_the_states() -> None:
    """A worse freshness or condition never shows a state further down the list."""
    order = list(DisplayState)
    ages = [Freshness.LIVE, Freshness.RECENT, Freshness.STALE, Freshness.LOST]
    for state, in_visit in product(Condition, (False, True)):
        shown = [order.index(display_state(each, state, in_visit=in_visit)) for each in ages]
        assert shown == sorted(shown, reverse=True)

"""What the team map says of a rep: how fresh the position is, in which condition the phone, and one state to draw."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

DEFAULT_CADENCE_S = 60
MOVING_M = 100
"""A phone that moves reports after so far, too, where that comes sooner."""
IDLE_CADENCE_S = 300
RECENT_WITHIN = timedelta(minutes=15)
STALE_WITHIN = timedelta(minutes=60)
ANSWERED_WITHIN = timedelta(minutes=10)


class Freshness(StrEnum):
    """How old the last position is, by event time."""

    LIVE = "LIVE"
    RECENT = "RECENT"
    STALE = "STALE"
    LOST = "LOST"
    NO_DATA = "NO_DATA"


class Condition(StrEnum):
    """What is known of the rep's shift and phone."""

    ON_DUTY = "ON_DUTY"
    OFF_DUTY = "OFF_DUTY"
    PAUSED = "PAUSED"
    NO_PERMISSION = "NO_PERMISSION"
    APP_KILLED = "APP_KILLED"
    LOW_BATTERY = "LOW_BATTERY"


class DisplayState(StrEnum):
    """The one state drawn for a rep."""

    OFF_DUTY = "OFF_DUTY"
    PAUSED = "PAUSED"
    NO_PERMISSION = "NO_PERMISSION"
    APP_KILLED = "APP_KILLED"
    NO_DATA = "NO_DATA"
    LOST = "LOST"
    LOW_BATTERY = "LOW_BATTERY"
    STALE = "STALE"
    RECENT = "RECENT"
    IN_VISIT = "IN_VISIT"
    LIVE = "LIVE"


@dataclass(frozen=True, slots=True)
class DeviceState:
    """What is known of the phone; `permitted` is the right to use the location in the background.

    `woken_at`: when a silent push asked it for a sign of life that has not come.
    """

    permitted: bool = True
    low_battery: bool = False
    woken_at: datetime | None = None


def freshness(last_at: datetime | None, cadence_s: float | None, *, now: datetime) -> Freshness:
    """The age of the last position: LIVE within twice the cadence (s) the phone announced, then 15 and 60 minutes.

    An idle phone announces its 5 min heartbeat; without an announcement 60 s are assumed. A position from ahead of
    the server's time is new.
    """
    if last_at is None:
        return Freshness.NO_DATA
    age = now - last_at
    announced_s = cadence_s if cadence_s is not None and 0 < cadence_s <= STALE_WITHIN.total_seconds() else None
    if age <= 2 * timedelta(seconds=announced_s or DEFAULT_CADENCE_S):
        return Freshness.LIVE
    if age <= RECENT_WITHIN:
        return Freshness.RECENT
    return Freshness.STALE if age <= STALE_WITHIN else Freshness.LOST


def app_killed(woken_at: datetime | None, *, now: datetime) -> bool:
    """Whether a silent push has stayed unanswered for 10 minutes: nothing runs on the phone that could answer."""
    return woken_at is not None and now - woken_at >= ANSWERED_WITHIN


def wake_at(last_at: datetime, cadence_s: float) -> datetime:
    """When a phone that was heard of then is asked for a sign of life: once it is no longer LIVE nor RECENT."""
    return last_at + max(RECENT_WITHIN, 2 * timedelta(seconds=cadence_s))


def condition(device: DeviceState | None, *, on_shift: bool, on_break: bool, now: datetime) -> Condition:
    """Shift before phone: who is off duty or on a break is not tracked, whatever the phone says."""
    if not on_shift:
        return Condition.OFF_DUTY
    if on_break:
        return Condition.PAUSED
    if device is not None and not device.permitted:
        return Condition.NO_PERMISSION
    if device is not None and app_killed(device.woken_at, now=now):
        return Condition.APP_KILLED
    if device is not None and device.low_battery:
        return Condition.LOW_BATTERY
    return Condition.ON_DUTY


_BY_CONDITION = {
    Condition.OFF_DUTY: DisplayState.OFF_DUTY,
    Condition.PAUSED: DisplayState.PAUSED,
    Condition.NO_PERMISSION: DisplayState.NO_PERMISSION,
    Condition.APP_KILLED: DisplayState.APP_KILLED,
}
_SILENT = {Freshness.NO_DATA: DisplayState.NO_DATA, Freshness.LOST: DisplayState.LOST}


def display_state(fresh: Freshness, state: Condition, *, in_visit: bool = False) -> DisplayState:
    """One state, the first that holds: OFF_DUTY, PAUSED, NO_PERMISSION, APP_KILLED, NO_DATA, LOST, LOW_BATTERY,
    STALE, RECENT, IN_VISIT, LIVE.

    What explains silence goes before silence, silence before what is merely worth knowing. There is no "idle".
    """
    explained = _BY_CONDITION.get(state) or _SILENT.get(fresh)
    if explained is not None:
        return explained
    if state is Condition.LOW_BATTERY:
        return DisplayState.LOW_BATTERY
    if fresh is Freshness.STALE:
        return DisplayState.STALE
    if fresh is Freshness.RECENT:
        return DisplayState.RECENT
    return DisplayState.IN_VISIT if in_visit else DisplayState.LIVE

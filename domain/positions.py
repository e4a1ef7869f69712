"""Which of a phone's reported positions may be kept, and what the latest of them is; used by resolvers/positions.py.

Tracking is on only inside the actual shift minus its breaks, and with the person's consent: what lies outside is
dropped on ingest, not hidden.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from math import isfinite

from domain.consents import TrackingConsent
from domain.datum import to_wgs84
from domain.ids import OrgId, PersonId, ShiftId, TeamId
from domain.places import Datum, Point
from domain.presence import Condition, DeviceState, DisplayState, condition, display_state, freshness
from domain.refusals import InvalidInput
from domain.shifts import Shift, tracking_on

MAX_POINTS = 10_000
MAX_AHEAD = timedelta(seconds=120)
MAX_LATE = timedelta(hours=72)
MAX_ACCURACY_M = 5_000.0
"""A wider circle than this is no fix."""
CADENCES_S = range(1, 3_601)
KEEP_TRACK = timedelta(days=60)


class PositionDropReason(StrEnum):
    """Why a reported point was not kept."""

    OUTSIDE_SHIFT = "OUTSIDE_SHIFT"
    ON_BREAK = "ON_BREAK"
    NO_CONSENT = "NO_CONSENT"
    FUTURE = "FUTURE"
    TOO_OLD = "TOO_OLD"
    BAD_POINT = "BAD_POINT"


class PhoneState(StrEnum):
    """What a phone tells of itself."""

    NO_PERMISSION = "NO_PERMISSION"
    LOW_BATTERY = "LOW_BATTERY"
    OK = "OK"


@dataclass(frozen=True, slots=True)
class ReportedPoint:
    """A position as the phone sent it; `at` is the time of the fix."""

    latitude: float
    longitude: float
    datum: Datum
    accuracy_m: float
    at: datetime
    speed_mps: float | None = None
    heading_deg: float | None = None
    battery_pct: float | None = None


@dataclass(frozen=True, slots=True)
class TrackPoint:
    """A position that was kept: WGS-84, and the numbers as sent where they were another datum's."""

    shift_id: ShiftId
    at: datetime
    location: Point
    accuracy_m: float
    speed_mps: float | None = None
    heading_deg: float | None = None
    battery_pct: float | None = None
    sent_latitude: float | None = None
    sent_longitude: float | None = None
    sent_datum: Datum | None = None


@dataclass(frozen=True, slots=True)
class Dropped:
    """The point at `index` of the batch was not kept."""

    index: int
    reason: PositionDropReason


@dataclass(frozen=True, slots=True)
class Sifted:
    """A batch after sifting: what is kept, first to last by event time, and what is not, in the order sent."""

    kept: tuple[TrackPoint, ...]
    dropped: tuple[Dropped, ...]

    @property
    def counts(self) -> dict[PositionDropReason, int]:
        """How many were dropped for each reason that occurred."""
        counted = Counter(each.reason for each in self.dropped)
        return {reason: counted[reason] for reason in PositionDropReason if counted[reason]}


@dataclass(frozen=True, slots=True)
class Position:
    """The latest known position of a person, by event time; `id` is the person's."""

    id: PersonId
    org_id: OrgId
    owner_id: PersonId
    team_id: TeamId | None
    location: Point
    accuracy_m: float
    at: datetime
    received_at: datetime
    cadence_s: int
    speed_mps: float | None = None
    heading_deg: float | None = None
    battery_pct: float | None = None
    device_id: str | None = None
    wake_after: datetime | None = None
    """When the phone is asked for a sign of life if nothing comes until then."""


def batch_problem(points: int, cadence_s: int) -> InvalidInput | None:
    """Why a batch cannot be taken at all."""
    if not 1 <= points <= MAX_POINTS:
        return InvalidInput("points", f"must be 1 to {MAX_POINTS}")
    if cadence_s not in CADENCES_S:
        return InvalidInput("cadenceS", "must be 1 to 3600")
    return None


def state_problem(at: datetime, now: datetime) -> InvalidInput | None:
    """Why a phone's state cannot be of that time: over 120 s ahead or over 72 h late."""
    return None if now - MAX_LATE <= at <= now + MAX_AHEAD else InvalidInput("at", "must be within the last 72 hours")


def sift(points: Sequence[ReportedPoint], shifts: Sequence[Shift], consent: TrackingConsent, now: datetime) -> Sifted:
    """Keeps what was measured inside one of the person's shifts, outside its breaks and with their consent.

    `shifts` are all of the last 72 hours.
    """
    kept: list[TrackPoint] = []
    dropped: list[Dropped] = []
    for index, each in enumerate(points):
        found = _judge(each, shifts, consent, now)
        if isinstance(found, PositionDropReason):
            dropped.append(Dropped(index, found))
        else:
            kept.append(found)
    return Sifted(tuple(sorted(kept, key=lambda point: point.at)), tuple(dropped))


def _judge(
    point: ReportedPoint, shifts: Sequence[Shift], consent: TrackingConsent, now: datetime
) -> TrackPoint | PositionDropReason:
    read = _read(point)
    if read is None:
        return PositionDropReason.BAD_POINT
    if point.at > now + MAX_AHEAD:
        return PositionDropReason.FUTURE
    if point.at < now - MAX_LATE:
        return PositionDropReason.TOO_OLD
    around = [shift for shift in shifts if shift.started_at <= point.at < (shift.ended_at or shift.auto_end_at)]
    if not around:
        return PositionDropReason.OUTSIDE_SHIFT
    tracked = next((shift for shift in around if tracking_on(shift, point.at)), None)
    if tracked is None:
        return PositionDropReason.ON_BREAK
    return _kept(point, read, tracked.id) if consent.allows(point.at) else PositionDropReason.NO_CONSENT


def _read(point: ReportedPoint) -> Point | None:
    """Where in WGS-84; None for numbers that are no position. (0, 0) is what broken receivers answer."""
    if not (isfinite(point.accuracy_m) and 0 < point.accuracy_m <= MAX_ACCURACY_M):
        return None
    if (point.latitude, point.longitude) == (0, 0):
        return None
    try:
        return to_wgs84(point.latitude, point.longitude, point.datum).point
    except ValueError:
        return None


def _kept(point: ReportedPoint, location: Point, shift_id: ShiftId) -> TrackPoint:
    shifted = point.datum is not Datum.WGS84
    return TrackPoint(
        shift_id=shift_id,
        at=point.at,
        location=location,
        accuracy_m=point.accuracy_m,
        speed_mps=_within(point.speed_mps, 1_000),
        heading_deg=_within(point.heading_deg, 360),
        battery_pct=_within(point.battery_pct, 100),
        sent_latitude=point.latitude if shifted else None,
        sent_longitude=point.longitude if shifted else None,
        sent_datum=point.datum if shifted else None,
    )


def _within(value: float | None, highest: float) -> float | None:
    """Phones answer -1 for what they do not know."""
    return value if value is not None and 0 <= value <= highest else None


def duty(
    started_at: datetime | None,
    auto_end_at: datetime | None,
    on_break: bool | None,
    phone: str | None,
    woken_at: datetime | None,
    *,
    now: datetime,
) -> Condition:
    """The condition of a person by their open shift (None: there is none), what their phone told last, and since when
    it has not answered a silent push.

    A shift forgotten past its assumed end is over even before a worker closes it.
    """
    on_shift = started_at is not None and auto_end_at is not None and now < auto_end_at
    device = DeviceState(phone != PhoneState.NO_PERMISSION, phone == PhoneState.LOW_BATTERY, woken_at)
    return condition(device, on_shift=on_shift, on_break=bool(on_break), now=now)


def drawn_state(
    last_at: datetime | None,
    cadence_s: float | None,
    started_at: datetime | None,
    auto_end_at: datetime | None,
    on_break: bool | None,
    phone: str | None,
    woken_at: datetime | None,
    open_visit_id: str | None,
    *,
    now: datetime,
) -> DisplayState:
    """The one state a map draws; see domain/presence.py for the precedence."""
    fresh = freshness(last_at, cadence_s, now=now)
    state = duty(started_at, auto_end_at, on_break, phone, woken_at, now=now)
    return display_state(fresh, state, in_visit=open_visit_id is not None)

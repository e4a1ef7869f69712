"""What a phone sends to show where somebody was, as it was sent, and the words for what is made of it.

The parts of the verdict engine read it: domain/geofence.py (where), evidence_times.py (when), suspicion.py (whether to
believe it). Nothing is checked here but `evidence_problem` and `clock_problem`, which find what no phone can measure.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from math import isfinite

from domain.places import Datum
from domain.refusals import InvalidInput

MAX_TEXT = 100
MAX_ELAPSED_MS = 1e13
"""More than three hundred years since the phone was switched on."""


class Provider(StrEnum):
    """What measured the position, as the phone says; QR: the code of the site stands for it."""

    GPS = "GPS"
    NETWORK = "NETWORK"
    FUSED = "FUSED"
    UNKNOWN = "UNKNOWN"
    QR = "QR"


class Reason(StrEnum):
    """Why the verdict is what it is, or why it is doubted; the rep sees the same reasons as the manager."""

    WITHIN_FENCE = "WITHIN_FENCE"
    WEAK_ACCURACY = "WEAK_ACCURACY"
    FENCE_WITHIN_ACCURACY = "FENCE_WITHIN_ACCURACY"
    BEYOND_FENCE = "BEYOND_FENCE"
    BEYOND_DOUBT = "BEYOND_DOUBT"
    ACCURACY_TOO_POOR = "ACCURACY_TOO_POOR"
    NO_USABLE_FIX = "NO_USABLE_FIX"
    MOCK_LOCATION = "MOCK_LOCATION"
    DATUM_OUTSIDE_REGION = "DATUM_OUTSIDE_REGION"
    SITE_CODE = "SITE_CODE"
    CODE_CONTRADICTED = "CODE_CONTRADICTED"
    CODE_TIME_UNPROVED = "CODE_TIME_UNPROVED"
    STALE_FIX = "STALE_FIX"
    OUTDATED_FIX = "OUTDATED_FIX"
    CLOCK_SKEW = "CLOCK_SKEW"
    CLOCK_SUSPECT = "CLOCK_SUSPECT"
    TIME_DOUBTFUL = "TIME_DOUBTFUL"
    ANCHOR_NOT_ACCEPTED = "ANCHOR_NOT_ACCEPTED"
    VERY_LATE = "VERY_LATE"
    REPEATED_FIX = "REPEATED_FIX"
    EQUALS_PIN = "EQUALS_PIN"
    CONSTANT_ACCURACY = "CONSTANT_ACCURACY"
    FAST_TRAVEL = "FAST_TRAVEL"
    IMPOSSIBLE_TRAVEL = "IMPOSSIBLE_TRAVEL"
    TWO_DEVICES = "TWO_DEVICES"
    DEVICE_OF_TWO = "DEVICE_OF_TWO"
    PHOTO_REUSED = "PHOTO_REUSED"


@dataclass(frozen=True, slots=True)
class PhoneClock:
    """Readings of the phone's monotonic clock (milliseconds since it was switched on) around the tap.

    `anchor_at` is the time in the last signed time anchor, None where the phone sent none or not one of ours; the phone
    read its own clock as it came. Readings of different boots cannot be compared.
    """

    boot_id: str | None = None
    captured_elapsed_ms: float | None = None
    fix_at: datetime | None = None
    fix_elapsed_ms: float | None = None
    fix_boot_id: str | None = None
    anchor: str | None = None
    anchor_at: datetime | None = None
    anchor_elapsed_ms: float | None = None
    anchor_boot_id: str | None = None


@dataclass(frozen=True, slots=True)
class Sending:
    """The phone's clocks at the attempt that sent the evidence; another attempt has others, so it is no evidence."""

    sent_at: datetime | None = None
    sent_elapsed_ms: float | None = None
    boot_id: str | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """A position as the phone sent it; degrees in `datum`, metres."""

    latitude: float | None
    longitude: float | None
    datum: Datum
    accuracy_m: float | None
    captured_at: datetime
    provider: Provider = Provider.UNKNOWN
    is_mock: bool = False
    clock: PhoneClock | None = None

    @property
    def has_position(self) -> bool:
        """Whether anything of a position was sent; a site's code needs none."""
        return not self.latitude == self.longitude == self.accuracy_m == None  # noqa: E711 - all three


def evidence_problem(evidence: Evidence) -> InvalidInput | None:
    """Why the numbers can be no position."""
    latitude, longitude, accuracy_m = evidence.latitude, evidence.longitude, evidence.accuracy_m
    if latitude is None or not isfinite(latitude) or abs(latitude) > 90:
        return InvalidInput("latitude", "must be a number within 90 degrees")
    if longitude is None or not isfinite(longitude) or abs(longitude) > 180:
        return InvalidInput("longitude", "must be a number within 180 degrees")
    if latitude == 0 and longitude == 0:
        return InvalidInput("latitude", "0, 0 is the answer of a phone without a position")
    if accuracy_m is None or not isfinite(accuracy_m) or accuracy_m <= 0:
        return InvalidInput("accuracy_m", "must be a positive number of metres")
    return None


def clock_problem(clock: PhoneClock | None, sending: Sending | None) -> InvalidInput | None:
    """The first reading that no clock can show, by its path in the input."""
    told = clock or PhoneClock()
    sent = sending or Sending()
    for path, elapsed_ms in (
        ("clock.capturedElapsedMs", told.captured_elapsed_ms),
        ("clock.fixElapsedMs", told.fix_elapsed_ms),
        ("clock.anchorElapsedMs", told.anchor_elapsed_ms),
        ("sending.elapsedMs", sent.sent_elapsed_ms),
    ):
        if elapsed_ms is not None and not (isfinite(elapsed_ms) and 0 <= elapsed_ms <= MAX_ELAPSED_MS):
            return InvalidInput(path, "must be milliseconds since the phone was switched on")
    for path, text in (
        ("clock.bootId", told.boot_id),
        ("clock.fixBootId", told.fix_boot_id),
        ("clock.anchorBootId", told.anchor_boot_id),
        ("clock.anchor", told.anchor),
        ("sending.bootId", sent.boot_id),
    ):
        if len(text or "") > MAX_TEXT:
            return InvalidInput(path, f"must have at most {MAX_TEXT} characters")
    return None

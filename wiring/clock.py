"""Where the time comes from: entry points make one clock; everything below takes `now` as an argument."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

Clock = Callable[[], datetime]


def to_milliseconds(moment: datetime) -> datetime:
    """`moment` cut (never rounded up) to the millisecond, which is what the database can store."""
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def system_clock(offset_s: float = 0) -> Clock:
    """The computer's time moved by `offset_s` seconds (CLOCK_OFFSET_S), aware UTC, cut to milliseconds."""
    offset = timedelta(seconds=offset_s)
    return lambda: to_milliseconds(datetime.now(UTC) + offset)

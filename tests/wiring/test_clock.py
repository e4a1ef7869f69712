"""The clock: aware, UTC, whole milliseconds, moved by the offset."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from wiring.clock import system_clock, to_milliseconds


@pytest.mark.parametrize("offset_s", [0, 90_000, -90_000, 0.5])
def test_the_clock_is_moved_by_its_offset(offset_s: float) -> None:
    before = to_milliseconds(datetime.now(UTC) + timedelta(seconds=offset_s))
    told = system_clock(offset_s)()
    after = datetime.now(UTC) + timedelta(seconds=offset_s)
    assert before <= told <= after
    assert told.tzinfo is UTC
    assert told.microsecond % 1000 == 0


def test_times_are_cut_never_rounded_up() -> None:
    moment = datetime(2027, 1, 1, 12, 0, 0, 999_999, tzinfo=UTC)
    assert to_milliseconds(moment).microsecond == 999_000

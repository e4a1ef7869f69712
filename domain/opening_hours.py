"""When a site is open, from an OSM `opening_hours` string; used by the importers (is it valid?) and the day planner."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache

from opening_hours import OpeningHours, State

from domain.calendar import Span, known_zone, merged, wall_span, within
from domain.refusals import InvalidInput

MAX_LENGTH = 1000
LONGEST = timedelta(days=92)
"""Windows are computed for at most this long at once; ValueError past it."""
YEARS = range(1900, 2200)


class _UnreadableError(Exception):
    """The text is no opening hours, in the parser's words."""


def parse_problem(text: str) -> InvalidInput | None:
    """Why the text is no `opening_hours` value; None where it is one. Never raises."""
    try:
        _parsed(text)
    except _UnreadableError as problem:
        return InvalidInput("opening_hours", str(problem))
    return None


def windows(text: str, zone: str, start_at: datetime, end_at: datetime) -> tuple[Span, ...] | InvalidInput:
    """The open times within [start_at, end_at) as disjoint UTC spans; InvalidInput for a text that cannot be read.

    Times the text calls unknown are not open. Holidays (PH, SH) are plain days and the sun rises at 7 and sets at 19:
    the text alone does not say where the site is. Raises ValueError for an unknown zone, more than 92 days or a year
    beyond 1901 to 2199.
    """
    if end_at - start_at > LONGEST or not YEARS.start < start_at.year < YEARS.stop:
        raise ValueError("opening hours are computed for at most 92 days at once, from 1901 to 2199")
    place = known_zone(zone)
    first = start_at.astimezone(place).date() - timedelta(days=1)
    last = end_at.astimezone(place).date() + timedelta(days=2)
    begin, finish = (datetime(day.year, day.month, day.day) for day in (first, last))  # noqa: DTZ001
    pieces: list[Span] = []
    try:
        # Wall times in, wall times out: gaps and folds then follow the same rule as every other calendar.
        for opens, closes in _open_walls(text, begin, finish):
            seconds = opens.hour * 3600 + opens.minute * 60 + opens.second
            pieces.append(wall_span(place, opens.date(), seconds, seconds + int((closes - opens).total_seconds())))
    except _UnreadableError as problem:
        return InvalidInput("opening_hours", str(problem))
    return within(merged(pieces), start_at.astimezone(UTC), end_at.astimezone(UTC))


def _open_walls(text: str, begin: datetime, finish: datetime) -> list[tuple[datetime, datetime]]:
    hours = _parsed(text)
    try:
        return [(start, end) for start, end, state, _ in hours.intervals(begin, finish) if state == State.OPEN]
    except BaseException as problem:
        raise _reading_failed(problem) from problem


@lru_cache(maxsize=4096)
def _parsed(text: str) -> OpeningHours:
    if len(text) > MAX_LENGTH:
        raise _UnreadableError(f"must have at most {MAX_LENGTH} characters")
    try:
        return OpeningHours(text)
    except BaseException as problem:
        raise _reading_failed(problem) from problem


def _reading_failed(problem: BaseException) -> BaseException:
    # A panic of the native parser is no Exception; an interrupt must stay one.
    if isinstance(problem, KeyboardInterrupt | SystemExit | GeneratorExit | MemoryError):
        return problem
    lines = [line for line in str(problem).splitlines() if line.strip().startswith("=")]
    return _UnreadableError(f"is not readable: {lines[0].strip(' =')}" if lines else "is not readable")

"""Opening calendars and the two functions on them, `elapsed` and `add`; used by SLA clocks, rosters and opening hours.

Intervals are laid out in local wall time per date and then turned into UTC: a wall time that does not exist moves
forward by the length of the gap; one that exists twice opens at its first and closes at its second occurrence.
Overlapping pieces count once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from tzdata import IANA_VERSION

from domain.refusals import InvalidInput

Span = tuple[datetime, datetime]
TIME_ZONE_DATA: str = IANA_VERSION
"""Version of the time zone data, which is pinned with the program's dependencies and used whatever a machine has."""
DAY_S = 86_400
_ONE_DAY = timedelta(days=1)
LOOK_AHEAD = timedelta(days=400)
"""A calendar that is closed this long is refused when it is saved."""
HORIZON = timedelta(days=3660)
"""`add` gives up past this point."""


class NoOpenTimeError(ValueError):
    """The calendar has too little open time before the horizon."""


@dataclass(frozen=True, slots=True)
class Interval:
    """Open from `opens_s` up to `closes_s`, wall seconds of the day; 86400 is the midnight at its end."""

    opens_s: int
    closes_s: int

    def __post_init__(self) -> None:
        if not 0 <= self.opens_s < self.closes_s <= DAY_S:
            raise ValueError("an interval opens before it closes, both within the day")


def hours(text: str) -> tuple[Interval, ...]:
    """Intervals written as `09:00-12:00 13:30-18:00`; an end may be `24:00`. Raises ValueError for anything else."""
    parts = (part.partition("-") for part in text.split())
    return tuple(Interval(_wall_seconds(opens), _wall_seconds(closes)) for opens, _, closes in parts)


def written_hours(intervals: Iterable[Interval]) -> str:
    """The text that `hours` reads."""
    return " ".join(f"{_wall(each.opens_s)}-{_wall(each.closes_s)}" for each in intervals)


def _wall(wall_s: int) -> str:
    return f"{wall_s // 3600:02d}:{wall_s % 3600 // 60:02d}"


def _wall_seconds(text: str) -> int:
    hour, _, minute = text.partition(":")
    if not (
        len(hour) == len(minute) == 2 and text.isascii() and text.replace(":", "").isdecimal() and int(minute) < 60
    ):
        raise ValueError(f"{text} is not a time of day")
    return int(hour) * 3600 + int(minute) * 60


@dataclass(frozen=True, slots=True)
class Calendar:
    """A version of an organization's open time.

    `weekly` holds the intervals of Monday to Sunday; `exceptions` those that replace an ISO date's (none: closed).
    Raises ValueError for a week that has not seven days, a key that is no date or an unknown zone.
    """

    name: str
    version: int
    zone: str
    weekly: tuple[tuple[Interval, ...], ...]
    exceptions: Mapping[str, tuple[Interval, ...]] = field(default_factory=dict)
    provisional_years: tuple[int, ...] = ()
    """Years of which the country has yet to publish its make-up days."""

    def __post_init__(self) -> None:
        if len(self.weekly) != 7:
            raise ValueError("a week has seven days")
        for key in self.exceptions:
            if date.fromisoformat(key).isoformat() != key:
                raise ValueError("an exception is keyed by YYYY-MM-DD")
        known_zone(self.zone)

    @property
    def never_closes(self) -> bool:
        """Whether every instant is open, whatever the zone does."""
        return not self.exceptions and all(day == _WHOLE_DAY for day in self.weekly)


def known_zone(name: str) -> ZoneInfo:
    """The IANA zone; raises ValueError for a name the time zone data does not have."""
    try:
        return ZoneInfo(name)
    except (OSError, ValueError, LookupError) as problem:
        raise ValueError(f"{name!r} is not a known time zone") from problem


_WHOLE_DAY = (Interval(0, DAY_S),)
ALWAYS = Calendar("24x7", 1, "UTC", (_WHOLE_DAY,) * 7)


def workdays(zone: str) -> Calendar:
    """The WORKDAY preset: Monday to Friday, 09:00-12:00 and 13:30-18:00."""
    return Calendar("WORKDAY", 1, zone, (hours("09:00-12:00 13:30-18:00"),) * 5 + ((), ()))


def calendar_problem(calendar: Calendar, now: datetime) -> InvalidInput | None:
    """Why the calendar cannot be saved: it is closed for the 400 days after `now`."""
    if next(_opened(calendar, now, now + LOOK_AHEAD), None) is not None:
        return None
    return InvalidInput("weekly", "has no open time within 400 days")


def elapsed(calendar: Calendar, start_at: datetime, end_at: datetime) -> float:
    """Open seconds in [start_at, end_at); 0 where the end is not after the start."""
    if end_at <= start_at:
        return 0.0
    if calendar.never_closes:
        return (end_at - start_at).total_seconds()
    total = sum((end - start for start, end in _opened(calendar, start_at, end_at)), timedelta())
    return total.total_seconds()


def add(calendar: Calendar, start_at: datetime, open_s: float) -> datetime:
    """The earliest UTC instant with `open_s` open seconds since `start_at`.

    Lays out the dates up to there and no more. Raises ValueError for a negative target and NoOpenTimeError where ten
    years do not hold it.
    """
    if open_s < 0:
        raise ValueError("a target is not negative")
    start_at = start_at.astimezone(UTC)
    left = timedelta(seconds=open_s)
    if not left or calendar.never_closes:
        return start_at + left
    for start, end in _opened(calendar, start_at, start_at + HORIZON):
        if end - start >= left:
            return start + left
        left -= end - start
    raise NoOpenTimeError("the calendar has too little open time")


def open_spans(calendar: Calendar, start_at: datetime, end_at: datetime) -> tuple[Span, ...]:
    """The open times within [start_at, end_at) as disjoint UTC spans in order."""
    return merged(_opened(calendar, start_at, end_at))


def _opened(calendar: Calendar, start_at: datetime, end_at: datetime) -> Iterator[Span]:
    """The open times within [start_at, end_at) in order and without overlaps, each date laid out when it is reached."""
    zone = known_zone(calendar.zone)
    start_at, end_at = start_at.astimezone(UTC), end_at.astimezone(UTC)
    # A gap can carry a piece into the next date (Apia skipped one).
    day = start_at.astimezone(zone).date() - _ONE_DAY
    reached, waiting = start_at, list[Span]()
    while True:
        intervals = calendar.exceptions.get(day.isoformat(), calendar.weekly[day.weekday()])
        waiting += [wall_span(zone, day, each.opens_s, each.closes_s) for each in intervals]
        day += _ONE_DAY
        # Nothing of this or a later date begins before the earlier reading of its midnight.
        settled = min(_instants(zone, day, 0))
        waiting.sort()
        while waiting and waiting[0][0] < settled:
            start, end = waiting.pop(0)
            start, end = max(start, reached), min(end, end_at)
            if start < end:
                reached = end
                yield start, end
        if settled >= end_at:
            return


def wall_span(zone: ZoneInfo, day: date, opens_s: int, closes_s: int) -> Span:
    """The UTC instants of two wall times, in seconds from the midnight of `day` (up to two days); may be empty."""
    return _instants(zone, day, opens_s)[0], max(_instants(zone, day, closes_s))


def _instants(zone: ZoneInfo, day: date, wall_s: int) -> Span:
    # In a gap both readings use the offset before it first, which is the later instant; in a fold the earlier one.
    days, rest = divmod(wall_s, DAY_S)
    wall = time(rest // 3600, rest // 60 % 60, rest % 60)
    local = datetime.combine(day + timedelta(days=days), wall, zone)
    return local.astimezone(UTC), local.replace(fold=1).astimezone(UTC)


def merged(pieces: Iterable[Span]) -> tuple[Span, ...]:
    """The same times as disjoint spans in order; touching ones become one, empty ones vanish."""
    joined: list[Span] = []
    for start, end in sorted(pieces):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        elif start < end:
            joined.append((start, end))
    return tuple(joined)


def within(spans: Iterable[Span], start_at: datetime, end_at: datetime) -> tuple[Span, ...]:
    """The parts of the spans inside [start_at, end_at), in UTC."""
    start_at, end_at = start_at.astimezone(UTC), end_at.astimezone(UTC)
    return tuple((max(a, start_at), min(b, end_at)) for a, b in spans if a < end_at and b > start_at)

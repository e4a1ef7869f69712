"""The ways a site may be visited through a period: sets of days that keep its cadence, the most regular ones first.

Pure calendar arithmetic for routing/period.py; the period's solvers choose one way for each site.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from routing.period_problem import Cadence

_LATEST_DAYS = 400
KEPT_FROM_EACH = 16
"""So many ways are kept for each first day: the others differ from them by little and cost the solvers much."""


@dataclass(frozen=True, slots=True)
class Way:
    """Days of visits; `off_days` sums how far their distances are from the interval."""

    days: tuple[date, ...]
    off_days: int


def ways(
    first: date,
    last: date,
    working: Sequence[date],
    cadence: Cadence,
    last_visit: date | None,
    promised: Sequence[date] = (),
) -> tuple[Way, ...]:
    """Ways over the `working` days from `first` to `last`; none where no set of them keeps the cadence.

    The visit after the period may fall on its first day at the latest when `most_days` allow. Who was never visited or
    waits too long already is due at once, and then may wait for one interval at most. A promised day is in every way,
    and its distances are not judged. A way may be empty where nothing is due.
    """
    overdue = last_visit is None or first > last_visit + timedelta(days=cadence.most_days)
    # A site that is late is treated as due on the first day; how late it is says its value.
    before = first - timedelta(days=cadence.interval_days) if overdue or last_visit is None else last_visit
    late_until = first + timedelta(days=cadence.interval_days - 1) if overdue else None
    usable = sorted({*working, *promised})
    found: list[Way] = []
    for day in _next(usable, before, cadence, promised, late_until):
        found += _from(day, before, last, usable, cadence, promised)
    nothing = _tail(before, last, cadence)
    if nothing is not None and not promised and late_until is None:
        found.append(Way((), nothing))
    return tuple(sorted(found, key=lambda way: (way.off_days, way.days)))


def wide(cadence: Cadence) -> Cadence:
    """The cadence of a site that cannot be visited as often as it should: as soon as may be, however late."""
    return Cadence(cadence.interval_days, cadence.least_days, _LATEST_DAYS)


def _from(
    day: date, before: date, last: date, usable: Sequence[date], cadence: Cadence, promised: Sequence[date]
) -> list[Way]:
    """The most regular ways that begin on this day, grown visit by visit."""
    done: list[Way] = []
    growing = [Way((day,), _off(before, day, cadence, promised))]
    while growing:
        longer: list[Way] = []
        for way in growing:
            at = way.days[-1]
            tail = _tail(at, last, cadence)
            if tail is not None and not any(each > at for each in promised):
                done.append(Way(way.days, way.off_days + tail))
            longer += [
                Way((*way.days, each), way.off_days + _off(at, each, cadence, promised))
                for each in _next(usable, at, cadence, promised, None)
            ]
        growing = sorted(longer, key=lambda way: (way.off_days, way.days))[:KEPT_FROM_EACH]
    return sorted(done, key=lambda way: (way.off_days, way.days))[:KEPT_FROM_EACH]


def _next(
    usable: Sequence[date], before: date, cadence: Cadence, promised: Sequence[date], late_until: date | None
) -> list[date]:
    """The days on which the visit after `before` may be made; none is skipped that was promised."""
    barrier = min((each for each in promised if each > before), default=None)
    found: list[date] = []
    for day in usable:
        gap = (day - before).days
        if gap <= 0 or (barrier is not None and day > barrier):
            continue
        in_time = day <= late_until if late_until is not None else gap <= cadence.most_days
        # The day after a promised visit is judged from it like any other.
        if day == barrier or (gap >= cadence.least_days and in_time):
            found.append(day)
    return found


def _off(before: date, day: date, cadence: Cadence, promised: Sequence[date]) -> int:
    return 0 if day in promised else abs((day - before).days - cadence.interval_days)


def _tail(at: date, last: date, cadence: Cadence) -> int | None:
    """How late the visit after the period is at its best, None where it is too late by then."""
    waited = (last - at).days + 1
    return None if waited > cadence.most_days else max(0, waited - cadence.interval_days)

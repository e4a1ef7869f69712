"""`make bench NAME=sla_calendar`: what a due time costs on calendars with lunch breaks, exceptions and time changes.

Microseconds of `add` and `elapsed` by the days they cross; pure computation, no database.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

from benchmarks.measuring import Goal, report
from domain.calendar import Calendar, add, elapsed, hours, workdays

ZONES = ("Asia/Shanghai", "Europe/Berlin", "Australia/Lord_Howe")
DAYS = (1, 30, 400)
START = datetime(2026, 3, 9, 3, tzinfo=UTC)
"""A Monday in all zones; their next changes of the clock lie within 30 days, in both directions."""
FLAT = 1.5


def _calendar(zone: str) -> Calendar:
    """Working days with a lunch break and an exception every tenth day of two years."""
    days = (date(2026, 1, 1) + timedelta(days=10 * number) for number in range(73))
    exceptions = {day.isoformat(): hours("10:00-12:00") for day in days}
    return Calendar("bench", 1, zone, workdays(zone).weekly, exceptions)


def _us(work: Callable[[], object], rounds: int) -> float:
    """Median of `rounds` runs, microseconds."""
    took = []
    for _ in range(rounds):
        began = time.perf_counter_ns()
        work()
        took.append(time.perf_counter_ns() - began)
    return statistics.median(took) / 1000


def _figures(rounds: int) -> dict[str, float]:
    figures: dict[str, float] = {}
    for zone in ZONES:
        calendar = _calendar(zone)
        for days in DAYS:
            end_at = START + timedelta(days=days)
            open_s = elapsed(calendar, START, end_at)
            figures[_named("add", zone, days)] = _us(lambda c=calendar, s=open_s: add(c, START, s), rounds)  # type: ignore[misc]
            figures[_named("elapsed", zone, days)] = _us(lambda c=calendar, u=end_at: elapsed(c, START, u), rounds)  # type: ignore[misc]
        per_day = [figures[_named("add", zone, days)] / days for days in (30, 400)]
        figures[_growth(zone)] = per_day[1] / per_day[0]
    return figures


def _named(what: str, zone: str, days: int) -> str:
    return f"{zone}: {what} over {days} days, us"


def _growth(zone: str) -> str:
    return f"{zone}: add per day crossed, 400 / 30 days"


def main() -> None:
    """Runs the benchmark and reports."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a shorter run, for a first look")
    quick = parser.parse_args().quick
    goals = {_named("add", zone, 30): Goal(1000.0) for zone in ZONES} | {_growth(zone): Goal(FLAT) for zone in ZONES}
    report("sla_calendar", _figures(50 if quick else 500), goals, label="no database", quick=quick)


if __name__ == "__main__":
    main()

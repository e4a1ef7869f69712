"""Builders of period problems for the tests: weeks from Monday 2 March 2026, shifts of nine hours in UTC."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, date, datetime, timedelta

from domain.places import Point
from routing.period import plan_period
from routing.period_problem import (
    Appointment,
    Cadence,
    PeriodLimit,
    PeriodPlan,
    PeriodProblem,
    PeriodRep,
    PeriodShift,
    PeriodSite,
)
from routing.problem import Lunch, Window
from routing.travel_times.geodesic import GeodesicTravelTimes
from tests.routing.cases import HOME, east

FIRST = date(2026, 3, 2)
WEEKLY = Cadence(7, 4, 10)
FORTNIGHTLY = Cadence(14, 10, 18)
MONTHLY = Cadence(28, 20, 36)
TRAVEL = GeodesicTravelTimes()
LIMIT = PeriodLimit(20.0, rounds=60)


def on(days: int) -> date:
    return FIRST + timedelta(days=days)


def at(day: date, hour: float) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(hours=hour)


def shift(day: date, opens: float = 1.0, closes: float = 10.0, *, lunch: bool = False) -> PeriodShift:
    pause = Lunch(Window(at(day, opens + 2.5), at(day, opens + 4.5)), 2700) if lunch else None
    return PeriodShift(day, at(day, opens), at(day, closes), pause)


def rep(
    name: str = "r1",
    weeks: int = 1,
    away: Collection[date] = (),
    hours: float = 9.0,
    home: Point | None = HOME,
    *,
    lunch: bool = False,
) -> PeriodRep:
    """Works from Monday to Friday but on the days away."""
    days = [on(number) for number in range(7 * weeks) if on(number).weekday() < 5]
    shifts = tuple(shift(day, closes=1.0 + hours, lunch=lunch) for day in days if day not in away)
    return PeriodRep(name, shifts, home, home)


def site(name: str, kilometres: float = 1.0, cadence: Cadence | None = WEEKLY, **changes: object) -> PeriodSite:
    values: dict[str, object] = {
        "point": east(kilometres),
        "service_s": 1800,
        "value": 100,
        "rep_ids": ("r1",),
        **changes,
    }
    return PeriodSite(id=name, cadence=cadence, **values)  # type: ignore[arg-type]


def promised(day: date, hour: float, rep_id: str = "r1") -> Appointment:
    return Appointment(day, rep_id, at(day, hour))


def open_on(*days: date, opens: float = 1.0, closes: float = 10.0) -> dict[date, tuple[Window, ...]]:
    return {day: (Window(at(day, opens), at(day, closes)),) for day in days}


def period(*sites: PeriodSite, weeks: int = 1, reps: tuple[PeriodRep, ...] = (), **changes: object) -> PeriodProblem:
    who = reps or (rep(weeks=weeks),)
    return PeriodProblem(FIRST, on(7 * weeks - 1), who, sites, **changes)  # type: ignore[arg-type]


def planned(problem: PeriodProblem, limit: PeriodLimit = LIMIT) -> PeriodPlan:
    return plan_period(problem, TRAVEL, limit)

"""What the planner of several weeks is asked and what it answers: frozen values, built by the beat plan's resolvers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from domain.places import Point
from routing.problem import DayPlan, Dropped, Lunch, Window

MAX_DAYS = 56
MAX_SITES = 600


@dataclass(frozen=True, slots=True)
class Cadence:
    """How often a site is to be visited: every `interval_days`, never sooner than `least_days` nor later than
    `most_days` after the visit before. Raises ValueError unless 1 <= least <= interval <= most."""

    interval_days: int
    least_days: int
    most_days: int

    def __post_init__(self) -> None:
        if not 1 <= self.least_days <= self.interval_days <= self.most_days:
            raise ValueError("a cadence is 1 <= least_days <= interval_days <= most_days")


@dataclass(frozen=True, slots=True)
class Appointment:
    """A promised visit: it begins exactly then, and its day and rep do not move."""

    date: date
    rep_id: str
    at: datetime


@dataclass(frozen=True, slots=True)
class PeriodSite:
    """A site and how often it is to be visited, by one of `rep_ids` and always by the same.

    `last_visit` is the latest one before the period, None where there was none: then it is due at once. `windows` are
    the open times of each date, None means always open and a date that is missing closed. A site without a cadence is
    visited by appointment only. `current` are the visits of the plan in force, which cost `change_s` each to move.
    """

    id: str
    point: Point | None
    service_s: int
    value: int
    cadence: Cadence | None
    rep_ids: tuple[str, ...]
    last_visit: date | None = None
    windows: Mapping[date, tuple[Window, ...]] | None = None
    appointments: tuple[Appointment, ...] = ()
    current: tuple[tuple[str, date], ...] = ()

    def __post_init__(self) -> None:
        if self.service_s < 0 or self.value < 0:
            raise ValueError("service_s and value are not negative")


@dataclass(frozen=True, slots=True)
class PeriodShift:
    """A day on which a rep works; holidays and absences are days without one."""

    date: date
    start_at: datetime
    end_at: datetime
    lunch: Lunch | None = None

    def __post_init__(self) -> None:
        if self.end_at < self.start_at:
            raise ValueError("the shift ends before it starts")


@dataclass(frozen=True, slots=True)
class PeriodRep:
    """Who drives: from and to a place, on these days."""

    id: str
    shifts: tuple[PeriodShift, ...]
    start: Point | None = None
    end: Point | None = None


@dataclass(frozen=True, slots=True)
class PeriodProblem:
    """Some weeks of some reps.

    `most_a_day` bounds the visits of a shift and `reserved` the share of it that is kept free of driving and visits.
    Raises ValueError for a period of more than MAX_DAYS days or one that ends before it starts, and for an id twice.
    """

    first: date
    last: date
    reps: tuple[PeriodRep, ...]
    sites: tuple[PeriodSite, ...]
    most_a_day: int = 12
    reserved: float = 0.0
    change_s: int = 900

    def __post_init__(self) -> None:
        if not 0 <= (self.last - self.first).days < MAX_DAYS:
            raise ValueError(f"a period lasts 1 to {MAX_DAYS} days")
        if not 0 <= self.reserved < 1 or self.most_a_day < 1 or self.change_s < 0:
            raise ValueError("most_a_day is at least 1, reserved a share below 1 and change_s not negative")
        for kind in (self.reps, self.sites):
            if len({each.id for each in kind}) != len(kind):
                raise ValueError("two reps or two sites share an id")


@dataclass(frozen=True, slots=True)
class PeriodLimit:
    """How long to search: `seconds` of wall clock in all, or `rounds` of the search, which give equal plans for equal
    seeds as long as the seconds suffice. `stop` is asked between rounds and within each day."""

    seconds: float = 20.0
    seed: int = 0
    rounds: int | None = None
    stop: Callable[[], bool] | None = None

    def __post_init__(self) -> None:
        if not self.seconds > 0 or (self.rounds is not None and self.rounds < 0):
            raise ValueError("seconds must be positive and rounds not negative")


class PeriodDropReason(StrEnum):
    """Why a visit of the period is not planned."""

    NO_LOCATION = "NO_LOCATION"
    NO_REP = "NO_REP"
    CLOSED = "CLOSED"
    SPACING = "SPACING"
    OVER_LIMIT = "OVER_LIMIT"
    NO_ROOM = "NO_ROOM"
    DAY = "DAY"


@dataclass(frozen=True, slots=True)
class PeriodDrop:
    """A visit left out. `date` is the day it would best be made on, None where there is none. With DAY `why` is the
    day planner's own reason; with NO_ROOM every one of its ways through the period meets a full day."""

    site_id: str
    reason: PeriodDropReason
    rep_id: str | None = None
    date: date | None = None
    why: Dropped | None = None


@dataclass(frozen=True, slots=True)
class PeriodDay:
    """One rep's day with at least one visit; what it drops stands in the period's drops."""

    rep_id: str
    date: date
    plan: DayPlan


@dataclass(frozen=True, slots=True)
class RepWork:
    """What a period asks of a rep: visits, seconds in them, seconds and metres of driving, and days with work."""

    rep_id: str
    visits: int
    service_s: int
    travel_s: int
    distance_m: float
    days: int


@dataclass(frozen=True, slots=True)
class PeriodPlan:
    """The answer: days by date and rep, everything left out, and each rep's work."""

    days: tuple[PeriodDay, ...]
    dropped: tuple[PeriodDrop, ...]
    work: tuple[RepWork, ...] = field(default=())

    def visits_of(self, site_id: str) -> tuple[tuple[date, str], ...]:
        """When and by whom the site is visited, first to last."""
        return tuple(
            sorted(
                (day.date, day.rep_id) for day in self.days for stop in day.plan.stops if stop.candidate_id == site_id
            )
        )

"""What the day planner is asked and what it answers: frozen values without behaviour, built by the route resolvers."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from domain.places import Point

MAX_CANDIDATES = 300


def require_aware(name: str, value: datetime) -> None:
    """ValueError for a time without a zone."""
    if value.tzinfo is None or value.utcoffset() is None:
        raise ValueError(f"{name} must carry a time zone")


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of time from `start_at` to `end_at` (aware); ValueError when naive or when it ends before it starts."""

    start_at: datetime
    end_at: datetime

    def __post_init__(self) -> None:
        require_aware("start_at", self.start_at)
        require_aware("end_at", self.end_at)
        if self.end_at < self.start_at:
            raise ValueError("a window ends before it starts")


@dataclass(frozen=True, slots=True)
class Lunch:
    """A break of `duration_s` seconds that lies wholly in `window`; ValueError when it cannot fit there."""

    window: Window
    duration_s: int

    def __post_init__(self) -> None:
        if self.duration_s <= 0:
            raise ValueError("lunch takes at least one second")
        if self.window.start_at + timedelta(seconds=self.duration_s) > self.window.end_at:
            raise ValueError("lunch is longer than its window")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A visit that could be made on the day.

    `windows` are the times the site is open: the visit starts and finishes inside one of them (windows that touch or
    overlap count as one). None means always open, an empty tuple means closed all day. `fixed_at` makes it an
    appointment that starts exactly then (fractions of a second are cut); `must` ranks it above every other visit.
    Only a representative with all the skills it `needs` can make it, and where `rep_id` is given only that one. `load`
    is what it takes of what a representative can do or carry in a day. Raises ValueError for a negative service time,
    value or load, or a naive time.
    """

    id: str
    point: Point | None
    service_s: int
    value: int
    windows: tuple[Window, ...] | None = None
    fixed_at: datetime | None = None
    must: bool = False
    needs: frozenset[str] = frozenset()
    rep_id: str | None = None
    load: int = 1

    def __post_init__(self) -> None:
        if self.service_s < 0:
            raise ValueError("service_s is negative")
        if self.load < 0:
            raise ValueError("load is negative")
        if self.value < 0:
            raise ValueError("value is negative")
        if self.fixed_at is not None:
            require_aware("fixed_at", self.fixed_at)


@dataclass(frozen=True, slots=True)
class DayProblem:
    """One representative's day.

    Without `start` the route begins at its first visit, without `end` it finishes at its last one. Lunch may also lie
    before or after the shift, where its window allows. `hint` is an order to begin with, the published one for example:
    the answer is never worse than what of it is still possible. `rep_id` is whose day it is, as far as candidates are
    locked to somebody. `max_load` is what the loads of all visits may come to: most visits a day, or what a car
    carries. Raises ValueError for a shift that ends before it starts, a naive time, a negative load or two candidates
    with the same id.
    """

    shift_start: datetime
    shift_end: datetime
    start: Point | None
    end: Point | None
    lunch: Lunch | None
    candidates: tuple[Candidate, ...]
    hint: tuple[str, ...] = ()
    rep_id: str | None = None
    skills: frozenset[str] = frozenset()
    max_load: int | None = None

    def __post_init__(self) -> None:
        require_aware("shift_start", self.shift_start)
        require_aware("shift_end", self.shift_end)
        if self.shift_end < self.shift_start:
            raise ValueError("the shift ends before it starts")
        if self.max_load is not None and self.max_load < 0:
            raise ValueError("max_load is negative")
        if len({candidate.id for candidate in self.candidates}) != len(self.candidates):
            raise ValueError("two candidates share an id")


@dataclass(frozen=True, slots=True)
class Limit:
    """How long to search.

    `seconds` bounds the answer (wall clock), counted from when the travel times are there. With `solutions` the search
    ends after that many improvements or local optima, and equal problems with equal `seed` and `solutions` give equal
    plans as long as `seconds` is not reached. `stop` is asked at least every 100 ms; once it says True the best plan so
    far is returned. It has to be picklable when the planner runs in another process. Raises ValueError for a
    non-positive number.
    """

    seconds: float = 1.0
    seed: int = 0
    solutions: int | None = None
    stop: Callable[[], bool] | None = None

    def __post_init__(self) -> None:
        if not self.seconds > 0:
            raise ValueError("seconds must be positive")
        if self.solutions is not None and self.solutions < 1:
            raise ValueError("solutions must be at least 1")


class Proof(StrEnum):
    """OPTIMAL: no plan has more must-visits, then more value, then less travel time. UNKNOWN: not proven."""

    UNKNOWN = "UNKNOWN"
    OPTIMAL = "OPTIMAL"


class DropReason(StrEnum):
    """Why a candidate is not in the plan; all but the last four hold for it alone on an otherwise empty day."""

    NO_LOCATION = "NO_LOCATION"
    LOCKED_TO_ANOTHER = "LOCKED_TO_ANOTHER"
    MISSING_SKILL = "MISSING_SKILL"
    OVER_LOAD = "OVER_LOAD"
    NO_OPEN_WINDOW = "NO_OPEN_WINDOW"
    WINDOW_TOO_SHORT = "WINDOW_TOO_SHORT"
    OUTSIDE_SHIFT = "OUTSIDE_SHIFT"
    LUNCH_CONFLICT = "LUNCH_CONFLICT"
    UNREACHABLE = "UNREACHABLE"
    OVER_LIMIT = "OVER_LIMIT"
    NO_FEASIBLE_INSERTION = "NO_FEASIBLE_INSERTION"
    DISPLACED_BY_VALUE = "DISPLACED_BY_VALUE"
    NOT_WORTH_THE_CHANGE = "NOT_WORTH_THE_CHANGE"


class Limiting(StrEnum):
    """Which limit binds where a visit cannot be inserted into the plan."""

    SHIFT_END = "SHIFT_END"
    LUNCH = "LUNCH"
    WINDOW = "WINDOW"
    APPOINTMENT = "APPOINTMENT"
    LOAD = "LOAD"
    UNREACHABLE = "UNREACHABLE"


@dataclass(frozen=True, slots=True)
class Needs:
    """The smallest single change known to make the visit fit into the plan as it is; None where none is known."""

    later_end_s: int | None = None
    earlier_start_s: int | None = None
    shorter_service_s: int | None = None


@dataclass(frozen=True, slots=True)
class Dropped:
    """A candidate left out, and the reason that binds.

    NO_FEASIBLE_INSERTION: `limit` broke at the planned visit `limit_at` (None: at the visit itself or at the end of
    the day) by `extra_s` seconds at the best place. DISPLACED_BY_VALUE: taking out `displaced_by` would make room;
    `extra_s` is the driving and service time the visit would add to the plan. `conflicts_with` names planned
    must-visits and appointments that cannot share a day with this one. On a team's day `rep_id` is whose day all of
    this is about: the one it came closest to fitting; None where it is the same for everybody.
    """

    candidate_id: str
    reason: DropReason
    limit: Limiting | None = None
    limit_at: str | None = None
    extra_s: int | None = None
    displaced_by: tuple[str, ...] = ()
    conflicts_with: tuple[str, ...] = ()
    needs: Needs = Needs()
    rep_id: str | None = None


@dataclass(frozen=True, slots=True)
class PlannedStop:
    """One visit: the drive to it (metres, seconds), then arrival, start and end of service; waiting lies between.

    `leg_estimated`: no road engine answered for the drive, it is reckoned as the crow flies.
    """

    candidate_id: str
    leg_distance_m: float
    leg_s: int
    arrive_at: datetime
    start_at: datetime
    leave_at: datetime
    leg_estimated: bool = False


@dataclass(frozen=True, slots=True)
class DayPlan:
    """The answer: the route in order and everything left out.

    `lunch` is None where none was asked for or where it lies outside the shift. `end_leg_*` is the drive from the last
    visit to the end of the route, over at `end_at`. `distance_m` and `travel_s` include it. `bound` is a value that no
    plan exceeds. No drive or service overlaps lunch; a leg that lunch interrupts arrives later by the break.
    """

    stops: tuple[PlannedStop, ...]
    lunch: Window | None
    dropped: tuple[Dropped, ...]
    value: int
    distance_m: float
    travel_s: int
    end_leg_distance_m: float
    end_leg_s: int
    end_at: datetime
    proof: Proof
    bound: int
    seed: int
    end_leg_estimated: bool = False

    @property
    def has_end_leg(self) -> bool:
        """Whether there is a drive after the last visit."""
        return self.end_leg_distance_m > 0 or self.end_leg_s > 0


def merge_windows(windows: Iterable[Window]) -> tuple[Window, ...]:
    """The same times as disjoint windows in order; windows that touch become one."""
    merged: list[Window] = []
    for window in sorted(windows, key=lambda one: one.start_at):
        if merged and window.start_at <= merged[-1].end_at:
            merged[-1] = Window(merged[-1].start_at, max(merged[-1].end_at, window.end_at))
        else:
            merged.append(window)
    return tuple(merged)

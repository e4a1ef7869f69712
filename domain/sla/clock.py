"""A clock and its log: where each cycle stands, when it is due, what must fire next; made by domain/sla/folding.py."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from domain.calendar import elapsed
from domain.ids import PersonId
from domain.sla.policy import Policy


class EventKind(StrEnum):
    """What can happen to a clock."""

    STARTED = "STARTED"
    CONTACTED = "CONTACTED"
    FULFILLED = "FULFILLED"
    STOP_WITHDRAWN = "STOP_WITHDRAWN"
    REASSIGNED = "REASSIGNED"
    PAUSED = "PAUSED"
    RESUMED = "RESUMED"
    CANCELLED = "CANCELLED"
    ACKNOWLEDGED = "ACKNOWLEDGED"
    STEP_FIRED = "STEP_FIRED"
    BREACH_DETECTED = "BREACH_DETECTED"
    BREACH_WITHDRAWN = "BREACH_WITHDRAWN"
    RECALCULATED = "RECALCULATED"


class ClockState(StrEnum):
    """Where a clock stands; BREACHED still runs (or is paused), MET_LATE was stopped after a breach."""

    PENDING = "PENDING"
    RUNNING = "RUNNING"
    PAUSED = "PAUSED"
    MET = "MET"
    MET_LATE = "MET_LATE"
    BREACHED = "BREACHED"
    CANCELLED = "CANCELLED"


STOP_KINDS = frozenset({EventKind.CONTACTED, EventKind.FULFILLED})
OPEN_STATES = frozenset({ClockState.RUNNING, ClockState.PAUSED, ClockState.BREACHED})


@dataclass(frozen=True, slots=True)
class ClockEvent:
    """One entry of the log. `at` is when it happened (for a breach: the due time), `recorded_at` when it was learnt.

    `source_id` is the activity or visit of a contact; `cycle_key` the event source a cycle began with; `percent` the
    step that fired. A provisional stop waits for its visit to be verified; an untrusted one proves no breach wrong.
    CONTACTED stops the clocks of contacts, FULFILLED the others. `not_before` keeps a start in the past from being due
    at once.
    """

    kind: EventKind
    at: datetime
    recorded_at: datetime
    owner_id: PersonId | None = None
    source_id: str | None = None
    provisional: bool = False
    trusted: bool = True
    cycle_key: str | None = None
    percent: int | None = None
    reason: str | None = None
    not_before: datetime | None = None


@dataclass(frozen=True, slots=True)
class Leg:
    """One owner's share; `ended_at` and `open_s` (open seconds) are None while it runs.

    `breach_s` are its open seconds up to the breach; None where nothing was broken.
    """

    owner_id: PersonId | None
    started_at: datetime
    ended_at: datetime | None
    open_s: float | None
    breach_s: float | None = None


@dataclass(frozen=True, slots=True)
class Cycle:
    """One promise: from a start to a stop. `due_at` is None while paused; `key` names its starting event."""

    number: int
    key: str
    state: ClockState
    started_at: datetime
    due_at: datetime | None
    next_fire_at: datetime | None
    met_at: datetime | None = None
    met_by: str | None = None
    met_trusted: bool = True
    provisional: bool = False
    breached_at: datetime | None = None
    detected_at: datetime | None = None
    legs: tuple[Leg, ...] = ()
    fired: tuple[int, ...] = ()
    """Percents of the steps that were sent."""
    unsent: tuple[tuple[datetime, int], ...] = ()
    """When each step still to be sent is due, and its percent."""
    acknowledged: bool = False
    cancel_reason: str | None = None
    consumed_s: float = 0.0
    """Open seconds of the closed running times: up to the stop, or to the latest pause."""
    running_since: datetime | None = None
    allowed_s: float = 0.0
    """Open seconds from the start to due: the target, or more where the start lay in the past."""


@dataclass(frozen=True, slots=True)
class Term:
    """The policy of the cycles that began before `until`."""

    until: datetime
    policy: Policy


@dataclass(frozen=True, slots=True)
class Clock:
    """A clock with its log; the plain properties speak of the latest cycle, and so does `policy`.

    `earlier` are the policies of cycles that began under another one, oldest first.
    """

    policy: Policy
    log: tuple[ClockEvent, ...] = ()
    cycles: tuple[Cycle, ...] = field(default=(), compare=False)
    owner_id: PersonId | None = field(default=None, compare=False)
    paused: bool = field(default=False, compare=False)
    """Whether its time stands still, or would if it had begun or went on."""
    earlier: tuple[Term, ...] = ()

    @property
    def current(self) -> Cycle | None:
        """The latest cycle; None before the start."""
        return self.cycles[-1] if self.cycles else None

    @property
    def state(self) -> ClockState:
        """PENDING before the start, CANCELLED where it never came."""
        if self.current:
            return self.current.state
        dropped = any(event.kind is EventKind.CANCELLED for event in self.log)
        return ClockState.CANCELLED if dropped else ClockState.PENDING

    @property
    def cycle(self) -> int:
        """Number of the latest cycle, from 1; 0 before the start."""
        return len(self.cycles)

    @property
    def started_at(self) -> datetime | None:
        """Start of the latest cycle."""
        return self.current.started_at if self.current else None

    @property
    def due_at(self) -> datetime | None:
        """When the target is used up; None while pending or paused."""
        return self.current.due_at if self.current else None

    @property
    def next_fire_at(self) -> datetime | None:
        """When a worker must look next; the only timer."""
        return self.current.next_fire_at if self.current else None

    @property
    def met_at(self) -> datetime | None:
        """When the latest cycle was stopped."""
        return self.current.met_at if self.current else None

    @property
    def breached_at(self) -> datetime | None:
        """The due time that passed; never the time of a scan."""
        return self.current.breached_at if self.current else None

    @property
    def detected_at(self) -> datetime | None:
        """When the breach was found."""
        return self.current.detected_at if self.current else None

    @property
    def legs(self) -> tuple[Leg, ...]:
        """The owners of the latest cycle in order."""
        return self.current.legs if self.current else ()

    @property
    def fired(self) -> tuple[int, ...]:
        """Percents of the steps sent in the latest cycle."""
        return self.current.fired if self.current else ()


def is_overdue(state: ClockState, due_at: datetime | None, *, now: datetime) -> bool:
    """Whether the promise is broken and still open; exactly at due it is not yet."""
    if state is ClockState.BREACHED:
        return True
    return state is ClockState.RUNNING and due_at is not None and now > due_at


def remaining_s(clock: Clock, now: datetime) -> float | None:
    """Open seconds left until due; 0 once breached, None where nothing runs."""
    over = _over_s(clock, now)
    return None if over is None else max(0.0, -over)


def overdue_s(clock: Clock, now: datetime) -> float | None:
    """Open seconds since due; 0 before, None where nothing runs."""
    over = _over_s(clock, now)
    return None if over is None else max(0.0, over)


def _over_s(clock: Clock, now: datetime) -> float | None:
    cycle = clock.current
    if cycle is None or cycle.state not in OPEN_STATES:
        return None
    running_s = 0.0 if cycle.running_since is None else elapsed(clock.policy.calendar, cycle.running_since, now)
    return cycle.consumed_s + running_s - cycle.allowed_s

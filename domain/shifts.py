"""Planned shifts from a roster and actual shifts as a rep works them; used by resolvers/shifts.py, the day planner and
the ingest of positions. Tracking is on only inside the actual shift minus its breaks.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import ClassVar

from domain.calendar import DAY_S, Span, hours, known_zone, wall_span
from domain.ids import PersonId, ShiftId
from domain.refusals import IdTaken, Refusal

FORGOTTEN_AFTER = timedelta(hours=2)
LONGEST_UNPLANNED = timedelta(hours=12)
"""A shift that was not planned closes by itself after this long."""
MAX_AHEAD = timedelta(seconds=120)
MAX_LATE = timedelta(hours=72)


@dataclass(frozen=True, slots=True)
class WorkTime:
    """Planned work from `starts_s` to `ends_s`, wall seconds of the day; past 86400 it ends on the next date."""

    starts_s: int
    ends_s: int

    def __post_init__(self) -> None:
        if not (0 <= self.starts_s < DAY_S and self.starts_s < self.ends_s <= self.starts_s + DAY_S):
            raise ValueError("work starts within the day and lasts at most 24 hours")


def work_times(text: str) -> tuple[WorkTime, ...]:
    """Work written as `09:00-12:00 13:00-18:00` or `22:00-06:00`; raises ValueError for anything else."""
    times = []
    for part in text.split():
        opens, _, closes = part.partition("-")
        starts_s = hours(f"{opens}-24:00")[0].opens_s
        ends_s = 0 if closes == "00:00" else hours(f"00:00-{closes}")[0].closes_s
        times.append(WorkTime(starts_s, ends_s if ends_s > starts_s else ends_s + DAY_S))
    return tuple(times)


def written(times: Iterable[WorkTime]) -> str:
    """The text that `work_times` reads."""
    return " ".join(f"{_clock(each.starts_s)}-{_clock(each.ends_s)}" for each in times)


def _clock(wall_s: int) -> str:
    within = wall_s if wall_s <= DAY_S else wall_s - DAY_S
    return f"{within // 3600:02d}:{within % 3600 // 60:02d}"


@dataclass(frozen=True, slots=True)
class Absence:
    """Dates (ISO, both included) on which the person does not work."""

    first: str
    last: str


@dataclass(frozen=True, slots=True)
class Roster:
    """When a person is planned to work: Monday to Sunday, ISO dates that differ, absences (which win).

    Raises ValueError for a week that has not seven days, a bad date or an unknown zone.
    """

    zone: str
    weekly: tuple[tuple[WorkTime, ...], ...]
    exceptions: Mapping[str, tuple[WorkTime, ...]] = field(default_factory=dict)
    absences: tuple[Absence, ...] = ()

    def __post_init__(self) -> None:
        if len(self.weekly) != 7:
            raise ValueError("a week has seven days")
        absent = [each for absence in self.absences for each in (absence.first, absence.last)]
        for key in (*self.exceptions, *absent):
            if date.fromisoformat(key).isoformat() != key:
                raise ValueError("dates are written YYYY-MM-DD")
        known_zone(self.zone)


def planned_shift(roster: Roster, day: date) -> Span | None:
    """Start and end (UTC) of the shift that begins on the person's local date; None on a free day."""
    key = day.isoformat()
    if any(absence.first <= key <= absence.last for absence in roster.absences):
        return None
    zone = known_zone(roster.zone)
    times = roster.exceptions.get(key, roster.weekly[day.weekday()])
    pieces = [wall_span(zone, day, each.starts_s, each.ends_s) for each in times]
    if not pieces:
        return None
    start_at, end_at = min(piece[0] for piece in pieces), max(piece[1] for piece in pieces)
    return (start_at, end_at) if start_at < end_at else None


class EndKind(StrEnum):
    """How a shift ended: by the rep, or by itself after a forgotten end."""

    MANUAL = "MANUAL"
    AUTO = "AUTO"


@dataclass(frozen=True, slots=True)
class Break:
    """A pause within a shift; `ended_at` is None while it lasts."""

    started_at: datetime
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Shift:
    """A rep's actual shift, in evidence time; `auto_end_at` is when a forgotten end is assumed."""

    id: ShiftId
    person_id: PersonId
    started_at: datetime
    auto_end_at: datetime
    breaks: tuple[Break, ...] = ()
    ended_at: datetime | None = None
    end_kind: EndKind | None = None

    @property
    def open_break(self) -> Break | None:
        """The break that lasts."""
        return self.breaks[-1] if self.breaks and self.breaks[-1].ended_at is None else None

    @property
    def last_at(self) -> datetime:
        """The latest thing known of the shift."""
        if not self.breaks:
            return self.started_at
        return self.breaks[-1].ended_at or self.breaks[-1].started_at


@dataclass(frozen=True, slots=True)
class ShiftAlreadyOpen(Refusal):
    """The rep has not ended the shift before."""

    code: ClassVar[str] = "SHIFT_OPEN"
    shift_id: ShiftId

    @property
    def message(self) -> str:
        return f"The shift {self.shift_id} is still open."


@dataclass(frozen=True, slots=True)
class NoOpenShift(Refusal):
    """There is no shift to end or to take a break from."""

    code: ClassVar[str] = "NO_OPEN_SHIFT"

    @property
    def message(self) -> str:
        return "You have no open shift."


@dataclass(frozen=True, slots=True)
class BreakAlreadyOpen(Refusal):
    """A break lasts already."""

    code: ClassVar[str] = "BREAK_OPEN"
    started_at: datetime

    @property
    def message(self) -> str:
        return f"A break has been open since {self.started_at.isoformat()}."


@dataclass(frozen=True, slots=True)
class NoOpenBreak(Refusal):
    """There is no break to end."""

    code: ClassVar[str] = "NO_OPEN_BREAK"

    @property
    def message(self) -> str:
        return "You have no open break."


@dataclass(frozen=True, slots=True)
class EvidenceTimeInvalid(Refusal):
    """The time of the tap cannot be: ahead of the server, too old, or before something that came first."""

    code: ClassVar[str] = "EVIDENCE_TIME_INVALID"
    at: datetime
    earliest_at: datetime
    latest_at: datetime

    @property
    def message(self) -> str:
        return f"{self.at.isoformat()} is not between {self.earliest_at.isoformat()} and {self.latest_at.isoformat()}."


def evidence_problem(at: datetime, now: datetime, not_before: datetime | None = None) -> EvidenceTimeInvalid | None:
    """Why an evidence time cannot be taken: over 120 s ahead, over 72 h late, or before `not_before`."""
    earliest_at = max(now - MAX_LATE, not_before or now - MAX_LATE)
    if earliest_at <= at <= now + MAX_AHEAD:
        return None
    return EvidenceTimeInvalid(at, earliest_at, now + MAX_AHEAD)


def start_shift(
    latest: Shift | None, shift_id: ShiftId, person_id: PersonId, at: datetime, now: datetime, planned: Span | None
) -> Shift | ShiftAlreadyOpen | EvidenceTimeInvalid | IdTaken:
    """A shift from `at`; `latest` is the person's latest shift, `planned` the planned times of the day.

    The same id and start again is the same shift. A shift forgotten past its assumed end is in nobody's way: close it
    with `close_forgotten` first.
    """
    if latest is not None and latest.id == shift_id:
        return latest if (latest.started_at, latest.person_id) == (at, person_id) else IdTaken(shift_id)
    if latest is not None and latest.ended_at is None:
        return ShiftAlreadyOpen(latest.id)
    problem = evidence_problem(at, now, latest.ended_at if latest else None)
    if problem is not None:
        return problem
    forgotten_at = planned[1] + FORGOTTEN_AFTER if planned else at
    return Shift(shift_id, person_id, at, forgotten_at if forgotten_at > at else at + LONGEST_UNPLANNED)


def start_break(
    shift: Shift | None, at: datetime, now: datetime
) -> Shift | NoOpenShift | BreakAlreadyOpen | EvidenceTimeInvalid:
    """The shift with a break from `at`."""
    if shift is None or shift.ended_at is not None:
        return NoOpenShift()
    if shift.open_break is not None:
        return BreakAlreadyOpen(shift.open_break.started_at)
    problem = evidence_problem(at, now, shift.last_at)
    return problem or replace(shift, breaks=(*shift.breaks, Break(at)))


def end_break(
    shift: Shift | None, at: datetime, now: datetime
) -> Shift | NoOpenShift | NoOpenBreak | EvidenceTimeInvalid:
    """The shift with its open break ended."""
    if shift is None or shift.ended_at is not None:
        return NoOpenShift()
    if shift.open_break is None:
        return NoOpenBreak()
    return evidence_problem(at, now, shift.last_at) or _without_open_break(shift, at)


def end_shift(shift: Shift | None, at: datetime, now: datetime) -> Shift | NoOpenShift | EvidenceTimeInvalid:
    """The shift ended by the rep; an open break ends with it.

    An end that arrives late replaces an assumed one. Only the tap decides: one after the assumed end is no open shift.
    """
    if shift is None or shift.end_kind is EndKind.MANUAL or (shift.end_kind is EndKind.AUTO and at > shift.auto_end_at):
        return NoOpenShift()
    if shift.end_kind is EndKind.AUTO and shift.breaks and shift.breaks[-1].ended_at == shift.ended_at:
        shift = replace(shift, breaks=(*shift.breaks[:-1], Break(shift.breaks[-1].started_at)))
    problem = evidence_problem(at, now, shift.last_at)
    return problem or replace(_without_open_break(shift, at), ended_at=at, end_kind=EndKind.MANUAL)


def close_forgotten(shift: Shift, now: datetime) -> Shift | None:
    """The shift closed at its assumed end, marked AUTO; None where it is ended or that time has not come."""
    if shift.ended_at is not None or now < shift.auto_end_at:
        return None
    ended_at = max(shift.auto_end_at, shift.last_at)
    return replace(_without_open_break(shift, ended_at), ended_at=ended_at, end_kind=EndKind.AUTO)


def reopened(shift: Shift, at: datetime) -> Shift:
    """The shift as it was before its end was assumed, for a tap of that time which arrives late; else unchanged."""
    if shift.end_kind is not EndKind.AUTO or at > shift.auto_end_at:
        return shift
    breaks = shift.breaks
    if breaks and breaks[-1].ended_at == shift.ended_at:
        breaks = (*breaks[:-1], Break(breaks[-1].started_at))
    return replace(shift, breaks=breaks, ended_at=None, end_kind=None)


def tracking_on(shift: Shift, at: datetime) -> bool:
    """Whether a position of that instant may be kept: inside the shift and outside its breaks."""
    if not shift.started_at <= at < (shift.ended_at or shift.auto_end_at):
        return False
    return not any(each.started_at <= at and (each.ended_at is None or at < each.ended_at) for each in shift.breaks)


def _without_open_break(shift: Shift, at: datetime) -> Shift:
    if shift.open_break is None:
        return shift
    return replace(shift, breaks=(*shift.breaks[:-1], Break(shift.open_break.started_at, at)))

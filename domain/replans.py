"""A published day planned again: what is asked for, what is frozen, where the rest begins, and what changes.

Pure; for resolvers/replans.py, which hands the rest of the day to routing/.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import ClassVar

from domain.ids import LeadId, PersonId, SiteId, VisitId
from domain.places import Point
from domain.refusals import InvalidInput, Refusal
from domain.routes import NOTICED, SERVICE_S, ChangeKind
from domain.visits import Visit, VisitState

MAX_DELAY_MINUTES = 480
MAX_URGENT = 10
FRESH_FIX = timedelta(minutes=60)
"""An older position does not say where somebody is."""
BEGUN = frozenset({VisitState.OPEN, VisitState.DONE, VisitState.TOUCH, VisitState.AUTO_CLOSED})
CALLED_OFF = frozenset({VisitState.CANCELLED, VisitState.RESCHEDULED})


@dataclass(frozen=True, slots=True)
class Delay:
    """Somebody is free only so much later than their visits and their position say."""

    rep_id: PersonId
    minutes: int


@dataclass(frozen=True, slots=True)
class ReplanRequest:
    """What a plan that is solved again was told; kept with it, so that any worker can solve it."""

    delays: tuple[Delay, ...] = ()
    absent_rep_ids: tuple[PersonId, ...] = ()
    urgent_lead_ids: tuple[LeadId, ...] = ()

    def delay_of(self, rep_id: PersonId) -> timedelta:
        """How much later that person is free."""
        return timedelta(minutes=sum(each.minutes for each in self.delays if each.rep_id == rep_id))


@dataclass(frozen=True, slots=True)
class NothingPublished(Refusal):
    """No plan of that date is published, so there is nothing to change; plan the day instead."""

    code: ClassVar[str] = "NOTHING_PUBLISHED"
    date: str

    @property
    def message(self) -> str:
        return f"No plan is published for {self.date}."


@dataclass(frozen=True, slots=True)
class DayIsOver(Refusal):
    """The shift has ended, so there is nothing left to plan."""

    code: ClassVar[str] = "DAY_IS_OVER"
    date: str

    @property
    def message(self) -> str:
        return f"The shifts of {self.date} are over."


def request_problem(request: ReplanRequest) -> InvalidInput | None:
    """The first value that cannot be asked for, by its field."""
    for number, delay in enumerate(request.delays):
        if not 0 <= delay.minutes <= MAX_DELAY_MINUTES:
            return InvalidInput(f"delays.{number}.minutes", f"must be 0 to {MAX_DELAY_MINUTES}")
        if any(delay.rep_id == other.rep_id for other in request.delays[:number]):
            return InvalidInput(f"delays.{number}.repId", "stands there twice")
    if len(request.urgent_lead_ids) > MAX_URGENT:
        return InvalidInput("urgentLeadIds", f"must be at most {MAX_URGENT}")
    return None


@dataclass(frozen=True, slots=True)
class Fix:
    """Where somebody was seen last."""

    at: datetime
    point: Point


def free_from(visits: Iterable[Visit], shift_start_at: datetime, delay: timedelta, now: datetime) -> datetime:
    """From when on the rest of the day can be planned: an open visit goes on for as long as it was planned to."""
    goes_on = [
        visit.opened_at + _length(visit)
        for visit in visits
        if visit.state is VisitState.OPEN and visit.opened_at is not None
    ]
    return max(now, shift_start_at, *goes_on) + delay


def _length(visit: Visit) -> timedelta:
    if visit.planned_start_at is not None and visit.planned_end_at is not None:
        return visit.planned_end_at - visit.planned_start_at
    return timedelta(seconds=SERVICE_S)


def starts_at(
    visits: Iterable[Visit], places: Mapping[SiteId, Point], fix: Fix | None, home: Point | None, now: datetime
) -> Point | None:
    """Where the rest of the day begins: at the open visit, where the rep was seen last, at the last visit, at home.

    A fix counts for an hour, and not where a visit ended later elsewhere.
    """
    begun = [each for each in visits if each.state in BEGUN and each.site_id in places]
    at_site = next((each for each in begun if each.state is VisitState.OPEN), None)
    if at_site is not None:
        return places[at_site.site_id]
    ended = max((each for each in begun if each.closed_at is not None), key=_closed_at, default=None)
    if fix is not None and now - fix.at <= FRESH_FIX and (ended is None or fix.at >= _closed_at(ended)):
        return fix.point
    return places[ended.site_id] if ended is not None else home


def _closed_at(visit: Visit) -> datetime:
    assert visit.closed_at is not None
    return visit.closed_at


@dataclass(frozen=True, slots=True)
class Told:
    """A visit as a plan has it: where, by whom, from when on."""

    site_id: SiteId
    rep_id: PersonId
    start_at: datetime
    visit_id: VisitId | None = None


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference for one rep. `from_rep_id`: who was to make it; `to_rep_id`: who makes it now instead."""

    kind: ChangeKind
    site_id: SiteId
    from_at: datetime | None
    to_at: datetime | None
    from_rep_id: PersonId | None = None
    to_rep_id: PersonId | None = None


def differences(before: Mapping[str, Told], after: Mapping[str, Told], rep_id: PersonId) -> tuple[Difference, ...]:
    """What changes for one rep, by the planner's ids and in the order of the times it is known by.

    `before` and `after` are those of all reps who are planned together.
    """
    found: list[Difference] = []
    for key in {**before, **after}:
        was, will = before.get(key), after.get(key)
        mine = was is not None and was.rep_id == rep_id, will is not None and will.rep_id == rep_id
        if mine == (True, True) and was is not None and will is not None:
            if abs(will.start_at - was.start_at) >= NOTICED:
                found.append(Difference(ChangeKind.MOVED, will.site_id, was.start_at, will.start_at))
        elif mine[0] and was is not None:
            taken_by, at = (None, None) if will is None else (will.rep_id, will.start_at)
            found.append(Difference(ChangeKind.REMOVED, was.site_id, was.start_at, at, to_rep_id=taken_by))
        elif mine[1] and will is not None:
            taken_from, at = (None, None) if was is None else (was.rep_id, was.start_at)
            found.append(Difference(ChangeKind.ADDED, will.site_id, at, will.start_at, from_rep_id=taken_from))
    known = datetime.max.replace(tzinfo=UTC)
    return tuple(sorted(found, key=lambda each: (each.to_at or each.from_at or known, each.site_id)))

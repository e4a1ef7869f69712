"""A rep's daily report: what the day's events add up to, written at the end of the shift, with a note and a signature.

Composed by resolvers/daily_reports.py for the worker that writes reports and anew whenever the rep saves one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum

from domain.activities import Activity, ActivityKind
from domain.attendance import work_day
from domain.ids import AccountId, DailyReportId, OrgId, PersonId, ShiftId, SiteId, TeamId, VisitId
from domain.norm_entries import Deed, insights_gained, items_done
from domain.notices import derived_id
from domain.people import Person
from domain.refusals import InvalidInput, VersionConflict, WrongState
from domain.shifts import Shift
from domain.sla import is_human_contact
from domain.visits import Visit, VisitKind, VisitOutcome, VisitState

MAX_NOTE = 4_000
MOST_VISITS = 200
_MADE = frozenset({VisitState.OPEN, VisitState.DONE, VisitState.AUTO_CLOSED})
_CALLED_OFF = frozenset({VisitState.CANCELLED, VisitState.RESCHEDULED})
CONTACT_KINDS = (ActivityKind.CALL, ActivityKind.EMAIL, ActivityKind.MESSAGE, ActivityKind.MEETING)
"""Kinds of activities that are counted as contacts; visits are counted as visits."""


class DailyReportState(StrEnum):
    """Whether the rep still works on it."""

    DRAFT = "DRAFT"
    SIGNED = "SIGNED"


@dataclass(frozen=True, slots=True)
class DailyFigures:
    """Totals of the day, each a count of its events; the shift is over, so what was planned and not made is missed."""

    planned: int = 0
    done: int = 0
    missed: int = 0
    touched: int = 0
    unplanned: int = 0
    verified: int = 0
    orders: int = 0
    customers: int = 0
    calls: int = 0
    emails: int = 0
    messages: int = 0
    meetings: int = 0
    leads: int = 0
    items: int = 0
    insights: int = 0


@dataclass(frozen=True, slots=True)
class DailyVisit:
    """One line of the report."""

    visit_id: VisitId
    site_id: SiteId
    account_id: AccountId
    kind: VisitKind
    state: VisitState
    verified: bool
    opened_at: datetime | None = None
    closed_at: datetime | None = None
    outcome: VisitOutcome | None = None
    next_step: str | None = None


@dataclass(frozen=True, slots=True)
class DailyReport:
    """The report of a person and date. `version` grows with each save; once signed it stays as it is."""

    id: DailyReportId
    org_id: OrgId
    owner_id: PersonId
    team_id: TeamId | None
    date: str
    shift_id: ShiftId
    started_at: datetime
    ended_at: datetime
    figures: DailyFigures
    visits: tuple[DailyVisit, ...]
    written_at: datetime
    counted_at: datetime
    state: DailyReportState = DailyReportState.DRAFT
    note: str = ""
    signed_at: datetime | None = None
    version: int = 1


def report_id(person_id: PersonId, day: date) -> DailyReportId:
    """The only id the report of that day can have."""
    return DailyReportId(derived_id("dre", person_id, day.isoformat()))


def belongs(person: Person, shift: Shift, day: date) -> Callable[[datetime], bool]:
    """Whether an instant is of the day: within the shift, or on the work day it began on."""
    ended_at = shift.ended_at or shift.auto_end_at
    return lambda at: shift.started_at <= at <= ended_at or work_day(person, at) == day


def figures_of(visits: Sequence[Visit], contacts: Iterable[Activity], deeds: Sequence[Deed], day: date) -> DailyFigures:
    """Totals of the day's visits, activities of the person and entries for the norms."""
    standing = [each for each in visits if each.state not in _CALLED_OFF]
    planned = [each for each in standing if each.kind is not VisitKind.UNPLANNED]
    made = [each for each in standing if each.state in _MADE]
    human = [
        each
        for each in contacts
        if each.kind in CONTACT_KINDS and is_human_contact(each.kind, each.direction, automatic=each.automatic)
    ]
    kinds = [each.kind for each in human]
    today = [each for each in deeds if each.day == day.isoformat()]
    return DailyFigures(
        planned=len(planned),
        done=sum(each.state in _MADE for each in planned),
        missed=sum(each.state in {VisitState.PLANNED, VisitState.MISSED} for each in planned),
        touched=sum(each.state is VisitState.TOUCH for each in standing),
        unplanned=sum(each.kind is VisitKind.UNPLANNED for each in made),
        verified=sum(each.verified for each in standing),
        orders=sum(each.outcome is VisitOutcome.ORDER for each in standing),
        customers=len({each.account_id for each in made}),
        calls=kinds.count(ActivityKind.CALL),
        emails=kinds.count(ActivityKind.EMAIL),
        messages=kinds.count(ActivityKind.MESSAGE),
        meetings=kinds.count(ActivityKind.MEETING),
        leads=len({each.lead_id for each in human}),
        items=len(items_done(today, day)),
        insights=len(insights_gained(today)),
    )


def lines_of(visits: Sequence[Visit]) -> tuple[DailyVisit, ...]:
    """The visits as they stand in the report, first to last; those called off are left out."""
    standing = (each for each in visits if each.state not in _CALLED_OFF)
    ordered = sorted(standing, key=lambda each: (each.opened_at or each.scheduled_at, each.id))
    return tuple(
        DailyVisit(
            visit_id=each.id,
            site_id=each.site_id,
            account_id=each.account_id,
            kind=each.kind,
            state=each.state,
            verified=each.verified,
            opened_at=each.opened_at,
            closed_at=each.closed_at,
            outcome=each.outcome,
            next_step=each.next_step,
        )
        for each in ordered[:MOST_VISITS]
    )


def recounted(before: DailyReport | None, fresh: DailyReport) -> DailyReport | None:
    """The report with the day's events as they are now; None where it was signed, or nothing is other than before."""
    if before is None:
        return fresh
    if before.state is DailyReportState.SIGNED:
        return None
    after = replace(
        before,
        team_id=fresh.team_id,
        shift_id=fresh.shift_id,
        started_at=min(before.started_at, fresh.started_at),
        ended_at=max(before.ended_at, fresh.ended_at) if before.shift_id != fresh.shift_id else fresh.ended_at,
        figures=fresh.figures,
        visits=fresh.visits,
    )
    return None if after == before else replace(after, counted_at=fresh.counted_at, version=before.version + 1)


def edited(
    report: DailyReport, fresh: DailyReport, note: str, expected_version: int | None
) -> DailyReport | InvalidInput | WrongState | VersionConflict:
    """The draft with a note, counted anew."""
    problem = _problem(report, expected_version)
    if problem is not None:
        return problem
    if len(note) > MAX_NOTE:
        return InvalidInput("note", f"must have at most {MAX_NOTE} characters")
    return replace(_with_events(report, fresh), note=note)


def signed(
    report: DailyReport, fresh: DailyReport, now: datetime, expected_version: int | None
) -> DailyReport | WrongState | VersionConflict:
    """The report with the person's name under it, counted one last time."""
    problem = _problem(report, expected_version)
    if problem is not None:
        return problem
    return replace(_with_events(report, fresh), state=DailyReportState.SIGNED, signed_at=now)


def _problem(report: DailyReport, expected_version: int | None) -> WrongState | VersionConflict | None:
    if expected_version is not None and expected_version != report.version:
        return VersionConflict(report.id, report.version)
    return WrongState(report.id, report.state) if report.state is DailyReportState.SIGNED else None


def _with_events(report: DailyReport, fresh: DailyReport) -> DailyReport:
    return replace(
        report,
        figures=fresh.figures,
        visits=fresh.visits,
        counted_at=fresh.counted_at,
        version=report.version + 1,
    )

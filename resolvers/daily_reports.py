"""Daily reports: composing them from the day's events, reading, the rep's note and signature.

Called by schema/daily_reports.py and workers/daily_reports.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta

from domain.access import Capability, Scope
from domain.activities import Activity
from domain.attendance import working_date, zone_of
from domain.calendar import DAY_S, Span, known_zone, wall_span
from domain.daily_reports import (
    CONTACT_KINDS,
    DailyReport,
    DailyReportState,
    belongs,
    edited,
    figures_of,
    lines_of,
    recounted,
    report_id,
    signed,
)
from domain.ids import PersonId
from domain.people import Person
from domain.refusals import NotAllowed, NotFound, Refusal, VersionConflict
from domain.shifts import Shift
from domain.weeks import Week
from resolvers.context import Context
from resolvers.once import Outcome, Saved, once
from storage.daily_reports import COLLECTION, find_report, find_shift, load_report, save_report
from storage.driver import Document
from storage.leads import list_done_between
from storage.norm_entries import list_of_week
from storage.people import find_person
from storage.reads import Page, PageRequest
from storage.shifts import KeptShift
from storage.store import Store
from storage.visits import list_visits_between


async def find_daily_report(context: Context, day: date, rep_id: str | None) -> Document | None:
    """The report of a person (None: the caller) and date; None where there is none in scope."""
    person_id = PersonId(rep_id or context.me.person_id)
    return await context.reads.find(COLLECTION, report_id(person_id, day))


async def page_daily_reports(
    context: Context, request: PageRequest, day: date | None, rep_id: str | None, state: DailyReportState | None
) -> Page:
    """A page of reports in scope, the latest date first."""
    given = {"date": day.isoformat() if day else None, "owner_id": rep_id, "state": state.value if state else None}
    where: Document = {name: value for name, value in given.items() if value is not None}
    return await context.reads.page(COLLECTION, where, replace(request, order="-date"))


async def edit_daily_report(
    context: Context, client_key: str, asked_id: str, note: str, expected_version: int | None
) -> Document | Refusal:
    """The caller's draft with their note, counted anew. Raises Forbidden."""
    context.require(Capability.DO_FIELD_WORK)

    async def act(store: Store) -> Outcome:
        found = await _own(context, store, asked_id)
        if isinstance(found, Refusal):
            return found
        return await _saved(store, edited(*found, note, expected_version))

    given = {"id": asked_id, "note": note, "expected_version": expected_version}
    return await once(context, "editDailyReport", client_key, given, act)


async def sign_daily_report(
    context: Context, client_key: str, asked_id: str, expected_version: int | None
) -> Document | Refusal:
    """The caller's report, signed. Raises Forbidden."""
    context.require(Capability.DO_FIELD_WORK)

    async def act(store: Store) -> Outcome:
        found = await _own(context, store, asked_id)
        if isinstance(found, Refusal):
            return found
        return await _saved(store, signed(*found, context.now, expected_version))

    given = {"id": asked_id, "expected_version": expected_version}
    return await once(context, "signDailyReport", client_key, given, act)


async def _own(context: Context, store: Store, asked_id: str) -> tuple[DailyReport, DailyReport] | Refusal:
    """The caller's report as it is kept, and as the day's events make it now."""
    report = await find_report(store, context.me.scope, asked_id)
    if report is None:
        return NotFound(asked_id)
    if report.owner_id != context.me.person_id:
        return NotAllowed("AUTHORSHIP")
    kept = await find_shift(store, report.shift_id)
    fresh = await composed(store, kept, context.now) if kept is not None else None
    return (report, fresh if fresh is not None else replace(report, counted_at=context.now))


async def _saved(store: Store, outcome: DailyReport | Refusal) -> Outcome:
    if isinstance(outcome, Refusal):
        return outcome
    saved = await save_report(store, outcome)
    return VersionConflict(outcome.id, outcome.version - 1) if saved is None else Saved(COLLECTION, saved)


async def write_report(store: Store, kept: KeptShift, now: datetime) -> bool:
    """Writes or recounts the report of the day the shift began on; to be called in a transaction."""
    fresh = await composed(store, kept, now)
    if fresh is None:
        return False
    after = recounted(await load_report(store, fresh.id), fresh)
    return after is not None and await save_report(store, after) is not None


async def composed(store: Store, kept: KeptShift, now: datetime) -> DailyReport | None:
    """The report as the events are now; None where the shift has not ended or nobody is known who worked it."""
    shift, document = kept.shift, kept.document
    person = await find_person(store, Scope.whole_organization(document["org_id"]), shift.person_id)
    if person is None or shift.ended_at is None:
        return None
    day = working_date(person, shift.started_at)
    is_of_day = belongs(person, shift, day)
    since, until = _around(person, shift, day)
    visits = [
        each
        for each in await list_visits_between(store, person.org_id, person.id, since, until)
        if is_of_day(each.opened_at or each.scheduled_at)
    ]
    contacts = [each for each in await _contacts(store, person, since, until) if is_of_day(each.occurred_at)]
    entries = await list_of_week(store, person.org_id, person.id, Week.of(day))
    return DailyReport(
        id=report_id(person.id, day),
        org_id=person.org_id,
        owner_id=person.id,
        team_id=person.team_id,
        date=day.isoformat(),
        shift_id=shift.id,
        started_at=shift.started_at,
        ended_at=shift.ended_at,
        figures=figures_of(visits, contacts, [each.deed for each in entries], day),
        visits=lines_of(visits),
        written_at=now,
        counted_at=now,
    )


def _around(person: Person, shift: Shift, day: date) -> Span:
    """Instants that hold all of the day and of the shift, and of a day's work that goes on past midnight."""
    begins, ends = wall_span(known_zone(zone_of(person)), day, 0, 2 * DAY_S)
    return min(begins, shift.started_at), max(ends, (shift.ended_at or shift.auto_end_at) + timedelta(seconds=1))


async def _contacts(store: Store, person: Person, since: datetime, until: datetime) -> Sequence[Activity]:
    found: list[Activity] = []
    for kind in CONTACT_KINDS:
        found += await list_done_between(store, person.org_id, person.id, kind, since, until)
    return found

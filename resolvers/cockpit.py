"""What a manager reads: the SLA board and reports, under the caller's Scope. Called by schema/cockpit.py."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from domain.calendar import known_zone
from domain.errors import BadInput
from domain.ids import PersonId
from domain.sla import ClockState
from reports.contact_intervals import ContactIntervals, contact_intervals
from reports.conversion_cycle import conversion_cycle
from reports.rows import LONGEST, Period, Spread
from reports.sla_by_rep import sla_by_rep
from reports.sleeping_leads import SleepingLeads, sleeping_leads
from resolvers.context import Context
from storage.clocks import COLLECTION as CLOCKS
from storage.codec import encode
from storage.driver import Document
from storage.people import ORGANIZATIONS, PEOPLE
from storage.reads import Page, PageRequest
from storage.times import stored_time

MAX_WITHIN_HOURS = 24 * 31
MAX_HOURS = 24 * 400


async def sla_board(
    context: Context, request: PageRequest, *, red: bool, within_hours: int, owner_id: str | None
) -> Page:
    """A page of broken promises, or of those that fall due within so many hours, the most urgent first."""
    where: Document = {"state": (ClockState.BREACHED if red else ClockState.RUNNING).value}
    if not red:
        where["due_at"] = {"$lt": stored_time(_soon(context, within_hours))}
    if owner_id is not None:
        where["owner_id"] = owner_id
    return await context.reads.page(CLOCKS, where, replace(request, order="due_at"))


async def sla_of_reps(context: Context, request: PageRequest, within_hours: int) -> Page:
    """A page of people in scope by name, each with counts of broken promises and of those that fall due soon."""
    due_before = stored_time(_soon(context, within_hours))
    page = await context.reads.page(PEOPLE, {}, replace(request, order="name"), {"name": 1})
    lines = await sla_by_rep(context.reads, [PersonId(each["_id"]) for each in page.documents], due_before)
    return replace(page, documents=[encode(each) for each in lines])


async def report_sleeping_leads(context: Context, since: datetime, until: datetime, hours: int) -> SleepingLeads:
    """Raises BadInput."""
    if not 1 <= hours <= MAX_HOURS:
        raise BadInput("hours", f"must be 1 to {MAX_HOURS}")
    return await sleeping_leads(context.reads, _period(since, until), hours, stored_time(context.now))


async def report_contact_intervals(context: Context, since: datetime, until: datetime) -> list[ContactIntervals]:
    """Raises BadInput."""
    organization = await context.reads.find(ORGANIZATIONS, context.me.org_id) or {}
    zone = known_zone(organization.get("time_zone", "UTC"))
    return await contact_intervals(context.reads, _period(since, until), zone)


async def report_conversion_cycle(context: Context, since: datetime, until: datetime) -> Spread:
    """Raises BadInput."""
    return await conversion_cycle(context.reads, _period(since, until))


def _soon(context: Context, within_hours: int) -> datetime:
    if not 0 <= within_hours <= MAX_WITHIN_HOURS:
        raise BadInput("withinHours", f"must be 0 to {MAX_WITHIN_HOURS}")
    # Below the next millisecond, not at most this one: the embedded server leaves out the bound itself where an index
    # goes on behind it.
    return context.now + timedelta(hours=within_hours, milliseconds=1)


def _period(since: datetime, until: datetime) -> Period:
    if until <= since:
        raise BadInput("until", "must be after since")
    if until - since > LONGEST:
        raise BadInput("until", f"must be at most {LONGEST.days} days after since")
    return Period(stored_time(since), stored_time(until))

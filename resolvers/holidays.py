"""Public holidays of a country imported into a calendar, and what that would change. Called by schema/holidays.py."""

from __future__ import annotations

import asyncio
from dataclasses import asdict, dataclass

from domain.access import Capability
from domain.calendar import written_hours
from domain.calendars import CalendarRecord, HolidayYear, imported_days, version_problem, with_holidays
from domain.ids import OrgId
from domain.public_holidays import PublicHolidays, public_holidays
from domain.refusals import InvalidInput, NotFound, Refusal
from resolvers.calendars import presets_of, saved
from resolvers.context import Context
from resolvers.once import Outcome, once
from storage.calendars import find_calendar
from storage.driver import Document
from storage.store import Store


@dataclass(frozen=True, slots=True)
class WhichHolidays:
    """A year of a country, perhaps of a part of it, for one calendar."""

    key: str
    country: str
    year: int
    subdivision: str | None = None


async def preview_holidays(context: Context, which: WhichHolidays) -> Document | Refusal:
    """What `import_holidays` would change. Raises Forbidden."""
    actor = context.require(Capability.MANAGE_SLA)
    found = await _found(context, which)
    if isinstance(found, InvalidInput):
        return found
    before = await _calendar(context.store, actor.org_id, which.key)
    if isinstance(before, Refusal):
        return before
    after = _after(context, before, which, found)
    if isinstance(after, InvalidInput):
        return after
    days = [
        {**asdict(each), "name": each.day.name, "times": written_hours(each.day.intervals)}
        for each in imported_days(before, after, which.year)
    ]
    return {"provisional": found.provisional, "days": days, "version": before.version}


async def import_holidays(
    context: Context, client_key: str, which: WhichHolidays, expected_version: int | None
) -> Document | Refusal:
    """The calendar in its next version. Raises Forbidden."""
    actor = context.require(Capability.MANAGE_SLA)
    found = await _found(context, which)
    if isinstance(found, InvalidInput):
        return found

    async def act(store: Store) -> Outcome:
        before = await _calendar(store, actor.org_id, which.key)
        if isinstance(before, Refusal):
            return before
        stale = version_problem(which.key, before.version, expected_version)
        if stale is not None:
            return stale
        after = _after(context, before, which, found)
        return after if isinstance(after, InvalidInput) else await saved(context, store, after)

    given = {"which": which, "expected_version": expected_version}
    return await once(context, "importHolidays", client_key, given, act)


async def _found(context: Context, which: WhichHolidays) -> PublicHolidays | InvalidInput:
    # Long enough to be felt by the requests beside it.
    return await asyncio.to_thread(public_holidays, which.country, which.subdivision, which.year, context.now)


async def _calendar(store: Store, org_id: OrgId, key: str) -> CalendarRecord | InvalidInput | NotFound:
    if key in await presets_of(store, org_id):
        return InvalidInput("key", "belongs to a preset")
    return await find_calendar(store, org_id, key) or NotFound(key)


def _after(
    context: Context, before: CalendarRecord, which: WhichHolidays, found: PublicHolidays
) -> CalendarRecord | InvalidInput:
    year = HolidayYear(which.country, which.year, which.subdivision, found.provisional)
    return with_holidays(before, year, found.closed, found.worked, context.me.person_id, context.now)

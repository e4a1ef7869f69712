"""Calendars of the organization in the schema: the open time that SLA clocks count in, its versions, and saving it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import strawberry

from domain.calendar import Interval, written_hours
from domain.calendars import CalendarDraft
from domain.refusals import Refusal
from resolvers.calendars import all_calendars, calendar_versions, one_calendar, save_draft
from schema.fields import Info, computed, mutates, related, returns, stored
from schema.inputs import given
from schema.paging import After, ClientKey, Connection, First, as_connection, page_request
from schema.refusals import COMMON, VersionConflict
from storage.driver import Document

if TYPE_CHECKING:
    from schema.people import Person

Times = Sequence[Mapping[str, int]]
Dates = Mapping[str, Mapping[str, Any]]


def _times(intervals: Times) -> str:
    return written_hours(Interval(**each) for each in intervals)


def _weekly(weekly: Sequence[Times]) -> list[str]:
    return [_times(day) for day in weekly]


def _dates(exceptions: Dates | None, holidays: Dates | None) -> Any:
    imported = {day: {**each, "imported": True} for day, each in (holidays or {}).items()}
    own = {day: {**each, "imported": False} for day, each in (exceptions or {}).items()}
    return [
        {**each, "date": day, "times": _times(each.get("intervals", ()))}
        for day, each in sorted((imported | own).items())
    ]


def _is_preset(saved_at: datetime | None) -> bool:
    return saved_at is None


@strawberry.type(description="A date that differs from the week: a holiday, a make-up workday, a short day.")
class CalendarException:
    date: str = stored("date", "The local date, YYYY-MM-DD.")
    times: str = stored("times", "When it is open, such as `09:00-12:00 13:30-18:00`; empty: closed.")
    name: str | None = stored("name", "What is on that day.")
    imported: bool = stored("imported", "Whether it came with imported holidays; an exception of your own wins.")


@strawberry.type(description="A year whose public holidays were imported.")
class HolidayYear:
    country: str = stored("country", "ISO 3166-1 code, two letters.")
    subdivision: str | None = stored("subdivision", "ISO 3166-2 code of the part of the country, without the country.")
    year: int = stored("year", "The year.")
    provisional: bool = stored(
        "provisional",
        "Whether the country has yet to publish its make-up workdays; import it again then.",
        default=False,
    )


@strawberry.type(description="When an organization works. Clocks count this time; each save adds a version.")
class Calendar:
    key: str = stored("key", "What policies call it.")
    name: str = stored("name", "What people call it.")
    version: int = stored("version", "Grows by one with each save; pass it as `expectedVersion`.")
    preset: bool = computed(
        _is_preset, "Whether every organization has it and nobody can change it.", needs=("saved_at",)
    )
    time_zone: str = stored("zone", "IANA zone the times are meant in.")
    weekly: list[str] = computed(
        _weekly,
        "Seven texts, Monday first, such as `09:00-12:00 13:30-18:00`; empty on a closed day.",
        needs=("weekly",),
    )
    exceptions: list[CalendarException] = computed(
        _dates, "Dates that differ from the week, by date; each replaces its date.", needs=("exceptions", "holidays")
    )
    holiday_years: list[HolidayYear] = stored("years", "Which holidays were imported.", default=())
    saved_at: datetime | None = stored("saved_at", "When this version was saved; null for a preset.")
    saved_by: Annotated["Person", strawberry.lazy("schema.people")] | None = related(
        "people", "Who saved this version.", key="saved_by"
    )


@strawberry.input(description="A date that differs from the week.")
class CalendarExceptionInput:
    date: str = strawberry.field(description="The local date, YYYY-MM-DD.")
    times: str = strawberry.field(description="When it is open, such as `09:00-12:00`; empty: closed.")
    name: str | None = strawberry.field(default=None, description="What is on that day, up to 100 characters.")


@strawberry.input(description="A whole calendar; it replaces the version before, but for imported holidays.")
class CalendarInput:
    key: str = strawberry.field(description="1 to 40 of A-Z, a-z, 0-9, _ and -; not that of a preset.")
    name: str = strawberry.field(description="1 to 100 characters.")
    time_zone: str = strawberry.field(description="IANA zone the times are meant in.")
    weekly: list[str] = strawberry.field(
        description="Seven texts, Monday first, such as `09:00-12:00 13:30-18:00`, up to `24:00`; empty: closed."
    )
    exceptions: list[CalendarExceptionInput] = strawberry.field(
        default_factory=list, description="Your own exceptions, 1,000 at the most; they win over imported holidays."
    )


CalendarKey = Annotated[str, strawberry.argument(description="Which calendar.")]
ExpectedVersion = Annotated[
    int | None,
    strawberry.argument(description="The version that is replaced; absent for a new key. Else VersionConflict."),
]
WhichVersion = Annotated[int | None, strawberry.argument(description="Which version; absent: the newest.")]


def draft_of(calendar: CalendarInput) -> CalendarDraft:
    """As the domain takes it."""
    return CalendarDraft(**given(calendar))


@strawberry.type
class CalendarQuery:
    @returns(list[Calendar] | None, "The presets and your organization's calendars. For administrators.")
    async def calendars(self, info: Info) -> list[Document]:
        return await all_calendars(info.context)

    @returns(Calendar | None, "One calendar; null where there is none. For administrators.")
    async def calendar(self, info: Info, key: CalendarKey, version: WhichVersion = None) -> Document | None:
        return await one_calendar(info.context, key, version)

    @returns(
        Connection[Calendar] | None, "All versions of a calendar that were saved, newest first. For administrators."
    )
    async def calendar_versions(self, info: Info, key: CalendarKey, first: First = 20, after: After = None) -> Document:
        page = await calendar_versions(info.context, key, page_request(first, after, "-version"))
        return as_connection(page)


@strawberry.type
class CalendarMutation:
    @mutates(
        "saveCalendar",
        "Saves a calendar or its next version. Running clocks keep theirs until `recalculateSla`. For administrators.",
        Calendar,
        *COMMON,
        VersionConflict,
    )
    async def save_calendar(
        self,
        info: Info,
        client_key: ClientKey,
        input: Annotated[CalendarInput, strawberry.argument(description="The calendar.")],  # noqa: A002
        expected_version: ExpectedVersion = None,
    ) -> Document | Refusal:
        return await save_draft(info.context, client_key, draft_of(input), expected_version)

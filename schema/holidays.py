"""Public holidays in the schema: the preview of an import into a calendar, and the import."""

from typing import Annotated, Any, Union

import strawberry

from domain.calendars import DayChange
from domain.refusals import Refusal
from resolvers.holidays import WhichHolidays, import_holidays, preview_holidays
from schema.calendars import Calendar, CalendarKey
from schema.fields import Info, mutates, returns, stored
from schema.inputs import given
from schema.paging import ClientKey
from schema.refusals import COMMON, InvalidInput, NotFound, VersionConflict
from schema.scalars import described_enum
from storage.driver import Document

described_enum(
    DayChange,
    "What an import of holidays does to one date.",
    title="HolidayChange",
    ADDED="The date becomes a holiday or a make-up workday.",
    CHANGED="It was imported before and becomes something else.",
    REMOVED="It was imported before and is a plain day again.",
    SAME="It was imported before and stays.",
)


@strawberry.type(description="One date of an import of holidays.")
class HolidayDay:
    date: str = stored("date", "The local date, YYYY-MM-DD.")
    change: DayChange = stored("change", "What happens to it.")
    times: str = stored("times", "When it is open; empty on a holiday, the usual hours on a make-up workday.")
    name: str | None = stored("name", "What is on that day, in the country's language.")
    overridden: bool = stored("overridden", "Whether an exception of your own stands on the date and wins.")


@strawberry.type(description="What importing holidays would change; nothing has been saved.")
class HolidayPreview:
    provisional: bool = stored(
        "provisional",
        "Whether the country orders make-up workdays every year and has yet to publish those of this year.",
    )
    days: list[HolidayDay] = stored("days", "By date.")
    version: int = stored("version", "The calendar's version now; pass it to `importHolidays` as `expectedVersion`.")


@strawberry.input(description="A year of a country's public holidays.")
class HolidaysInput:
    country: str = strawberry.field(description="ISO 3166-1 code, two capital letters.")
    year: int = strawberry.field(description="From 20 years ago to 5 years ahead.")
    subdivision: str | None = strawberry.field(
        default=None, description="ISO 3166-2 code of a part of the country, without the country; absent: all of it."
    )


_OUTCOMES = (HolidayPreview, NotFound, InvalidInput)
HolidayPreviewResult: Any = Annotated[
    Union[tuple(_OUTCOMES)],  # noqa: UP007
    strawberry.union("HolidayPreviewResult", description="What `previewHolidays` can answer."),
]
Which = Annotated[HolidaysInput, strawberry.argument(description="Which holidays.")]


@strawberry.type
class HolidayQuery:
    @returns(HolidayPreviewResult | None, "What `importHolidays` would change. For administrators.")
    async def preview_holidays(self, info: Info, key: CalendarKey, holidays: Which) -> Document | Refusal:
        return await preview_holidays(info.context, WhichHolidays(key, **given(holidays)))


@strawberry.type
class HolidayMutation:
    @mutates(
        "importHolidays",
        "Saves the calendar's next version with the holidays and make-up workdays of a year in the place of those "
        "imported for it before; your own exceptions win. For administrators.",
        Calendar,
        *COMMON,
        VersionConflict,
    )
    async def import_holidays(
        self,
        info: Info,
        client_key: ClientKey,
        key: CalendarKey,
        holidays: Which,
        expected_version: Annotated[
            int | None, strawberry.argument(description="Refused as VersionConflict where the calendar moved on.")
        ] = None,
    ) -> Document | Refusal:
        return await import_holidays(info.context, client_key, WhichHolidays(key, **given(holidays)), expected_version)

"""Public holidays and make-up workdays of a country, from the `holidays` library; used by resolvers/holidays.py."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from domain.refusals import InvalidInput

AHEAD = 5
"""Years that may be imported beyond the present one."""
BACK = 20
RECENT = 2
"""A country with make-up days in one of so many past years is taken to have them every year."""
_CODE = re.compile(r"[A-Z]{2}")
_MAKE_UP = {"zh": "调休上班"}


@dataclass(frozen=True, slots=True)
class PublicHolidays:
    """One year: closed dates and their names, weekend dates that are worked, both by ISO date."""

    closed: Mapping[str, str]
    worked: Mapping[str, str]
    provisional: bool
    """Whether the country orders make-up days every year and those of this year are not known yet."""


def public_holidays(country: str, subdivision: str | None, year: int, now: datetime) -> PublicHolidays | InvalidInput:
    """The year as far as the library knows it; refused for a place it does not know. Takes a tenth of a second."""
    if not now.year - BACK <= year <= now.year + AHEAD:
        return InvalidInput("year", f"must be {now.year - BACK} to {now.year + AHEAD}")
    # 250 countries take a quarter of a second to load, and few processes ever import holidays.
    import holidays  # noqa: PLC0415 - see above

    places = holidays.list_supported_countries()
    if _CODE.fullmatch(country) is None or country not in places:
        return InvalidInput("country", "must be an ISO 3166-1 code of two capital letters that is known")
    if subdivision is not None and subdivision not in places[country]:
        return InvalidInput("subdivision", f"must be of {', '.join(places[country]) or 'none: this country has none'}")
    language = holidays.country_holidays(country).default_language
    # Next year's order may make a day of this December a workday.
    years = range(min(year, now.year - RECENT), max(year, now.year) + 2)
    found = holidays.country_holidays(country, subdiv=subdivision, years=years, language=language)
    worked = {day for day in found.weekend_workdays if day.year in years}
    published = {day.year for day in worked}
    orders_them = any(each >= now.year - RECENT for each in published)
    label = _MAKE_UP.get((language or "")[:2], "Make-up workday")
    return PublicHolidays(
        {day.isoformat(): name for day, name in sorted(found.items()) if day.year == year},
        {day.isoformat(): label for day in sorted(worked) if day.year == year},
        orders_them and year > max(published),
    )

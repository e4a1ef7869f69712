"""Public holidays: make-up workdays of China as they were ordered, years that are not known yet, and imports."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from domain.calendar import add, hours
from domain.calendars import CalendarRecord, DayChange, HolidayYear, SpecialDay, imported_days, with_holidays
from domain.ids import OrgId, PersonId
from domain.public_holidays import PublicHolidays, public_holidays
from domain.refusals import InvalidInput

NOW = datetime(2026, 11, 23, tzinfo=UTC)
OFFICE = hours("09:00-12:00 13:30-18:00")
LONG = hours("09:00-20:00")
ORG, ADMIN = OrgId("org_1"), PersonId("per_1")
CHINA = CalendarRecord("org_1:WORK", ORG, "WORK", "Office", 3, "Asia/Shanghai", ((OFFICE,) * 4) + (LONG, (), ()))


def known(country: str, year: int, subdivision: str | None = None) -> PublicHolidays:
    found = public_holidays(country, subdivision, year, NOW)
    assert isinstance(found, PublicHolidays)
    return found


def test_the_make_up_days_of_china_in_2026() -> None:
    found = known("CN", 2026)
    assert sorted(found.worked) == ["2026-01-04", "2026-02-14", "2026-02-28", "2026-05-09", "2026-09-20", "2026-10-10"]
    assert set(found.worked.values()) == {"调休上班"}
    for day in ("2026-01-02", "2026-02-16", "2026-02-23", "2026-05-05", "2026-10-07"):
        assert day in found.closed, day
    assert found.closed["2026-06-19"] == "端午节"
    assert all(day.startswith("2026-") for day in (*found.closed, *found.worked))
    assert not found.provisional


@pytest.mark.parametrize(
    ("country", "subdivision", "year", "provisional"),
    [
        ("CN", None, 2025, False),
        ("CN", None, 2027, True),
        ("CN", None, 2031, True),
        ("HU", None, 2027, True),
        ("DE", "BE", 2027, False),
        ("US", None, 2031, False),
    ],
)
def test_a_year_without_its_order_is_provisional(
    country: str, subdivision: str | None, year: int, provisional: bool
) -> None:
    assert known(country, year, subdivision).provisional is provisional


def test_a_make_up_day_that_next_year_orders_in_this_december() -> None:
    now = datetime(2011, 12, 1, tzinfo=UTC)
    found = public_holidays("CN", None, 2011, now)
    assert isinstance(found, PublicHolidays)
    assert "2011-12-31" in found.worked


def test_a_part_of_a_country_has_holidays_of_its_own() -> None:
    assert "2026-03-08" in known("DE", 2026, "BE").closed
    assert "2026-03-08" not in known("DE", 2026).closed


@pytest.mark.parametrize(
    ("country", "subdivision", "year", "field"),
    [
        ("XX", None, 2026, "country"),
        ("cn", None, 2026, "country"),
        ("CHN", None, 2026, "country"),
        ("", None, 2026, "country"),
        ("DE", "QQ", 2026, "subdivision"),
        ("SG", "QQ", 2026, "subdivision"),
        ("CN", None, 2032, "year"),
        ("CN", None, -1, "year"),
    ],
)
def test_places_that_are_not_known(country: str, subdivision: str | None, year: int, field: str) -> None:
    refused = public_holidays(country, subdivision, year, NOW)
    assert isinstance(refused, InvalidInput)
    assert refused.field == field


def imported(before: CalendarRecord, year: int = 2026) -> CalendarRecord:
    found = known("CN", year)
    after = with_holidays(
        before, HolidayYear("CN", year, None, found.provisional), found.closed, found.worked, ADMIN, NOW
    )
    assert isinstance(after, CalendarRecord)
    return after


def test_clocks_count_holidays_and_make_up_days() -> None:
    calendar = imported(CHINA).calendar
    zone = ZoneInfo("Asia/Shanghai")
    # Saturday 02-14 is worked as most days are, then the festival closes until Tuesday 02-24.
    at = datetime(2026, 2, 13, 19, tzinfo=zone)
    assert add(calendar, at, 3600) == datetime(2026, 2, 13, 20, tzinfo=zone)
    assert add(calendar, at, 2 * 3600) == datetime(2026, 2, 14, 10, tzinfo=zone)
    assert add(calendar, at, (1 + 7.5 + 1) * 3600) == datetime(2026, 2, 24, 10, tzinfo=zone)


def test_own_exceptions_win() -> None:
    own = {"2026-02-14": SpecialDay((), "Outing"), "2026-02-20": SpecialDay(hours("10:00-11:00"), "Stocktaking")}
    before = CalendarRecord("org_1:WORK", ORG, "WORK", "Office", 3, "Asia/Shanghai", CHINA.weekly, own)
    after = imported(before)
    assert after.calendar.exceptions["2026-02-14"] == ()
    assert after.calendar.exceptions["2026-02-20"] == hours("10:00-11:00")
    overridden = [each.date for each in imported_days(before, after, 2026) if each.overridden]
    assert overridden == ["2026-02-14", "2026-02-20"]


def test_a_week_that_is_open_anyway_needs_no_make_up_day() -> None:
    always = CalendarRecord("org_1:A", ORG, "A", "Shop", 1, "Asia/Shanghai", (LONG,) * 7)
    assert "2026-02-14" not in imported(always).holidays


def test_importing_again_replaces_the_year_and_no_other() -> None:
    first = imported(imported(CHINA), 2027)
    assert (first.version, first.calendar.provisional_years) == (5, (2027,))
    assert [(each.year, each.provisional) for each in first.years] == [(2026, False), (2027, True)]
    found = known("CN", 2027)
    closed = {day: name for day, name in found.closed.items() if day != "2027-02-10"} | {"2027-02-11": "春节"}
    worked = {"2027-02-20": "调休上班"}
    second = with_holidays(first, HolidayYear("CN", 2027), closed, worked, ADMIN, NOW)
    assert isinstance(second, CalendarRecord)
    assert second.calendar.provisional_years == ()
    assert [each for each in second.holidays if each.startswith("2026-")] == [
        each for each in first.holidays if each.startswith("2026-")
    ]
    changed = {
        each.date: each.change for each in imported_days(first, second, 2027) if each.change is not DayChange.SAME
    }
    assert changed == {
        "2027-02-10": DayChange.REMOVED,
        "2027-02-11": DayChange.ADDED,
        "2027-02-20": DayChange.ADDED,
    }


def test_an_import_may_not_close_a_calendar_for_good() -> None:
    once = CalendarRecord(
        "org_1:O", ORG, "O", "Once", 1, "Asia/Shanghai", ((),) * 7, {}, {"2027-01-01": SpecialDay(OFFICE)}
    )
    found = known("CN", 2027)
    refused = with_holidays(once, HolidayYear("CN", 2027), found.closed, found.worked, ADMIN, NOW)
    assert isinstance(refused, InvalidInput)
    assert refused.field == "weekly"

"""Importing public holidays over HTTP: the preview, the import, provisional years, refusals by field, and who may."""

from __future__ import annotations

from typing import Any

import pytest

from domain.calendar import TIME_ZONE_DATA
from tests.conftest import StoppedClock
from tests.support.client import ApiClient, new_key
from tests.support.leads import create_lead
from tests.support.sla_rules import CALENDARS, OFFICE, ONE_CALENDAR, REFUSED, save_calendar, save_policy
from tests.support.world import World

PREVIEW = """query ($key: String!, $holidays: HolidaysInput!) {
  previewHolidays(key: $key, holidays: $holidays) {
    __typename ... on HolidayPreview { provisional version days { date change times name overridden } }
    ... on Refusal { code } ... on InvalidInput { field }
  }
}"""
IMPORT = f"""mutation ($client: String!, $key: String!, $holidays: HolidaysInput!, $expected: Int) {{
  importHolidays(clientKey: $client, key: $key, holidays: $holidays, expectedVersion: $expected) {{
    __typename
    ... on Calendar {{
      version exceptions {{ date times name imported }} holidayYears {{ country subdivision year provisional }}
    }}
    {REFUSED} ... on VersionConflict {{ currentVersion }}
  }}
}}"""
CN_2026 = {"country": "CN", "year": 2026}


async def test_a_preview_then_the_import(world: World) -> None:
    await save_calendar(world.admin, exceptions=[{"date": "2026-10-10", "times": "", "name": "Outing"}])
    preview = await world.admin.api.first(PREVIEW, key="WORK", holidays=CN_2026)
    assert (preview["provisional"], preview["version"]) == (False, 1)
    days = {each["date"]: each for each in preview["days"]}
    assert days["2026-02-14"] == {
        "date": "2026-02-14",
        "change": "ADDED",
        "times": OFFICE[0],
        "name": "调休上班",
        "overridden": False,
    }
    assert (days["2026-10-01"]["times"], days["2026-10-10"]["overridden"]) == ("", True)
    assert (await world.admin.api.first(ONE_CALENDAR, key="WORK"))["version"] == 1
    key = new_key()
    given: dict[str, Any] = {"client": key, "key": "WORK", "holidays": CN_2026, "expected": 1}
    saved = await world.admin.api.first(IMPORT, **given)
    assert saved["version"] == 2
    assert saved["holidayYears"] == [{"country": "CN", "subdivision": None, "year": 2026, "provisional": False}]
    shown = {each["date"]: each for each in saved["exceptions"]}
    assert shown["2026-02-14"] == {"date": "2026-02-14", "times": OFFICE[0], "name": "调休上班", "imported": True}
    assert shown["2026-10-10"] == {"date": "2026-10-10", "times": "", "name": "Outing", "imported": False}
    assert await world.admin.api.first(IMPORT, **given) == saved
    assert (await world.admin.api.first(IMPORT, **given | {"expected": 2}))["code"] == "KEY_REUSED"
    again = await world.admin.api.first(PREVIEW, key="WORK", holidays=CN_2026)
    assert {each["change"] for each in again["days"]} == {"SAME"}
    # What people save themselves leaves the imported days alone.
    edited = await save_calendar(world.admin, 2, exceptions=[])
    assert edited["holidayYears"] == saved["holidayYears"]
    assert {each["date"]: each["times"] for each in edited["exceptions"]}["2026-10-10"] == OFFICE[0]


async def test_due_times_of_a_year_without_its_order_are_provisional(world: World, clock: StoppedClock) -> None:
    await save_calendar(world.admin, exceptions=[])
    saved = await world.admin.api.first(
        IMPORT, client=new_key(), key="WORK", holidays={"country": "CN", "year": 2027}, expected=1
    )
    assert [each["provisional"] for each in saved["holidayYears"]] == [True]
    assert (await world.admin.api.first(PREVIEW, key="WORK", holidays={"country": "CN", "year": 2027}))["provisional"]
    fairs = [{"field": "SOURCE", "values": ["FAIR"]}]
    await save_policy(world.admin, calendarKey="WORK", targetSeconds=2 * 3600, conditions=fairs)
    query = "query ($id: ID!) { lead(id: $id) { clocks { dueAt dueProvisional } } }"
    lead = await create_lead(world.rep, source="FAIR")
    assert (await world.rep.api.first(query, id=lead["id"]))["clocks"] == [
        {"dueAt": "2026-11-23T03:00:00.000Z", "dueProvisional": False}
    ]
    # Thursday 2026-12-31, 17:00 in Shanghai; the Friday is a holiday.
    clock.advance(days=38, hours=8)
    lead = await create_lead(world.rep, source="FAIR")
    assert (await world.rep.api.first(query, id=lead["id"]))["clocks"] == [
        {"dueAt": "2027-01-04T02:00:00.000Z", "dueProvisional": True}
    ]


@pytest.mark.parametrize(
    ("key", "holidays", "field"),
    [
        ("WORK", {"country": "XX", "year": 2026}, "country"),
        ("WORK", {"country": "DE", "year": 2026, "subdivision": "QQ"}, "subdivision"),
        ("WORK", {"country": "CN", "year": 1990}, "year"),
        ("WORKDAY", CN_2026, "key"),
        ("24x7", CN_2026, "key"),
    ],
)
async def test_what_cannot_be_imported(world: World, key: str, holidays: dict[str, Any], field: str) -> None:
    await save_calendar(world.admin)
    for answer in (
        await world.admin.api.first(PREVIEW, key=key, holidays=holidays),
        await world.admin.api.first(IMPORT, client=new_key(), key=key, holidays=holidays),
    ):
        assert (answer["__typename"], answer["field"]) == ("InvalidInput", field)


async def test_versions_are_guarded_and_others_find_nothing(world: World, other_world: World) -> None:
    await save_calendar(world.admin)
    stale = await world.admin.api.first(IMPORT, client=new_key(), key="WORK", holidays=CN_2026, expected=7)
    assert (stale["code"], stale["currentVersion"]) == ("CONFLICT", 1)
    for admin in (world.admin, other_world.admin):
        key = "NONE" if admin is world.admin else "WORK"
        assert (await admin.api.first(PREVIEW, key=key, holidays=CN_2026))["code"] == "NOT_FOUND"
        assert (await admin.api.first(IMPORT, client=new_key(), key=key, holidays=CN_2026))["code"] == "NOT_FOUND"
    assert len(await other_world.admin.api.first(CALENDARS)) == 2


async def test_only_administrators_import(world: World, anonymous: ApiClient) -> None:
    await save_calendar(world.admin)
    for member in (world.rep, world.manager, world.director, world.support):
        assert await member.api.code(PREVIEW, key="WORK", holidays=CN_2026) == "FORBIDDEN"
        assert await member.api.code(IMPORT, client=new_key(), key="WORK", holidays=CN_2026) == "FORBIDDEN"
    assert await anonymous.code(PREVIEW, key="WORK", holidays=CN_2026) == "UNAUTHENTICATED"


async def test_bootstrap_tells_which_time_zone_data_counts(world: World) -> None:
    told = await world.rep.api.first("{ bootstrap { ... on Bootstrap { timeZoneData } } }")
    assert told == {"timeZoneData": TIME_ZONE_DATA}
    assert TIME_ZONE_DATA.startswith("20")

"""Calendars of an organization over HTTP: presets, saving, versions, refusals by field, and who may."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.conftest import START, StoppedClock
from tests.support.client import ApiClient, new_key
from tests.support.sla_rules import (
    CALENDAR_VERSIONS,
    CALENDARS,
    OFFICE,
    ONE_CALENDAR,
    SAVE_CALENDAR,
    WORK,
    save_calendar,
    save_policy,
)
from tests.support.world import World


async def test_every_organization_has_the_presets(world: World) -> None:
    always, workday = await world.admin.api.first(CALENDARS)
    assert (always["key"], always["preset"], always["timeZone"], always["weekly"]) == (
        "24x7",
        True,
        "UTC",
        ["00:00-24:00"] * 7,
    )
    assert (workday["key"], workday["timeZone"], workday["weekly"]) == ("WORKDAY", "Asia/Shanghai", OFFICE)
    assert (workday["exceptions"], workday["savedAt"], workday["savedBy"]) == ([], None, None)
    assert await world.admin.api.first(ONE_CALENDAR, key="WORKDAY", version=1) == workday
    assert await world.admin.api.first(ONE_CALENDAR, key="WORKDAY", version=2) is None


async def test_each_save_adds_a_version(world: World, clock: StoppedClock) -> None:
    key = new_key()
    first = await world.admin.api.first(SAVE_CALENDAR, key=key, input=WORK)
    assert first == {
        "__typename": "Calendar",
        "key": "WORK",
        "name": "Shanghai office",
        "version": 1,
        "preset": False,
        "timeZone": "Asia/Shanghai",
        "weekly": OFFICE,
        "exceptions": [
            {"date": "2026-11-24", "times": "", "name": "Stocktaking", "imported": False},
            {"date": "2026-11-28", "times": OFFICE[0], "name": "Make-up day", "imported": False},
        ],
        "holidayYears": [],
        "savedAt": START.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "savedBy": {"id": world.admin.id},
    }
    assert await world.admin.api.first(SAVE_CALENDAR, key=key, input=WORK) == first
    reused = await world.admin.api.first(SAVE_CALENDAR, key=key, input=WORK | {"name": "Other"})
    assert reused["code"] == "KEY_REUSED"
    clock.advance(hours=1)
    second = await save_calendar(world.admin, 1, weekly=["13:30-18:00 09:00-12:00", *OFFICE[1:]], exceptions=[])
    assert (second["version"], second["weekly"], second["exceptions"]) == (2, OFFICE, [])
    assert (await world.admin.api.first(CALENDARS))[2:] == [second]
    assert await world.admin.api.first(ONE_CALENDAR, key="WORK") == second
    assert await world.admin.api.first(ONE_CALENDAR, key="WORK", version=1) == first
    assert await world.admin.api.first(ONE_CALENDAR, key="WORK", version=3) is None
    page = await world.admin.api.first(CALENDAR_VERSIONS, key="WORK", first=1)
    assert [each["version"] for each in page["nodes"]] == [2]
    after = page["pageInfo"]["endCursor"]
    page = await world.admin.api.first(CALENDAR_VERSIONS, key="WORK", first=5, after=after)
    assert [each["version"] for each in page["nodes"]] == [1]
    assert page["pageInfo"]["hasNextPage"] is False


BAD: list[tuple[dict[str, Any], str]] = [
    ({"key": ""}, "key"),
    ({"key": "a.b"}, "key"),
    ({"key": "x" * 41}, "key"),
    ({"key": "24x7"}, "key"),
    ({"key": "WORKDAY"}, "key"),
    ({"name": " "}, "name"),
    ({"timeZone": "Mars/Olympus"}, "timeZone"),
    ({"timeZone": ""}, "timeZone"),
    ({"weekly": OFFICE[:5]}, "weekly"),
    ({"weekly": ["", "09:00-12:00 11:30-14:00", *OFFICE[2:]]}, "weekly[1]"),
    ({"weekly": ["11:30-14:00 09:00-12:00", *OFFICE[1:]]}, "weekly[0]"),
    ({"weekly": ["18:00-09:00", *OFFICE[1:]]}, "weekly[0]"),
    ({"weekly": ["09:00-09:00", *OFFICE[1:]]}, "weekly[0]"),
    ({"weekly": ["09:00-24:01", *OFFICE[1:]]}, "weekly[0]"),
    ({"weekly": ["nine to five", *OFFICE[1:]]}, "weekly[0]"),
    (
        {"weekly": [" ".join(f"{hour:02d}:{half}0-{hour:02d}:{half}5" for hour in range(24) for half in (0, 3))] * 7},
        "weekly[0]",
    ),
    ({"weekly": [""] * 7, "exceptions": []}, "weekly"),
    ({"weekly": [""] * 7, "exceptions": [{"date": "2028-01-03", "times": "09:00-10:00"}]}, "weekly"),
    ({"weekly": [""] * 7, "exceptions": [{"date": "2026-11-22", "times": "09:00-10:00"}]}, "weekly"),
    ({"exceptions": [{"date": "24.11.2026", "times": ""}]}, "exceptions[0].date"),
    ({"exceptions": [{"date": "2026-02-30", "times": ""}]}, "exceptions[0].date"),
    ({"exceptions": [{"date": "2026-11-24", "times": ""}, {"date": "2026-11-24", "times": ""}]}, "exceptions[1].date"),
    ({"exceptions": [{"date": "2026-11-24", "times": "10:00-09:00"}]}, "exceptions[0].times"),
    ({"exceptions": [{"date": "2026-11-24", "times": "", "name": ""}]}, "exceptions[0].name"),
    ({"exceptions": [{"date": f"{2000 + n // 300}-01-01", "times": ""} for n in range(1001)]}, "exceptions"),
]


async def test_what_cannot_be_saved_is_refused_by_its_field(world: World) -> None:
    for given, field in BAD:
        answer = await save_calendar(world.admin, **given)
        assert (answer["__typename"], answer.get("field")) == ("InvalidInput", field), (given, answer)
    assert len(await world.admin.api.first(CALENDARS)) == 2


async def test_a_calendar_that_opens_once_within_400_days_is_enough(world: World) -> None:
    once = [{"date": "2027-12-27", "times": "09:00-10:00"}]
    assert (await save_calendar(world.admin, weekly=[""] * 7, exceptions=once))["version"] == 1


async def test_versions_are_guarded(world: World) -> None:
    assert (await save_calendar(world.admin, 1))["code"] == "NOT_FOUND"
    await save_calendar(world.admin)
    taken = await save_calendar(world.admin)
    assert (taken["code"], taken["field"]) == ("BAD_INPUT", "key")
    assert (await save_calendar(world.admin, 1))["version"] == 2
    stale = await save_calendar(world.admin, 1)
    assert (stale["code"], stale["currentVersion"]) == ("CONFLICT", 2)
    answers = await asyncio.gather(*(save_calendar(world.admin, 2, name=f"Name {n}") for n in range(4)))
    assert [each["__typename"] for each in answers].count("Calendar") == 1
    fresh = await asyncio.gather(*(save_calendar(world.admin, key="NEW") for _ in range(4)))
    assert sorted(each["__typename"] for each in fresh) == ["Calendar", *["InvalidInput"] * 3]


async def test_a_calendar_keeps_room_for_the_policies_in_use(world: World) -> None:
    await save_calendar(world.admin)
    assert (await save_policy(world.admin, calendarKey="WORK", targetSeconds=3600 * 1000))["version"] == 1
    refused = await save_calendar(world.admin, 1, weekly=["09:00-09:30", *[""] * 6], exceptions=[])
    assert (refused["field"], "fast-a" in refused["reason"]) == ("weekly", True)


@pytest.mark.parametrize("who", ["rep", "manager", "director", "support"])
async def test_only_administrators_see_and_save(world: World, who: str) -> None:
    member = getattr(world, who)
    assert await member.api.code(CALENDARS) == "FORBIDDEN"
    assert await member.api.code(ONE_CALENDAR, key="24x7") == "FORBIDDEN"
    assert await member.api.code(CALENDAR_VERSIONS, key="24x7") == "FORBIDDEN"
    assert await member.api.code(SAVE_CALENDAR, key=new_key(), input=WORK) == "FORBIDDEN"


async def test_nobody_and_others_see_nothing(world: World, other_world: World, anonymous: ApiClient) -> None:
    await save_calendar(world.admin)
    assert await anonymous.code(CALENDARS) == "UNAUTHENTICATED"
    assert len(await other_world.admin.api.first(CALENDARS)) == 2
    assert await other_world.admin.api.first(ONE_CALENDAR, key="WORK") is None
    assert await other_world.admin.api.first(ONE_CALENDAR, key="WORK", version=1) is None
    assert (await other_world.admin.api.first(CALENDAR_VERSIONS, key="WORK"))["nodes"] == []
    assert (await save_calendar(other_world.admin, 1))["code"] == "NOT_FOUND"
    assert (await save_calendar(other_world.admin, name="Theirs"))["version"] == 1
    assert (await world.admin.api.first(ONE_CALENDAR, key="WORK"))["name"] == "Shanghai office"

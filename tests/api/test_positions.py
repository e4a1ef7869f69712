"""Positions and states of phones through GraphQL over HTTP, and who looked at them."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from resolvers.services import Services
from tests.conftest import START, StoppedClock
from tests.support.client import new_key
from tests.support.consents import give_consent, publish, withdraw_consent
from tests.support.field_day import MAP, REPORT, STATE, iso, on_the_map, point, report, tap
from tests.support.world import Member, World

WHO = "query ($first: Int!) { whoSawMe(first: $first) { nodes { viewerId viewerName viewerRole purpose hourAt } } }"
HOUR = timedelta(hours=1)


async def test_report_positions_keeps_what_lies_in_the_shift(
    world: World, services: Services, clock: StoppedClock
) -> None:
    await tap(world.rep, "startShift", START)
    await tap(world.rep, "startBreak", START)
    clock.advance(hours=1)
    await tap(world.rep, "endBreak", START + timedelta(minutes=30))
    minutes = timedelta(minutes=1)
    answer = await report(
        world.rep,
        point(START + 50 * minutes),
        point(START - minutes),
        point(START + 10 * minutes),
        point(START + 70 * minutes),
        point(START + 40 * minutes, latitude=99.0),
        point(START - 80 * HOUR),
        point(START + 40 * minutes, latitude=31.1),
    )
    assert answer == {
        "__typename": "PositionsReceived",
        "accepted": 2,
        "latestAt": "2026-11-23T01:50:00.000Z",
        "dropped": [
            {"reason": reason, "count": 1} for reason in ("OUTSIDE_SHIFT", "ON_BREAK", "FUTURE", "TOO_OLD", "BAD_POINT")
        ],
        "droppedPoints": [
            {"index": 1, "reason": "OUTSIDE_SHIFT"},
            {"index": 2, "reason": "ON_BREAK"},
            {"index": 3, "reason": "FUTURE"},
            {"index": 4, "reason": "BAD_POINT"},
            {"index": 5, "reason": "TOO_OLD"},
        ],
    }
    track = await services.store["track_points"].find({"org_id": world.org_id}, limit=10)
    assert len(track) == 1
    assert [each["location"]["coordinates"][1] for each in track[0]["points"]] == [31.1, 31.23]
    assert track[0]["expires_at"] - track[0]["to"] == timedelta(days=60)


async def test_without_a_shift_nothing_is_stored(world: World, services: Services) -> None:
    answer = await report(world.rep, point(START))
    assert (answer["accepted"], answer["latestAt"]) == (0, None)
    for collection in ("positions", "track_points"):
        assert await services.store[collection].find({"org_id": world.org_id}, limit=5) == []


async def test_the_latest_position_only_moves_forward(world: World, clock: StoppedClock) -> None:
    await tap(world.rep, "startShift", START)
    clock.advance(minutes=30)
    newer, older = START + timedelta(minutes=20), START + timedelta(minutes=10)
    assert (await report(world.rep, point(newer, latitude=31.5, batteryPct=40.0)))["latestAt"] == iso(newer).replace(
        "+00:00", ".000Z"
    )
    late = await report(world.rep, point(older, latitude=31.0))
    assert (late["accepted"], late["latestAt"]) == (1, "2026-11-23T01:20:00.000Z")
    shown = (await on_the_map(world.rep))[world.rep.id]["latest"]
    assert (shown["location"]["latitude"], shown["batteryPct"]) == (31.5, 40.0)
    await report(world.rep, point(START + timedelta(minutes=25)))
    assert (await on_the_map(world.rep))[world.rep.id]["latest"]["batteryPct"] is None


async def test_batches_in_parallel_leave_the_newest(world: World, clock: StoppedClock) -> None:
    await tap(world.rep, "startShift", START)
    clock.advance(minutes=30)
    moments = [START + timedelta(minutes=each) for each in (3, 9, 1, 7, 5)]
    answers = await asyncio.gather(*(report(world.rep, point(each)) for each in moments))
    assert [each["accepted"] for each in answers] == [1] * 5
    shown = (await on_the_map(world.rep))[world.rep.id]
    assert shown["latest"]["at"] == "2026-11-23T01:09:00.000Z"


async def test_points_without_consent_are_dropped_and_named(
    world: World, services: Services, clock: StoppedClock
) -> None:
    await tap(world.rep, "startShift", START)
    clock.advance(minutes=10)
    await publish(world.admin)
    clock.advance(minutes=10)
    asked, agreed, gone = (START + timedelta(minutes=each) for each in (15, 25, 35))
    answer = await report(world.rep, point(START), point(asked))
    assert (answer["accepted"], answer["droppedPoints"]) == (1, [{"index": 1, "reason": "NO_CONSENT"}])
    await give_consent(world.rep)
    clock.advance(minutes=10)
    assert (await report(world.rep, point(agreed), point(asked)))["accepted"] == 1
    await withdraw_consent(world.rep)
    assert (await on_the_map(world.manager))[world.rep.id]["latest"] is None
    clock.advance(minutes=10)
    refused = await report(world.rep, point(agreed), point(gone))
    assert (refused["accepted"], refused["latestAt"], refused["dropped"]) == (
        0,
        None,
        [{"reason": "NO_CONSENT", "count": 2}],
    )
    kept = await services.store["track_points"].find({"org_id": world.org_id}, limit=9)
    assert sum(len(each["points"]) for each in kept) <= 2


async def test_repeated_key_answers_the_same_and_writes_once(world: World, services: Services) -> None:
    await tap(world.rep, "startShift", START)
    key = new_key()
    first = await report(world.rep, point(START), key=key)
    assert await report(world.rep, point(START), key=key) == first
    assert len(await services.store["track_points"].find({"org_id": world.org_id}, limit=5)) == 1
    assert (await report(world.rep, point(START), point(START), key=key))["code"] == "KEY_REUSED"


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"points": [point(START)] * 10_001}, "points"),
        ({"points": []}, "points"),
        ({"cadenceS": 0}, "cadenceS"),
        ({"deviceId": "phone"}, "deviceId"),
    ],
)
async def test_report_positions_names_the_bad_field(world: World, given: dict[str, Any], field: str) -> None:
    refused = await report(world.rep, point(START), **given)
    assert (refused["__typename"], refused["field"]) == ("InvalidInput", field)


async def test_five_hundred_points_in_another_datum(world: World, clock: StoppedClock) -> None:
    await tap(world.rep, "startShift", START)
    clock.advance(hours=2)
    points = [
        point(START + timedelta(seconds=10 * each), latitude=39.9087, longitude=116.3975, datum="GCJ02")
        for each in range(500)
    ]
    assert (await report(world.rep, *points))["accepted"] == 500
    location = (await on_the_map(world.rep))[world.rep.id]["latest"]["location"]
    assert location["datum"] == "WGS84"
    assert 0.0005 < abs(location["latitude"] - 39.9087) < 0.01


async def test_of_ten_thousand_points_each_bad_one_is_named_and_the_good_are_kept(
    world: World, services: Services, clock: StoppedClock
) -> None:
    await tap(world.rep, "startShift", START)
    clock.advance(hours=3)
    points = [point(START + timedelta(seconds=each)) for each in range(10_000)]
    points[17]["latitude"] = 91.0
    points[9_999]["at"] = iso(START - timedelta(seconds=1))
    key = new_key()
    answer: dict[str, Any] = {"code": "RETRY_LATER"}
    while answer.get("code") == "RETRY_LATER":
        answer = await report(world.rep, *points, key=key)
    assert answer["accepted"] == 9_998
    assert answer["droppedPoints"] == [
        {"index": 17, "reason": "BAD_POINT"},
        {"index": 9_999, "reason": "OUTSIDE_SHIFT"},
    ]
    track = await services.store["track_points"].find({"org_id": world.org_id}, order=[("from", 1)], limit=10)
    assert [len(each["points"]) for each in track] == [3_599, 3_600, 2_799]
    assert len({each["shift_id"] for each in track}) == 1


async def test_device_state_is_shown_and_moves_forward(world: World, clock: StoppedClock) -> None:
    async def tell(state: str, minute: int) -> dict[str, Any]:
        at = iso(START + timedelta(minutes=minute))
        told: dict[str, Any] = await world.rep.api.first(STATE, key=new_key(), state=state, at=at)
        return told

    await tap(world.rep, "startShift", START)
    clock.advance(minutes=10)
    assert (await tell("NO_PERMISSION", 5))["state"] == "NO_PERMISSION"
    entry = (await on_the_map(world.manager))[world.rep.id]
    assert (entry["condition"], entry["state"], entry["latest"]) == ("NO_PERMISSION", "NO_PERMISSION", None)
    assert (await tell("OK", 2))["state"] == "NO_PERMISSION"
    assert (await tell("LOW_BATTERY", 6)) == {
        "__typename": "DeviceStateReceived",
        "state": "LOW_BATTERY",
        "at": "2026-11-23T01:06:00.000Z",
    }
    await report(world.rep, point(START + timedelta(minutes=9)))
    assert (await on_the_map(world.manager))[world.rep.id]["state"] == "LOW_BATTERY"
    assert (await tell("OK", 30))["code"] == "BAD_INPUT"


async def test_who_may_report(world: World) -> None:
    values = {"cadenceS": 60, "points": [point(START)]}
    for member, code in ((world.admin, "FORBIDDEN"), (world.support, "FORBIDDEN")):
        assert await member.api.code(REPORT, key=new_key(), input=values) == code
        assert await member.api.code(STATE, key=new_key(), state="OK", at=iso(START)) == code
    nobody = world.rep.api.as_("")
    assert await nobody.code(REPORT, key=new_key(), input=values) == "UNAUTHENTICATED"
    assert await nobody.code(STATE, key=new_key(), state="OK", at=iso(START)) == "UNAUTHENTICATED"
    assert await nobody.code(WHO, first=5) == "UNAUTHENTICATED"


async def test_each_look_is_one_row_per_viewer_and_hour(world: World, other_world: World, clock: StoppedClock) -> None:
    async def seen_by(member: Member) -> list[tuple[str, str, str]]:
        page = await member.api.first(WHO, first=10)
        return [(each["viewerName"], each["viewerRole"], each["hourAt"]) for each in page["nodes"]]

    await tap(world.rep, "startShift", START)
    await on_the_map(world.manager)
    assert await seen_by(world.rep) == []
    await report(world.rep, point(START))
    await asyncio.gather(*(world.manager.api.first(MAP) for _ in range(4)))
    await on_the_map(world.rep)
    await on_the_map(world.south_manager)
    await on_the_map(other_world.manager)
    clock.advance(hours=1)
    await on_the_map(world.director)
    assert await seen_by(world.rep) == [
        ("Director", "DIRECTOR", "2026-11-23T02:00:00.000Z"),
        ("Manager", "MANAGER", "2026-11-23T01:00:00.000Z"),
    ]
    for member in (world.second_rep, world.manager, world.admin, other_world.rep):
        assert await seen_by(member) == []

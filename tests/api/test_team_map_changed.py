"""The team map as a stream over a real WebSocket: what arrives, when, and for whom never."""

from __future__ import annotations

import asyncio
import time
from datetime import timedelta
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed

from api.app import EdgeSettings, create_app
from api.limits import Limits
from resolvers.services import Services
from storage.driver import connect
from storage.store import Store
from tests.conftest import START, StoppedClock
from tests.support.api_server import running
from tests.support.client import ApiClient
from tests.support.field_day import STATE, iso, on_the_map, point, report, tap
from tests.support.map_watch import watching
from tests.support.world import World
from wiring.services import build_services
from wiring.settings import Settings


def people(event: dict[str, Any]) -> set[str]:
    """Who is in an event."""
    return {entry["personId"] for entry in event["entries"]}


async def test_first_the_whole_map_then_what_changed(api_url: str, world: World, clock: StoppedClock) -> None:
    async with watching(api_url, world.manager.api) as watch:
        first = await watch.event()
        assert first["isFull"]
        assert people(first) == {world.rep.id, world.second_rep.id}
        await tap(world.rep, "startShift", START)
        shift = await watch.event()
        assert not shift["isFull"]
        assert [(each["personId"], each["state"]) for each in shift["entries"]] == [(world.rep.id, "NO_DATA")]
        await report(world.rep, point(START))
        moved = await watch.event()
        assert [(each["personId"], each["state"]) for each in moved["entries"]] == [(world.rep.id, "LIVE")]
        assert moved["entries"][0]["latest"]["location"]["latitude"] == 31.23
        told = await world.rep.api.first(STATE, key="state-of-phone", state="NO_PERMISSION", at=iso(START))
        assert told["__typename"] == "DeviceStateReceived"
        assert (await watch.event())["entries"][0]["state"] == "NO_PERMISSION"
        await watch.stays_quiet()
    assert len(await on_the_map(world.manager)) == 2


async def test_many_changes_come_as_one_event_a_second(api_url: str, world: World, clock: StoppedClock) -> None:
    await tap(world.rep, "startShift", START)
    clock.advance(minutes=30)
    async with watching(api_url, world.manager.api) as watch:
        await watch.event()
        started = time.monotonic()
        arrived: list[dict[str, Any]] = []
        for second in range(40):
            await report(world.rep, point(START + timedelta(seconds=second)))
        while not arrived or arrived[-1]["entries"][0]["latest"]["at"] != "2026-11-23T01:00:39.000Z":
            arrived.append(await watch.event())
        assert len(arrived) <= (time.monotonic() - started) / 0.9 + 2
        assert all(people(event) == {world.rep.id} for event in arrived)


async def test_frames_never_reach_who_must_not_see(
    api_url: str, world: World, other_world: World, clock: StoppedClock
) -> None:
    await tap(world.rep, "startShift", START)
    blind = [world.south_manager, world.south_rep, world.second_rep, other_world.manager, other_world.director]
    async with asyncio.TaskGroup() as group:
        seen_first = asyncio.Barrier(len(blind) + 1)

        async def look(client: ApiClient) -> None:
            async with watching(api_url, client) as watch:
                assert world.rep.id not in people(await watch.event())
                await seen_first.wait()
                await watch.stays_quiet()

        for member in blind:
            group.create_task(look(member.api))
        await seen_first.wait()
        await report(world.rep, point(START))
        await tap(world.rep, "startBreak", START)


async def test_who_may_not_watch(api_url: str, world: World, other_world: World) -> None:
    cases = [
        (world.admin.api, {}, "FORBIDDEN"),
        (world.support.api, {}, "FORBIDDEN"),
        (world.rep.api.as_(""), {}, "UNAUTHENTICATED"),
        (world.manager.api, {"teamId": world.south.id}, "NOT_FOUND"),
        (world.manager.api, {"teamId": other_world.north.id}, "NOT_FOUND"),
    ]
    for client, variables, code in cases:
        async with watching(api_url, client, **variables) as watch:
            assert await watch.code() == code


async def test_one_team_of_many(api_url: str, world: World, clock: StoppedClock) -> None:
    async with watching(api_url, world.director.api, teamId=world.south.id) as watch:
        assert people(await watch.event()) == {world.south_rep.id}
        await tap(world.rep, "startShift", START)
        await tap(world.south_rep, "startShift", START)
        assert people(await watch.event()) == {world.south_rep.id}
        await watch.stays_quiet()


async def test_a_rep_who_leaves_the_team_is_removed(
    api_url: str, world: World, services: Services, clock: StoppedClock
) -> None:
    await tap(world.rep, "startShift", START)
    async with watching(api_url, world.manager.api) as watch, watching(api_url, world.south_manager.api) as south:
        await watch.event()
        await south.event()
        await services.store["people"].update_one({"_id": world.rep.id}, {"$set": {"team_id": world.south.id}})
        assert (await watch.event())["removedIds"] == [world.rep.id]
        assert people(await south.event()) == {world.rep.id}
        await report(world.rep, point(START))
        assert (await south.event())["entries"][0]["latest"] is not None
        await watch.stays_quiet()


async def test_a_deactivated_manager_is_cut_off(
    api_url: str, world: World, services: Services, clock: StoppedClock
) -> None:
    async with watching(api_url, world.manager.api) as watch:
        await watch.event()
        await services.store["people"].update_one({"_id": world.manager.id}, {"$set": {"state": "DEACTIVATED"}})
        with pytest.raises(ConnectionClosed) as closed:
            await watch.message()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 4401


async def test_looks_at_the_stream_are_logged_once_an_hour(
    api_url: str, world: World, services: Services, clock: StoppedClock
) -> None:
    await tap(world.rep, "startShift", START)
    clock.advance(minutes=5)
    async with watching(api_url, world.manager.api) as watch:
        await watch.event()
        for minute in (1, 2):
            await report(world.rep, point(START + timedelta(minutes=minute)))
            await watch.event()
    rows = await services.store["location_views"].find({"org_id": world.org_id}, limit=10)
    assert [(row["owner_id"], row["viewer_id"]) for row in rows] == [(world.rep.id, world.manager.id)]


async def test_what_one_process_takes_in_is_shown_by_another(
    api_url: str, world: World, services: Services, settings: Settings, mongo_uri: str, clock: StoppedClock
) -> None:
    """The other has a connection, a change stream and views of its own."""
    store = Store(connect(mongo_uri, services.store.database.raw.name))
    other = build_services(settings, store, clock)
    await tap(world.rep, "startShift", START)
    app = create_app(other, EdgeSettings(limits=Limits()))
    async with (
        other.running(),
        running(app) as other_url,
        watching(api_url, world.manager.api) as here,
        watching(other_url, world.manager.api) as there,
    ):
        for each in (here, there):
            assert (await each.event())["isFull"]
        await report(world.rep, point(START, latitude=31.9))
        for each in (here, there):
            entry = None
            while entry is None or entry["latest"] is None:
                (entry,) = (await each.event())["entries"]
            assert entry["latest"]["location"]["latitude"] == 31.9
    await store.database.close()

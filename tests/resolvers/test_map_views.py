"""Views of the map on a real database: one for all who watch alike, and nobody waits for a slow one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from datetime import timedelta

import pytest

from domain.access import Role, Scope
from domain.errors import FellBehind, Unavailable
from resolvers.map_views import Frame, MapViews, MapWatcher
from resolvers.services import Services
from storage.changes import ChangeFeed
from storage.driver import PyMongoError
from tests.conftest import START, StoppedClock
from tests.support.field_day import add_reps
from tests.support.world import World

FOLLOWED = {"people", "positions", "shifts", "visits", "teams"}


@asynccontextmanager
async def following(services: Services) -> AsyncIterator[Services]:
    """Services with a change stream and views of their own, which make a frame of each change."""
    feed = ChangeFeed(services.store, FOLLOWED)
    task = asyncio.create_task(feed.run())
    yield replace(services, changes=feed, map_views=MapViews(), team_map_interval_s=0.0)
    task.cancel()
    await asyncio.wait([task])


def scope_of_manager(world: World) -> Scope:
    """What all managers of the north see."""
    return Scope(world.org_id, None, Role.MANAGER, None, frozenset({world.north.id}))


async def frame_of(watcher: MapWatcher) -> Frame:
    """The next frame."""
    async with asyncio.timeout(30):
        while True:
            frame = await watcher.take()
            if frame is not None:
                return frame


async def move(services: Services, person_id: str, minute: int) -> None:
    """A newer position, as another process would write it."""
    at = (START + timedelta(minutes=minute)).replace(tzinfo=None)
    await services.store["positions"].update_one({"_id": person_id}, {"$set": {"at": at}})


async def test_all_who_watch_alike_get_the_same_frames_and_the_last_ends_the_view(
    world: World, services: Services, clock: StoppedClock
) -> None:
    (rep,) = await add_reps(services, world, 1)
    scope = scope_of_manager(world)
    async with following(services) as own, AsyncExitStack() as watchers:
        watching = [await watchers.enter_async_context(own.map_views.watch(own, scope)) for _ in range(3)]
        full = [await frame_of(each) for each in watching]
        assert all(each is full[0] for each in full)
        assert (full[0].is_full, {each["_id"] for each in full[0].entries}) == (
            True,
            {world.rep.id, world.second_rep.id, rep},
        )
        await move(services, rep, 1)
        deltas = [await frame_of(each) for each in watching]
        assert all(each is deltas[0] for each in deltas)
        assert [each["_id"] for each in deltas[0].entries] == [rep]
        late = await watchers.enter_async_context(own.map_views.watch(own, scope))
        latecomer = await frame_of(late)
        assert latecomer.version == deltas[0].version
        shown = next(each for each in latecomer.entries if each["_id"] == rep)
        assert shown["latest"]["at"] == deltas[0].entries[0]["latest"]["at"]
        assert watching[0].view is late.view
        await watchers.aclose()
        assert own.map_views == MapViews()


async def test_who_is_too_far_behind_is_sent_away_and_others_go_on(
    world: World, services: Services, clock: StoppedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("resolvers.map_views.KEPT_FRAMES", 3)
    (rep,) = await add_reps(services, world, 1)
    async with following(services) as own:
        scope = scope_of_manager(world)
        async with own.map_views.watch(own, scope) as quick, own.map_views.watch(own, scope) as slow:
            await frame_of(quick)
            seen = await frame_of(slow)
            for minute in range(1, 4):
                await move(services, rep, minute)
                await frame_of(quick)
            assert (await frame_of(slow)).version == seen.version + 1, "three frames behind is near enough"
            for minute in range(4, 7):
                await move(services, rep, minute)
                await frame_of(quick)
            with pytest.raises(FellBehind):
                await frame_of(slow)


async def test_a_view_that_cannot_read_ends_its_watchers_and_the_next_begins_anew(
    world: World, services: Services, clock: StoppedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    (rep,) = await add_reps(services, world, 1)

    async def unreachable(*_: object) -> None:
        raise PyMongoError("on purpose")

    async with following(services) as own:
        scope = scope_of_manager(world)
        async with own.map_views.watch(own, scope) as watcher:
            await frame_of(watcher)
            with monkeypatch.context() as broken:
                broken.setattr("resolvers.map_views.entries_of", unreachable)
                await move(services, rep, 1)
                with pytest.raises(Unavailable):
                    await frame_of(watcher)
            async with own.map_views.watch(own, scope) as another:
                assert (await frame_of(another)).is_full

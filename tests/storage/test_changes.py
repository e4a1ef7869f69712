"""The change feed on a real server: who is handed what, a subscriber that is too slow, a server that goes away."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from storage.changes import Change, ChangeFeed, Subscriber
from storage.driver import connect
from storage.store import Store
from wiring.embedded_mongo import EmbeddedMongo


@asynccontextmanager
async def feeding(store: Store, queue_limit: int = 100) -> AsyncIterator[ChangeFeed]:
    """A running feed of one collection."""
    feed = ChangeFeed(store, {"things"}, queue_limit=queue_limit)
    running = asyncio.create_task(feed.run())
    yield feed
    running.cancel()
    await asyncio.wait([running])


async def taken(subscriber: Subscriber, count: int) -> list[Change]:
    """Exactly so many changes, whatever batches they come in."""
    changes: list[Change] = []
    async with asyncio.timeout(10):
        while len(changes) < count:
            changes += await subscriber.take(0)
    assert len(changes) == count
    return changes


async def test_each_subscriber_gets_what_it_wants(each_store: Store) -> None:
    things = each_store["things"]
    async with (
        feeding(each_store) as feed,
        feed.subscribe(lambda change: change.document["org_id"] == "a") as of_a,
        feed.subscribe(lambda change: change.document["org_id"] == "b") as of_b,
    ):
        await each_store["others"].insert_one({"_id": "x", "org_id": "a"})
        await things.insert_one({"_id": "1", "org_id": "a", "n": 1})
        await things.insert_one({"_id": "2", "org_id": "b"})
        await things.update_one({"_id": "1"}, {"$set": {"n": 2}})
        changes = await taken(of_a, 2)
        assert [(each.collection, each.document["_id"]) for each in changes] == [("things", "1")] * 2
        assert changes[-1].document["n"] == 2
        assert [each.document["_id"] for each in await taken(of_b, 1)] == ["2"]


async def test_a_transaction_that_fails_is_not_seen(each_store: Store) -> None:
    async def fails(store: Store) -> None:
        await store["things"].insert_one({"_id": "never", "org_id": "a"})
        raise ValueError("on purpose")

    async with feeding(each_store) as feed, feed.subscribe(lambda _: True) as subscriber:
        with pytest.raises(ValueError, match="on purpose"):
            await each_store.transaction(fails)
        await each_store["things"].insert_one({"_id": "after", "org_id": "a"})
        assert [each.document["_id"] for each in await taken(subscriber, 1)] == ["after"]


async def test_a_slow_subscriber_is_told_of_a_gap_and_others_go_on(each_store: Store) -> None:
    things = each_store["things"]
    async with (
        feeding(each_store, queue_limit=3) as feed,
        feed.subscribe(lambda _: True) as slow,
        feed.subscribe(lambda change: change.document["n"] == 9) as picky,
    ):
        for number in range(10):
            await things.insert_one({"_id": f"s{number}", "n": number})
        assert len(await taken(picky, 1)) == 1
        assert [each.is_gap for each in await slow.take(0)] == [True]
        await things.insert_one({"_id": "s10", "n": 10})
        assert [each.document["n"] for each in await taken(slow, 1)] == [10]


async def test_changes_are_coalesced(each_store: Store) -> None:
    async with feeding(each_store) as feed, feed.subscribe(lambda _: True) as subscriber:
        await each_store["things"].insert_one({"_id": "first"})
        started = asyncio.get_running_loop().time()
        assert len(await subscriber.take(0.5)) == 1
        for number in range(5):
            await each_store["things"].insert_one({"_id": f"c{number}"})
        found: list[Change] = []
        batches = 0
        while len(found) < 5:
            found += await subscriber.take(0.5)
            batches += 1
        assert batches <= (asyncio.get_running_loop().time() - started) / 0.5


async def test_after_a_break_in_the_stream_subscribers_are_told_and_go_on(each_store: Store) -> None:
    async with feeding(each_store) as feed, feed.subscribe(lambda _: True) as subscriber:
        await each_store["things"].insert_one({"_id": "before"})
        await taken(subscriber, 1)
        await each_store.database.drop()
        assert [each.is_gap for each in await taken(subscriber, 1)] == [True]
        await each_store["things"].insert_one({"_id": "after"})
        assert [each.document.get("_id") for each in await taken(subscriber, 1)] == ["after"]


async def test_a_restart_of_the_server_loses_nothing(tmp_path: Path) -> None:
    server = EmbeddedMongo(tmp_path)
    store = Store(connect(server.start(), "changes"))
    try:
        async with feeding(store) as feed, feed.subscribe(lambda _: True) as subscriber:
            await store["things"].insert_one({"_id": "before"})
            await taken(subscriber, 1)
            await asyncio.to_thread(server.stop)
            await asyncio.to_thread(server.start)
            await store["things"].insert_one({"_id": "at once"})
            changes = await taken(subscriber, 1)
            assert changes[0].is_gap or changes[0].document["_id"] == "at once"
    finally:
        await store.database.close()
        server.stop()

"""Room for messages to one address, counted in the database over all workers."""

from __future__ import annotations

import asyncio

import pytest

from domain.ids import new_id
from push.rooms import Limit, room_key
from storage.driver import connect
from storage.store import Store
from tests.conftest import START, StoppedClock
from workers.push_rooms import SharedRooms

TWENTY = Limit(20, "", "")


@pytest.fixture
def key() -> str:
    """An address nobody used."""
    return room_key("wecom_bot", new_id("x", START))


async def test_five_in_twenty_seconds_over_all_workers(store: Store, clock: StoppedClock, key: str) -> None:
    workers = [SharedRooms(store, clock) for _ in range(3)]
    waits = await asyncio.gather(*(workers[number % 3].take(key, TWENTY) for number in range(12)))
    assert sorted(waits) == [0.0] * 5 + [20.0] * 7
    clock.advance(seconds=12.5)
    assert await workers[0].take(key, TWENTY) == 7.5
    assert await workers[0].take(key + "other", TWENTY) == 0
    clock.advance(seconds=7.5)
    assert [await workers[0].take(key, TWENTY) for _ in range(6)] == [0.0] * 5 + [20.0]


async def test_the_hour_counts_beside_the_minute(store: Store, clock: StoppedClock, key: str) -> None:
    rooms, limit = SharedRooms(store, clock), Limit(40, "", "", per_hour=14)
    waits = [await rooms.take(key, limit) for _ in range(3)]
    assert waits == [0.0, 0.0, 600.0]


async def test_a_database_that_is_away_holds_messages_back(clock: StoppedClock, key: str) -> None:
    nowhere = Store(connect("mongodb://127.0.0.1:1/?serverSelectionTimeoutMS=50", "none"))
    assert await SharedRooms(nowhere, clock).take(key, TWENTY) == 5.0
    await nowhere.database.close()

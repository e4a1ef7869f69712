"""A time limit around database work: what takes longer is cut off, here and on the server."""

from __future__ import annotations

import asyncio
import time

import pytest

from storage.driver import Document, InvalidOperation, PyMongoError, time_limit
from storage.store import Store

PAIRS: list[Document] = [
    {"$lookup": {"from": "slow", "localField": "same", "foreignField": "same", "as": "other"}},
    {"$unwind": "$other"},
    {"$count": "pairs"},
]


async def test_work_beyond_the_limit_is_cut_off_on_the_server_too(each_store: Store) -> None:
    slow = each_store["slow"]
    await slow.insert_many([{"_id": str(number), "same": 1} for number in range(1_500)])
    began = time.perf_counter()
    with pytest.raises(PyMongoError) as cut, time_limit(0.3):
        await slow.aggregate(PAIRS)
    assert cut.value.timeout
    assert time.perf_counter() - began < 5
    # Where it went on, the next read would wait for it.
    async with asyncio.timeout(5):
        assert await slow.find_one({"_id": "7"}) == {"_id": "7", "same": 1}


async def test_what_keeps_to_the_limit_is_not_disturbed(each_store: Store) -> None:
    with time_limit(20):
        await each_store["slow"].insert_one({"_id": "a"})
        assert await each_store["slow"].find_one({"_id": "a"}) == {"_id": "a"}


async def test_a_transaction_that_is_cancelled_while_it_ends_is_cancelled_not_broken(each_store: Store) -> None:
    async def body(_: Store) -> None:
        task = asyncio.current_task()
        assert task is not None
        task.cancel()
        # As drivers say where a thread has just ended what the cancelled task ends too.
        raise InvalidOperation("Cannot call abortTransaction twice")

    running = asyncio.create_task(each_store.transaction(body))
    with pytest.raises(asyncio.CancelledError):
        await running
    assert running.cancelled()


async def test_a_misused_session_is_still_told(each_store: Store) -> None:
    async def body(_: Store) -> None:
        raise InvalidOperation("used after its end")

    with pytest.raises(InvalidOperation, match="used after"):
        await each_store.transaction(body)

"""The driver's few differences, hidden: the same calls on Motor and on PyMongo's own asyncio client."""

from __future__ import annotations

import asyncio

import pytest

from storage.driver import DuplicateKeyError, IndexModel, UpdateOne
from storage.store import Store


@pytest.fixture(autouse=True)
async def _index(each_store: Store) -> None:
    await each_store["things"].create_indexes([IndexModel([("org_id", 1), ("name", 1)], name="by_name", unique=True)])


async def test_reads_and_guarded_writes(each_store: Store) -> None:
    things = each_store["things"]
    await things.insert_many([{"_id": str(n), "org_id": "o", "name": f"n{n}", "version": 1} for n in range(5)])
    assert await things.find_one({"_id": "3"}, {"name": 1}) == {"_id": "3", "name": "n3"}
    assert [each["_id"] for each in await things.find({"org_id": "o"}, order=[("name", -1)], limit=2)] == ["4", "3"]
    assert await things.aggregate([{"$match": {"_id": {"$in": ["1", "2"]}}}, {"$count": "n"}]) == [{"n": 2}]
    assert await things.count({"org_id": "o"}, limit=3) == 3
    assert await things.update_one({"_id": "1", "version": 2}, {"$set": {"name": "x"}}) == 0
    assert await things.update_one({"_id": "1", "version": 1}, {"$set": {"version": 2}}) == 1
    assert await things.update_one({"_id": "9"}, {"$set": {"org_id": "o", "name": "n9"}}, upsert=True) == 1
    assert await things.replace_one({"_id": "1"}, {"org_id": "o", "name": "new"}) == 1
    changes = [UpdateOne({"_id": str(n)}, {"$inc": {"version": 1}}) for n in (2, 3)]
    assert await things.bulk_update(changes) == 2
    assert await things.delete_many({"_id": "4"}) == 1
    assert await things.index_names() == {"_id_", "by_name"}
    with pytest.raises(DuplicateKeyError):
        await things.insert_one({"_id": "y", "org_id": "o", "name": "n2"})


async def test_a_transaction_is_all_or_nothing(each_store: Store) -> None:
    async def broken(store: Store) -> None:
        await store["things"].insert_one({"_id": "a", "org_id": "o", "name": "a"})
        raise LookupError

    with pytest.raises(LookupError):
        await each_store.transaction(broken)
    assert await each_store["things"].find_one({"_id": "a"}) is None


async def test_two_transactions_on_one_document_both_count(each_store: Store) -> None:
    await each_store["things"].insert_one({"_id": "c", "org_id": "o", "name": "c", "n": 0})

    async def increment(store: Store) -> None:
        found = await store["things"].find_one({"_id": "c"})
        assert found is not None
        await asyncio.sleep(0.02)
        await store["things"].update_one({"_id": "c"}, {"$set": {"n": found["n"] + 1}})

    await asyncio.gather(*(each_store.transaction(increment) for _ in range(4)))
    found = await each_store["things"].find_one({"_id": "c"})
    assert found is not None
    assert found["n"] == 4


async def test_changes_are_streamed(each_store: Store) -> None:
    async with each_store.watch([{"$match": {"operationType": "insert"}}]) as changes:
        await each_store["things"].insert_one({"_id": "s", "org_id": "o", "name": "s"})
        change = await asyncio.wait_for(anext(changes), 10)
    assert change["fullDocument"]["name"] == "s"

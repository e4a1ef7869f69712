"""What a process knows without reading is true: after its own writes at once, after those of others soon."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

import pytest

from domain.access import Role, Scope
from domain.ids import OrgId, PersonId, TeamId
from storage.changes import ChangeFeed
from storage.driver import Document, DriverName, UpdateOne, connect
from storage.known import MAX_AGE_S, Known
from storage.reads import Reads
from storage.store import Store
from tests.support.reads_counter import ReadsCounter


@pytest.fixture(params=["motor", "pymongo"])
async def driver(request: pytest.FixtureRequest) -> DriverName:
    chosen: DriverName = request.param
    return chosen


@pytest.fixture
def counter() -> ReadsCounter:
    return ReadsCounter()


@pytest.fixture
async def following(mongo_uri: str, driver: DriverName, counter: ReadsCounter) -> AsyncIterator[Store]:
    """A store of a process that follows the changes, with two people."""
    store = Store(connect(mongo_uri, f"known_{driver}", driver=driver, listeners=[counter]))
    await store["people"].insert_many([{"_id": each, "org_id": "o", "team_id": "t", "name": each} for each in "ab"])
    feed = ChangeFeed(store, {"things"})
    running = asyncio.create_task(feed.run())
    async with feed.subscribe(lambda _: True):
        yield store
    running.cancel()
    await asyncio.wait([running])
    await store.database.drop()
    await store.database.close()


@pytest.fixture
async def elsewhere(mongo_uri: str, driver: DriverName) -> AsyncIterator[Store]:
    """The same database as another process has it."""
    store = Store(connect(mongo_uri, f"known_{driver}", driver=driver))
    yield store
    await store.database.close()


async def name_of(store: Store, document_id: str = "a") -> str | None:
    """As a reader sees it."""
    found = (await store.whole("people", [document_id])).get(document_id)
    return None if found is None else found["name"]


async def soon(check: Callable[[], Awaitable[bool]]) -> None:
    """Waits for what the change stream brings."""
    async with asyncio.timeout(10):
        while not await check():  # noqa: ASYNC110 - the stream says nothing to readers
            await asyncio.sleep(0.02)


async def test_known_documents_are_not_read_again(following: Store, counter: ReadsCounter) -> None:
    assert set(await following.whole("people", ["a", "b", "none"])) == {"a", "b"}
    counter.take()
    assert set(await following.whole("people", ["b", "a"])) == {"a", "b"}
    assert counter.take() == []
    assert await following.whole("people", ["none"]) == {}
    assert counter.take() == ["find:people"], "that there is none is not remembered"


OWN_WRITES: dict[str, Callable[[Store], Awaitable[object]]] = {
    "update_one": lambda store: store["people"].update_one({"_id": "a"}, {"$set": {"name": "new"}}),
    "update_one by another path": lambda store: store["people"].update_one({"name": "a"}, {"$set": {"name": "new"}}),
    "update_many": lambda store: store["people"].update_many({"org_id": "o"}, {"$set": {"name": "new"}}),
    "replace_one": lambda store: store["people"].replace_one({"_id": "a"}, {"_id": "a", "name": "new"}),
    "bulk_update": lambda store: store["people"].bulk_update([UpdateOne({"_id": "a"}, {"$set": {"name": "new"}})]),
    "delete_many": lambda store: store["people"].delete_many({"_id": "a"}),
}


@pytest.mark.parametrize("write", OWN_WRITES)
async def test_own_writes_are_seen_at_once(following: Store, write: str) -> None:
    assert await name_of(following) == "a"
    await OWN_WRITES[write](following)
    assert await name_of(following) == (None if write == "delete_many" else "new")


@pytest.mark.parametrize("write", OWN_WRITES)
async def test_writes_of_others_are_seen_soon(following: Store, elsewhere: Store, write: str) -> None:
    assert await name_of(following) == "a"
    await OWN_WRITES[write](elsewhere)

    async def is_new() -> bool:
        return await name_of(following) != "a"

    await soon(is_new)


async def test_a_transaction_sees_its_own_writes_and_others_only_what_it_kept(following: Store) -> None:
    seen: list[str | None] = []

    async def change(store: Store) -> None:
        await store["people"].update_one({"_id": "a"}, {"$set": {"name": "new"}})
        seen.append(await name_of(store))
        seen.append(await name_of(following))

    assert await name_of(following) == "a"
    await following.transaction(change)
    assert seen[-2:] == ["new", "a"]
    assert await name_of(following) == "new"

    async def fails(store: Store) -> None:
        await store["people"].update_one({"_id": "a"}, {"$set": {"name": "never"}})
        raise ValueError("on purpose")

    with pytest.raises(ValueError, match="on purpose"):
        await following.transaction(fails)
    assert await name_of(following) == "new"


async def test_a_break_in_the_stream_forgets_everything(following: Store, elsewhere: Store) -> None:
    assert await name_of(following) == "a"
    await elsewhere.database.drop()

    async def is_gone() -> bool:
        return await name_of(following) is None

    await soon(is_gone)


async def test_a_scope_holds_for_known_documents(following: Store) -> None:
    await following.whole("people", ["a", "b"])

    def reads(org_id: str, team_id: str) -> Reads:
        return Reads(following, Scope(OrgId(org_id), PersonId("p"), Role.REP, TeamId(team_id), frozenset()))

    for asking, count in ((reads("o", "t"), 2), (reads("o", "other"), 0), (reads("other", "t"), 0)):
        assert len(await asking.by_keys("people", ["a", "b"])) == count
        assert (await asking.find("people", "a") is not None) == bool(count)


async def test_a_document_that_changes_while_it_is_read_is_not_kept() -> None:
    known, reads = Known(), 0

    async def read(_: Sequence[str]) -> list[Document]:
        nonlocal reads
        reads += 1
        if reads == 1:
            known.changed("people", "a")
        return [{"_id": "a", "read": reads}]

    known.begin()
    for expected in (1, 2, 2):
        assert (await known.through("people", ["a"], read))["a"]["read"] == expected


@pytest.mark.parametrize("ends", [False, True])
async def test_nothing_is_kept_while_changes_are_not_told(ends: bool) -> None:
    known, reads = Known(), 0

    async def read(_: Sequence[str]) -> list[Document]:
        nonlocal reads
        reads += 1
        return [{"_id": "a"}]

    if ends:
        known.begin()
        await known.through("people", ["a"], read)
        known.end()
    before = reads
    await known.through("people", ["a"], read)
    await known.through("people", ["a"], read)
    assert reads == before + 2
    assert known.version("people") == -1


async def test_even_an_untold_change_is_seen_after_a_minute() -> None:
    clock = [0.0]
    known = Known(lambda: clock[0])

    async def read(_: Sequence[str]) -> list[Document]:
        return [{"_id": "a", "at": clock[0]}]

    known.begin()
    for now, expected in ((0.0, 0.0), (MAX_AGE_S, 0.0), (MAX_AGE_S + 1, MAX_AGE_S + 1)):
        clock[0] = now
        assert (await known.through("people", ["a"], read))["a"]["at"] == expected

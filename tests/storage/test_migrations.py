"""Migrations: once each, resumable, and never against a newer database."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from storage.driver import connect
from storage.migrations import META, Migration, NewerDatabaseError, migrate
from storage.store import Store
from tests.conftest import START


@pytest.fixture
async def empty(mongo_uri: str) -> AsyncIterator[Store]:
    """A database of its own."""
    store = Store(connect(mongo_uri, "migrations"))
    yield store
    await store.database.drop()
    await store.database.close()


async def test_each_step_runs_once_and_an_interrupted_one_again(empty: Store) -> None:
    ran: list[int] = []
    fails = [True]

    def step(number: int) -> Migration:
        async def run(_: Store) -> None:
            ran.append(number)
            if number == 2 and fails.pop():
                raise RuntimeError("power cut")

        return Migration(number, f"step {number}", run)

    steps = (step(1), step(2))
    with pytest.raises(RuntimeError):
        await migrate(empty, START, said=print, migrations=steps)
    fails.append(False)
    assert await migrate(empty, START, said=print, migrations=steps) == 2
    assert await migrate(empty, START, said=print, migrations=steps) == 2
    assert ran == [1, 2, 2]


async def test_a_newer_database_is_refused(empty: Store) -> None:
    await empty[META].insert_one({"_id": "schema_version", "version": 99})
    with pytest.raises(NewerDatabaseError, match="99"):
        await migrate(empty, START, said=print)

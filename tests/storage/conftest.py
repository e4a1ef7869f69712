"""An empty database behind each driver, for the tests of what lies on it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from storage.driver import DriverName, connect
from storage.store import Store


@pytest.fixture(params=["motor", "pymongo"])
async def each_store(request: pytest.FixtureRequest, mongo_uri: str) -> AsyncIterator[Store]:
    """Dropped afterwards."""
    driver: DriverName = request.param
    module = request.module.__name__.rpartition(".")[2]
    store = Store(connect(mongo_uri, f"{module}_{driver}", driver=driver))
    yield store
    await store.database.drop()
    await store.database.close()

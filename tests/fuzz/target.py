"""What is attacked: a server process, signed-in callers, and a document for every root field; for tests/fuzz."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from storage.driver import connect
from storage.indexes import create_indexes
from storage.store import Store
from tests.conftest import START
from tests.support.client import ApiClient
from tests.support.records import make_records
from tests.support.schema_calls import RootField, root_fields
from tests.support.server_process import ServerProcess, server_process
from tests.support.world import make_world
from wiring.clock import system_clock
from wiring.services import build_services
from wiring.settings import Settings

ENDING = frozenset({"signOut", "refreshSession", "deactivatePerson"})
"""Fields that would end the session they are called with."""


@dataclass(frozen=True)
class Target:
    """A server with one record of each kind."""

    server: ServerProcess
    tokens: tuple[str, ...]
    """Of a rep, a manager and an administrator."""
    ids: dict[str, str]
    fields: tuple[RootField, ...]


@asynccontextmanager
async def running_target(folder: Path, mongo_uri: str, database: str) -> AsyncIterator[Target]:
    """A fresh database and a server on it, gone afterwards."""
    offset_s = (START - system_clock()()).total_seconds()
    settings = Settings(data=folder, mongodb_uri=mongo_uri, mongodb_database=database, clock_offset_s=offset_s)
    store = Store(connect(mongo_uri, database))
    try:
        await create_indexes(store)
        # In this order: whoever comes first makes the signing key in the folder.
        services = build_services(settings, store)
        changes = {"MONGODB_URI": mongo_uri, "MONGODB_DATABASE": database, "CLOCK_OFFSET_S": str(offset_s)}
        # Fuzzers ask more, and more nonsense, than anybody is granted.
        changes |= {f"RATE_{each}_PER_MINUTE": "0" for each in ("USER_COST", "ORG_COST", "ANONYMOUS")}
        with server_process(folder, **changes) as server:
            async with ApiClient.connect(server.url) as http:
                world = await make_world(services, http, "fuzzed")
                ids = await make_records(world, store) | {"per": world.south_rep.id}
            callers = (world.rep, world.manager, world.admin)
            tokens = tuple(str(each.api.token) for each in callers)
            fields = tuple(each for each in root_fields() if each.name not in ENDING)
            yield Target(server, tokens, ids, fields)
    finally:
        await store.database.close()

"""Numbered, idempotent, resumable changes of the database, run by `python -m seed migrate` and before every start."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

from storage.driver import DuplicateKeyError
from storage.indexes import create_indexes
from storage.migrations.lead_keys import add_lead_keys
from storage.store import Store
from storage.times import stored_time

META = "meta"
_ID = "schema_version"


class NewerDatabaseError(Exception):
    """The database was written by a later version of the program, which this one must not touch."""


@dataclass(frozen=True, slots=True)
class Migration:
    """One step; `run` may be interrupted and run again."""

    number: int
    title: str
    run: Callable[[Store], Awaitable[None]]


MIGRATIONS: tuple[Migration, ...] = (
    Migration(1, "create all indexes", create_indexes),
    Migration(2, "let leads be found by duplicates and in the pool", add_lead_keys),
)
"""In order; a step is never changed once released, the next one is added."""


async def migrate(
    store: Store, now: datetime, *, said: Callable[[str], None], migrations: tuple[Migration, ...] = MIGRATIONS
) -> int:
    """Brings the database to the newest version and returns it. Raises NewerDatabaseError.

    Indexes are created on every call: they are declared beside their queries and creating an existing one is free.
    """
    newest = migrations[-1].number
    found = await store[META].find_one({"_id": _ID})
    version = int(found["version"]) if found else 0
    if version > newest:
        raise NewerDatabaseError(f"The database is at version {version}, this program knows {newest}.")
    if found is None:
        try:
            await store[META].insert_one({"_id": _ID, "version": 0})
        except DuplicateKeyError:
            said("another process is migrating as well")
    for step in migrations:
        if step.number > version:
            said(f"migration {step.number}: {step.title}")
            await step.run(store)
            # Two processes may run the same idempotent step; the version only ever moves forward.
            guard = {"_id": _ID, "version": {"$lt": step.number}}
            await store[META].update_one(guard, {"$set": {"version": step.number, "at": stored_time(now)}})
    await create_indexes(store)
    return newest

"""Sweeps over an organization's clocks in the database: how far each has come, and which have still to go on."""

from __future__ import annotations

from dataclasses import replace

from domain.sla_sweeps import Sweep, SweepState
from storage.codec import decode, encode
from storage.driver import Document, IndexModel
from storage.store import Store

COLLECTION = "sla_sweeps"
INDEXES = [
    IndexModel([("org_id", 1), ("_id", -1)], name="by_org"),
    IndexModel([("state", 1), ("_id", 1)], name="unfinished"),
]


async def insert_sweep(store: Store, sweep: Sweep) -> Document:
    """A new one."""
    document = encode(sweep)
    await store[COLLECTION].insert_one(document)
    return document


async def find_unfinished_sweep(store: Store) -> Sweep | None:
    """The oldest of any organization that has still to go on."""
    found = await store[COLLECTION].find({"state": SweepState.RUNNING.value}, order=[("_id", 1)], limit=1)
    return decode(Sweep, found[0]) if found else None


async def claim_sweep(store: Store, sweep: Sweep) -> Sweep | None:
    """The next version of it, written; None where another worker has gone on. To be called first in a transaction."""
    guard = {"_id": sweep.id, "version": sweep.version, "state": SweepState.RUNNING.value}
    if not await store[COLLECTION].update_one(guard, {"$inc": {"version": 1}}):
        return None
    return replace(sweep, version=sweep.version + 1)


async def save_claimed_sweep(store: Store, sweep: Sweep) -> None:
    """How far it has come, in the transaction that claimed it."""
    await store[COLLECTION].replace_one({"_id": sweep.id, "version": sweep.version}, encode(sweep))

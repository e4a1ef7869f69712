"""Planning runs and the rules for nightly ones in the database: how far each has come, and what has still to go on."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from domain.ids import OrgId
from domain.planning_runs import NightRules, PlanningRun, RunState
from storage.codec import decode, encode
from storage.driver import Document, IndexModel
from storage.store import Store
from storage.times import stored_time

RUNS = "planning_runs"
NIGHTS = "night_rules"
AT_ONCE = 20
RUN_INDEXES = [
    IndexModel([("org_id", 1), ("_id", -1)], name="by_org"),
    IndexModel([("org_id", 1), ("team_id", 1), ("_id", -1)], name="by_team"),
    IndexModel([("org_id", 1), ("date", -1), ("_id", -1)], name="by_date"),
    IndexModel([("state", 1), ("created_at", 1)], name="unfinished"),
]
NIGHT_INDEXES = [
    IndexModel([("org_id", 1)], name="by_organization"),
    IndexModel([("due_at", 1)], name="due"),
]


async def insert_run(store: Store, run: PlanningRun) -> Document:
    """A new one. Raises DuplicateKeyError where its id is taken."""
    document = encode(run)
    await store[RUNS].insert_one(document)
    return document


async def list_unfinished_runs(store: Store) -> list[PlanningRun]:
    """Some of any organization that have still to go on, the oldest first."""
    query = {"state": RunState.RUNNING.value}
    found = await store[RUNS].find(query, order=[("created_at", 1)], limit=AT_ONCE)
    return [decode(PlanningRun, each) for each in found]


async def save_run(store: Store, run: PlanningRun) -> bool:
    """Saves version n over version n - 1; False where another worker came first."""
    return bool(await store[RUNS].replace_one({"_id": run.id, "version": run.version - 1}, encode(run)))


async def claim_run(store: Store, run: PlanningRun, until: datetime) -> PlanningRun | None:
    """The run, the caller's until then; None where another worker came first."""
    claimed = replace(run, lease_until=until, version=run.version + 1)
    return claimed if await save_run(store, claimed) else None


async def find_night_rules(store: Store, org_id: OrgId) -> NightRules:
    """The organization's rules; none, version 0, until it has some."""
    found = await store[NIGHTS].find_one({"_id": org_id})
    return NightRules(org_id, org_id) if found is None else decode(NightRules, found)


async def list_due_nights(store: Store, now: datetime) -> list[NightRules]:
    """Rules of any organization whose night has come."""
    query = {"due_at": {"$lte": stored_time(now)}}
    found = await store[NIGHTS].find(query, order=[("due_at", 1)], limit=AT_ONCE)
    return [decode(NightRules, each) for each in found]


async def save_night_rules(store: Store, rules: NightRules) -> Document | None:
    """Saves version n over version n - 1; None where another write came first."""
    document = encode(rules)
    if rules.version == 1:
        await store[NIGHTS].insert_one(document)
        return document
    guard = {"_id": rules.id, "version": rules.version - 1}
    return document if await store[NIGHTS].replace_one(guard, document) else None


async def begin_night(store: Store, before: NightRules, after: NightRules, run: PlanningRun) -> bool:
    """Starts the night's run and waits for the next night; False where another worker did, or the rules changed.

    To be called in a transaction.
    """
    guard = {"_id": before.id, "version": before.version, "due_at": stored_time(before.due_at)}
    if not await store[NIGHTS].update_one(guard, {"$set": {"due_at": stored_time(after.due_at)}}):
        return False
    if await store[RUNS].find_one({"_id": run.id}) is not None:
        return False
    await insert_run(store, run)
    return True

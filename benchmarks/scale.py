"""`make bench NAME=scale`: whether the cost of a request stays the same from ten thousand leads to a million.

One database that grows: the rep who asks keeps 250 leads, all others belong to other reps of the same organization.
At each size: CPU of our server per request, time until the answer on one connection, and time of the leads query alone.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import uvloop

from benchmarks.database import BenchmarkDatabase, benchmark_database
from benchmarks.load import send_all
from benchmarks.measuring import Goal, Server, report, server
from benchmarks.serving import Asking
from benchmarks.serving_data import OPERATIONS, ORG, REP, Amounts, records
from domain.ids import PersonId
from resolvers.tokens import AccessTokens
from storage.driver import Document
from storage.indexes import create_indexes
from storage.store import Store
from wiring.services import build_store
from wiring.settings import Settings, load_settings
from wiring.signing_keys import new_key

SIZES, QUICK_SIZES = (10_000, 100_000, 1_000_000), (10_000, 50_000)
FLAT = 1.25
LEADS_PER_REP = 250
BATCH = 2_000
WARM_UP = 200
_ADDED = 10_000_000


async def _grow(store: Store, template: Document, have: int, want: int, now: datetime) -> None:
    """Adds leads of other reps until there are `want`."""
    reps = max(1, (want - have) // LEADS_PER_REP)
    for start in range(have, want, BATCH):
        batch = []
        for number in range(start, min(start + BATCH, want)):
            owner = PersonId(f"per_{_ADDED + number % reps:026d}")
            due_at = (now + timedelta(seconds=number)).replace(tzinfo=None)
            batch.append(
                {
                    **template,
                    "_id": f"led_{_ADDED + number:026d}",
                    "name": f"Lead {number}",
                    "owner_id": owner,
                    "sla_due_at": due_at,
                }
            )
        await store["leads"].insert_many(batch, ordered=False)


async def _query_ms(store: Store, times: int) -> float:
    """The page of leads as the database answers it, milliseconds."""
    taken: list[float] = []
    for _ in range(times):
        began = time.perf_counter()
        await store["leads"].find({"org_id": ORG, "owner_id": REP}, order=[("_id", -1)], limit=51)
        taken.append((time.perf_counter() - began) * 1000)
    return statistics.median(taken)


async def _cost(target: Server, asking: Asking, operation: str, rounds: int, count: int) -> tuple[float, float]:
    """CPU seconds per 1,000 requests and milliseconds until an answer, medians of rounds on one connection."""
    cpu, wall = [], []
    for _ in range(rounds):
        requests = asking.requests(target.name, operation, count)
        before, began = target.cpu_s(), time.perf_counter()
        await send_all(target.port, requests, 1)
        wall.append((time.perf_counter() - began) * 1000 / count)
        cpu.append((target.cpu_s() - before) * 1000 / count)
    return statistics.median(cpu), statistics.median(wall)


async def _measured(
    settings: Settings, database: BenchmarkDatabase, sizes: Sequence[int], rounds: int, count: int
) -> dict[str, float]:
    key, now = new_key(), datetime.now(UTC).replace(microsecond=0)
    amounts = Amounts(2_000, 5_000, 10_000, len(sizes) * rounds * count + WARM_UP)
    name = f"bench_scale_{now:%Y%m%d%H%M%S}"
    store = build_store(settings.model_copy(update={"mongodb_database": name}), database.uri)
    await create_indexes(store)
    for collection, documents in records(amounts, now):
        await store[collection].insert_many(documents)
    template = await store["leads"].find_one({"_id": f"led_{0:026d}"})
    assert template is not None
    asking = Asking(AccessTokens({key.key_id: key.secret}, 3_600), amounts, now, shared=True)
    environment = {"MONGODB_URI": database.uri, "MONGODB_DATABASE": name, "SIGNING_KEYS": key.encoded()}
    figures: dict[str, float] = {}
    try:
        with server("fieldbeat", [sys.executable, "-m", "api"], environment) as target:
            target.wait_until_ready()
            for operation in OPERATIONS:
                await send_all(target.port, asking.requests(target.name, operation, WARM_UP), 1)
            have = amounts.leads
            for size in sizes:
                await _grow(store, template, have, size, now)
                have = size
                figures[f"{size} leads: leads query, ms"] = await _query_ms(store, count)
                for operation in OPERATIONS:
                    cpu, wall = await _cost(target, asking, operation, rounds, count)
                    figures[f"{size} leads: {operation}, CPU s per 1000"] = cpu
                    figures[f"{size} leads: {operation}, ms until the answer"] = wall
    finally:
        await store.database.drop()
    for operation in OPERATIONS:
        for what in ("CPU s per 1000", "ms until the answer"):
            first, last = (figures[f"{size} leads: {operation}, {what}"] for size in (sizes[0], sizes[-1]))
            figures[_growth(operation, what, sizes)] = last / first
    return figures


def _growth(operation: str, what: str, sizes: Sequence[int]) -> str:
    return f"{operation}, {what}: {sizes[-1]} / {sizes[0]} leads"


def main() -> None:
    """Runs the benchmark and reports."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a shorter run, for a first look")
    quick = parser.parse_args().quick
    base = load_settings()
    sizes = QUICK_SIZES if quick else SIZES
    goals = {_growth(operation, "CPU s per 1000", sizes): Goal(FLAT) for operation in OPERATIONS}
    with benchmark_database(base) as database, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        if database.most_documents is not None:
            sys.exit("This needs the fast database: make bench-db, or MONGODB_URI=.")
        rounds, count = (3, 30) if quick else (5, 200)
        figures = runner.run(_measured(base, database, sizes, rounds, count))
        report("scale", figures, goals, label=database.label, quick=quick)


if __name__ == "__main__":
    main()

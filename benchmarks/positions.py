"""`make bench NAME=positions`: a thousand reps with a fix each second, sent in batches of ten, to one API process.

First at the pace of the phones, timed from when each batch was due; then as fast as the server takes them.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import uvloop

from benchmarks.database import benchmark_database
from benchmarks.field_force import FieldForce, Phones, milliseconds_now, quantile, report
from benchmarks.load import Request, send_all
from benchmarks.measuring import Goal, Server, server
from benchmarks.measuring import report as report_figures
from domain.ids import new_id
from storage.indexes import create_indexes
from wiring.services import build_store
from wiring.settings import Settings, load_settings
from wiring.signing_keys import new_key

REPS, POINTS, EVERY_S = 1_000, 10, 10.0
PACED_S, QUICK_PACED_S = 60, 15
AT_ONCE, QUICK_AT_ONCE = 3_000, 500
CONNECTIONS = 16
FIXES = f"{REPS} reps, one fix a second"
LATE = f"{FIXES}: batch answered after it was due, p99 s"
RATE = "fixes a second at most"


@dataclass(slots=True)
class Batches:
    """The batches of all reps in turn; each continues where the one before ended."""

    force: FieldForce
    _number: Iterator[int] = field(default_factory=itertools.count)
    _tokens: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._tokens = [self.force.token(each) for each in self.force.rep_ids()]

    def next(self, until: datetime) -> Request:
        """The next one, of the ten seconds before `until`."""
        number = next(self._number)
        rep, turn = number % REPS, number // REPS
        times = [until - timedelta(seconds=POINTS - 1 - each) for each in range(POINTS)]
        return report(self._tokens[rep], f"batch-{number:09d}", rep, turn * POINTS, times)


async def _paced(api: Server, batches: Batches, seconds: int) -> dict[str, float]:
    phones, loop = Phones(api.port, 64), asyncio.get_running_loop()
    await phones.connect()
    a_second = int(REPS / EVERY_S)
    began, cpu_s = loop.time(), api.cpu_s()
    async with asyncio.TaskGroup() as sending:
        for number in range(seconds * a_second):
            due_s = began + number / a_second
            await asyncio.sleep(max(0.0, due_s - loop.time()))
            sending.create_task(phones.send(batches.next(milliseconds_now()), due_s))
    phones.close()
    fixes = seconds * a_second * POINTS
    return {
        f"{FIXES}: batch answered after it was due, median s": quantile(phones.took_s, 0.5),
        LATE: quantile(phones.took_s, 0.99),
        "API process: CPU s per 1000 fixes": (api.cpu_s() - cpu_s) / fixes * 1_000,
    }


async def _at_once(api: Server, batches: Batches, count: int) -> float:
    requests = [batches.next(milliseconds_now()) for _ in range(count)]
    loop = asyncio.get_running_loop()
    began = loop.time()
    await send_all(api.port, requests, CONNECTIONS)
    return count * POINTS / (loop.time() - began)


async def _measured(settings: Settings, uri: str, *, quick: bool) -> dict[str, float]:
    now, key = milliseconds_now(), new_key()
    name = f"bench_{new_id('pos', now)}"
    store = build_store(settings.model_copy(update={"mongodb_database": name}), uri)
    await create_indexes(store)
    force = FieldForce(key, now, teams=10, reps=REPS // 10, managers=0)
    await force.write(store)
    environment = {"MONGODB_URI": uri, "MONGODB_DATABASE": name, "SIGNING_KEYS": key.encoded()}
    try:
        with server("fieldbeat", [sys.executable, "-m", "api"], environment) as api:
            api.wait_until_ready()
            batches = Batches(force)
            # Every rep reports once before it is measured: what is known of callers is then known.
            await _at_once(api, batches, REPS)
            figures = await _paced(api, batches, QUICK_PACED_S if quick else PACED_S)
            figures[RATE] = await _at_once(api, batches, QUICK_AT_ONCE if quick else AT_ONCE)
            return figures
    finally:
        await store.database.drop()
        await store.database.close()


def main() -> None:
    """Runs the benchmark and reports."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a shorter run, for a first look")
    quick = parser.parse_args().quick
    base = load_settings()
    goals = {LATE: Goal(1.0), RATE: Goal(float(REPS), "higher")}
    with benchmark_database(base) as database, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        if database.most_documents is not None:
            sys.exit("This needs the fast database: make bench-db, or MONGODB_URI=.")
        figures = runner.run(_measured(base, database.uri, quick=quick))
        report_figures("positions", figures, goals, label=database.label, quick=quick)


if __name__ == "__main__":
    main()

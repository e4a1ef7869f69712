"""`make bench NAME=startup`: how soon the API answers once the database does, and what sockets and operations weigh.

Three figures of our own server process: seconds to GET /readyz, resident memory per idle WebSocket, and per 1,000
different operations that were sent often enough to be compiled.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import subprocess
import sys
import time
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta

import uvloop
from websockets.asyncio.client import connect

from benchmarks.database import benchmark_database
from benchmarks.load import post, send_all
from benchmarks.measuring import Goal, Server, report, server
from benchmarks.serving_data import LIST, ORG, REP, REP_SESSION, Amounts, records
from resolvers.tokens import AccessTokens, Claims
from storage.indexes import create_indexes
from wiring.services import build_store
from wiring.settings import Settings, load_settings
from wiring.signing_keys import new_key

STARTS = 5
GOALS = {"start, s": Goal(2.0)}
OPERATIONS = 1_000
SOCKETS = 1_000
RUNS_EACH = 3
"""An operation is compiled when it comes again; the third run is a compiled one for sure."""
SHOWN = 12


async def _sockets_mb(target: Server, token: str, count: int) -> float:
    """Growth of the resident memory with `count` acknowledged, idle graphql-transport-ws connections, MB."""
    hello = json.dumps({"type": "connection_init", "payload": {"authorization": f"Bearer {token}"}})
    async with AsyncExitStack() as stack:

        async def opened() -> None:
            socket = await stack.enter_async_context(
                connect(f"{target.url.replace('http', 'ws')}/graphql", subprotocols=["graphql-transport-ws"])  # type: ignore[list-item]
            )
            await socket.send(hello)
            answer = json.loads(await socket.recv())
            assert answer["type"] == "connection_ack", answer

        await opened()
        before = target.rss_mb()
        for _ in range(count):
            await opened()
        await asyncio.sleep(1)
        return target.rss_mb() - before


async def _operations_mb(target: Server, token: str, count: int) -> float:
    """Growth of the resident memory after `count` different lists of leads, each sent until it is compiled, MB."""

    async def send(number: int, times: int) -> None:
        document = LIST.replace("leads(", f"leads{number}: leads(")
        await send_all(target.port, [post("/graphql", token, {"query": document})] * times, 1)

    # The first run of anything loads and caches much that is no part of the operation.
    await send(count, 50)
    before = target.rss_mb()
    for number in range(count):
        await send(number, RUNS_EACH)
    return target.rss_mb() - before


def _start_s(command: list[str], environment: dict[str, str]) -> tuple[float, float]:
    """Seconds from starting the process to its first good answer, and the CPU seconds it took."""
    began = time.perf_counter()
    with server("fieldbeat", command, environment) as started:
        started.wait_until_ready(every_s=0.02)
        return time.perf_counter() - began, started.cpu_s()


def import_times() -> list[str]:
    """The packages that take longest to import in an API process, by their own time."""
    command = [sys.executable, "-X", "importtime", "-c", "import api.__main__"]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stderr
    own_us: dict[str, int] = {}
    for line in told.splitlines():
        if line.startswith("import time:") and "self [us]" not in line:
            own, _, name = line.removeprefix("import time:").split("|")
            package = name.strip().partition(".")[0]
            own_us[package] = own_us.get(package, 0) + int(own)
    largest = sorted(own_us.items(), key=lambda each: -each[1])[:SHOWN]
    listed = ", ".join(f"{name} {own / 1000:.0f}" for name, own in largest)
    return [f"import: {sum(own_us.values()) / 1000:.0f} ms in all (timed, which slows it), of which {listed}"]


async def _measured(settings: Settings, uri: str, quick: bool) -> dict[str, float]:
    key, now = new_key(), datetime.now(UTC).replace(microsecond=0)
    name = f"bench_startup_{now:%Y%m%d%H%M%S}"
    store = build_store(settings.model_copy(update={"mongodb_database": name}), uri)
    await create_indexes(store)
    for collection, documents in records(Amounts(100, 400, 400, 1), now):
        await store[collection].insert_many(documents)
    claims = Claims(REP, ORG, REP_SESSION, "", now + timedelta(hours=6))
    token = AccessTokens({key.key_id: key.secret}, 3_600).sign(claims, now)
    command = [sys.executable, "-m", "api"]
    environment = {"MONGODB_URI": uri, "MONGODB_DATABASE": name, "SIGNING_KEYS": key.encoded()}
    try:
        starts = [_start_s(command, environment) for _ in range(3 if quick else STARTS)]
        figures = {
            "start, s": statistics.median(took for took, _ in starts),
            "start, slowest, s": max(took for took, _ in starts),
            "start, CPU s": statistics.median(cpu for _, cpu in starts),
        }
        sockets, operations = (100, 100) if quick else (SOCKETS, OPERATIONS)
        with server("fieldbeat", command, environment) as started:
            started.wait_until_ready()
            figures["memory after the start, MB"] = started.rss_mb()
            figures["memory per 1000 compiled operations, MB"] = (
                await _operations_mb(started, token, operations) * 1000 / operations
            )
        with server("fieldbeat", command, environment) as started:
            started.wait_until_ready()
            figures["memory per idle WebSocket, KB"] = await _sockets_mb(started, token, sockets) * 1024 / sockets
        return figures
    finally:
        await store.database.drop()


def main() -> None:
    """Runs the benchmark and reports."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a shorter run, for a first look")
    quick = parser.parse_args().quick
    base = load_settings()
    with benchmark_database(base) as database, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        figures = runner.run(_measured(base, database.uri, quick))
        report("startup", figures, GOALS, label=database.label, quick=quick, notes=import_times())


if __name__ == "__main__":
    main()

"""`make bench NAME=team_map`: five hundred watchers of ten teams whose two hundred reps each fix every ten seconds.

One API process, to which all watchers are connected; it learns of every fix by the change stream, as from another API
process. This process writes the fixes (benchmarks/positions.py measures how they are taken in) and reads what the
watchers get. The lag is from just before the fix is written to the whole frame at the watcher.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import sys
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import datetime

import orjson
import uvloop
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from benchmarks.database import benchmark_database
from benchmarks.field_force import FieldForce, milliseconds_now, quantile
from benchmarks.measuring import Goal, Server, report, server
from domain.ids import new_id
from storage.codec import encode
from storage.driver import UpdateOne
from storage.indexes import create_indexes
from storage.positions import COLLECTION as POSITIONS
from storage.store import Store
from storage.times import stored_time
from wiring.services import build_store
from wiring.settings import Settings, load_settings
from wiring.signing_keys import new_key

TEAMS, REPS, WATCHERS, EVERY_S = 10, 200, 50, 10.0
MEASURED_S, QUICK_S = 60, 15
TICK_S = 0.05
SETTLED_S = 5.0
WATCH = """subscription { teamMapChanged { isFull entries {
  personId state freshness latest { at accuracyM location { latitude longitude } } openVisit { id }
} } }"""
LAG = "from a fix to each watcher, p99 s"
FRAMES = "frames a second and watcher, most"


@dataclass(slots=True)
class Seen:
    """What the watchers got while it was measured."""

    measuring: bool = False
    lags_s: list[float] = field(default_factory=list)
    frames: list[int] = field(default_factory=list)
    entries: int = 0

    async def watch(self, number: int, socket: ClientConnection) -> None:
        """Reads frames until the socket is closed."""
        async for text in socket:
            if not self.measuring:
                continue
            arrived_s = milliseconds_now().timestamp()
            message = orjson.loads(text)
            if message["type"] == "ping":
                continue
            change = message["payload"]["data"]["teamMapChanged"]
            self.frames[number] += 1
            self.entries += len(change["entries"])
            self.lags_s += [
                arrived_s - datetime.fromisoformat(entry["latest"]["at"]).timestamp() for entry in change["entries"]
            ]


async def _open(sockets: AsyncExitStack, port: int, token: str) -> ClientConnection:
    url = f"ws://127.0.0.1:{port}/graphql"
    connecting = connect(url, subprotocols=[Subprotocol("graphql-transport-ws")], compression=None, max_queue=None)
    socket = await sockets.enter_async_context(connecting)
    authorization = {"authorization": f"Bearer {token}"}
    await socket.send(orjson.dumps({"type": "connection_init", "payload": authorization}).decode())
    await socket.recv()
    await socket.send(orjson.dumps({"id": "map", "type": "subscribe", "payload": {"query": WATCH}}).decode())
    first = orjson.loads(await socket.recv())
    assert first["payload"]["data"]["teamMapChanged"]["isFull"], first
    return socket


async def _drive(store: Store, force: FieldForce, stopped: asyncio.Event) -> int:
    """Every rep fixes each ten seconds, evenly spread over them; how many fixes there were."""
    loop, reps = asyncio.get_running_loop(), force.rep_ids()
    # Neighbours in time are of different teams.
    order = [reps[team * REPS + rep] for rep in range(REPS) for team in range(TEAMS)]
    a_tick = round(len(reps) / EVERY_S * TICK_S)
    began = loop.time()
    for tick in itertools.count():
        await asyncio.sleep(max(0.0, began + tick * TICK_S - loop.time()))
        if stopped.is_set():
            return tick * a_tick
        numbers = range(tick * a_tick, (tick + 1) * a_tick)
        now = stored_time(milliseconds_now())
        fixes = [
            UpdateOne(
                {"_id": order[number % len(order)]},
                {"$set": {"at": now, "received_at": now, "location.coordinates": [120.0, 30 + number % 9_000 / 9_000]}},
            )
            for number in numbers
        ]
        await store[POSITIONS].bulk_update(fixes)
    raise AssertionError


async def _run(watched: Server, store: Store, force: FieldForce, seconds: int) -> dict[str, float]:
    seen, stopped = Seen(), asyncio.Event()
    async with AsyncExitStack() as sockets, asyncio.TaskGroup() as running:
        driving = running.create_task(_drive(store, force, stopped))
        watchers = force.manager_ids()
        seen.frames = [0] * len(watchers)
        began = time.monotonic()
        for number, each in enumerate(watchers):
            socket = await _open(sockets, watched.port, force.token(each))
            running.create_task(seen.watch(number, socket))
        opened_s = time.monotonic() - began
        await asyncio.sleep(SETTLED_S)
        cpu_s = watched.cpu_s()
        seen.measuring = True
        await asyncio.sleep(seconds)
        seen.measuring = False
        used_s = watched.cpu_s() - cpu_s
        stopped.set()
        await driving
        await sockets.aclose()
    return {
        "watchers": float(len(watchers)),
        "all watchers connected and shown the map, s": opened_s,
        "fixes a second seen by each watcher": seen.entries / len(watchers) / seconds,
        "from a fix to each watcher, median s": quantile(seen.lags_s, 0.5),
        LAG: quantile(seen.lags_s, 0.99),
        "from a fix to each watcher, longest s": max(seen.lags_s),
        FRAMES: max(seen.frames) / seconds,
        "API process: cores used": used_s / seconds,
        "API process: resident memory, MB": watched.rss_mb(),
    }


async def _measured(settings: Settings, uri: str, *, quick: bool) -> dict[str, float]:
    now, key = milliseconds_now(), new_key()
    name = f"bench_{new_id('map', now)}"
    store = build_store(settings.model_copy(update={"mongodb_database": name}), uri)
    await create_indexes(store)
    force = FieldForce(key, now, TEAMS, REPS, WATCHERS)
    await force.write(store)
    await store[POSITIONS].insert_many([encode(each) for each in force.positions()])
    environment = {"MONGODB_URI": uri, "MONGODB_DATABASE": name, "SIGNING_KEYS": key.encoded()}
    try:
        with server("fieldbeat", [sys.executable, "-m", "api"], environment) as watched:
            watched.wait_until_ready()
            return await _run(watched, store, force, QUICK_S if quick else MEASURED_S)
    finally:
        await store.database.drop()
        await store.database.close()


def main() -> None:
    """Runs the benchmark and reports."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a shorter run, for a first look")
    quick = parser.parse_args().quick
    base = load_settings()
    goals = {LAG: Goal(1.0)}
    with benchmark_database(base) as database, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        if database.most_documents is not None:
            sys.exit("This needs the fast database: make bench-db, or MONGODB_URI=.")
        figures = runner.run(_measured(base, database.uri, quick=quick))
        report("team_map", figures, goals, label=database.label, quick=quick)


if __name__ == "__main__":
    main()

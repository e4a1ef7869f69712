"""`make bench NAME=soak`: an hour of a working day at half of what the server can do, with flat memory and no error.

Reps look at their home screen, leads and lists, report positions, check in and out; team maps are watched over sockets
that come and go. MINUTES= sets how long, QUICK=1 is a look of less than a minute.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import uvloop
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from benchmarks.database import benchmark_database
from benchmarks.measuring import Server, report, server
from benchmarks.serving_data import MANAGER, ORG, REPS, ArrivingRep, records
from benchmarks.soak_calls import AMOUNTS, START_SHIFT, Crowd, Phone, WrongAnswerError, step
from benchmarks.soak_figures import GOALS, Sample, Tally, figures
from domain.ids import PersonId
from domain.sessions import Session, SessionId, SessionState
from resolvers.tokens import AccessTokens, Claims
from storage.codec import encode
from storage.driver import BulkWriteError, DuplicateKeyError, IndexModel
from storage.indexes import INDEXES, create_indexes
from storage.store import Store
from wiring.services import build_store
from wiring.settings import Settings, load_settings
from wiring.signing_keys import new_key

CONNECTIONS = 16
WATCHERS = 20
LEFT_OUT = "one_open_visit"
FULL_MINUTES, QUICK_MINUTES = 60.0, 0.4
SEARCH_S = 20.0
STAY_S = 30.0
WATCH = "subscription { teamMapChanged { isFull removedIds entries { personId state latest { at } } } }"


async def work(port: int, crowd: Crowd, tally: Tally, until: float, due: Callable[[], float]) -> None:
    """One connection's calls until the time is over, each when it is due."""
    phone = Phone(port)
    while (at := due()) < until and time.monotonic() < until:
        await asyncio.sleep(max(0.0, at - time.monotonic()))
        try:
            # From when it was due: a server that holds up the next call is not excused.
            tally.note(await step(phone, crowd), time.monotonic() - at)
        except (WrongAnswerError, OSError, asyncio.IncompleteReadError) as error:
            tally.wrong(repr(error))
            phone.close()
    tally.retries += phone.retries
    phone.close()


async def watch(port: int, token: str, crowd: Crowd, tally: Tally, stay_s: float) -> None:
    """Sockets that watch the team map, one after the other; half of them hang up without a word."""
    hello = {"type": "connection_init", "payload": {"authorization": f"Bearer {token}"}}
    subscribe = {"id": "map", "type": "subscribe", "payload": {"query": WATCH}}
    protocols = [Subprotocol("graphql-transport-ws")]
    while True:
        try:
            async with connect(f"ws://127.0.0.1:{port}/graphql", subprotocols=protocols) as socket:
                tally.sockets += 1
                await socket.send(json.dumps(hello))
                await socket.recv()
                await socket.send(json.dumps(subscribe))
                with suppress(TimeoutError):
                    async with asyncio.timeout(crowd.random.uniform(stay_s / 5, stay_s)):
                        async for message in socket:
                            said = json.loads(message)
                            tally.events += said["type"] == "next"
                            if said["type"] == "error" or "errors" in (said.get("payload") or {}):
                                tally.wrong(str(message)[:500])
                if crowd.random.random() < 0.5:
                    socket.transport.abort()
        except (OSError, ConnectionClosed) as error:
            tally.wrong(repr(error))
            await asyncio.sleep(0.5)


async def sample(target: Server, samples: list[Sample], every_s: float) -> None:
    """Memory and open descriptors of the server, again and again."""
    began, descriptors = time.monotonic(), f"/proc/{target.process.pid}/fd"
    while True:
        samples.append(Sample(time.monotonic() - began, target.rss_mb(), len(os.listdir(descriptors))))
        await asyncio.sleep(every_s)


@asynccontextmanager
async def in_background(*works: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Runs coroutines until the block ends; one that fails lets the end of the block fail."""
    tasks = [asyncio.create_task(each) for each in works]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        ended = await asyncio.gather(*tasks, return_exceptions=True)
    for each in ended:
        if isinstance(each, Exception):
            raise each


async def soak(target: Server, crowd: Crowd, watcher: str, seconds: float) -> tuple[dict[str, float], list[str]]:
    """The figures of a run and what went wrong."""
    now = datetime.now(UTC)
    phone = Phone(target.port)
    for rep in crowd.walking:
        at = (now - timedelta(minutes=5)).isoformat(timespec="milliseconds")
        await phone.call(crowd.tokens[rep], {"query": START_SHIFT, "variables": {"key": crowd.key(), "at": at}})
    phone.close()

    tally, samples = Tally(), list[Sample]()
    slot = 0

    def due() -> float:
        nonlocal slot
        slot += 1
        return began + slot / (most / 2)

    search_s = min(SEARCH_S, seconds / 3) / 2
    watching = [watch(target.port, watcher, crowd, tally, STAY_S) for _ in range(WATCHERS)]
    async with in_background(*watching):
        # Twice, because the first calls also compile their operations and fill caches.
        for measured in (first := Tally(), fastest := Tally()):
            until = time.monotonic() + search_s
            calls = (work(target.port, crowd, measured, until, time.monotonic) for _ in range(CONNECTIONS))
            await asyncio.gather(*calls)
        most = fastest.answered.total() / search_s
        for problem in first.problems + fastest.problems:
            tally.wrong(problem)
        began = time.monotonic()
        async with in_background(sample(target, samples, max(0.5, min(10.0, seconds / 100)))):
            await asyncio.gather(*(work(target.port, crowd, tally, began + seconds, due) for _ in range(CONNECTIONS)))
    return figures(tally, samples, seconds, most), tally.problems


async def keeps_left_entries(store: Store) -> bool:
    """Whether a partial unique index of this server still refuses what a replaced document no longer holds."""
    probe = store["probe"]
    opened, closed = {"who": 1, "state": "OPEN"}, {"who": 1, "state": "DONE"}
    index = IndexModel([("who", 1)], name="one_open", unique=True, partialFilterExpression={"state": "OPEN"})
    await probe.create_indexes([index])
    await probe.insert_many([opened | {"_id": "first"}])
    await probe.replace_one({"_id": "first"}, closed)
    try:
        await probe.insert_many([opened | {"_id": "second"}])
    except (DuplicateKeyError, BulkWriteError):
        return True
    return False


async def create_all_indexes(store: Store) -> list[str]:
    """All of the program, and what has to be said: one that this server keeps wrongly is left out."""
    if not await keeps_left_entries(store):
        await create_indexes(store)
        return []
    for collection, indexes in INDEXES.items():
        kept = [each for each in indexes if each.document["name"] != LEFT_OUT]
        await store[collection].create_indexes(kept)
    return [f"This database keeps entries of partial unique indexes too long; {LEFT_OUT} was left out."]


async def measured(settings: Settings, uri: str, seconds: float) -> tuple[dict[str, float], list[str]]:
    """Fills a database, starts the server on it and soaks it."""
    key, now = new_key(), datetime.now(UTC).replace(microsecond=0)
    name = f"bench_soak_{now:%Y%m%d%H%M%S}"
    store = build_store(settings.model_copy(update={"mongodb_database": name}), uri)
    said = await create_all_indexes(store)
    for collection, documents in records(AMOUNTS, now):
        await store[collection].insert_many(documents)
    tokens = AccessTokens({key.key_id: key.secret}, 3_600)

    def token(person: PersonId, session: SessionId) -> str:
        return tokens.sign(Claims(person, ORG, session, "", now + timedelta(hours=20)), now)

    owners = [PersonId(f"per_{number * 2:026d}") for number in range(REPS)]
    walking = [ArrivingRep(number) for number in range(AMOUNTS.arrivals)]
    sessions = {person: SessionId(f"ses_soak_{person[4:]}") for person in (*owners, MANAGER)}
    until = now + timedelta(days=1)
    await store["sessions"].insert_many(
        [encode(Session(each, ORG, who, SessionState.ACTIVE, each, now, now, until)) for who, each in sessions.items()]
    )
    crowd = Crowd(
        tokens={who: token(who, each) for who, each in sessions.items()}
        | {rep.person_id: token(rep.person_id, rep.session_id) for rep in walking},
        leads_of=owners,
        walking=[rep.person_id for rep in walking],
        begin=now,
    )
    environment = {"MONGODB_URI": uri, "MONGODB_DATABASE": name, "SIGNING_KEYS": key.encoded()}
    try:
        with server("fieldbeat", [sys.executable, "-m", "api"], environment) as started:
            started.wait_until_ready()
            found, problems = await soak(started, crowd, crowd.tokens[MANAGER], seconds)
            return found, [*said, *problems]
    finally:
        await store.database.drop()


def main() -> None:
    """Runs the benchmark and reports."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a look of less than a minute; its result is not kept")
    parser.add_argument("--minutes", type=float, default=FULL_MINUTES, help="how long, an hour where nothing is said")
    given = parser.parse_args()
    minutes = QUICK_MINUTES if given.quick else given.minutes
    base = load_settings()
    with benchmark_database(base) as database, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        figures, problems = runner.run(measured(base, database.uri, minutes * 60))
        options = "" if given.quick or minutes == FULL_MINUTES else f" MINUTES={minutes:g}"
        report(
            "soak",
            figures,
            GOALS,
            label=database.label,
            quick=given.quick,
            notes=problems,
            keep=not given.quick,
            options=options,
        )


if __name__ == "__main__":
    main()

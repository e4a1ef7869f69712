"""`make bench NAME=serving`: CPU seconds of the server per 1,000 requests, ours against other servers.

GraphQL servers and hand-written ones on the same records, operations and token check, in one run: on the dict servers
(memory) and on a database.

`python -m benchmarks.serving --mode memory --peers fieldbeat,handwritten` runs a part and keeps no results.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import itertools
import json
import os
import pickle
import statistics
import tempfile
import time
from collections.abc import Collection, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import uvloop

from benchmarks.database import benchmark_database
from benchmarks.load import Request, post, send_all
from benchmarks.measuring import Goal, Server, report, server
from benchmarks.peers.catalogue import PEERS, Peer, available
from benchmarks.serving_data import OPERATIONS, ORG, PIN, REP, REP_SESSION, REPS, Amounts, ArrivingRep, lead_id, records
from resolvers.tokens import AccessTokens, Claims
from storage.driver import Document
from storage.indexes import create_indexes
from wiring.services import build_store
from wiring.settings import Settings, load_settings
from wiring.signing_keys import SigningKey, new_key

CONNECTIONS = 16
LARGE, SMALL = ("home", "list"), ("lead", "checkin")


def goals() -> dict[str, Goal]:
    """What each ratio should be, by figure."""
    wanted: dict[str, Goal] = {}
    for operation in OPERATIONS:
        large = operation in LARGE
        memory = f"memory: {operation}: "
        wanted[f"{memory}fieldbeat / strawberry"] = Goal(1 / 30 if large else 1 / 12)
        wanted[f"{memory}fieldbeat / handwritten"] = Goal(1.35)
        wanted[f"{memory}strawberry / fallback"] = Goal(1.5 if large else 6, "higher")
        if large:
            wanted[f"{memory}fieldbeat / mercurius"] = Goal(0.4)
        wanted[f"database: {operation}: fieldbeat / mercurius"] = Goal(0.55)
        wanted[f"database: {operation}: fieldbeat / parse"] = Goal(0.35)
        wanted[f"database: {operation}: fieldbeat / handwritten"] = Goal(1.35)
    return wanted


@dataclass(frozen=True, slots=True)
class Size:
    """How long a run is."""

    rounds: int
    requests: int
    """Of each operation, to each server, in each round."""
    warm_up: int
    node_warm_up: int
    """Just-in-time compilers take their time."""

    def before(self, node: bool) -> int:
        """How many requests of each operation come before the rounds."""
        return self.node_warm_up if node else self.warm_up


# Many short rounds: a machine that others use may be half as fast for seconds, and a ratio is taken within a round.
# Long enough that opening the connections, which phones keep for a day's work, is not what is measured.
FULL = {"memory": Size(6, 320, 100, 1_000), "database": Size(6, 160, 50, 1_000)}
QUICK = {"memory": Size(4, 50, 50, 300), "database": Size(3, 40, 30, 150)}
COMPARED = 3


@dataclass(slots=True)
class Asking:
    """Makes the requests; every check-in takes the next rep who has not checked in yet."""

    tokens: AccessTokens
    amounts: Amounts
    now: datetime
    shared: bool
    """Whether all servers write to the same records."""
    dialects: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """The operations as some servers want them written."""
    token: str = field(init=False)
    _arrived: dict[str, itertools.count[int]] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self.token = self._token(REP, REP_SESSION)

    def _token(self, person_id: str, session_id: str) -> str:
        claims = Claims(person_id, ORG, session_id, "", self.now + timedelta(hours=6))
        return self.tokens.sign(claims, self.now)

    def requests(self, server_name: str, operation: str, count: int) -> list[Request]:
        """The next `count` requests of an operation to a server."""
        query = self.dialects.get(server_name, OPERATIONS)[operation]
        if operation != "checkin":
            made = [{"query": query, "variables": self._variables(operation, number)} for number in range(count)]
            return [post("/graphql", self.token, body) for body in made]
        numbers = self._arrived.setdefault("" if self.shared else server_name, itertools.count())
        return [self._check_in(query, ArrivingRep(next(numbers))) for _ in range(count)]

    def _variables(self, operation: str, number: int) -> dict[str, Any]:
        if operation == "lead":
            return {"id": lead_id(number * 7919 % (self.amounts.leads // REPS) * REPS)}
        if operation == "home":
            begin = self.now + timedelta(minutes=number % 60)
            return {"from": _iso(begin), "before": _iso(begin + timedelta(hours=8)), "owner": REP}
        return {"owner": REP}

    def _check_in(self, query: str, rep: ArrivingRep) -> Request:
        assert rep.number < self.amounts.arrivals
        given = {
            "id": rep.check_in_id,
            "siteId": rep.site_id(self.amounts),
            "visitId": rep.visit_id,
            "latitude": PIN.latitude + 0.0002,
            "longitude": PIN.longitude,
            "datum": "WGS84",
            "accuracyM": 8.0,
            "capturedAt": datetime.now(UTC).isoformat(timespec="milliseconds"),
        }
        body = {"query": query, "variables": {"key": f"benchmark-{rep.number:08d}", "input": given}}
        return post("/graphql", self._token(rep.person_id, rep.session_id), body, b'"INSIDE"')


def _iso(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", ".000Z")


def alike(answer: Any) -> Any:
    """An answer without what may differ.

    Times are instants, distances whole metres, edges are nodes; a check-in is without its type and its ids.
    """
    if isinstance(answer, dict):
        if "edges" in answer:
            return {"nodes": [alike(edge["node"]) for edge in answer["edges"]]}
        made = "visit" in answer or ("state" in answer and "version" in answer)
        dropped = {"id", "__typename"} if made else set()
        named = {{"objectId": "id"}.get(key, key): value for key, value in answer.items()}
        return {key: alike(value) for key, value in named.items() if key not in dropped}
    if isinstance(answer, list):
        return [alike(value) for value in answer]
    if isinstance(answer, float):
        return round(answer)
    try:
        moment = datetime.fromisoformat(answer)
    except (TypeError, ValueError):
        return answer
    return moment.replace(tzinfo=moment.tzinfo or UTC)


async def compare(servers: Sequence[Server], asking: Asking) -> None:
    """Raises where the servers do not answer alike."""
    for operation in OPERATIONS:
        first: list[Any] = []
        for each in servers:
            bodies = await send_all(each.port, asking.requests(each.name, operation, COMPARED), CONNECTIONS)
            found = [alike(orjson.loads(body)["data"]) for body in bodies]
            first = first or found
            if found != first:
                wrong = next(pair for pair in zip(first, found, strict=True) if pair[0] != pair[1])
                raise RuntimeError(f"{operation}: {each.name} answers otherwise than {servers[0].name}: {wrong}")


async def measure(
    servers: Sequence[Server], asking: Asking, size: Size, mode: str, node: Collection[str]
) -> dict[str, float]:
    """Medians over interleaved rounds: CPU seconds and requests a second, and the ratios of CPU to the others."""
    cpu: dict[tuple[str, str], list[float]] = {}
    rate: dict[tuple[str, str], list[float]] = {}
    for turn in range(size.rounds + 1):
        for operation in OPERATIONS:
            # Each round begins with another server, so that none always follows the same one.
            for each in (*servers[turn % len(servers) :], *servers[: turn % len(servers)]):
                count = size.requests if turn else size.before(each.name in node)
                requests = asking.requests(each.name, operation, count)
                gc.collect()
                before, began = each.cpu_s(), time.perf_counter()
                await send_all(each.port, requests, CONNECTIONS)
                elapsed_s = time.perf_counter() - began
                if turn:
                    cpu.setdefault((operation, each.name), []).append((each.cpu_s() - before) * 1000 / count)
                    rate.setdefault((operation, each.name), []).append(count / elapsed_s)
    figures: dict[str, float] = {}
    names = [each.name for each in servers]
    for operation in OPERATIONS:
        for name in names:
            figures[f"{mode}: {operation}: {name}, CPU s per 1000"] = statistics.median(cpu[operation, name])
        for name in names:
            figures[f"{mode}: {operation}: {name}, requests per s"] = statistics.median(rate[operation, name])
        pairs = [("fieldbeat", name) for name in names if name != "fieldbeat"] + [("strawberry", "fallback")]
        for one, other in pairs:
            if one in names and other in names:
                ratios = [a / b for a, b in zip(cpu[operation, one], cpu[operation, other], strict=True)]
                figures[f"{mode}: {operation}: {one} / {other}"] = statistics.median(ratios)
    return figures


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return {"$date": int(value.replace(tzinfo=UTC).timestamp() * 1000)}
    raise TypeError(type(value))


def _write_memory(folder: Path, amounts: Amounts, now: datetime) -> dict[str, str]:
    """The records as the dict servers load them, and their environment."""
    collections: dict[str, list[Document]] = {}
    for name, documents in records(amounts, now):
        collections.setdefault(name, []).extend(documents)
    (folder / "records.pickle").write_bytes(pickle.dumps(collections))
    text = orjson.dumps(collections, default=_plain, option=orjson.OPT_PASSTHROUGH_DATETIME)
    (folder / "records.json").write_bytes(text)
    return {
        "MEMORY_DATA": str(folder / "records.pickle"),
        "MEMORY_JSON": str(folder / "records.json"),
        "RECORDS_JSON": str(folder / "records.json"),
    }


@dataclass(frozen=True, slots=True)
class Run:
    """One mode of one run."""

    mode: str
    peers: Sequence[Peer]
    size: Size
    key: SigningKey
    now: datetime
    folder: Path

    async def serve(self, environment: dict[str, str], amounts: Amounts) -> dict[str, float]:
        """Starts all servers, compares them and measures them."""
        (self.folder / "operations.json").write_text(json.dumps(OPERATIONS), encoding="utf-8")
        environment |= {"SIGNING_KEYS": self.key.encoded(), "OPERATIONS": str(self.folder / "operations.json")}
        tokens = AccessTokens({self.key.key_id: self.key.secret}, 3_600)
        with ExitStack() as stack:
            started = [
                stack.enter_context(
                    server(each.name, each.command(self.mode), {**environment, **dict(each.environment)})
                )
                for each in self.peers
            ]
            for each in started:
                each.wait_until_ready()
            dialects = {each.name: each.operations for each in self.peers}
            asking = Asking(tokens, amounts, self.now, shared=self.mode == "database", dialects=dialects)
            await compare(started, asking)
            node = {each.name for each in self.peers if each.is_node}
            return await measure(started, asking, self.size, self.mode, node)

    def _arrivals(self) -> list[int]:
        """How many check-ins each server is asked for."""
        measured = COMPARED + self.size.rounds * self.size.requests
        return [measured + self.size.before(each.is_node) for each in self.peers]

    async def memory(self) -> dict[str, float]:
        """On the dict servers."""
        amounts = Amounts(2_000, 5_000, 10_000, max(self._arrivals()))
        return await self.serve(_write_memory(self.folder, amounts, self.now), amounts)

    async def database(self, base: Settings, uri: str, most_documents: int | None) -> dict[str, float]:
        """On one database."""
        arrivals = sum(self._arrivals())
        amounts = Amounts(2_000, 5_000, 10_000, arrivals)
        if most_documents is not None:
            amounts = Amounts(500, 2_000, 2_000, arrivals)
        name = f"bench_serving_{self.now:%Y%m%d%H%M%S}"
        store = build_store(base.model_copy(update={"mongodb_database": name}), uri)
        await create_indexes(store)
        for collection, documents in records(amounts, self.now):
            await store[collection].insert_many(documents)
        try:
            environment = {"MONGODB_URI": uri, "MONGODB_DATABASE": name}
            if any(each.name == "parse" for each in self.peers):
                environment["RECORDS_JSON"] = _write_memory(self.folder, amounts, self.now)["RECORDS_JSON"]
            return await self.serve(environment, amounts)
        finally:
            await store.database.drop()
            await build_store(base.model_copy(update={"mongodb_database": f"{name}_parse"}), uri).database.drop()


def main() -> None:
    """Runs the benchmark and reports."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a shorter run, for a first look")
    parser.add_argument("--mode", choices=["memory", "database"], help="only this one; keeps no results")
    parser.add_argument("--peers", help="only these, separated by commas; keeps no results")
    given = parser.parse_args()
    sizes = QUICK if given.quick else FULL
    base, key, now = load_settings(), new_key(), datetime.now(UTC).replace(microsecond=0)
    wanted = given.peers.split(",") if given.peers else [each.name for each in PEERS]
    figures: dict[str, float] = {}
    label = "memory only"
    peers, notes = available([each for each in PEERS if each.name in wanted])
    with tempfile.TemporaryDirectory(prefix="fieldbeat-bench-") as folder:

        def run(mode: str) -> Run:
            return Run(mode, [each for each in peers if mode in each.modes], sizes[mode], key, now, Path(folder))

        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            if given.mode != "database":
                figures |= runner.run(run("memory").memory())
            if given.mode != "memory":
                with benchmark_database(base) as database:
                    label = database.label
                    figures |= runner.run(run("database").database(base, database.uri, database.most_documents))
    whole = given.mode is None and given.peers is None
    report("serving", figures, goals(), label=label, quick=given.quick, notes=notes, keep=whole)


if __name__ == "__main__":
    os.environ.setdefault("NODE_ENV", "production")
    main()

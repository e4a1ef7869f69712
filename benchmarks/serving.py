"""`make bench NAME=serving`: CPU seconds of the server per 1,000 requests, ours against plain Strawberry and against
hand-written Starlette + Motor + orjson, on the same records, operations, token check and database, in one run.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import statistics
import time
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from benchmarks.database import benchmark_database
from benchmarks.measuring import Goal, Server, report, server
from benchmarks.serving_data import OPERATIONS, ORG, REP, Amounts, lead_id, write_data
from domain.ids import new_id
from domain.sessions import Session, SessionId, SessionState
from resolvers.services import Services
from resolvers.tokens import Claims
from storage.codec import encode
from storage.indexes import create_indexes
from wiring.services import build_services, build_store
from wiring.settings import load_settings
from wiring.signing_keys import new_key

PEERS = {
    "fieldbeat": "api",
    "strawberry": "benchmarks.peers.plain_strawberry",
    "handwritten": "benchmarks.peers.hand_written",
}
CONNECTIONS = 16
GOALS = {
    "list: fieldbeat / strawberry": Goal(1.0),
    "home: fieldbeat / strawberry": Goal(1.0),
    "lead: fieldbeat / strawberry": Goal(1.0),
}
_keys = itertools.count()


def variables(operation: str, number: int, now: datetime, leads: int) -> dict[str, Any]:
    """What request `number` of an operation asks for."""
    if operation == "lead":
        return {"id": lead_id(number * 7919 % leads)}
    if operation == "home":
        begin = now + timedelta(minutes=number % 60)
        return {"from": begin.isoformat(), "before": (begin + timedelta(hours=8)).isoformat()}
    if operation == "create":
        return {"key": f"benchmark-{next(_keys):08d}", "name": f"Made {number}"}
    return {}


async def load(target: Server, token: str, operation: str, asked: Sequence[dict[str, Any]]) -> list[Any]:
    """Sends the requests over 16 connections; answers their data in order. Raises where one fails."""
    limits = httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS)
    headers = {"authorization": f"Bearer {token}", "accept": "application/json"}
    answers: list[Any] = [None] * len(asked)
    waiting = iter(enumerate(asked))
    async with httpx.AsyncClient(base_url=target.url, limits=limits, headers=headers, timeout=60) as http:

        async def send() -> None:
            for number, given in waiting:
                response = await http.post("/graphql", json={"query": OPERATIONS[operation], "variables": given})
                answers[number] = response.json()
                if "errors" in answers[number]:
                    raise RuntimeError(f"{target.name}: {answers[number]['errors']}")

        await asyncio.gather(*(send() for _ in range(CONNECTIONS)))
    return answers


def alike(answer: Any) -> Any:
    """An answer with its times as instants: servers may write the same instant in two ways."""
    if isinstance(answer, dict):
        return {key: alike(value) for key, value in answer.items()}
    if isinstance(answer, list):
        return [alike(value) for value in answer]
    try:
        moment = datetime.fromisoformat(answer)
    except (TypeError, ValueError):
        return answer
    return moment.replace(tzinfo=moment.tzinfo or UTC)


async def compare(servers: Sequence[Server], token: str, now: datetime, leads: int) -> None:
    """Raises where the servers do not answer alike."""
    for operation in ("lead", "list", "home"):
        asked = [variables(operation, number, now, leads) for number in range(5)]
        answers = [await load(each, token, operation, asked) for each in servers]
        for each, found in zip(servers[1:], answers[1:], strict=True):
            if alike(found) != alike(answers[0]):
                raise RuntimeError(f"{operation}: {each.name} answers otherwise than {servers[0].name}")


async def measure(
    servers: Sequence[Server], token: str, now: datetime, leads: int, rounds: int, requests: int
) -> dict[str, float]:
    """Medians over interleaved rounds: CPU seconds per 1,000 requests and requests a second."""
    cpu: dict[tuple[str, str], list[float]] = {}
    rate: dict[tuple[str, str], list[float]] = {}
    for turn in range(rounds + 1):
        for operation in OPERATIONS:
            for each in servers:
                asked = [variables(operation, number, now, leads) for number in range(requests)]
                before, began = each.cpu_s(), time.perf_counter()
                await load(each, token, operation, asked)
                if turn:  # the first round warms up
                    cpu.setdefault((operation, each.name), []).append((each.cpu_s() - before) * 1000 / requests)
                    rate.setdefault((operation, each.name), []).append(requests / (time.perf_counter() - began))
    figures: dict[str, float] = {}
    for operation in OPERATIONS:
        for name in PEERS:
            figures[f"{operation}: {name}, CPU s per 1000"] = statistics.median(cpu[operation, name])
        for name in ("strawberry", "handwritten"):
            ratios = [
                ours / theirs for ours, theirs in zip(cpu[operation, "fieldbeat"], cpu[operation, name], strict=True)
            ]
            figures[f"{operation}: fieldbeat / {name}"] = statistics.median(ratios)
        figures[f"{operation}: fieldbeat, requests per s"] = statistics.median(rate[operation, "fieldbeat"])
    return figures


async def prepare(services: Services, amounts: Amounts, now: datetime) -> str:
    """Fills the database; a token of the rep that outlives the run."""
    await create_indexes(services.store)
    await write_data(services.store, amounts, now)
    session_id = SessionId(new_id("ses", now))
    session = Session(session_id, ORG, REP, SessionState.ACTIVE, "", now, now, now + timedelta(days=1))
    await services.store["sessions"].insert_one(encode(session))
    claims = Claims(REP, ORG, session_id, "", now + timedelta(hours=6))
    return services.tokens.sign(claims, now)


def main() -> None:
    """Runs the benchmark and reports."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a shorter run, for a first look")
    quick = parser.parse_args().quick
    base = load_settings()
    key = new_key()
    now = datetime.now(UTC).replace(microsecond=0)
    with benchmark_database(base) as database, ExitStack() as stack:
        amounts = Amounts(2_000, 5_000, 10_000) if database.most_documents is None else Amounts(500, 2_000, 2_000)
        name = f"bench_serving_{now:%Y%m%d%H%M%S}"
        settings = base.model_copy(
            update={"mongodb_uri": database.uri, "mongodb_database": name, "signing_keys": key.encoded()}
        )
        environment = {"MONGODB_URI": database.uri, "MONGODB_DATABASE": name, "SIGNING_KEYS": key.encoded()}

        async def run() -> dict[str, float]:
            services = build_services(settings, build_store(settings, database.uri))
            token = await prepare(services, amounts, now)
            servers = [stack.enter_context(server(peer, module, environment)) for peer, module in PEERS.items()]
            await compare(servers, token, now, amounts.leads)
            figures = await measure(servers, token, now, amounts.leads, *((1, 40) if quick else (4, 150)))
            await services.store.database.drop()
            return figures

        report("serving", asyncio.run(run()), GOALS, label=database.label, quick=quick)


if __name__ == "__main__":
    main()

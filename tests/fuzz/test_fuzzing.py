"""A server process under requests that are wrong in every way: it answers, says nothing of itself and stays small."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import httpx
import pytest

from benchmarks.database import benchmark_database
from tests.fuzz.http_cases import Case, http_case
from tests.fuzz.judge import problem
from tests.fuzz.socket_cases import socket_case
from tests.fuzz.target import Target, running_target
from wiring.settings import load_settings

SEED = 20_261_123
AT_ONCE = 12
SHORT_S = 6.0
PATIENCE_S = 25.0
"""Longer than the server waits for a body."""
SILENCE_S = 0.5
WARM = 0.2
GROWTH = 1.05
PROGRESS = Path(__file__).parents[2] / "build" / "fuzz" / "next-case"
"""Where the next long run goes on, so that runs add up."""


@dataclass
class Run:
    """Cases from `first` on, each made from its number alone, until the time is over or enough has been found."""

    target: Target
    first: int
    until: float
    number: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    found: list[str] = field(default_factory=list)

    def case(self, number: int) -> Case:
        """Case of that number."""
        random = Random(f"{SEED}:{number}")
        return (socket_case if number % 5 == 0 else http_case)(self.target, random)

    def numbers(self) -> Iterator[int]:
        """Those still to be run."""
        self.number = self.first
        while time.monotonic() < self.until and len(self.found) < 20:
            yield self.number
            self.number += 1

    async def work(self, numbers: Iterator[int]) -> None:
        """Sends cases one after the other."""
        for number in numbers:
            case = self.case(number)
            try:
                wrong = problem(case, await exchange(self.target.server.port, case))
            except TimeoutError:
                wrong = "no end"
            self.counts[case.name] += 1
            if wrong is not None:
                self.found.append(
                    f"case {number} ({case.name}): {wrong}\n    sent {(case.payload + case.then)[-1_000:]!r}"
                )

    async def all(self) -> None:
        """Runs them side by side."""
        numbers = self.numbers()
        await asyncio.gather(*(self.work(numbers) for _ in range(AT_ONCE)))


async def exchange(port: int, case: Case) -> bytes:
    """Everything the server sends back until it closes."""
    async with asyncio.timeout(PATIENCE_S):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        received = bytearray()
        try:
            with contextlib.suppress(OSError):
                writer.write(case.payload)
                await writer.drain()
                # Not earlier: the server drops the answer for a client that has closed its half.
                received += await _read(reader, writer, SILENCE_S if case.silent and not case.then else PATIENCE_S)
                if received.startswith(b"HTTP/1.1 101"):
                    writer.write(case.then)
                    await writer.drain()
                while chunk := await _read(reader, writer, SILENCE_S):
                    received += chunk
        finally:
            writer.transport.abort()
            with contextlib.suppress(OSError):
                await writer.wait_closed()
        return bytes(received)


async def _read(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, silence_s: float) -> bytes:
    """What comes next; after so much silence the server is told that nothing more will be sent."""
    try:
        async with asyncio.timeout(silence_s):
            return await reader.read(65_536)
    except TimeoutError:
        with contextlib.suppress(OSError):  # the server may have gone in the meantime
            writer.write_eof()
        return await reader.read(65_536)


async def assert_unharmed(run: Run) -> None:
    """The server still serves everybody it served before, and its log holds no surprise."""
    server = run.target.server
    assert not run.found, f"{len(run.found)} of {run.number - run.first} cases\n" + "\n".join(run.found)
    complaints = server.complaints()
    assert not complaints, "\n".join(complaints[:3])
    async with httpx.AsyncClient(base_url=server.url) as http:
        assert (await http.get("/readyz")).status_code == 200
        for token in run.target.tokens:
            body = {"query": "{ me { id } leads(first: 1) { nodes { id } } }"}
            answer = await http.post("/graphql", json=body, headers={"authorization": f"Bearer {token}"})
            assert "errors" not in answer.json(), answer.text
            assert answer.json()["data"]["me"] is not None


async def test_a_server_withstands_requests_of_every_wrong_kind(tmp_path: Path, mongo_uri: str) -> None:
    async with running_target(tmp_path, mongo_uri, "fuzz_short") as target:
        run = Run(target, first=0, until=time.monotonic() + SHORT_S)
        await run.all()
        await assert_unharmed(run)
        assert sum(run.counts.values()) > 100


@pytest.mark.long
async def test_a_server_withstands_many_minutes_of_them(tmp_path: Path, fuzz_s: float) -> None:
    with benchmark_database(load_settings()) as database:
        async with running_target(tmp_path, database.uri, "fuzz_long") as target:
            began = time.monotonic()
            first = int(PROGRESS.read_text(encoding="ascii")) if PROGRESS.exists() else 0
            warm = Run(target, first, until=began + fuzz_s * WARM)
            await warm.all()
            await assert_unharmed(warm)
            early_mb = target.server.rss_mb()
            run = Run(target, first=warm.number, until=began + fuzz_s)
            await run.all()
            late_mb = target.server.rss_mb()
            PROGRESS.parent.mkdir(parents=True, exist_ok=True)
            PROGRESS.write_text(str(run.number), encoding="ascii")
            counts = dict(warm.counts + run.counts)
            told = {"cases": sum(counts.values()), "by kind": counts, "from": first, "to": run.number}
            sys.stdout.write(
                json.dumps(told | {"rss_mb at 20 %": round(early_mb, 1), "rss_mb at the end": round(late_mb, 1)}) + "\n"
            )
            await assert_unharmed(run)
            assert late_mb <= early_mb * GROWTH, (early_mb, late_mb)

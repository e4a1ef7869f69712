"""A thousand breaches with every fault at once and workers that die; in `make long`."""

from __future__ import annotations

import asyncio
import signal
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import pytest

from domain.deliveries import OPEN, Delivery, DeliveryState
from domain.people import Person
from storage.codec import decode
from storage.devices import COLLECTION as DEVICES
from storage.outbox import DELIVERIES, NOTICES
from tests.support.broken_wire import Wire, a_wire
from tests.support.fcm_faults import OAUTH, FaultKind
from tests.support.fcm_server import Entry, FcmServer
from tests.support.push_field import Field, a_field
from tests.support.workers import a_worker, until

EACH = 4
"""Breaches of one rep: fewer than would be told together."""
GONE = [FaultKind.UNREGISTERED, FaultKind.SENDER_MISMATCH, FaultKind.BAD_TOKEN]
ONCE: list[tuple[FaultKind, int, dict[str, Any]]] = [
    (FaultKind.UNAUTHENTICATED, 3, {}),
    (FaultKind.THIRD_PARTY_AUTH, 3, {}),
    (FaultKind.THROTTLED, 3, {"retry_after": "1"}),
    (FaultKind.INTERNAL, 15, {}),
    (FaultKind.RESET, 15, {}),
    (FaultKind.ANSWER_LOST, 15, {}),
    (FaultKind.HANG, 5, {}),
    (FaultKind.SLOW, 15, {"delay_s": 0.3}),
    (FaultKind.HTML, 10, {}),
    (FaultKind.HTML_OK, 5, {}),
    (FaultKind.INVALID_FIELD, 2, {}),
]
QUICK = {
    "PUSH_LEASE_S": "6",
    "PUSH_SEND_TIMEOUT_S": "3",
    "PUSH_BACKOFF_CAP_S": "4",
    "PUSH_PAUSE_S": "1",
    "SHUTDOWN_S": "15",
}


@dataclass
class Storm:
    """What is going on; `gone_at` is when each dead device was seen to be pruned."""

    place: Field
    people: list[Person]
    dead: set[str] = field(default_factory=set)
    gone_at: dict[str, float] = field(default_factory=dict)

    @property
    def fcm(self) -> FcmServer:
        """The provider."""
        return self.place.fcm

    async def begin(self) -> None:
        """Gives a fault to each of many tokens."""
        found = await self.place.store[DEVICES].find({}, limit=10_000)
        phones = {each["owner_id"]: each["token"] for each in found if each["owner_id"] != self.place.rep.id}
        # Of each rep one phone is always well, so that every breach can be heard.
        tokens = sorted(phones.values())
        Random(7).shuffle(tokens)
        left = iter(tokens)
        for kind in GONE:
            for token in (next(left) for _ in range(min(5, len(tokens) // 15))):
                self.dead.add(token)
                self.fcm.fail(kind, token)
        for kind, count, how in ONCE:
            for _ in range(min(count, len(tokens) // 12)):
                self.fcm.fail(kind, next(left), times=1, **how)
        self.fcm.fail(FaultKind.HTML, OAUTH, times=1)

    async def watch(self) -> None:
        """Notes when dead devices are gone."""
        while True:
            found = await self.place.store[DEVICES].find({"token": {"$in": list(self.dead)}}, limit=100)
            there = {each["token"] for each in found}
            for token in self.dead - there - self.gone_at.keys():
                self.gone_at[token] = time.time()
            await asyncio.sleep(0.2)

    async def deliveries(self) -> list[Delivery]:
        """All rows."""
        found = await self.place.store[DELIVERIES].find({"channel": "fcm"}, limit=10_000)
        return [decode(Delivery, each) for each in found]

    async def accepted(self, count: int, seconds: float) -> None:
        """Waits until so many were accepted."""
        await until(lambda: len(self.fcm.accepted()) >= count, seconds)

    async def over(self, breaches: int, seconds: float) -> list[Delivery]:
        """Waits until rep and manager were told of each breach and no delivery is open."""
        async with asyncio.timeout(seconds):
            while True:
                told = await self.place.store[NOTICES].count({"kind": "SLA_BREACHED"}, limit=2 * breaches)
                rows = await self.deliveries()
                if told == 2 * breaches and not any(row.state in OPEN for row in rows):
                    return rows
                await asyncio.sleep(1)


@pytest.fixture
async def storm(mongo_uri: str, fcm: FcmServer, tmp_path: Path, breaches: int) -> AsyncIterator[Storm]:
    async with a_field(mongo_uri, fcm, tmp_path) as made:
        storm = Storm(made, await made.many(breaches // EACH, EACH))
        await storm.begin()
        watching = asyncio.create_task(storm.watch())
        yield storm
        watching.cancel()
        await asyncio.wait([watching])


def check(storm: Storm, rows: list[Delivery], breaches: int) -> str:
    """All promises of the outbox; the figures in a line."""
    ended = Counter(row.state for row in rows)
    told = Counter(entry.msg_key for entry in storm.fcm.accepted())
    phones = Counter(row.notice_id for row in rows)
    # A phone that was pruned before is sent nothing; nobody had two of those.
    assert set(phones.values()) <= {1, 2}
    assert len(phones) == breaches
    visible = {DeliveryState.DEAD_TARGET, DeliveryState.POISON, DeliveryState.EXPIRED}
    assert all(told[row.id] if row.state is DeliveryState.SENT else row.state in visible for row in rows), ended
    heard = {row.notice_id for row in rows if row.state is DeliveryState.SENT}
    assert heard == set(phones)
    twice = sum(count - 1 for count in told.values())
    assert twice <= 0.05 * len(rows), twice
    tags: dict[str | None, set[tuple[str, str]]] = {}
    for entry in storm.fcm.accepted():
        tags.setdefault(entry.msg_key, set()).add((entry.target, _tag(entry)))
    assert {len(each) for each in tags.values()} == {1}, "a repetition goes to the same phone under the same tag"
    assert storm.gone_at.keys() == storm.dead
    used = [entry for entry in storm.fcm.ledger if entry.target in storm.dead]
    # What was looked at before the pruning was committed may still be on its way.
    assert [entry for entry in used if entry.at_s > storm.gone_at[entry.target] + 1] == []
    return f"{dict(ended)}, told twice: {twice} of {len(rows)}, asked: {len(storm.fcm.ledger)}"


def _tag(entry: Entry) -> str:
    return str((entry.message or {})["android"]["notification"]["tag"])


@pytest.mark.long
@pytest.mark.parametrize("breaches", [1_000])
async def test_every_fault_and_five_deaths(storm: Storm, breaches: int) -> None:
    environment = storm.place.environment | QUICK
    began = time.monotonic()
    for death in range(5):
        with a_worker(environment) as process:
            await storm.accepted((death + 1) * breaches // 3, 600)
            if death == 2:
                storm.fcm.faults.insert(0, _for_ten_seconds(storm))
            process.send_signal(signal.SIGKILL)
    with a_worker(environment):
        rows = await storm.over(breaches, 900)
    sys.stdout.write(f"{check(storm, rows, breaches)}, {time.monotonic() - began:.0f} s\n")


@pytest.mark.long
@pytest.mark.parametrize("breaches", [1_000])
async def test_every_fault_with_two_workers_and_a_dropped_database(storm: Storm, breaches: int, mongo_uri: str) -> None:
    environment = storm.place.environment | QUICK
    began = time.monotonic()
    with a_wire(mongo_uri) as wire, ExitStack() as stack:
        stack.enter_context(a_worker(environment | {"MONGODB_URI": wire.uri}))
        stack.enter_context(a_worker(environment))
        for turn in range(1, 4):
            await storm.accepted(turn * breaches // 3, 600)
            await _cut(wire, 2)
        rows = await storm.over(breaches, 900)
        assert wire.dropped > 0
    sys.stdout.write(f"{check(storm, rows, breaches)}, {time.monotonic() - began:.0f} s\n")


def _for_ten_seconds(storm: Storm) -> Any:
    storm.fcm.fail(FaultKind.UNAVAILABLE, seconds=10)
    return storm.fcm.faults.pop()


async def _cut(wire: Wire, seconds: float) -> None:
    wire.cut()
    await asyncio.sleep(seconds)
    wire.mend()

"""`make bench NAME=push`: what a push costs beside a bare HTTP/2 client, and how soon a breach is accepted.

A stand-in for FCM in Node answers 40 ms after each message. In turns a bare HTTP/2 client posts the bodies over 100
streams, and the delivery worker empties an outbox of as many messages. Then clocks come due 50 a second while watcher
and sender run as in a worker process, and it is measured when a provider has accepted each breach.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import shutil
import statistics
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

import httpx
import uvloop
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from benchmarks import sla_watch
from benchmarks.database import benchmark_database
from benchmarks.measuring import Goal, report, server
from domain import sla
from domain.deliveries import Delivery, DeliveryState, Outcome, SendResult, make_delivery
from domain.devices import Device, Platform
from domain.ids import DeviceId, LeadId, new_id
from domain.notices import Notice, NoticeKind, Priority, event_key, make_notice
from push.channel import Message, Target
from push.fcm import FcmChannel, encode
from push.google_oauth import ServiceAccount
from push.messages import make_message
from resolvers.services import Services
from storage.clocks import COLLECTION as CLOCKS
from storage.clocks import encode_clock
from storage.codec import decode
from storage.codec import encode as encoded
from storage.devices import COLLECTION as DEVICES
from storage.indexes import create_indexes
from storage.leads import COLLECTION as LEADS
from storage.outbox import DELIVERIES, NOTICES, Outbox, registered_devices
from wiring.clock import system_clock
from wiring.embedded_mongo import free_port
from wiring.logging import configure_logging
from wiring.services import build_services, build_store
from wiring.settings import Settings, load_settings
from workers.push_delivery import PushDelivery, Timing
from workers.push_wake import PushWake
from workers.schedule import Job, run_jobs
from workers.sla_watch import SlaWatch

STREAMS = 100
LATENCY_MS = 40
WALL, CALLS, ACCEPTED_S = 1.2, 4, 3.0
BREACHES_PER_S = 50
TIMING = Timing(lease_s=60, backoff_base_s=10, backoff_cap_s=300, finish_s=12)
STAND_IN = Path(__file__).parent / "peers" / "node" / "fcm.mjs"
MESSAGES_WALL = "wall time for the messages: worker / bare client"
MESSAGES_CPU = "CPU of the worker for a message, ms"
BREACH_P99 = f"{BREACHES_PER_S} breaches/s: breach to accepted, p99 s"


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured."""

    messages: int
    rounds: int
    breaches: int


@dataclass(frozen=True, slots=True)
class Spent:
    """Wall and CPU seconds of something."""

    wall_s: float
    cpu_s: float


class Counted:
    """A channel that notes each answer and tells when there have been so many acceptances."""

    name = "fcm"

    def __init__(self, inner: FcmChannel) -> None:
        self._inner = inner
        self._left = 0
        self.enough = asyncio.Event()

    def expect(self, count: int) -> None:
        """From now on so many."""
        self._left = count
        self.enough.clear()

    async def send(self, message: Message) -> SendResult:
        result = await self._inner.send(message)
        self._left -= result.outcome is Outcome.ACCEPTED
        if self._left == 0:
            self.enough.set()
        return result

    async def close(self) -> None:
        await self._inner.close()


@dataclass(frozen=True, slots=True)
class Bench:
    """What the parts share."""

    services: Services
    channel: Counted
    base_url: str
    http2_url: str
    devices: tuple[Device, Device]

    def push(self) -> PushDelivery:
        """A sender as a worker process has it."""
        return PushDelivery(self.services, {"fcm": self.channel}, "bench", TIMING, Random(7))

    def queued(self, count: int) -> list[tuple[Notice, Delivery]]:
        """Breaches of as many leads, each to one device and due now."""
        now = self.services.clock()
        rows = []
        for _ in range(count):
            lead_id = LeadId(new_id("led", now))
            key = event_key(NoticeKind.SLA_BREACHED, lead_id)
            facts = {"metric": "LEAD_FIRST_CONTACT"}
            notice = make_notice(
                sla_watch.ORG,
                sla_watch.REP,
                NoticeKind.SLA_BREACHED,
                Priority.HIGH,
                key,
                now,
                lead_id=lead_id,
                facts=facts,
            )
            rows.append((notice, make_delivery(notice, "fcm", self.devices[0].id, now)))
        return rows


async def bare_client(bench: Bench, bodies: Sequence[bytes]) -> Spent:
    """The bodies over 100 streams of one HTTP/2 connection, and nothing else."""
    url = f"{bench.http2_url}/v1/projects/bench/messages:send"
    headers = {"authorization": "Bearer ya29.bench", "content-type": "application/json"}
    left = iter(bodies)
    async with httpx.AsyncClient(http1=False, http2=True, timeout=30) as client:

        async def stream() -> None:
            for body in left:
                answer = await client.post(url, content=body, headers=headers)
                if answer.status_code != httpx.codes.OK or not answer.json()["name"]:
                    raise RuntimeError(f"the stand-in answered {answer.status_code}")

        await client.post(f"{bench.http2_url}/token")
        async with measured() as spent:
            await asyncio.gather(*(stream() for _ in range(STREAMS)))
    return spent[0]


async def worker(bench: Bench, rows: Sequence[tuple[Notice, Delivery]]) -> Spent:
    """The same messages from the outbox, until each result is written."""
    store = bench.services.store
    await store[NOTICES].insert_many([encoded(notice) for notice, _ in rows])
    await store[DELIVERIES].insert_many([encoded(row) for _, row in rows])
    push, stop = bench.push(), bench.channel.enough
    bench.channel.expect(len(rows))
    async with measured() as spent:
        await run_jobs([Job("push_delivery", 1.0, push.look, push.finish)], stop, TIMING.finish_s)
    sent = await store[DELIVERIES].count({"state": DeliveryState.SENT.value}, limit=len(rows) + 1)
    if sent != len(rows):
        raise RuntimeError(f"{sent} of {len(rows)} are SENT")
    await clear(bench)
    return spent[0]


async def database_call(bench: Bench, count: int) -> float:
    """CPU milliseconds of one guarded update."""
    store, rows = bench.services.store, bench.queued(count)
    await store[DELIVERIES].insert_many([encoded(row) for _, row in rows])
    left = iter(rows)

    async def stream() -> None:
        for _, row in left:
            await store[DELIVERIES].update_one({"_id": row.id, "fence": 0}, {"$set": {"state": "SENT", "fence": 1}})

    async with measured() as spent:
        await asyncio.gather(*(stream() for _ in range(8)))
    await clear(bench)
    return spent[0].cpu_s / count * 1_000


async def breaches(bench: Bench, settings: Settings, count: int) -> tuple[list[float], list[float]]:
    """Seconds to the first acceptance of each breach: from its transaction, and from the time it was due."""
    services, store = bench.services, bench.services.store
    due = await _clocks(services, count)
    watch, push, wake = SlaWatch(services, "bench"), bench.push(), PushWake(store)
    jobs = [
        Job("sla_watch", settings.sla_poll_s, watch.look, watch.finish),
        Job("push_delivery", settings.push_poll_s, push.look, push.finish, wake.queued),
        Job("push_leases", settings.push_lease_check_s, push.release_lost),
    ]
    bench.channel.expect(count * len(bench.devices))
    await run_jobs(jobs, bench.channel.enough, TIMING.finish_s, [wake.run()])
    found = await store[DELIVERIES].find({"channel": "fcm"}, limit=10 * count)
    accepted: dict[str, datetime] = {}
    for row in (decode(Delivery, each) for each in found):
        if row.finished_at is not None:
            accepted[row.notice_id] = min(row.finished_at, accepted.get(row.notice_id, row.finished_at))
    notices = [decode(Notice, each) for each in await store[NOTICES].find({"owner_id": sla_watch.REP}, limit=4 * count)]
    told = [each for each in notices if each.kind is NoticeKind.SLA_BREACHED and each.clock_id in due]
    if len(told) != count or len(accepted) < count:
        raise RuntimeError(f"{len(told)} of {count} breaches, {len(accepted)} accepted")
    since_breach = [(accepted[each.id] - each.created_at).total_seconds() for each in told]
    since_due = [(accepted[each.id] - due[each.clock_id]).total_seconds() for each in told if each.clock_id]
    return since_breach, since_due


async def _clocks(services: Services, count: int) -> dict[str, datetime]:
    """Clocks that come due evenly, 50 a second, and were reminded of already; when, by id."""
    store, now = services.store, services.clock()
    first = now + timedelta(seconds=5)
    pairs = []
    for number in range(count):
        lead, record = sla_watch.promised(now, first + timedelta(seconds=number / BREACHES_PER_S))
        reminded, _ = sla.fire_due(record.clock, now)
        pairs.append((lead, record.with_events(reminded, now) if reminded else record))
    await store[LEADS].insert_many([encoded(lead) for lead, _ in pairs])
    await store[CLOCKS].insert_many([encode_clock(record) for _, record in pairs])
    return {record.id: first + timedelta(seconds=number / BREACHES_PER_S) for number, (_, record) in enumerate(pairs)}


@asynccontextmanager
async def measured() -> AsyncIterator[list[Spent]]:
    """What the block takes of this process with its threads; one value afterwards."""
    gc.collect()
    spent: list[Spent] = []
    wall_s, cpu_s = time.perf_counter(), time.process_time()
    yield spent
    spent.append(Spent(time.perf_counter() - wall_s, time.process_time() - cpu_s))


async def clear(bench: Bench) -> None:
    """Takes away what a round left."""
    for collection in (NOTICES, DELIVERIES):
        await bench.services.store[collection].delete_many({"org_id": sla_watch.ORG})


def body_of(bench: Bench, notice: Notice, row: Delivery) -> bytes:
    """What the worker posts for the row, as bytes."""
    device = bench.devices[0]
    target = Target(device.token, device.fid, device.platform)
    message = make_message(notice, row, target, "en", bench.services.clock())
    return json.dumps(encode(message), ensure_ascii=False, separators=(",", ":")).encode()


async def _measured(bench: Bench, settings: Settings, size: Size) -> dict[str, float]:
    bare: list[Spent] = []
    ours: list[Spent] = []
    for turn in range(size.rounds + 1):  # the first only warms up
        rows = bench.queued(size.messages if turn else size.messages // 10)
        bodies = [body_of(bench, *each) for each in rows]
        # The one goes first, then the other.
        for side in ("bare", "ours") if turn % 2 else ("ours", "bare"):
            spent = await (bare_client(bench, bodies) if side == "bare" else worker(bench, rows))
            if turn:
                (bare if side == "bare" else ours).append(spent)
    call_ms = await database_call(bench, 1_000)
    since_breach, since_due = await breaches(bench, settings, size.breaches)

    def cpu_ms(spent: Sequence[Spent]) -> float:
        return statistics.median(each.cpu_s for each in spent) / size.messages * 1_000

    def rate(spent: Sequence[Spent]) -> float:
        return size.messages / statistics.median(each.wall_s for each in spent)

    def p99(seconds: Sequence[float]) -> float:
        return statistics.quantiles(seconds, n=100)[98]

    return {
        "messages/s: bare HTTP/2 client": rate(bare),
        "messages/s: worker": rate(ours),
        MESSAGES_WALL: statistics.median(one.wall_s / other.wall_s for one, other in zip(ours, bare, strict=True)),
        "CPU of the bare client for a message, ms": cpu_ms(bare),
        "CPU of a database call, ms": call_ms,
        MESSAGES_CPU: cpu_ms(ours),
        f"CPU of the bare client and {CALLS} database calls, ms": cpu_ms(bare) + CALLS * call_ms,
        f"{BREACHES_PER_S} breaches/s: breach to accepted, median s": statistics.median(since_breach),
        BREACH_P99: p99(since_breach),
        f"{BREACHES_PER_S} breaches/s: due to accepted, p99 s": p99(since_due),
    }


async def run(base: Settings, uri: str, base_url: str, http2_url: str, key_file: Path, size: Size) -> dict[str, float]:
    """All parts on one database."""
    clock = system_clock()
    settings = base.model_copy(update={"mongodb_database": f"bench_{new_id('push', clock())}"})
    store = build_store(settings, uri)
    await create_indexes(store)
    await sla_watch.add_people(store, clock())
    devices = [_device(clock(), number) for number in range(2)]
    await store[DEVICES].insert_many([encoded(each) for each in devices])
    services = replace(build_services(settings, store), clock=clock, outbox=Outbox(("fcm",), registered_devices))
    services = sla_watch.without_storms(services)
    channel = Counted(FcmChannel(ServiceAccount.from_file(key_file), clock, base_url=base_url, timeout_s=10))
    try:
        return await _measured(Bench(services, channel, base_url, http2_url, (devices[0], devices[1])), settings, size)
    finally:
        await channel.close()
        await store.database.drop()
        await services.close()
        await store.database.close()


def _device(now: datetime, number: int) -> Device:
    device_id = DeviceId(new_id("dev", now))
    return Device(
        id=device_id,
        org_id=sla_watch.ORG,
        owner_id=sla_watch.REP,
        installation_id=f"installation-{number}",
        platform=Platform.ANDROID,
        locale="en",
        app_version="1.0.0",
        model=None,
        created_at=now,
        seen_at=now,
        token=f"token-{device_id}" + "x" * 120,
    )


def _key_file(folder: Path, base_url: str) -> Path:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    content: dict[str, Any] = {
        "type": "service_account",
        "project_id": "bench",
        "private_key": pem.decode(),
        "client_email": "push@bench.example",
        "token_uri": f"{base_url}/token",
    }
    path = folder / "account.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def main() -> None:
    """Runs the benchmark and reports."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a shorter run, for a first look")
    quick = parser.parse_args().quick
    base = load_settings()
    configure_logging(base, "push")
    size = Size(500, 1, 100) if quick else Size(3_000, 5, 1_000)
    node = shutil.which("node")
    if node is None:
        sys.exit("This needs node, which plays the provider.")
    environment = {"LATENCY_MS": str(LATENCY_MS), "PORT_HTTP2": str(free_port())}
    with (
        benchmark_database(base) as database,
        server("fcm", [node, str(STAND_IN)], environment) as stand_in,
        TemporaryDirectory() as folder,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        if database.most_documents is not None:
            sys.exit("This needs the fast database: make bench-db, or MONGODB_URI=.")
        stand_in.wait_until_ready()
        http2_url = f"http://127.0.0.1:{environment['PORT_HTTP2']}"
        key_file = _key_file(Path(folder), stand_in.url)
        figures = runner.run(run(base, database.uri, stand_in.url, http2_url, key_file, size))
        allowed_ms = figures[f"CPU of the bare client and {CALLS} database calls, ms"]
        goals = {MESSAGES_WALL: Goal(WALL), MESSAGES_CPU: Goal(allowed_ms), BREACH_P99: Goal(ACCEPTED_S)}
        report("push", figures, goals, label=database.label, quick=quick)


if __name__ == "__main__":
    main()

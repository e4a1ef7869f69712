"""What the delivery worker must survive: death at any point, a dropped database, clocks apart, an acknowledgement."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from domain.deliveries import Delivery, DeliveryState, SendResult, cancel
from domain.devices import Device
from domain.notices import Notice, Priority, acknowledge
from domain.people import Person
from push.channel import Message
from push.fcm import FcmChannel
from resolvers.services import Services
from storage.codec import encode
from storage.deliveries import Parcel, complete, open_parcels
from storage.driver import ConnectionFailure, connect
from storage.notices import change_deliveries
from storage.outbox import NOTICES
from storage.store import Store
from tests.conftest import StoppedClock
from tests.support.broken_wire import a_wire
from tests.support.fcm_faults import FaultKind
from tests.support.fcm_server import FcmServer
from tests.support.killed_senders import EVERY
from tests.support.outbox import queue, states, stored
from tests.support.senders import Recorder, deliver, worker
from tests.support.workers import ROOT, until

SENT = DeliveryState.SENT


async def test_a_worker_killed_at_any_point_loses_nothing_and_doubles_only_what_was_accepted(
    outbox: Services,
    clock: StoppedClock,
    fcm: FcmServer,
    channel: FcmChannel,
    person: Person,
    device: Device,
    mongo_uri: str,
    tmp_path: Path,
) -> None:
    environment = os.environ | {
        "MONGODB_URI": mongo_uri,
        "MONGODB_DATABASE": "fieldbeat_push_tests",
        "DATA": str(tmp_path),
        "SEND_FROM": clock.now.isoformat(),
        "FCM_BASE_URL": fcm.base_url,
        "FCM_CREDENTIALS": str(fcm.write_credentials(tmp_path / "account.json")),
    }
    pipe = asyncio.subprocess.PIPE
    command = [sys.executable, "-m", "tests.support.killed_senders"]
    start = clock.now
    rows = [(await queue(outbox.store, person, [device], start + EVERY))[0][1]]
    process = await asyncio.create_subprocess_exec(*command, env=environment, cwd=ROOT, stdin=pipe, stdout=pipe)
    assert process.stdin is not None
    assert process.stdout is not None
    points: list[str] = []
    while (point := json.loads(await asyncio.wait_for(process.stdout.readline(), 60))) is not None:
        points.append(point)
        # Another worker, when the lease of the dead one has run out.
        clock.now = start + len(points) * EVERY + timedelta(seconds=61)
        await worker(outbox).release_lost()
        await deliver(outbox, channel, name="successor")
        rows.append((await queue(outbox.store, person, [device], start + (len(points) + 1) * EVERY))[0][1])
        process.stdin.write(b"\n")
        await process.stdin.drain()
    assert await asyncio.wait_for(process.wait(), 60) == 0

    assert {"find deliveries", "update deliveries", "send", "answered"} <= set(points)
    assert [each for each in points if each.startswith("find ") and each != "find deliveries"], "the last look"
    assert points.index("send") < points.index("answered") < len(points) - 1
    assert await states(outbox.store) == {SENT: len(rows)}
    accepted = Counter(entry.msg_key for entry in fcm.accepted())
    # Dead between the acceptance and its record: told again under the same key and tag, so that it shows once.
    answered = points.index("answered")
    assert points[answered + 1] == "update deliveries"
    twice = {rows[answered].id, rows[answered + 1].id}
    assert accepted == {row.id: 1 + (row.id in twice) for row in rows}
    shown = {(entry.msg_key, (entry.message or {})["android"]["notification"]["tag"]) for entry in fcm.accepted()}
    assert len(shown) == len(rows)


async def test_two_workers_and_a_dropped_database_connection(
    outbox: Services,
    clock: StoppedClock,
    fcm: FcmServer,
    channel: FcmChannel,
    person: Person,
    device: Device,
    mongo_uri: str,
) -> None:
    rows = await queue(outbox.store, person, [device], clock.now, 20)
    with a_wire(mongo_uri) as wire:
        cut_off = replace(outbox, store=Store(connect(wire.uri, "fieldbeat_push_tests")))
        fcm.fail(FaultKind.SLOW, delay_s=0.3, times=20)
        # It claims all, then loses its connections while the messages are on their way.
        one = worker(cut_off, channel, name="one")
        assert await one.deliver_due() == 20
        wire.cut()
        assert wire.dropped > 0
        await until(lambda: len(fcm.accepted()) == 20)
        assert await states(outbox.store) == {DeliveryState.LEASED: 20}
        await deliver(outbox, channel, name="two")
        wire.mend()
        await one.finish()
        await cut_off.store.database.close()
    assert await states(outbox.store) == {SENT: 20}
    assert Counter(entry.msg_key for entry in fcm.accepted()) == Counter(str(row.id) for _, row in rows)


@pytest.mark.parametrize(("fails", "written"), [(1, True), (10, False)])
async def test_a_result_is_tried_until_its_lease_ends(
    outbox: Services,
    clock: StoppedClock,
    person: Person,
    device: Device,
    monkeypatch: pytest.MonkeyPatch,
    fails: int,
    written: bool,
) -> None:
    await queue(outbox.store, person, [device], clock.now, 3)
    tried = count(1)

    async def fails_first(*given: Any) -> list[bool]:
        clock.advance(seconds=25)
        if next(tried) <= fails:
            raise ConnectionFailure("gone")
        return await complete(*given)

    monkeypatch.setattr("workers.push_results.complete", fails_first)
    monkeypatch.setattr("workers.push_results._PAUSE_S", 0.01)
    recorder = Recorder()
    one = worker(outbox, recorder)
    assert await one.deliver_due() == 3
    await one.finish()
    assert await states(outbox.store) == {SENT if written else DeliveryState.LEASED: 3}
    monkeypatch.undo()
    await one.release_lost()
    await deliver(outbox, recorder, name="two")
    assert await states(outbox.store) == {SENT: 3}
    assert len(recorder.messages) == (3 if written else 6)


@pytest.mark.parametrize("seconds", [-3_600, 90])
async def test_workers_whose_clocks_are_apart_end_each_delivery_once(
    outbox: Services, clock: StoppedClock, person: Person, device: Device, seconds: float
) -> None:
    """The second takes the first one's leases for run out, or what is due for not due yet."""
    rows = await queue(outbox.store, person, [device], clock.now, 5)
    elsewhere = StoppedClock()
    elsewhere.now = clock.now + timedelta(seconds=seconds)
    apart = replace(outbox, clock=elsewhere)
    second = Recorder()

    others = count()

    async def meanwhile() -> None:
        name = f"other-{next(others)}"
        await worker(apart, second, name=name).release_lost()
        await deliver(apart, second, name=name)

    first = Recorder(meanwhile)
    await deliver(outbox, first, name="one")
    assert await states(outbox.store) == {SENT: 5}
    keys = Counter(message.msg_key for message in [*first.messages, *second.messages])
    assert set(keys) == {row.id for _, row in rows}
    assert set(keys.values()) <= ({1} if seconds < 0 else {1, 2})
    after = [await stored(outbox.store, row) for _, row in rows]
    assert {row.lease_owner for row in after} == {None}


async def test_a_clock_that_steps_back_delays_and_one_that_leaps_ahead_ends_visibly(
    outbox: Services, clock: StoppedClock, person: Person, device: Device
) -> None:
    ((_, delayed),) = await queue(outbox.store, person, [device], clock.now, priority=Priority.CRITICAL)
    recorder = Recorder()
    clock.advance(hours=-1)
    await deliver(outbox, recorder)
    assert recorder.messages == []
    clock.advance(hours=1)
    await deliver(outbox, recorder)
    assert (await stored(outbox.store, delayed)).state is SENT
    ((_, late),) = await queue(outbox.store, person, [device], clock.now, priority=Priority.CRITICAL)
    clock.advance(hours=2)
    await deliver(outbox, recorder)
    assert (await stored(outbox.store, late)).state is DeliveryState.EXPIRED
    assert len(recorder.messages) == 1


async def test_no_send_begins_from_a_look_after_the_acknowledgement(
    outbox: Services, clock: StoppedClock, person: Person, device: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Acknowledged all the while: what is still sent was looked at before the acknowledgement was committed."""
    rows = await queue(outbox.store, person, [device], clock.now, 80)
    looked: dict[str, float] = {}
    committed: dict[str, float] = {}
    sent: set[str] = set()
    time_s = asyncio.get_running_loop().time

    async def looking(store: Store, claimed: list[Delivery]) -> list[Parcel]:
        looked.update(dict.fromkeys((row.id for row in claimed), time_s()))
        return await open_parcels(store, claimed)

    class Noted(Recorder):
        async def send(self, message: Message) -> SendResult:
            sent.add(message.delivery_id)
            await asyncio.sleep(0.05)
            return await super().send(message)

    async def acknowledges(pairs: list[tuple[Notice, Delivery]]) -> None:
        for notice, row in pairs:
            await outbox.store.transaction(partial(_acknowledge, notice=notice, row=row, clock=clock))
            committed[row.id] = time_s()
            await asyncio.sleep(0)

    monkeypatch.setattr("workers.push_delivery.open_parcels", looking)
    monkeypatch.setattr("workers.push_delivery.AT_A_TIME", 4)
    await asyncio.gather(deliver(outbox, Noted()), acknowledges(list(reversed(rows))))
    both = [row.id for _, row in rows if row.id in sent and row.id in committed]
    assert sent
    assert len(committed) == 80
    assert [each for each in both if looked[each] > committed[each]] == []
    assert {row.id for _, row in rows} - sent, "some were acknowledged in time"
    assert set(await states(outbox.store)) <= {SENT, DeliveryState.CANCELLED}


async def _acknowledge(store: Store, notice: Notice, row: Delivery, clock: StoppedClock) -> None:
    marked = acknowledge(notice, clock.now)
    await store[NOTICES].replace_one({"_id": notice.id}, encode(marked))
    await change_deliveries(store, [await stored(store, row)], lambda each: cancel(each, "acknowledged", clock.now))

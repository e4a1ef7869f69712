"""The outbox as a queue: who may claim what and when, several workers at once, and what looking costs."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import timedelta

from domain.deliveries import DeliveryState, defer
from domain.devices import Device
from domain.notices import Priority
from domain.people import Person
from push.fcm import FcmChannel
from resolvers.services import Services
from storage.codec import encode
from storage.deliveries import complete, release_expired
from storage.outbox import DELIVERIES
from tests.conftest import StoppedClock
from tests.support.fcm_server import FcmServer
from tests.support.outbox import queue, states, stored
from tests.support.reads_counter import ReadsCounter
from tests.support.senders import Recorder, claim_due, deliver, worker
from workers.push_delivery import AT_A_TIME

PENDING, SENT = DeliveryState.PENDING, DeliveryState.SENT


async def test_lost_lease_cannot_be_completed(
    outbox: Services, clock: StoppedClock, person: Person, device: Device
) -> None:
    store = outbox.store
    ((_, row),) = await queue(store, person, [device], clock.now)
    (held,) = await claim_due(store, "slow", clock.now, 10, 60)
    assert await claim_due(store, "quick", clock.now, 10, 60) == []
    clock.advance(seconds=59.999)
    assert await release_expired(store, clock.now) == 0
    clock.advance(milliseconds=1)
    assert await release_expired(store, clock.now) == 1
    done = replace(held, state=SENT, lease_owner=None, lease_until=None, finished_at=clock.now)
    assert await complete(store, [(held, done)]) == [False], "given back"
    (taken,) = await claim_due(store, "quick", clock.now, 10, 60)
    assert (taken.attempts, taken.fence) == (2, 2)
    assert await complete(store, [(held, done)]) == [False], "held by another"
    again = replace(taken, state=SENT, lease_owner=None, lease_until=None, finished_at=clock.now)
    assert await complete(store, [(taken, again)]) == [True]
    assert await complete(store, [(taken, again)]) == [True], "the answer to a write may be lost"
    other = replace(again, state=DeliveryState.POISON)
    assert await complete(store, [(taken, other), (held, done)]) == [False, False], "final"
    assert await stored(store, row) == again


async def test_what_was_deferred_is_due_again_and_lives_as_long_from_then(
    outbox: Services, clock: StoppedClock, person: Person, device: Device
) -> None:
    store, night = outbox.store, clock.now
    rows = [(await queue(store, person, [device], clock.now, priority=each))[0][1] for each in Priority]
    for row in rows:
        until = night + timedelta(hours=9)
        await store[DELIVERIES].replace_one({"_id": row.id}, encode(defer(row, until)))
    one = worker(outbox, Recorder())
    clock.now = night + timedelta(hours=9, milliseconds=-1)
    assert await one.release_lost() == await one.deliver_due() == 0
    clock.advance(milliseconds=1)
    assert await one.release_lost() == 3
    for row in rows:
        assert (await stored(store, row)).deadline_at == clock.now + timedelta(seconds=row.priority.deadline_s)
    await deliver(outbox, Recorder())
    assert await states(store) == {SENT: 3}


async def test_urgent_first_and_nothing_before_its_time(
    outbox: Services, clock: StoppedClock, person: Person, device: Device
) -> None:
    store = outbox.store
    for priority in (Priority.NORMAL, Priority.CRITICAL, Priority.HIGH):
        await queue(store, person, [device], clock.now, 3, priority=priority)
        await queue(store, person, [device], clock.now + timedelta(milliseconds=1), 2, priority=priority)
    claimed = await claim_due(store, "one", clock.now, 7, 60)
    assert Counter(row.priority for row in claimed) == {Priority.CRITICAL: 3, Priority.HIGH: 3, Priority.NORMAL: 1}
    assert len(await claim_due(store, "one", clock.now, 100, 60)) == 2
    assert await claim_due(store, "one", clock.now, 100, 60) == []


async def test_two_workers_send_200_due_deliveries_once_each(
    outbox: Services, clock: StoppedClock, fcm: FcmServer, channel: FcmChannel, person: Person, device: Device
) -> None:
    rows = await queue(outbox.store, person, [device], clock.now, 200)
    await asyncio.gather(*(deliver(outbox, channel, name=name) for name in ("one", "two")))
    assert Counter(entry.msg_key for entry in fcm.ledger) == Counter(str(row.id) for _, row in rows)
    assert await states(outbox.store) == {SENT: 200}


async def test_claims_at_the_same_moment_never_overlap(
    outbox: Services, clock: StoppedClock, person: Person, device: Device
) -> None:
    await queue(outbox.store, person, [device], clock.now, 60)
    shares = await asyncio.gather(*(claim_due(outbox.store, f"w{each}", clock.now, 60, 60) for each in range(4)))
    taken = Counter(row.id for share in shares for row in share)
    assert set(taken.values()) == {1}
    for share in shares:
        for row in share:
            assert (await stored(outbox.store, row)).lease_owner == row.lease_owner


async def test_reads_do_not_grow_with_what_is_due(
    outbox: Services, clock: StoppedClock, counter: ReadsCounter, person: Person, device: Device
) -> None:
    seen = []
    for count in (1, 20):
        await queue(outbox.store, person, [device], clock.now, count)
        one = worker(outbox, Recorder())
        counter.take()
        assert await one.deliver_due() == count
        seen.append(counter.take())
        await one.finish()
    assert seen[0] == seen[1]


async def test_look_again_at_once_only_where_much_is_due(
    outbox: Services, clock: StoppedClock, person: Person, device: Device
) -> None:
    one = worker(outbox, Recorder())
    for count, looked in ((0, 0), (3, 0), (AT_A_TIME, AT_A_TIME)):
        await queue(outbox.store, person, [device], clock.now, count)
        assert await one.look() == looked
        await one.finish()
    assert await states(outbox.store) == {SENT: 3 + AT_A_TIME}

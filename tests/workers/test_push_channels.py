"""Several channels of one person, a channel in trouble, and waking up when something is queued."""

from __future__ import annotations

import asyncio
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from typing import Any

import pytest
from prometheus_client import REGISTRY

from domain.deliveries import Delivery, DeliveryState, Outcome, SendResult, mark_received
from domain.devices import Device
from domain.ids import LeadId, new_id
from domain.notices import NoticeKind, Priority, event_key, make_notice
from domain.people import Person
from push.channel import Message
from resolvers.services import Services
from storage.codec import decode, encode
from storage.driver import ConnectionFailure
from storage.outbox import DELIVERIES, Outbox, registered_devices
from storage.store import Store
from tests.conftest import StoppedClock
from tests.support.outbox import a_device, queue, states, stored
from tests.support.senders import Recorder, worker
from tests.support.workers import until
from workers.push_delivery import PushDelivery
from workers.push_wake import PushWake
from workers.schedule import Job, run_jobs

PENDING, SENT = DeliveryState.PENDING, DeliveryState.SENT
ACCEPTED = SendResult(Outcome.ACCEPTED, provider_message_id="told")


class Told(Recorder):
    """Answers what it is told to."""

    def __init__(self, name: str, result: SendResult = ACCEPTED) -> None:
        super().__init__()
        self.name, self.result = name, result

    async def send(self, message: Message) -> SendResult:
        await super().send(message)
        return self.result

    def took(self) -> int:
        """How many messages since it was asked last."""
        taken, self.messages = len(self.messages), []
        return taken


async def go_on(one: PushDelivery) -> None:
    """Looks until there is nothing to do, and lets sends end."""
    while await one.deliver_due():
        pass
    await one.finish()


def shown() -> float | None:
    """What operators see of the channel."""
    return REGISTRY.get_sample_value("fieldbeat_push_channel_breaker", {"channel": "fcm"})


async def test_a_channel_in_trouble_rests_then_one_message_tries_then_all_go(
    outbox: Services, clock: StoppedClock, person: Person, device: Device
) -> None:
    await queue(outbox.store, person, [device], clock.now, 12)
    await queue(outbox.store, person, [], clock.now, 3, channel="console", priority=Priority.NORMAL)
    fcm, console = Told("fcm", SendResult(Outcome.RETRY, "HTTP 503")), Told("console")
    one = worker(outbox, fcm, console)
    await go_on(one)
    assert (fcm.took(), console.took()) == (12, 3)
    assert shown() == 2
    clock.advance(seconds=11)
    await queue(outbox.store, person, [], clock.now, 1, channel="console", priority=Priority.NORMAL)
    await go_on(one)
    assert (fcm.took(), console.took()) == (0, 1), "the other channel goes on"
    waiting = [decode(Delivery, each) for each in await outbox.store[DELIVERIES].find({"state": "PENDING"}, limit=50)]
    assert {row.next_at for row in waiting} == {clock.now + timedelta(seconds=19)}
    assert {row.attempts for row in waiting} == {1}
    clock.advance(seconds=19)
    await go_on(one)
    assert fcm.took() == 1
    clock.advance(seconds=30)
    fcm.result = ACCEPTED
    assert await one.deliver_due() > 1
    assert shown() == 1
    await one.finish()
    assert (fcm.took(), shown()) == (1, 0)
    clock.advance(seconds=2)
    await go_on(one)
    assert fcm.took() == 11
    assert await states(outbox.store) == {SENT: 16}


async def test_a_throttled_channel_asks_nothing_until_it_may(
    outbox: Services, clock: StoppedClock, person: Person, device: Device
) -> None:
    await queue(outbox.store, person, [device], clock.now)
    fcm = Told("fcm", SendResult(Outcome.THROTTLED, retry_after_s=90))
    one = worker(outbox, fcm)
    await go_on(one)
    await queue(outbox.store, person, [device], clock.now, 3)
    clock.advance(seconds=89)
    await go_on(one)
    assert fcm.took() == 1
    fcm.result = ACCEPTED
    for _ in range(2):
        clock.advance(seconds=2)
        await go_on(one)
    assert await states(outbox.store) == {SENT: 4}


async def test_what_expires_while_its_channel_rests_ends_visibly(
    outbox: Services, clock: StoppedClock, person: Person, device: Device
) -> None:
    ((_, row),) = await queue(outbox.store, person, [device], clock.now, priority=Priority.CRITICAL)
    fcm = Told("fcm", SendResult(Outcome.THROTTLED, retry_after_s=3_600))
    one = worker(outbox, fcm)
    clock.now = row.deadline_at - timedelta(minutes=2)
    ((_, first),) = await queue(outbox.store, person, [device], clock.now)
    await go_on(one)
    clock.now = row.deadline_at
    await one.deliver_due()
    await one.finish()
    assert (await stored(outbox.store, row)).state is DeliveryState.EXPIRED
    assert (await stored(outbox.store, first)).state is PENDING


async def told(outbox: Services, person: Person, device: Device, priority: Priority, now: Any) -> list[Delivery]:
    """The rows that the outbox writes for one notice over both channels, in their order."""
    await queue(outbox.store, person, [device], now, 0)
    lead_id = LeadId(new_id("led", now))
    key = event_key(NoticeKind.SLA_BREACHED, lead_id)
    notice = make_notice(person.org_id, person.id, NoticeKind.SLA_BREACHED, priority, key, now, lead_id=lead_id)
    await Outbox(("fcm", "console"), registered_devices).write(outbox.store, [notice], now)
    rows = [decode(Delivery, each) for each in await outbox.store[DELIVERIES].find({}, limit=10)]
    return sorted(rows, key=lambda row: row.rank)


@pytest.mark.parametrize(
    ("priority", "confirmed", "at_30", "at_189", "at_190"),
    [
        (Priority.HIGH, False, PENDING, PENDING, SENT),
        (Priority.CRITICAL, False, PENDING, PENDING, SENT),
        (Priority.HIGH, True, DeliveryState.CANCELLED, DeliveryState.CANCELLED, DeliveryState.CANCELLED),
        (Priority.NORMAL, False, DeliveryState.CANCELLED, DeliveryState.CANCELLED, DeliveryState.CANCELLED),
    ],
)
async def test_the_next_channel_waits_three_minutes_for_a_phone_to_confirm(
    outbox: Services,
    clock: StoppedClock,
    person: Person,
    device: Device,
    priority: Priority,
    confirmed: bool,
    at_30: DeliveryState,
    at_189: DeliveryState,
    at_190: DeliveryState,
) -> None:
    began = clock.now
    first, second = await told(outbox, person, device, priority, began)
    one = worker(outbox, Told("fcm"), Told("console"))
    clock.advance(seconds=10)
    await go_on(one)
    sent = await stored(outbox.store, first)
    assert (sent.state, (await stored(outbox.store, second)).state) == (SENT, PENDING)
    if confirmed:
        await outbox.store[DELIVERIES].replace_one({"_id": first.id}, encode(mark_received(sent, clock.now)))
    for seconds, state in ((29.9, PENDING), (30, at_30), (189.9, at_189), (190, at_190)):
        clock.now = began + timedelta(seconds=seconds)
        await go_on(one)
        assert (await stored(outbox.store, second)).state is state, seconds


@pytest.mark.parametrize(
    ("outcome", "seconds"),
    [(Outcome.RETRY, 30), (Outcome.AMBIGUOUS, 30), (Outcome.DEAD_TARGET, 0), (Outcome.POISON, 0), (Outcome.CONFIG, 0)],
)
async def test_the_next_channel_starts_after_30_seconds_or_as_soon_as_the_first_cannot(
    outbox: Services, clock: StoppedClock, person: Person, device: Device, outcome: Outcome, seconds: float
) -> None:
    began = clock.now
    _, second = await told(outbox, person, device, Priority.HIGH, began)
    one = worker(outbox, Told("fcm", SendResult(outcome)), Told("console"))
    await go_on(one)
    if seconds:
        clock.now = began + timedelta(seconds=seconds - 0.1)
        await go_on(one)
        assert (await stored(outbox.store, second)).state is PENDING
    clock.now = began + timedelta(seconds=seconds)
    await go_on(one)
    after = await stored(outbox.store, second)
    assert (after.state, after.finished_at, after.attempts) == (SENT, clock.now, 1)


async def test_one_dead_phone_of_two_does_not_start_the_next_channel(
    outbox: Services, clock: StoppedClock, person: Person, device: Device
) -> None:
    other = a_device(person, clock.now)
    await queue(outbox.store, person, [other], clock.now, 0)
    rows = await told(outbox, person, device, Priority.HIGH, clock.now)
    assert [row.rank for row in rows] == [0, 0, 1]

    class OneDead(Told):
        async def send(self, message: Message) -> SendResult:
            dead = message.target is not None and message.target.token == other.token
            return SendResult(Outcome.DEAD_TARGET if dead else Outcome.RETRY)

    console = Told("console")
    one = worker(outbox, OneDead("fcm"), console)
    await go_on(one)
    clock.advance(seconds=29.9)
    await go_on(one)
    assert console.took() == 0
    clock.advance(seconds=0.1)
    await go_on(one)
    assert console.took() == 1


class _Breaks:
    """A store whose change stream breaks at the first look."""

    def __init__(self, store: Store) -> None:
        self._store, self.broken = store, 0

    def watch(self, *given: Any, **options: Any) -> AbstractAsyncContextManager[Any]:
        if not self.broken:
            self.broken += 1
            raise ConnectionFailure("gone")
        return self._store.watch(*given, **options)


async def test_what_is_queued_is_sent_long_before_the_next_poll(
    outbox: Services, clock: StoppedClock, person: Person, device: Device
) -> None:
    one, stop = worker(outbox, Told("fcm")), asyncio.Event()
    wake = PushWake(_Breaks(outbox.store))  # type: ignore[arg-type]
    looked = asyncio.Event()

    async def look() -> int:
        looked.set()
        return await one.look()

    job = Job("push_delivery", 3_600, look, one.finish, wake.queued)
    running = asyncio.create_task(run_jobs([job], stop, 10, [wake.run()]))
    # Once for the start, once more for the stream that is open now.
    for _ in range(2):
        await asyncio.wait_for(looked.wait(), 20)
        looked.clear()
    await queue(outbox.store, person, [device], clock.now)

    async def all_sent() -> bool:
        return await states(outbox.store) == {SENT: 1}

    await until(all_sent)
    stop.set()
    await asyncio.wait_for(running, 20)

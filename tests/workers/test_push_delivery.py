"""The delivery worker in this process: each outcome, the look before sending, lost leases, two workers, stopping."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from domain.deliveries import Delivery, DeliveryState, Outcome, SendResult, cancel
from domain.devices import Device
from domain.ids import PersonId, TeamId, new_id
from domain.notices import Notice, Priority, acknowledge, resolve
from domain.people import Person, PersonState, Team
from push.channel import Message
from push.console import ConsoleChannel
from push.fcm import FcmChannel
from resolvers.services import Services
from storage.articles import COLLECTION as ARTICLES
from storage.codec import encode
from storage.deliveries import complete
from storage.devices import COLLECTION as DEVICES
from storage.outbox import DELIVERIES, NOTICES
from storage.people import PEOPLE, insert_team
from storage.store import Store
from tests.conftest import StoppedClock
from tests.support.fcm_faults import OAUTH, FaultKind
from tests.support.fcm_server import FcmServer
from tests.support.outbox import a_device, queue, states, stored
from tests.support.senders import TIMING, Recorder, deliver, worker
from workers.push_delivery import AT_ONCE

PENDING, SENT, DEAD = DeliveryState.PENDING, DeliveryState.SENT, DeliveryState.DEAD_TARGET


Case = tuple[FaultKind, dict[str, Any], DeliveryState, float | None]
CASES: list[Case] = [
    (FaultKind.UNREGISTERED, {}, DEAD, None),
    (FaultKind.SENDER_MISMATCH, {}, DEAD, None),
    (FaultKind.BAD_TOKEN, {}, DEAD, None),
    (FaultKind.INVALID_FIELD, {}, DeliveryState.POISON, None),
    (FaultKind.UNAUTHENTICATED, {}, DeliveryState.CONFIG_HOLD, 60),
    (FaultKind.THIRD_PARTY_AUTH, {}, DeliveryState.CONFIG_HOLD, 60),
    (FaultKind.INVALID_GRANT, {"target": OAUTH}, DeliveryState.CONFIG_HOLD, 60),
    (FaultKind.THROTTLED, {}, PENDING, 60),
    (FaultKind.THROTTLED, {"retry_after": "120"}, PENDING, 120),
    (FaultKind.UNAVAILABLE, {"retry_after": "45"}, PENDING, 45),
    (FaultKind.UNAVAILABLE, {}, PENDING, 0),
    (FaultKind.INTERNAL, {}, PENDING, 0),
    (FaultKind.HTML, {}, PENDING, 0),
    (FaultKind.RESET, {}, PENDING, 0),
    (FaultKind.ANSWER_LOST, {}, PENDING, 0),
    (FaultKind.HANG, {}, PENDING, 0),
]


@pytest.mark.parametrize(("fault", "how", "state", "wait_s"), CASES, ids=str)
async def test_outcome_decides_the_state(
    outbox: Services,
    clock: StoppedClock,
    fcm: FcmServer,
    impatient: FcmChannel,
    person: Person,
    device: Device,
    fault: FaultKind,
    how: dict[str, Any],
    state: DeliveryState,
    wait_s: float | None,
) -> None:
    ((_, row),) = await queue(outbox.store, person, [device], clock.now)
    fcm.fail(fault, **how)
    await deliver(outbox, impatient)
    after = await stored(outbox.store, row)
    assert (after.state, after.attempts, after.lease_owner, after.lease_until) == (state, 1, None, None)
    assert after.last_error
    assert device.token is not None
    assert device.token not in after.last_error
    known = await outbox.store[DEVICES].find_one({"_id": device.id})
    assert (known is None) == (state is DEAD)
    if wait_s is None:
        assert after.finished_at == clock.now
        return
    waited_s = (after.next_at - clock.now).total_seconds()
    assert after.finished_at is None
    assert waited_s == wait_s if wait_s else 5 <= waited_s <= 10
    fcm.faults.clear()
    await deliver(outbox, impatient)
    assert (await stored(outbox.store, row)).attempts == 1, "not before its time"
    clock.advance(seconds=waited_s)
    await deliver(outbox, impatient)
    again = await stored(outbox.store, row)
    assert (again.state, again.attempts, again.finished_at) == (SENT, 2, clock.now)
    assert again.provider_message_id
    assert {entry.msg_key for entry in fcm.accepted()} == {row.id}


async def test_accepted_in_the_language_of_the_person(
    outbox: Services, clock: StoppedClock, fcm: FcmServer, channel: FcmChannel, device: Device, person: Person
) -> None:
    ((notice, row),) = await queue(outbox.store, replace(person, locale="zh-CN"), [device], clock.now)
    clock.advance(minutes=1)
    await deliver(outbox, channel)
    after = await stored(outbox.store, row)
    assert (after.state, after.finished_at, after.last_error) == (SENT, clock.now, None)
    (entry,) = fcm.accepted()
    assert entry.target == device.token
    assert entry.message is not None
    assert "超时" in entry.message["notification"]["title"]
    assert entry.message["data"]["inbox_id"] == notice.id
    assert entry.message["android"]["ttl"] == "14340s"


async def test_console_needs_no_device(outbox: Services, clock: StoppedClock, person: Person) -> None:
    ((_, row),) = await queue(outbox.store, person, [], clock.now, channel="console")
    lines: list[str] = []
    await deliver(outbox, ConsoleChannel(lines.append))
    assert (await stored(outbox.store, row)).state is SENT
    (line,) = lines
    assert row.id in line


Change = Callable[[Store, Notice, Delivery, datetime], Awaitable[object]]


async def _acknowledged(store: Store, notice: Notice, _row: Delivery, now: datetime) -> None:
    await store[NOTICES].replace_one({"_id": notice.id}, encode(acknowledge(notice, now)))


async def _resolved(store: Store, notice: Notice, _row: Delivery, now: datetime) -> None:
    await store[NOTICES].replace_one({"_id": notice.id}, encode(resolve(notice, now)))


async def _notice_gone(store: Store, notice: Notice, _row: Delivery, _now: datetime) -> None:
    await store[NOTICES].delete_many({"_id": notice.id})


async def _device_gone(store: Store, _notice: Notice, row: Delivery, _now: datetime) -> None:
    await store[DEVICES].delete_many({"_id": row.device_id})


async def _device_moved(store: Store, _notice: Notice, row: Delivery, now: datetime) -> None:
    other = PersonId(new_id("per", now))
    await store[DEVICES].update_one({"_id": row.device_id}, {"$set": {"owner_id": other}})


async def _deactivated(store: Store, _notice: Notice, row: Delivery, _now: datetime) -> None:
    await store[PEOPLE].update_one({"_id": row.owner_id}, {"$set": {"state": PersonState.DEACTIVATED.value}})


async def _deadline_passed(store: Store, _notice: Notice, row: Delivery, now: datetime) -> None:
    await store[DELIVERIES].update_one({"_id": row.id}, {"$set": {"deadline_at": now.replace(tzinfo=None)}})


async def _channel_closed(store: Store, _notice: Notice, row: Delivery, _now: datetime) -> None:
    await store[DELIVERIES].update_one({"_id": row.id}, {"$set": {"channel": "pager"}})


async def _article_out_of_use(store: Store, notice: Notice, _row: Delivery, now: datetime) -> None:
    await _about_an_article(store, notice, now, state="RETIRED")


async def _article_kept_to_others(store: Store, notice: Notice, _row: Delivery, now: datetime) -> None:
    await _about_an_article(store, notice, now, state="PUBLISHED", team_ids=["tea_others"])


async def _article_gone(store: Store, notice: Notice, _row: Delivery, now: datetime) -> None:
    await store[NOTICES].update_one({"_id": notice.id}, {"$set": {"article_id": new_id("art", now)}})


async def _about_an_article(store: Store, notice: Notice, now: datetime, **given: Any) -> None:
    article_id = new_id("art", now)
    await store[NOTICES].update_one({"_id": notice.id}, {"$set": {"article_id": article_id}})
    await store[ARTICLES].insert_one({"_id": article_id, "org_id": notice.org_id, **given})


@pytest.mark.parametrize(
    ("given", "state"),
    [
        ({"state": "PUBLISHED"}, SENT),
        ({"state": "PUBLISHED", "team_ids": ["tea_own"]}, SENT),
        ({"state": "PUBLISHED", "team_ids": ["tea_above"]}, SENT),
        ({"state": "PUBLISHED", "team_ids": ["tea_below"]}, DeliveryState.CANCELLED),
        ({"state": "DRAFT"}, DeliveryState.CANCELLED),
    ],
)
async def test_an_article_is_pushed_to_those_it_is_for(
    outbox: Services, clock: StoppedClock, person: Person, device: Device, given: dict[str, Any], state: DeliveryState
) -> None:
    line = ("tea_above", "tea_own", "tea_below")
    made = {each: f"{each}_{person.id}" for each in line}
    for above, team in zip((None, *line), line, strict=False):
        placed = Team(TeamId(made[team]), person.org_id, team, TeamId(made[above]) if above else None, None, clock.now)
        await insert_team(outbox.store, placed)
    ((notice, row),) = await queue(
        outbox.store, replace(person, team_id=TeamId(made["tea_own"])), [device], clock.now, priority=Priority.NORMAL
    )
    kept = {"team_ids": [made[each] for each in given["team_ids"]]} if "team_ids" in given else {}
    await _about_an_article(outbox.store, notice, clock.now, **given | kept)
    await deliver(outbox, Recorder())
    assert (await stored(outbox.store, row)).state is state


@pytest.mark.parametrize(
    ("change", "state"),
    [
        (_article_out_of_use, DeliveryState.CANCELLED),
        (_article_kept_to_others, DeliveryState.CANCELLED),
        (_article_gone, DeliveryState.CANCELLED),
        (_acknowledged, DeliveryState.CANCELLED),
        (_resolved, DeliveryState.CANCELLED),
        (_deactivated, DeliveryState.CANCELLED),
        (_deadline_passed, DeliveryState.EXPIRED),
        (_notice_gone, DeliveryState.POISON),
        (_device_gone, DEAD),
        (_device_moved, DEAD),
        (_channel_closed, DeliveryState.CONFIG_HOLD),
    ],
)
async def test_look_before_sending(
    outbox: Services, clock: StoppedClock, person: Person, device: Device, change: Change, state: DeliveryState
) -> None:
    ((notice, row),) = await queue(outbox.store, person, [device], clock.now)
    await change(outbox.store, notice, row, clock.now)
    recorder = Recorder()
    await deliver(outbox, recorder)
    after = await stored(outbox.store, row)
    assert (after.state, after.lease_owner) == (state, None)
    assert recorder.messages == []
    moved = await outbox.store[DEVICES].find_one({"_id": device.id})
    assert (moved is None) == (change is _device_gone), "a device is pruned by a provider's word only"


async def test_retries_end_at_the_deadline(
    outbox: Services, clock: StoppedClock, fcm: FcmServer, channel: FcmChannel, person: Person, device: Device
) -> None:
    ((_, row),) = await queue(outbox.store, person, [device], clock.now, priority=Priority.CRITICAL)
    fcm.fail(FaultKind.UNAVAILABLE)
    attempts = 0
    while (at := await stored(outbox.store, row)).state is PENDING:
        clock.now = max(clock.now, at.next_at)
        await deliver(outbox, channel)
        attempts += 1
    assert at.state is DeliveryState.EXPIRED
    assert at.created_at + timedelta(minutes=54) < clock.now < at.deadline_at
    assert at.attempts == attempts == len(fcm.ledger)


async def test_dead_address_prunes_the_device_only_while_it_has_it(
    outbox: Services, clock: StoppedClock, person: Person, device: Device
) -> None:
    await queue(outbox.store, person, [device], clock.now)

    class Dead(Recorder):
        async def send(self, message: Message) -> SendResult:
            await outbox.store[DEVICES].update_one({"_id": device.id}, {"$set": {"token": "a-new-one"}})
            return SendResult(Outcome.DEAD_TARGET, "UNREGISTERED")

    await deliver(outbox, Dead())
    assert await states(outbox.store) == {DEAD: 1}
    kept = await outbox.store[DEVICES].find_one({"_id": device.id})
    assert kept is not None


async def test_acknowledged_during_the_send_stays_cancelled(
    outbox: Services, clock: StoppedClock, person: Person, device: Device
) -> None:
    ((_, row),) = await queue(outbox.store, person, [device], clock.now)

    async def acknowledged() -> None:
        cancelled = cancel(await stored(outbox.store, row), "acknowledged", clock.now)
        await outbox.store[DELIVERIES].replace_one({"_id": row.id}, encode(cancelled))

    await deliver(outbox, Recorder(acknowledged))
    assert (await stored(outbox.store, row)).state is DeliveryState.CANCELLED


async def test_a_hanging_provider_holds_up_no_more_than_its_hands(
    outbox: Services, clock: StoppedClock, fcm: FcmServer, channel: FcmChannel, person: Person, device: Device
) -> None:
    hangs = a_device(person, clock.now)
    await queue(outbox.store, person, [hangs], clock.now, AT_ONCE // 2)
    await queue(outbox.store, person, [device], clock.now, 100, priority=Priority.NORMAL)
    fcm.fail(FaultKind.HANG, hangs.token)
    one = worker(outbox, channel, timing=replace(TIMING, finish_s=0.2))
    sent: set[str | None] = set()
    async with asyncio.timeout(60):
        while len(sent) < 100:
            if not await one.deliver_due():
                # On a slow machine the hanging ones end as failures first, and the channel rests.
                clock.advance(seconds=1)
            await asyncio.sleep(0.01)
            sent = {entry.msg_key for entry in fcm.accepted()}
    await one.finish()


async def test_stopping_never_cuts_off_the_writing_of_a_result(
    outbox: Services, clock: StoppedClock, person: Person, device: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def slowly(*given: Any) -> list[bool]:
        await asyncio.sleep(0.5)
        return await complete(*given)

    monkeypatch.setattr("workers.push_results.complete", slowly)
    await queue(outbox.store, person, [device], clock.now, 5)
    recorder = Recorder()
    one = worker(outbox, recorder, timing=replace(TIMING, finish_s=0.2))
    assert await one.deliver_due() == 5
    await one.finish()
    assert len(recorder.messages) == 5
    assert await states(outbox.store) == {SENT: 5}


async def test_stopping_lets_sends_end_and_gives_back_what_takes_too_long(
    outbox: Services, clock: StoppedClock, fcm: FcmServer, channel: FcmChannel, person: Person, device: Device
) -> None:
    slow = a_device(person, clock.now)
    ((_, ends),) = await queue(outbox.store, person, [slow], clock.now)
    ((_, hangs),) = await queue(outbox.store, person, [device], clock.now)
    fcm.fail(FaultKind.SLOW, slow.token, delay_s=0.2)
    fcm.fail(FaultKind.HANG, device.token)
    one = worker(outbox, channel, timing=replace(TIMING, finish_s=0.6))
    assert await one.deliver_due() == 2
    await one.finish()
    assert (await stored(outbox.store, ends)).state is SENT
    given_back = await stored(outbox.store, hangs)
    assert (given_back.state, given_back.lease_owner, given_back.next_at) == (PENDING, None, clock.now)

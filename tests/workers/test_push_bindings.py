"""Deliveries to what people and teams are bound to: rows, their order, the look before sending, broken addresses."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from domain.bindings import Binding, BoundChannel
from domain.deliveries import Delivery, DeliveryState, Outcome, SendResult
from domain.devices import Device
from domain.ids import LeadId, PersonId, TeamId, new_id
from domain.notices import NoticeKind, Priority, event_key, make_notice
from domain.people import Person
from resolvers.services import Services
from storage.bindings import COLLECTION as BINDINGS
from storage.bindings import bindings_of
from storage.codec import decode, encode
from storage.outbox import DELIVERIES, Outbox, registered_devices
from storage.store import Store
from tests.conftest import StoppedClock
from tests.support.bindings import a_binding
from tests.support.outbox import queue, stored
from tests.support.senders import Recorder, deliver

TEAM = TeamId("tea_00000000-0000-4000-8000-000000000001")
ALL = Outbox(("fcm", "wecom_app", "feishu"), registered_devices, bindings_of)


def for_the_team(person: Person, now: datetime, **changes: Any) -> Binding:
    """A robot in the group of the person's team."""
    of_team: dict[str, Any] = {
        "holder_id": TEAM,
        "channel": BoundChannel.FEISHU,
        "address": "0" * 36,
        "secret": "s" * 22,
    }
    return a_binding(person, now, **(of_team | changes))


async def told(
    store: Store, person: Person, now: datetime, *bindings: Binding, priority: Priority = Priority.HIGH
) -> list[Delivery]:
    """The rows of one notice to somebody with these bindings, by their order."""
    await store[BINDINGS].delete_many({})
    await store[BINDINGS].insert_many([encode(each) for each in bindings])
    lead_id = LeadId(new_id("led", now))
    key = event_key(NoticeKind.SLA_BREACHED, lead_id)
    notice = make_notice(person.org_id, person.id, NoticeKind.SLA_BREACHED, priority, key, now, lead_id=lead_id)
    await ALL.write(store, [notice], now)
    found = await store[DELIVERIES].find({"notice_id": notice.id}, limit=20)
    return sorted((decode(Delivery, each) for each in found), key=lambda row: row.rank)


@pytest.mark.parametrize(
    ("time_zone", "order"),
    [("Asia/Shanghai", ["wecom_app", "feishu", "fcm"]), ("Europe/Helsinki", ["fcm", "wecom_app", "feishu"])],
)
async def test_rows_in_the_order_of_the_persons_region(
    outbox: Services, clock: StoppedClock, person: Person, device: Device, time_zone: str, order: list[str]
) -> None:
    lives_there = replace(person, time_zone=time_zone, team_id=TEAM)
    await queue(outbox.store, lives_there, [device], clock.now, 0)
    own, teams = a_binding(lives_there, clock.now), for_the_team(lives_there, clock.now)
    rows = await told(outbox.store, lives_there, clock.now, own, teams)
    assert [row.channel for row in rows] == order
    assert [row.rank for row in rows] == [0, 1, 2]
    assert [(row.next_at - clock.now).total_seconds() for row in rows] == [0, 30, 60]
    targets = {"fcm": device.id, "wecom_app": own.id, "feishu": teams.id}
    assert {row.channel: row.target_id for row in rows} == targets


async def test_a_binding_hears_what_is_urgent_enough_and_a_broken_one_nothing(
    outbox: Services, clock: StoppedClock, person: Person
) -> None:
    await queue(outbox.store, person, [], clock.now, 0)
    urgent = a_binding(person, clock.now, least_priority=Priority.HIGH)
    broken = a_binding(person, clock.now, broken_at=clock.now)
    assert [row.binding_id for row in await told(outbox.store, person, clock.now, urgent, broken)] == [urgent.id]
    assert await told(outbox.store, person, clock.now, urgent, broken, priority=Priority.NORMAL) == []


async def test_sent_to_the_address_and_to_a_group_with_the_name_it_is_for(
    outbox: Services, clock: StoppedClock, person: Person
) -> None:
    member = replace(person, team_id=TEAM)
    await queue(outbox.store, member, [], clock.now, 0)
    rows = await told(outbox.store, member, clock.now, a_binding(member, clock.now), for_the_team(member, clock.now))
    await outbox.store[DELIVERIES].update_many(
        {}, {"$set": {"rank": 0, "next_at": rows[0].next_at.replace(tzinfo=None)}}
    )
    wecom, feishu = Recorder(), Recorder()
    wecom.name, feishu.name = "wecom_app", "feishu"
    await deliver(outbox, wecom, feishu)
    (own,), (group,) = wecom.messages, feishu.messages
    assert own.bound is not None
    assert group.bound is not None
    assert (own.bound.address, own.bound.meant_for, own.target) == ("robin", None, None)
    assert (group.bound.address, group.bound.secret, group.bound.meant_for) == ("0" * 36, "s" * 22, "Robin")
    assert "robin" not in repr(own)
    assert [(await stored(outbox.store, row)).state for row in rows] == [DeliveryState.SENT] * 2


@pytest.mark.parametrize(
    "change",
    [
        None,
        {"broken_at": datetime(2026, 11, 23, tzinfo=UTC)},
        {"holder_id": "per_somebody_else"},
        {"holder_id": "tea_another"},
    ],
    ids=["ended", "broken", "moved", "of another team"],
)
async def test_nothing_is_sent_to_what_is_bound_no_more(
    outbox: Services, clock: StoppedClock, person: Person, change: dict[str, Any] | None
) -> None:
    await queue(outbox.store, person, [], clock.now, 0)
    (row,) = await told(outbox.store, person, clock.now, binding := a_binding(person, clock.now))
    if change is None:
        await outbox.store[BINDINGS].delete_many({"_id": binding.id})
    else:
        await outbox.store[BINDINGS].update_one({"_id": binding.id}, {"$set": change})
    wecom = Recorder()
    wecom.name = "wecom_app"
    await deliver(outbox, wecom)
    assert wecom.messages == []
    assert (await stored(outbox.store, row)).state is DeliveryState.DEAD_TARGET


@pytest.mark.parametrize("bound_anew", [False, True])
async def test_a_dead_address_is_marked_unless_it_was_bound_anew(
    outbox: Services, clock: StoppedClock, person: Person, bound_anew: bool
) -> None:
    store, member = outbox.store, replace(person, id=PersonId(new_id("per", clock.now)))
    await queue(store, member, [], clock.now, 0)
    (row,) = await told(store, member, clock.now, binding := a_binding(member, clock.now))

    class Dead(Recorder):
        name = "wecom_app"

        async def send(self, _message: Any) -> SendResult:
            if bound_anew:
                await store[BINDINGS].update_one({"_id": binding.id}, {"$set": {"address": "another"}})
            return SendResult(Outcome.DEAD_TARGET, "60111")

    await deliver(outbox, Dead())
    assert (await stored(store, row)).state is DeliveryState.DEAD_TARGET
    after = await store[BINDINGS].find_one({"_id": binding.id})
    assert after is not None
    assert ("broken_at" in after) is not bound_anew

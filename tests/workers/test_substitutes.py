"""Who is told instead: the deputy or the next level of who is away, the next level of whom nothing reaches."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from domain.deliveries import DeliveryState
from domain.ids import LeadId, new_id
from domain.notices import Notice, NoticeKind, Priority, make_notice, step_key
from resolvers.services import Services
from storage.clocks import COLLECTION as CLOCKS
from storage.codec import encode
from storage.devices import COLLECTION as DEVICES
from storage.outbox import DELIVERIES, NOTICES, Outbox, registered_devices
from storage.store import Store
from tests.conftest import START, StoppedClock
from tests.support.absences import record_absence
from tests.support.client import new_key
from tests.support.leads import ASSIGN, create_lead
from tests.support.outbox import a_device
from tests.support.world import Member, World
from workers.sla_watch import watch_once
from workers.unheard import BACK, Unheard

INBOX = "{ notices { nodes { id kind title lead { id } takenOnBy { id } acknowledgedAt } } }"
ACKNOWLEDGE = "mutation ($key: String!, $id: ID!) { acknowledgeNotice(clientKey: $key, id: $id) { __typename } }"
PHONES = Outbox(("fcm",), registered_devices)


async def inbox(member: Member) -> list[dict[str, Any]]:
    nodes: list[dict[str, Any]] = (await member.api.first(INBOX))["nodes"]
    return nodes


async def kinds(member: Member) -> list[str]:
    return [each["kind"] for each in await inbox(member)]


async def a_phone(store: Store, member: Member) -> str:
    device = a_device(member.person, START + timedelta(days=2))
    await store[DEVICES].insert_one(encode(device))
    return device.id


async def assigned(world: World, owner: Member) -> str:
    """A lead that the manager gives to the owner."""
    lead = await create_lead(world.manager)
    await world.manager.api.first(ASSIGN, key=new_key(), id=lead["id"], owner=owner.id)
    return str(lead["id"])


async def away(world: World, member: Member, deputy: Member | None) -> None:
    given = {} if deputy is None else {"deputyId": deputy.id}
    answer = await record_absence(world.manager, member.id, fromAt=START, untilAt=START + timedelta(days=7), **given)
    assert answer["__typename"] == "Person", answer


async def pushed(store: Store, world: World) -> set[str]:
    """To whom anything is sent."""
    return {each["owner_id"] for each in await store[DELIVERIES].find({"org_id": world.org_id}, limit=99)}


@pytest.mark.parametrize("deputy", ["second_rep", None])
async def test_a_lead_of_somebody_away_is_told_to_who_works_for_them(
    world: World, store: Store, deputy: str | None
) -> None:
    await away(world, world.rep, getattr(world, deputy) if deputy else None)
    lead_id = await assigned(world, world.rep)
    other = world.second_rep if deputy else world.manager
    (told,) = await inbox(other)
    assert (told["kind"], told["title"]) == ("LEAD_ASSIGNED", "For an absent colleague: New lead")
    assert told["lead"] == {"id": lead_id}
    (own,) = await inbox(world.rep)
    assert (own["kind"], own["title"]) == ("LEAD_ASSIGNED", "New lead"), "for the day of the return"
    assert await pushed(store, world) == {other.id}
    await other.api.first(ACKNOWLEDGE, key=new_key(), id=told["id"])
    assert (await inbox(world.rep))[0]["takenOnBy"] is not None


async def test_who_is_at_work_is_told_alone(world: World, store: Store) -> None:
    await assigned(world, world.rep)
    assert await kinds(world.rep) == ["LEAD_ASSIGNED"]
    assert await pushed(store, world) == {world.rep.id}
    for member in (world.second_rep, world.manager, world.director):
        assert await kinds(member) == []


@pytest.mark.parametrize(
    ("phones", "told"),
    [
        (("rep", "manager"), {"manager": []}),
        (("manager",), {"manager": ["RECIPIENT_UNREACHABLE"], "director": []}),
        (("director",), {"manager": [], "director": ["RECIPIENT_UNREACHABLE"]}),
        ((), {"manager": ["RECIPIENT_UNREACHABLE"], "director": []}),
    ],
)
async def test_nobody_reachable_is_escalated_at_once(
    world: World,
    services: Services,
    store: Store,
    clock: StoppedClock,
    phones: tuple[str, ...],
    told: dict[str, list[str]],
) -> None:
    await store[CLOCKS].delete_many({})
    for name in phones:
        await a_phone(store, getattr(world, name))
    lead = await create_lead(world.rep, ownerId=world.rep.id)
    clock.advance(hours=18)
    assert await watch_once(replace(services, outbox=PHONES), "one") == 1
    assert await kinds(world.rep) == ["SLA_REMINDER"]
    for name, expected in told.items():
        nodes = await inbox(getattr(world, name))
        assert [each["kind"] for each in nodes] == expected
        assert {each["lead"]["id"] for each in nodes} <= {lead["id"]}


async def test_a_superior_who_is_told_the_same_is_not_told_twice(
    world: World, services: Services, store: Store, clock: StoppedClock
) -> None:
    await store[CLOCKS].delete_many({})
    await a_phone(store, world.manager)
    await create_lead(world.rep, ownerId=world.rep.id)
    clock.advance(hours=24)
    await watch_once(replace(services, outbox=PHONES), "one")
    assert await kinds(world.manager) == ["SLA_BREACHED"]


def a_reminder(world: World, clock: StoppedClock) -> Notice:
    clock_id: Any = new_id("clk", START)
    return make_notice(
        world.org_id,
        world.rep.id,
        NoticeKind.SLA_REMINDER,
        Priority.HIGH,
        step_key(clock_id, 1, 75),
        clock.now,
        lead_id=LeadId(new_id("led", START)),
        facts={"metric": "LEAD_FIRST_CONTACT"},
    )


async def set_states(store: Store, notice: Notice, *states: DeliveryState) -> None:
    rows = await store[DELIVERIES].find({"notice_id": notice.id}, order=[("_id", 1)], limit=9)
    for row, state in zip(rows, states, strict=True):
        await store[DELIVERIES].update_one({"_id": row["_id"]}, {"$set": {"state": state.value}})


@pytest.mark.parametrize(
    ("states", "told"),
    [
        ((DeliveryState.DEAD_TARGET, DeliveryState.EXPIRED), True),
        ((DeliveryState.DEAD_TARGET, DeliveryState.PENDING), False),
        ((DeliveryState.DEAD_TARGET, DeliveryState.SENT), False),
        ((DeliveryState.DEAD_TARGET, DeliveryState.CANCELLED), False),
    ],
)
async def test_a_notice_whose_every_delivery_ended_is_told_to_the_next_level(
    world: World, services: Services, store: Store, clock: StoppedClock, states: tuple[DeliveryState, ...], told: bool
) -> None:
    await store[DELIVERIES].delete_many({})
    for member in (world.rep, world.rep, world.manager):
        await a_phone(store, member)
    reminder, unheard = a_reminder(world, clock), Unheard(replace(services, outbox=PHONES))
    await PHONES.write(store, [reminder], clock.now)
    await set_states(store, reminder, *states)
    assert await unheard.look() == told
    assert await kinds(world.manager) == ["RECIPIENT_UNREACHABLE"] * told
    for again in (unheard, Unheard(replace(services, outbox=PHONES))):
        assert await again.look() == 0, "once, whichever worker looks"
    if DeliveryState.PENDING in states:
        await set_states(store, reminder, DeliveryState.DEAD_TARGET, DeliveryState.POISON)
        assert await unheard.look() == 1


async def test_ends_of_more_than_an_hour_ago_are_left_alone(
    world: World, services: Services, store: Store, clock: StoppedClock
) -> None:
    await store[DELIVERIES].delete_many({})
    for member in (world.rep, world.manager):
        await a_phone(store, member)
    reminder = a_reminder(world, clock)
    await PHONES.write(store, [reminder], clock.now)
    await set_states(store, reminder, DeliveryState.DEAD_TARGET)
    clock.advance(seconds=BACK.total_seconds())
    assert await Unheard(replace(services, outbox=PHONES)).look() == 0
    assert await store[NOTICES].count({"kind": "RECIPIENT_UNREACHABLE", "org_id": world.org_id}, limit=9) == 0

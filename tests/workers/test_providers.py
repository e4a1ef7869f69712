"""From the outbox to every provider: the channels that settings open, over the stand-ins of one command."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from typing import Any

import pytest

from domain.bindings import BoundChannel
from domain.deliveries import Delivery, DeliveryState
from domain.devices import Device
from domain.ids import LeadId, TeamId, new_id
from domain.notices import NoticeKind, Priority, event_key, make_notice
from domain.people import Person
from push.channel import Channel
from resolvers.services import Services
from storage.bindings import COLLECTION as BINDINGS
from storage.bindings import bindings_of
from storage.codec import decode, encode
from storage.outbox import DELIVERIES, Outbox, registered_devices
from tests.conftest import StoppedClock
from tests.support.bindings import ROBOT, a_binding
from tests.support.outbox import NO_STORM, queue
from tests.support.providers import Providers
from tests.support.senders import deliver
from tests.support.web_push_service import keys_of
from wiring.services import open_push
from wiring.settings import Settings
from workers.push_rooms import SharedRooms

TEAM = TeamId("tea_00000000-0000-4000-8000-000000000002")


@pytest.fixture(scope="module")
def providers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Providers]:
    """All services."""
    started = Providers(tmp_path_factory.mktemp("providers")).start()
    yield started
    started.stop()


@pytest.fixture
async def channels(providers: Providers, settings: Settings, outbox: Services) -> AsyncIterator[dict[str, Channel]]:
    """What a worker with the printed settings opens, but for the console."""
    given: dict[str, Any] = {name.lower(): value for name, value in providers.settings().items()}
    with_them = Settings(data=settings.data, mongodb_uri=settings.mongodb_uri, **given)
    opened = open_push(with_them, SharedRooms(outbox.store, outbox.clock))
    yield opened
    for channel in opened.values():
        await channel.close()


async def notify(services: Services, channels: dict[str, Channel], person: Person, channel: str) -> DeliveryState:
    """Tells the person over one channel; where the delivery stands afterwards."""
    store, now = services.store, services.clock()
    key, lead_id = event_key(NoticeKind.SLA_BREACHED, new_id("x", now)), LeadId(new_id("led", now))
    notice = make_notice(person.org_id, person.id, NoticeKind.SLA_BREACHED, Priority.HIGH, key, now, lead_id=lead_id)
    await Outbox((channel,), registered_devices, bindings_of, NO_STORM).write(store, [notice], now)
    await deliver(services, *channels.values())
    (found,) = await store[DELIVERIES].find({"notice_id": notice.id}, limit=2)
    return decode(Delivery, found).state


async def test_every_channel_reaches_its_people(
    outbox: Services,
    clock: StoppedClock,
    person: Person,
    device: Device,
    providers: Providers,
    channels: dict[str, Channel],
) -> None:
    assert list(channels) == ["wecom_app", "fcm", "web_push", "wecom_bot", "dingtalk", "feishu", "lark"]
    member = replace(person, team_id=TEAM)
    await queue(outbox.store, member, [device], clock.now, 0)
    browser = providers.web_push.subscribe()
    keys = keys_of(browser)

    given: list[dict[str, Any]] = [
        {"channel": BoundChannel.WECOM_APP, "address": "wang.min"},
        {"channel": BoundChannel.WECOM_BOT, "address": ROBOT, "holder_id": TEAM},
        {"channel": BoundChannel.DINGTALK, "address": "a1" * 32, "holder_id": TEAM, "secret": "SEC" + "0f" * 32},
        {"channel": BoundChannel.FEISHU, "address": ROBOT, "secret": "s3cr3tS3cr3t"},
        {"channel": BoundChannel.LARK, "address": ROBOT},
        {
            "channel": BoundChannel.WEB_PUSH,
            "address": browser.endpoint,
            "secret": keys["secret"],
            "public_key": keys["publicKey"],
        },
    ]
    bindings = [a_binding(member, clock.now, **each) for each in given]
    await outbox.store[BINDINGS].insert_many([encode(each) for each in bindings])
    states = {name: await notify(outbox, channels, member, name) for name in channels}
    assert states == dict.fromkeys(channels, DeliveryState.SENT)
    texts = {each.service: each.text for each in providers.im.shown()}
    assert set(texts) == {"wecom_app", "wecom_bot", "dingtalk", "feishu"}
    assert texts["wecom_app"].startswith("Overdue: ")
    assert texts["dingtalk"].startswith("[Robin] Overdue: ")
    assert providers.web_push.shown[0].message["title"].startswith("Overdue: ")
    assert [each.target for each in providers.fcm.accepted()] == [device.token]
    assert len(providers.arrived()) == 7

    # An address that ends is marked, and the next notice does not go there.
    providers.web_push.browsers.clear()
    assert await notify(outbox, channels, member, "web_push") is DeliveryState.DEAD_TARGET
    kept = await outbox.store[BINDINGS].find_one({"_id": bindings[-1].id})
    assert kept is not None
    assert "broken_at" in kept
    (still,) = (await bindings_of(outbox.store, member.org_id, [member.id])).values()
    assert {each.id for each in still} == {each.id for each in bindings[:-1]}


async def test_a_robot_that_had_its_share_waits_and_loses_nothing(
    outbox: Services, clock: StoppedClock, person: Person, providers: Providers, channels: dict[str, Channel]
) -> None:
    await queue(outbox.store, person, [], clock.now, 0)
    providers.im.ledger.clear()
    address = new_id("robot", clock.now)
    robot = a_binding(person, clock.now, channel=BoundChannel.WECOM_BOT, address=address)
    await outbox.store[BINDINGS].insert_many([encode(robot)])
    states = [await notify(outbox, channels, person, "wecom_bot") for _ in range(7)]
    assert states == [DeliveryState.SENT] * 5 + [DeliveryState.PENDING] * 2
    clock.advance(seconds=20)
    await deliver(outbox, *channels.values())
    assert len(providers.im.shown(robot.address)) == 7
    assert {each.answer for each in providers.im.ledger} == {0}

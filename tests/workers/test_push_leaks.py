"""What a worker process writes into its log at the chattiest level, and what leaves it, while providers misbehave."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from domain.bindings import Binding, BoundChannel
from domain.deliveries import FINAL, DeliveryState
from domain.ids import LeadId, OrgId, TeamId, new_id
from domain.notices import NoticeKind, Priority, event_key, make_notice
from storage.bindings import COLLECTION as BINDINGS
from storage.bindings import bindings_of
from storage.codec import encode
from storage.devices import COLLECTION as DEVICES
from storage.driver import connect
from storage.indexes import create_indexes
from storage.outbox import DELIVERIES, Outbox, registered_devices
from storage.people import insert_person
from storage.store import Store
from tests.support.bindings import a_binding
from tests.support.fcm_faults import FaultKind
from tests.support.im_server import SECRET, ImFaultKind
from tests.support.outbox import NO_STORM, a_device, a_person
from tests.support.providers import Providers
from tests.support.web_push_service import keys_of
from tests.support.workers import a_worker, until
from wiring.clock import system_clock

CUSTOMER = "Harbour Bakery"
ROBOTS = {BoundChannel.WECOM_BOT: "w0" * 16, BoundChannel.DINGTALK: "d0" * 32, BoundChannel.FEISHU: "f0" * 16}
SIGNS = "SEC" + "5e" * 32


@pytest.fixture(scope="module")
def providers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Providers]:
    """All services."""
    started = Providers(tmp_path_factory.mktemp("providers")).start()
    yield started
    started.stop()


@pytest.fixture
def database() -> str:
    """A name nobody uses."""
    return f"fieldbeat_{new_id('leaks', system_clock()())[-26:]}"


@pytest.fixture
async def store(mongo_uri: str, database: str) -> AsyncIterator[Store]:
    """A database of its own."""
    opened = Store(connect(mongo_uri, database))
    await create_indexes(opened)
    yield opened
    await opened.database.close()


async def test_no_address_key_or_customer_gets_out(
    store: Store, mongo_uri: str, database: str, providers: Providers, tmp_path: Path
) -> None:
    now = system_clock()()
    person = a_person(OrgId(new_id("org", now)), now, team_id=TeamId(new_id("tea", now)))
    device, browser = a_device(person, now), providers.web_push.subscribe()
    keys = keys_of(browser)
    bindings: list[Binding] = [
        a_binding(person, now, address="wang.min"),
        a_binding(
            person,
            now,
            channel=BoundChannel.WEB_PUSH,
            address=browser.endpoint,
            secret=keys["secret"],
            public_key=keys["publicKey"],
        ),
        *(a_binding(person, now, channel=channel, address=key, secret=SIGNS) for channel, key in ROBOTS.items()),
        a_binding(person, now, channel=BoundChannel.LARK, address="1a" * 16),
    ]
    await insert_person(store, person)
    await store[DEVICES].insert_one(encode(device))
    await store[BINDINGS].insert_many([encode(each) for each in bindings])
    for channel in ("fcm", *(each.channel_name for each in BoundChannel)):
        lead_id = LeadId(new_id("led", now))
        key = event_key(NoticeKind.SLA_BREACHED, lead_id, channel)
        facts = {"name": CUSTOMER, "phone": "+86 13900000000", "metric": CUSTOMER}
        notice = make_notice(
            person.org_id, person.id, NoticeKind.SLA_BREACHED, Priority.HIGH, key, now, lead_id=lead_id, facts=facts
        )
        await Outbox((channel,), registered_devices, bindings_of, NO_STORM).write(store, [notice], now)
    providers.fcm.fail(FaultKind.RESET, times=1)
    providers.web_push.answers[browser.endpoint] = [(500, {})]
    for fault in (ImFaultKind.RESET, ImFaultKind.HTML, ImFaultKind.TOKEN_CODE, ImFaultKind.STALE_TOKEN):
        providers.im.fail(fault, times=1)
    providers.im.fail(ImFaultKind.CODE, address="1a" * 16, code=19001)

    async def ended() -> bool:
        rows = await store[DELIVERIES].find({}, limit=20)
        return len(rows) == 7 and all(DeliveryState(each["state"]) in FINAL for each in rows)

    environment = os.environ | {
        "MONGODB_URI": mongo_uri,
        "MONGODB_DATABASE": database,
        "DATA": str(tmp_path),
        "LOG_LEVEL": "DEBUG",
        "PUSH_POLL_S": "0.1",
        "PUSH_BACKOFF_BASE_S": "0.1",
        **providers.settings(),
    }
    with a_worker(environment):
        await until(ended)
    log = (tmp_path / "workers.log").read_text(encoding="utf-8")
    assert "delivery_not_sent" in log
    assert "binding_broken" in log
    secret = {
        *ROBOTS.values(),
        "1a" * 16,
        "wang.min",
        SIGNS,
        SECRET,
        *providers.im.tokens,
        *providers.fcm.issued,
        str(device.token),
        browser.endpoint,
        keys["secret"],
        keys["publicKey"],
        CUSTOMER,
        "13900000000",
    }
    assert [each for each in secret if each in log] == []
    left = [each.text for each in providers.im.ledger] + [str(each.message) for each in providers.web_push.shown]
    left += [str(each.message) for each in providers.fcm.ledger]
    assert len(providers.im.shown()) == 4
    assert not [each for each in left if CUSTOMER in each or "13900000000" in each or SIGNS in each]

"""A database of their own for tests that claim from queues, and the FCM stand-in with channels to it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from domain.devices import Device
from domain.ids import OrgId
from domain.people import Person
from push.fcm import FcmChannel
from push.google_oauth import ServiceAccount
from resolvers.services import Services
from storage.devices import COLLECTION as DEVICES
from storage.driver import connect
from storage.indexes import create_indexes
from storage.outbox import DELIVERIES, NOTICES
from storage.people import PEOPLE
from storage.store import Store
from tests.conftest import StoppedClock
from tests.support.fcm_server import FcmServer
from tests.support.outbox import a_device, a_person
from tests.support.reads_counter import ReadsCounter

ORG = OrgId("org_00000000-0000-4000-8000-000000000001")


@pytest.fixture(scope="session")
def counter() -> ReadsCounter:
    return ReadsCounter()


@pytest.fixture(scope="session")
async def empty(mongo_uri: str, counter: ReadsCounter) -> AsyncIterator[Store]:
    store = Store(connect(mongo_uri, "fieldbeat_push_tests", listeners=[counter]))
    await create_indexes(store)
    yield store
    await store.database.close()


@pytest.fixture
async def outbox(empty: Store, services: Services, clock: StoppedClock) -> Services:
    """Services on a database in which nothing is queued."""
    for collection in (NOTICES, DELIVERIES, DEVICES, PEOPLE):
        await empty[collection].delete_many({})
    return replace(services, store=empty)


@pytest.fixture(scope="session")
def fcm() -> Iterator[FcmServer]:
    server = FcmServer().start()
    yield server
    server.stop()


@pytest.fixture
def account(fcm: FcmServer, tmp_path: Path) -> ServiceAccount:
    fcm.reset()
    return ServiceAccount.from_file(fcm.write_credentials(tmp_path / "account.json"))


@pytest.fixture
async def channel(fcm: FcmServer, account: ServiceAccount) -> AsyncIterator[FcmChannel]:
    opened = FcmChannel(account, lambda: datetime.now(UTC), base_url=fcm.base_url, timeout_s=10.0)
    yield opened
    await opened.close()


@pytest.fixture
async def impatient(fcm: FcmServer, account: ServiceAccount) -> AsyncIterator[FcmChannel]:
    opened = FcmChannel(account, lambda: datetime.now(UTC), base_url=fcm.base_url, timeout_s=2.0)
    yield opened
    await opened.close()


@pytest.fixture
def person(clock: StoppedClock) -> Person:
    return a_person(ORG, clock.now)


@pytest.fixture
def device(person: Person, clock: StoppedClock) -> Device:
    return a_device(person, clock.now)

"""Real worker processes from a due SLA clock to FCM's ledger: killed in between, and two at once."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from domain.access import Role
from domain.accounts import Tier
from domain.deliveries import Delivery, DeliveryState
from domain.ids import ClockId, LeadId, OrgId, TeamId, new_id
from domain.leads import Lead, StageKind
from domain.people import Organization, Person, Team
from resolvers import sla
from storage.clocks import COLLECTION as CLOCKS
from storage.clocks import encode_clock, list_clocks
from storage.codec import decode, encode
from storage.devices import COLLECTION as DEVICES
from storage.driver import connect
from storage.indexes import create_indexes
from storage.leads import COLLECTION as LEADS
from storage.leads import insert_lead
from storage.outbox import DELIVERIES, NOTICES
from storage.people import insert_organization, insert_person, insert_team
from storage.store import Store
from tests.support.fcm_faults import FaultKind
from tests.support.fcm_server import FcmServer
from tests.support.outbox import a_device, a_person
from tests.support.workers import a_worker as worker_process
from tests.support.workers import until
from wiring.clock import system_clock

DAY_S = 86_400


@dataclass(frozen=True)
class Field:
    """An organization in a database of its own, and FCM; `environment` is that of a worker a little over a day on."""

    store: Store
    fcm: FcmServer
    environment: dict[str, str]
    rep: Person
    manager: Person

    async def deliveries(self) -> list[Delivery]:
        """All rows of the outbox."""
        return [decode(Delivery, each) for each in await self.store[DELIVERIES].find({}, limit=1_000)]

    async def lead(self) -> Lead:
        """A lead of the rep whose first contact was promised within 24 h from now."""
        now = system_clock()()
        lead = Lead(
            id=LeadId(new_id("led", now)),
            org_id=self.rep.org_id,
            name="Harbour Bakery",
            stage="NEW",
            stage_kind=StageKind.OPEN,
            tier=Tier.B,
            owner_id=self.rep.id,
            team_id=self.rep.team_id,
            occurred_at=now,
            created_at=now,
            updated_at=now,
        )
        promised = await sla.assigned(self.store, lead, now)
        await insert_lead(self.store, promised)
        return promised

    async def leads(self, count: int) -> list[Lead]:
        """Many such leads, written in one go."""
        pattern = await self.lead()
        (record,) = await list_clocks(self.store, pattern.id)
        now = pattern.created_at
        more = [replace(pattern, id=LeadId(new_id("led", now))) for _ in range(count - 1)]
        clocks = [replace(record, id=ClockId(new_id("clk", now)), lead_id=lead.id) for lead in more]
        await self.store[LEADS].insert_many([encode(lead) for lead in more])
        await self.store[CLOCKS].insert_many([encode_clock(each) for each in clocks])
        return [pattern, *more]


@pytest.fixture
async def field(mongo_uri: str, fcm: FcmServer, tmp_path: Path) -> AsyncIterator[Field]:
    fcm.reset()
    now = system_clock()()
    database = f"fieldbeat_{new_id('workers', now)[-26:]}"
    store = Store(connect(mongo_uri, database))
    await create_indexes(store)
    org_id, team_id = OrgId(new_id("org", now)), TeamId(new_id("tea", now))
    manager = a_person(org_id, now, role=Role.MANAGER, team_id=team_id, locale="zh-CN")
    rep = a_person(org_id, now, team_id=team_id)
    await insert_organization(store, Organization(org_id, "Field", "Asia/Shanghai", "en", now))
    await insert_team(store, Team(team_id, org_id, "North", None, manager.id, now))
    for person in (manager, rep):
        await insert_person(store, person)
    await store[DEVICES].insert_one(encode(a_device(rep, now)))
    environment = os.environ | {
        "MONGODB_URI": mongo_uri,
        "MONGODB_DATABASE": database,
        "DATA": str(tmp_path),
        "CLOCK_OFFSET_S": str(DAY_S + 5),
        "FCM_BASE_URL": fcm.base_url,
        "FCM_CREDENTIALS": str(fcm.write_credentials(tmp_path / "account.json")),
        "SLA_POLL_S": "0.1",
        "PUSH_POLL_S": "0.5",
        "PUSH_LEASE_CHECK_S": "0.2",
        "PUSH_BACKOFF_BASE_S": "1",
        "PUSH_SINGLES": "1000",
    }
    yield Field(store, fcm, environment, rep, manager)
    await store.database.close()


@contextmanager
def a_worker(field: Field, **settings: str) -> Iterator[subprocess.Popen[bytes]]:
    """A worker process on the field's database."""
    with worker_process(field.environment | settings) as process:
        yield process


async def end(process: subprocess.Popen[bytes]) -> None:
    """SIGTERM must end it orderly."""
    process.send_signal(signal.SIGTERM)
    assert await asyncio.to_thread(process.wait, 20) == 0


@pytest.mark.parametrize(
    ("fault", "left_as"), [(FaultKind.HANG, DeliveryState.LEASED), (FaultKind.UNAVAILABLE, DeliveryState.PENDING)]
)
async def test_push_arrives_once_after_the_worker_was_killed_between_breach_and_push(
    field: Field, fault: FaultKind, left_as: DeliveryState
) -> None:
    await field.store[DEVICES].insert_one(encode(a_device(field.manager, field.manager.created_at)))
    lead = await field.lead()
    field.fcm.fail(fault)

    async def tried() -> bool:
        rows = await field.deliveries()
        return len(field.fcm.ledger) >= 2 and [row.state for row in rows] == [left_as, left_as]

    with a_worker(field, PUSH_LEASE_S="4") as first:
        await until(tried)
        first.send_signal(signal.SIGKILL)
        first.wait()
    assert field.fcm.accepted() == []
    notices = await field.store[NOTICES].find({}, limit=10)
    assert {each["owner_id"] for each in notices} == {field.rep.id, field.manager.id}
    assert {each["lead_id"] for each in notices} == {lead.id}
    left = await field.deliveries()
    assert [row.state for row in left] == [left_as, left_as]
    assert all(str(first.pid) in (row.lease_owner or "") for row in left if left_as is DeliveryState.LEASED)

    field.fcm.faults.clear()

    async def all_sent() -> bool:
        return {row.state for row in await field.deliveries()} == {DeliveryState.SENT}

    with a_worker(field, PUSH_LEASE_S="4") as second:
        await until(all_sent)
        await end(second)
    assert Counter(entry.msg_key for entry in field.fcm.accepted()) == Counter(row.id for row in left)
    titles = {(entry.message or {})["notification"]["title"] for entry in field.fcm.accepted()}
    assert titles == {"Overdue: first contact", "首次联系已超时"}
    after = await field.deliveries()
    assert all(row.attempts >= 2 and row.lease_owner is None for row in after)
    assert len(await field.store[NOTICES].find({}, limit=10)) == 2


async def test_two_workers_and_200_due_clocks_breach_once_and_push_once_each(field: Field) -> None:
    leads = await field.leads(200)

    async def all_sent() -> bool:
        sent = await field.store[DELIVERIES].count({"state": DeliveryState.SENT.value}, limit=1_000)
        return sent >= len(leads)

    with a_worker(field) as one, a_worker(field) as two:
        await until(all_sent, 150)  # a busy machine is slow: the embedded database sets the pace
        await asyncio.gather(end(one), end(two))
    notices = await field.store[NOTICES].find({}, limit=1_000)
    assert Counter((each["kind"], each["lead_id"], each["owner_id"]) for each in notices) == Counter(
        ("SLA_BREACHED", lead.id, person.id) for lead in leads for person in (field.rep, field.manager)
    )
    clocks = await field.store[CLOCKS].find({}, limit=1_000)
    assert {sum(event["kind"] == "BREACH_DETECTED" for event in each["log"]) for each in clocks} == {1}
    rows = await field.deliveries()
    assert Counter(row.state for row in rows) == {DeliveryState.SENT: 200}
    assert Counter(entry.msg_key for entry in field.fcm.ledger) == Counter(str(row.id) for row in rows)
    assert len({row.notice_id for row in rows}) == 200

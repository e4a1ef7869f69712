"""Real worker processes from a due SLA clock to FCM's ledger: killed in between, and two at once."""

from __future__ import annotations

import asyncio
import signal
import subprocess
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from domain.deliveries import DeliveryState
from storage.clocks import COLLECTION as CLOCKS
from storage.codec import encode
from storage.devices import COLLECTION as DEVICES
from storage.outbox import DELIVERIES, NOTICES
from tests.support.fcm_faults import FaultKind
from tests.support.fcm_server import FcmServer
from tests.support.outbox import a_device
from tests.support.push_field import Field, a_field
from tests.support.workers import a_worker as worker_process
from tests.support.workers import until


@pytest.fixture
async def field(mongo_uri: str, fcm: FcmServer, tmp_path: Path) -> AsyncIterator[Field]:
    async with a_field(mongo_uri, fcm, tmp_path) as made:
        yield made


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

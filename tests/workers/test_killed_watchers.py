"""Watchers killed before any of their commands: nothing is lost, nothing is told twice, nobody waits for the dead."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from bson import Binary, Int64
from pymongo import MongoClient
from pymongo.errors import OperationFailure

from domain import sla
from domain.access import Role
from domain.accounts import Tier
from domain.ids import ClockId, LeadId, OrgId, PersonId, TeamId, new_id
from domain.leads import Lead, StageKind
from domain.notices import NoticeKind
from domain.people import Organization, Team
from resolvers.clocks import summed
from resolvers.services import Services
from storage.clocks import COLLECTION as CLOCKS
from storage.clocks import ClockRecord, encode_clock
from storage.driver import connect
from storage.indexes import create_indexes
from storage.leads import COLLECTION as LEADS
from storage.leads import insert_lead
from storage.outbox import DELIVERIES, NOTICES
from storage.people import insert_organization, insert_person, insert_team
from storage.store import Store
from tests.conftest import START, StoppedClock
from tests.support.outbox import a_person
from workers.sla_watch import SlaWatch, fire_clock

ROOT = Path(__file__).parents[2]
POLICY = sla.DEFAULT_POLICIES[sla.Metric.LEAD_FIRST_CONTACT]
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Promises:
    """An organization in a database of its own."""

    store: Store
    name: str
    org_id: OrgId
    team_id: TeamId
    people: dict[str, PersonId]

    async def due(self, at: datetime, count: int) -> list[ClockId]:
        """Leads of the rep whose first contact is due at this time."""
        ids, owner_id = [], self.people["rep"]
        for _ in range(count):
            started_at = at - DAY
            lead = Lead(
                id=LeadId(new_id("led", started_at)),
                org_id=self.org_id,
                name="Harbour Bakery",
                stage="NEW",
                stage_kind=StageKind.OPEN,
                tier=Tier.B,
                owner_id=owner_id,
                team_id=self.team_id,
                occurred_at=started_at,
                created_at=started_at,
                updated_at=started_at,
            )
            clock = sla.Clock(POLICY)
            clock = sla.appended(clock, sla.start(clock, started_at, started_at, owner_id, lead.id))
            clock_id = ClockId(new_id("clk", started_at))
            record = ClockRecord(
                clock_id, self.org_id, lead.id, owner_id, self.team_id, clock, started_at, started_at, version=1
            )
            await insert_lead(self.store, summed(lead, [record]))
            await self.store[CLOCKS].insert_one(encode_clock(record))
            ids.append(clock_id)
        return ids

    async def told(self) -> Counter[tuple[str, str, str]]:
        """How often each person was told of each lead."""
        found = await self.store[NOTICES].find({"kind": {"$ne": NoticeKind.DIGEST.value}}, limit=1_000)
        return Counter((each["kind"], each["lead_id"], each["owner_id"]) for each in found)


@pytest.fixture
async def promises(mongo_uri: str) -> AsyncIterator[Promises]:
    name = f"fieldbeat_{new_id('killed', START)[-26:]}"
    store = Store(connect(mongo_uri, name))
    await create_indexes(store)
    org_id, team_id = OrgId(new_id("org", START)), TeamId(new_id("tea", START))
    manager = a_person(org_id, START, role=Role.MANAGER, team_id=team_id)
    rep = a_person(org_id, START, team_id=team_id)
    await insert_organization(store, Organization(org_id, "Field", "Asia/Shanghai", "en", START))
    await insert_team(store, Team(team_id, org_id, "North", None, manager.id, START))
    for person in (manager, rep):
        await insert_person(store, person)
    yield Promises(store, name, org_id, team_id, {"rep": rep.id, "manager": manager.id})
    await store.database.close()


def end_transaction(mongo_uri: str, left: dict[str, Any]) -> None:
    """What the server does with the transaction of a dead client after a minute."""
    with MongoClient[dict[str, Any]](mongo_uri) as client, client.start_session() as session:
        session._materialize()
        session._server_session.session_id = {"id": Binary(bytes.fromhex(left["session"]), 4)}
        abort = {"abortTransaction": 1, "txnNumber": Int64(left["number"]), "autocommit": False}
        # It died before the first command of its transaction had reached the server.
        with suppress(OperationFailure):
            client.admin.command(abort, session=session)


async def test_a_watcher_killed_before_any_command_loses_nothing_and_doubles_nothing(
    promises: Promises, mongo_uri: str, tmp_path: Path
) -> None:
    clocks = [
        clock_id for minute in range(1, 40) for clock_id in await promises.due(START + timedelta(minutes=minute), 2)
    ]
    environment = os.environ | {
        "MONGODB_URI": mongo_uri,
        "MONGODB_DATABASE": promises.name,
        "DATA": str(tmp_path),
        "WATCH_FROM": START.isoformat(),
        "PUSH_CHANNELS": "console",
        "PUSH_SINGLES": "0",
    }
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.support.killed_watchers", env=environment, cwd=ROOT, stdin=pipe, stdout=pipe
    )
    assert process.stdin is not None
    assert process.stdout is not None
    points: list[dict[str, Any]] = []
    while line := await asyncio.wait_for(process.stdout.readline(), 60):
        left = json.loads(line)
        if left is None:
            break
        points.append(left)
        if left["within"]:
            await asyncio.to_thread(end_transaction, mongo_uri, left)
        process.stdin.write(b"\n")
        await process.stdin.drain()
    assert await asyncio.wait_for(process.wait(), 60) == 0

    commands = [each["command"] for each in points]
    assert commands[:2] == ["find clocks", "find clocks"]
    assert {"update clocks", "update leads", "insert notices", "insert deliveries"} <= set(commands)
    # The second clock of the same look is begun after the first is done.
    assert commands.count("commitTransaction 1") == 2
    done = await promises.store[CLOCKS].find({"_id": {"$in": clocks}, "state": "BREACHED"}, limit=200)
    assert len(done) == 2 * (len(points) + 1)
    for each in done:
        kinds = Counter(event["kind"] for event in each["log"])
        assert kinds == {"STARTED": 1, "BREACH_DETECTED": 1, "STEP_FIRED": 2}, each["_id"]
    leads = {each["lead_id"] for each in done}
    told = await promises.told()
    assert set(told.values()) == {1}
    # Leads whose turn never came were reminded of.
    assert {key for key in told if key[0] != "SLA_REMINDER"} == {
        ("SLA_BREACHED", lead_id, person_id) for lead_id in leads for person_id in promises.people.values()
    }
    rows = await promises.store[DELIVERIES].find({}, limit=1_000)
    notices = await promises.store[NOTICES].find({}, limit=1_000)
    assert Counter(each["notice_id"] for each in rows) == {each["_id"]: 1 for each in notices}
    red = await promises.store[LEADS].find({"red_flag": True}, limit=200)
    assert {each["_id"] for each in red} == leads


async def test_a_clock_that_is_held_by_a_dead_worker_holds_up_no_other(
    promises: Promises, services: Services, clock: StoppedClock
) -> None:
    (held,) = await promises.due(START, 1)
    others = await promises.due(START, 5)
    watch = SlaWatch(replace(services, store=promises.store), "one")
    started, release = asyncio.Event(), asyncio.Event()

    async def never_ends(store: Store) -> None:
        await fire_clock(store, held, clock.now, services.outbox)
        started.set()
        await release.wait()
        raise _GoneError

    dead = asyncio.create_task(promises.store.transaction(never_ends))
    await started.wait()
    fired = 0
    async with asyncio.timeout(60):
        while fired < len(others):
            fired += await watch.look()
    assert not dead.done()
    release.set()
    with pytest.raises(_GoneError):
        await dead
    async with asyncio.timeout(60):
        while fired <= len(others):
            clock.advance(seconds=6)
            fired += await watch.look()
    assert set((await promises.told()).values()) == {1}


async def test_a_clock_that_cannot_be_read_does_not_take_the_place_of_others(
    promises: Promises, services: Services, clock: StoppedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = await promises.due(START - timedelta(hours=1), 3)
    await promises.store[CLOCKS].update_many({"_id": {"$in": broken}}, {"$set": {"log": [{"kind": "UNHEARD_OF"}]}})
    await promises.due(START, 2)
    monkeypatch.setattr("workers.sla_watch.BATCH", 2)
    watch = SlaWatch(replace(services, store=promises.store), "one")
    fired = 0
    async with asyncio.timeout(60):
        while fired < 2:
            fired += await watch.look()


class _GoneError(Exception):
    """The transaction ends without a trace."""

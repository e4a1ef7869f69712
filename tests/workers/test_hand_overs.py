"""Real worker processes that move what belonged to somebody who left: killed between batches, and two at once."""

from __future__ import annotations

import os
import signal
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from domain.access import Actor, Role, Scope
from domain.accounts import Tier
from domain.hand_overs import SETTLES
from domain.ids import ClockId, LeadId, OrgId, TeamId, new_id
from domain.leads import Lead, StageKind
from domain.people import Organization, Person, Team
from resolvers import sla
from resolvers.hand_overs import begin
from storage.clocks import COLLECTION as CLOCKS
from storage.clocks import encode_clock, list_clocks
from storage.codec import encode
from storage.driver import Document, connect
from storage.hand_overs import COLLECTION as HAND_OVERS
from storage.hand_overs import ENTRIES
from storage.indexes import create_indexes
from storage.leads import COLLECTION as LEADS
from storage.leads import insert_lead
from storage.outbox import INBOX_ONLY
from storage.people import PEOPLE, find_person, insert_organization, insert_person, insert_team
from storage.store import Store
from tests.support.outbox import a_person
from tests.support.workers import a_worker, until
from wiring.clock import system_clock

LEADS_OF_ONE = 300


@dataclass(frozen=True)
class Field:
    """A rep with many leads and the manager who takes over, in a database of their own."""

    store: Store
    environment: dict[str, str]
    rep: Person
    manager: Person

    async def start(self) -> None:
        """The rep leaves."""
        now = system_clock()()
        assert self.manager.team_id is not None
        teams = frozenset({self.manager.team_id})
        actor = Actor(self.rep.org_id, self.manager.id, Role.DIRECTOR, self.manager.team_id, teams)

        async def body(store: Store) -> None:
            rep = await find_person(store, Scope.whole_organization(self.rep.org_id), self.rep.id)
            assert rep is not None
            begun = await begin(store, actor, rep, self.manager.id, now, INBOX_ONLY)
            assert isinstance(begun, tuple), begun

        await self.store.transaction(body)

    async def moved(self) -> int:
        """How many leads are the manager's."""
        return await self.store[LEADS].count({"owner_id": self.manager.id}, limit=9_999)

    async def state(self) -> str:
        """Of the rep."""
        person = await self.store[PEOPLE].find_one({"_id": self.rep.id})
        assert person is not None
        return str(person["state"])


@pytest.fixture
async def field(mongo_uri: str, tmp_path: Path) -> AsyncIterator[Field]:
    now = system_clock()()
    database = f"fieldbeat_{new_id('handover', now)[-26:]}"
    store = Store(connect(mongo_uri, database))
    await create_indexes(store)
    org_id, team_id = OrgId(new_id("org", now)), TeamId(new_id("tea", now))
    manager = a_person(org_id, now, role=Role.MANAGER, team_id=team_id)
    rep = a_person(org_id, now, team_id=team_id)
    await insert_organization(store, Organization(org_id, "Field", "Asia/Shanghai", "en", now))
    await insert_team(store, Team(team_id, org_id, "North", None, manager.id, now))
    for person in (manager, rep):
        await insert_person(store, person)
    pattern = Lead(
        id=LeadId(new_id("led", now)),
        org_id=org_id,
        name="Harbour Bakery",
        stage="NEW",
        stage_kind=StageKind.OPEN,
        tier=Tier.B,
        owner_id=rep.id,
        team_id=rep.team_id,
        occurred_at=now,
        created_at=now,
        updated_at=now,
    )
    await insert_lead(store, await sla.assigned(store, pattern, now))
    (record,) = await list_clocks(store, pattern.id)
    more = [replace(pattern, id=LeadId(new_id("led", now))) for _ in range(LEADS_OF_ONE - 1)]
    clocks = [replace(record, id=ClockId(new_id("clk", now)), lead_id=lead.id) for lead in more]
    await store[LEADS].insert_many([encode(lead) for lead in more])
    await store[CLOCKS].insert_many([encode_clock(each) for each in clocks])
    environment = os.environ | {
        "MONGODB_URI": mongo_uri,
        "MONGODB_DATABASE": database,
        "DATA": str(tmp_path),
        "HAND_OVER_POLL_S": "0.1",
        "HAND_OVER_BATCH": "10",
    }
    yield Field(store, environment, rep, manager)
    await store.database.close()


async def nothing_is_lost(field: Field) -> None:
    """Each lead, its clock and the log agree, whatever has moved so far."""
    leads = {each["_id"]: each for each in await field.store[LEADS].find({}, limit=9_999)}
    clocks = await field.store[CLOCKS].find({}, limit=9_999)
    logged = Counter(each["record_id"] for each in await field.store[ENTRIES].find({}, limit=9_999))
    assert len(leads) == len(clocks) == LEADS_OF_ONE
    moved = {key for key, lead in leads.items() if lead["owner_id"] == field.manager.id}
    assert {lead["owner_id"] for lead in leads.values()} <= {field.rep.id, field.manager.id}
    assert logged == Counter(moved)
    for clock in clocks:
        assert clock["owner_id"] == leads[clock["lead_id"]]["owner_id"]
        expected = [field.rep.id, field.manager.id] if clock["lead_id"] in moved else [field.rep.id]
        assert [leg["owner_id"] for leg in clock["legs"]] == expected


async def test_a_worker_killed_between_batches_loses_and_doubles_nothing(field: Field) -> None:
    await field.start()
    # Each is killed a little further on, wherever it happens to be.
    for wanted in (20, 70, 130):

        async def is_under_way(wanted: int = wanted) -> bool:
            return await field.moved() >= wanted

        with a_worker(field.environment) as worker:
            await until(is_under_way)
            worker.send_signal(signal.SIGKILL)
            worker.wait()
        # What the dead worker had begun holds its records until the database ends it, after a minute at the latest.
        await field.store.database.client.admin.command({"killAllSessions": []})
        assert await field.moved() < LEADS_OF_ONE
        await nothing_is_lost(field)
        assert await field.state() == "LEAVING"

    async def is_done() -> bool:
        return await field.state() == "DEACTIVATED"

    later = {"CLOCK_OFFSET_S": str(SETTLES.total_seconds() + 60)}
    async with AsyncExitStack() as both:
        for _ in range(2):
            both.enter_context(a_worker(field.environment | later))
        await until(is_done, 60)
    await nothing_is_lost(field)
    assert await field.moved() == LEADS_OF_ONE
    (done,) = await field.store[HAND_OVERS].find({}, limit=2)
    assert (done["state"], done["leads"]) == ("DONE", LEADS_OF_ONE)


async def test_a_batch_is_one_transaction(field: Field) -> None:
    seen: list[Document] = []
    await field.start()

    async def is_moving() -> bool:
        seen.extend(await field.store[HAND_OVERS].find({}, limit=1))
        return bool(seen[-1]["leads"])

    with a_worker(field.environment | {"HAND_OVER_BATCH": "50"}):
        await until(is_moving)
    assert {each["leads"] % 50 for each in seen} == {0}
    await nothing_is_lost(field)

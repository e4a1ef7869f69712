"""An organization in a database of its own with due promises, and FCM beside it, for tests of worker processes."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from domain import sla as rules
from domain.access import Role
from domain.accounts import Tier
from domain.deliveries import Delivery
from domain.ids import ClockId, LeadId, OrgId, TeamId, new_id
from domain.leads import Lead, StageKind
from domain.people import Organization, Person, Team
from resolvers import sla
from resolvers.clocks import summed
from storage.clocks import COLLECTION as CLOCKS
from storage.clocks import ClockRecord, encode_clock, list_clocks
from storage.codec import decode, encode
from storage.devices import COLLECTION as DEVICES
from storage.driver import connect
from storage.indexes import create_indexes
from storage.leads import COLLECTION as LEADS
from storage.leads import insert_lead
from storage.outbox import DELIVERIES
from storage.people import PEOPLE, insert_organization, insert_person, insert_team
from storage.store import Store
from tests.support.fcm_server import FcmServer
from tests.support.outbox import a_device, a_person
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

    async def many(self, reps: int, each: int) -> list[Person]:
        """So many more reps with two phones, each with as many leads whose first contact is due a day from now."""
        now, policy = self.rep.created_at, rules.DEFAULT_POLICIES[rules.Metric.LEAD_FIRST_CONTACT]
        people = [a_person(self.rep.org_id, now, team_id=self.rep.team_id) for _ in range(reps)]
        phones = [a_device(person, now) for person in people for _ in range(2)]
        leads: list[Lead] = []
        clocks: list[ClockRecord] = []
        for person in people:
            for _ in range(each):
                lead = _a_lead(person, now)
                clock = rules.Clock(policy)
                clock = rules.appended(clock, rules.start(clock, now, now, person.id, lead.id))
                record = ClockRecord(
                    ClockId(new_id("clk", now)),
                    lead.org_id,
                    lead.id,
                    person.id,
                    lead.team_id,
                    clock,
                    now,
                    now,
                    version=1,
                )
                leads.append(summed(lead, [record]))
                clocks.append(record)
        await self.store[PEOPLE].insert_many([encode(person) for person in people])
        await self.store[DEVICES].insert_many([encode(phone) for phone in phones])
        await self.store[LEADS].insert_many([encode(lead) for lead in leads])
        await self.store[CLOCKS].insert_many([encode_clock(clock) for clock in clocks])
        return people

    async def lead(self) -> Lead:
        """A lead of the rep whose first contact was promised within 24 h from now."""
        now = system_clock()()
        lead = _a_lead(self.rep, now)
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


def _a_lead(rep: Person, now: datetime) -> Lead:
    return Lead(
        id=LeadId(new_id("led", now)),
        org_id=rep.org_id,
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


@asynccontextmanager
async def a_field(mongo_uri: str, fcm: FcmServer, folder: Path) -> AsyncIterator[Field]:
    """A rep with a phone, and a manager without one."""
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
        "DATA": str(folder),
        "CLOCK_OFFSET_S": str(DAY_S + 5),
        "FCM_BASE_URL": fcm.base_url,
        "FCM_CREDENTIALS": str(fcm.write_credentials(folder / "account.json")),
        "SLA_POLL_S": "0.1",
        "PUSH_POLL_S": "0.5",
        "PUSH_LEASE_CHECK_S": "0.2",
        "PUSH_BACKOFF_BASE_S": "1",
        "PUSH_SINGLES": "0",
    }
    yield Field(store, fcm, environment, rep, manager)
    await store.database.close()

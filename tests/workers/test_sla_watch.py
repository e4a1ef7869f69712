"""The watcher on a stopped clock: what fires when, who is told, and that two workers tell it once."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from domain.access import Scope
from domain.activities import Activity, ActivityKind, Direction, Evidence
from domain.ids import ActivityId, ClockId, DeviceId, LeadId, PersonId, new_id
from resolvers import sla
from resolvers.services import Services
from storage.clocks import COLLECTION as CLOCKS
from storage.clocks import encode_clock, list_clocks
from storage.codec import encode
from storage.devices import COLLECTION as DEVICES
from storage.driver import Document
from storage.leads import COLLECTION as LEADS
from storage.leads import find_lead, insert_activity
from storage.outbox import DELIVERIES, NOTICES, Outbox, registered_devices
from storage.store import Store
from tests.conftest import StoppedClock
from tests.support.client import new_key
from tests.support.leads import ASSIGN, MOVE, clock_of, create_lead, log_activity, read_lead
from tests.support.outbox import NO_STORM
from tests.support.world import World
from workers.sla_watch import watch_once

FIRST, FOLLOW_UP = "LEAD_FIRST_CONTACT", "LEAD_NEXT_FOLLOWUP"


@pytest.fixture(autouse=True)
async def _only_our_clocks(store: Store, clock: StoppedClock) -> None:
    """Clocks of other tests would fire here."""
    await store[CLOCKS].delete_many({})


async def watch(services: Services, worker: str = "one") -> int:
    """Until nothing is due."""
    fired = 0
    while done := await watch_once(services, worker):
        fired += done
    return fired


async def told(services: Services, world: World) -> list[tuple[str, str, int]]:
    """Kind, recipient and step of every SLA notice of the organization."""
    names = {getattr(world, name).id: name for name in ("rep", "second_rep", "manager", "director")}
    found = await services.store[NOTICES].find(
        {"org_id": world.org_id}, order=[("created_at", 1), ("_id", 1)], limit=900
    )
    rows = [(each["kind"], names[each["owner_id"]], each.get("step", 0)) for each in found]
    return sorted(row for row in rows if row[0] != "LEAD_ASSIGNED")


async def a_lead(world: World, **given: Any) -> str:
    lead_id: str = (await create_lead(world.rep, **given))["id"]
    return lead_id


async def many_leads(services: Services, world: World, count: int) -> list[str]:
    """Leads of the rep with a running first-contact clock, written in one go."""
    now = services.clock()
    pattern = await find_lead(services.store, Scope.whole_organization(world.org_id), await a_lead(world))
    assert pattern is not None
    (record,) = await list_clocks(services.store, pattern.id)
    leads = [replace(pattern, id=LeadId(new_id("led", now))) for _ in range(count - 1)]
    clocks = [replace(record, id=ClockId(new_id("clk", now)), lead_id=lead.id) for lead in leads]
    await services.store[LEADS].insert_many([encode(lead) for lead in leads])
    await services.store[CLOCKS].insert_many([encode_clock(each) for each in clocks])
    return [pattern.id, *(lead.id for lead in leads)]


async def test_watch_breach_exactly_at_24_hours(world: World, services: Services, clock: StoppedClock) -> None:
    lead_id = await a_lead(world)
    clock.advance(hours=17, minutes=59, seconds=59)
    assert await watch(services) == 0
    clock.advance(seconds=1)
    assert await watch(services) == 1
    assert await told(services, world) == [("SLA_REMINDER", "rep", 75)]
    clock.advance(hours=5, minutes=59, seconds=59.999)
    assert await watch(services) == 0
    assert not (await read_lead(world.rep, lead_id))["redFlag"]
    clock.advance(milliseconds=1)
    assert await watch(services) == 1
    assert await told(services, world) == [
        ("SLA_BREACHED", "manager", 100),
        ("SLA_BREACHED", "rep", 100),
        ("SLA_REMINDER", "rep", 75),
    ]
    lead = await read_lead(world.rep, lead_id)
    breached = clock_of(lead, FIRST)
    due_at = "2026-11-24T01:00:00.000Z"
    assert (lead["redFlag"], lead["redSince"], lead["slaDueAt"]) == (True, due_at, due_at)
    assert (breached["state"], breached["breachedAt"], breached["detectedAt"]) == ("BREACHED", due_at, due_at)
    assert await watch(services) == 0


async def test_watch_nothing_when_contacted_a_second_before(
    world: World, services: Services, clock: StoppedClock
) -> None:
    lead_id = await a_lead(world)
    clock.advance(hours=23, minutes=59, seconds=59)
    await log_activity(world.rep, lead_id)
    clock.advance(seconds=1)
    assert await watch(services) == 0
    assert await told(services, world) == []
    assert clock_of(await read_lead(world.rep, lead_id), FIRST)["state"] == "MET"


async def test_watch_contact_exactly_at_due_withdraws_the_breach(
    world: World, services: Services, clock: StoppedClock
) -> None:
    lead_id = await a_lead(world)
    clock.advance(hours=24)
    await watch(services)
    clock.advance(hours=1)
    await log_activity(world.rep, lead_id, occurredAt="2026-11-24T01:00:00Z", evidence="CALL_LOG")
    lead = await read_lead(world.rep, lead_id)
    first = clock_of(lead, FIRST)
    assert (first["state"], first["breachedAt"], lead["redFlag"]) == ("MET", None, False)
    told_of_it = [row for row in await told(services, world) if row[0] == "SLA_WITHDRAWN"]
    assert told_of_it == [("SLA_WITHDRAWN", "manager", 0), ("SLA_WITHDRAWN", "rep", 0)]


async def test_watch_a_late_word_withdraws_a_breach_only_when_a_manager_agrees(
    world: World, other_world: World, services: Services, clock: StoppedClock
) -> None:
    release = """mutation ($key: String!, $id: ID!) { releaseActivity(clientKey: $key, id: $id) {
      __typename ... on Activity { releasedAt releasedBy { id } } ... on Refusal { code } ... on InvalidInput { field }
    } }"""
    lead_id = await a_lead(world)
    clock.advance(hours=25)
    await watch(services)
    declared = await log_activity(world.rep, lead_id, occurredAt="2026-11-23T20:00:00Z")
    doubtful = clock_of(await read_lead(world.rep, lead_id), FIRST)
    assert (doubtful["state"], doubtful["breachedAt"]) == ("MET_LATE", "2026-11-24T01:00:00.000Z")
    assert await world.rep.api.code(release, key=new_key(), id=declared["id"]) == "FORBIDDEN"
    foreign = await other_world.manager.api.first(release, key=new_key(), id=declared["id"])
    assert foreign["code"] == "NOT_FOUND"
    released = await world.manager.api.first(release, key=new_key(), id=declared["id"])
    assert released["releasedBy"] == {"id": world.manager.id}
    proved = clock_of(await read_lead(world.rep, lead_id), FIRST)
    assert (proved["state"], proved["breachedAt"]) == ("MET", None)
    assert [row for row in await told(services, world) if row[0] == "SLA_WITHDRAWN"] == [
        ("SLA_WITHDRAWN", "manager", 0),
        ("SLA_WITHDRAWN", "rep", 0),
    ]
    again = await world.manager.api.first(release, key=new_key(), id=declared["id"])
    assert again["releasedAt"] == released["releasedAt"]
    own = await log_activity(world.manager, lead_id, occurredAt="2026-11-23T20:00:00Z")
    assert (await world.manager.api.first(release, key=new_key(), id=own["id"]))["field"] == "id"


async def test_watch_red_at_72_hours_without_follow_up(world: World, services: Services, clock: StoppedClock) -> None:
    lead_id = await a_lead(world)
    await log_activity(world.rep, lead_id)
    clock.advance(hours=72, milliseconds=-1)
    await watch(services)
    assert await told(services, world) == [("SLA_REMINDER", "rep", 75)]
    clock.advance(milliseconds=1)
    assert await watch(services) == 1
    lead = await read_lead(world.manager, lead_id)
    assert (lead["redFlag"], clock_of(lead, FOLLOW_UP)["state"]) == (True, "BREACHED")
    assert [row for row in await told(services, world) if row[0] == "SLA_BREACHED"] == [
        ("SLA_BREACHED", "manager", 100),
        ("SLA_BREACHED", "rep", 100),
    ]
    clock.advance(hours=1)
    await log_activity(world.rep, lead_id)
    cleared = await read_lead(world.rep, lead_id)
    assert (cleared["redFlag"], cleared["redSince"], clock_of(cleared, FOLLOW_UP)["cycle"]) == (False, None, 2)


async def test_watch_ladder_climbs_and_after_downtime_each_person_hears_once(
    world: World, services: Services, clock: StoppedClock
) -> None:
    await a_lead(world)
    clock.advance(hours=36)
    assert await watch(services) == 1
    assert await told(services, world) == [
        ("SLA_BREACHED", "manager", 100),
        ("SLA_BREACHED", "rep", 100),
        ("SLA_ESCALATED", "director", 150),
    ]
    clock.advance(hours=36)
    assert await watch(services) == 1
    assert ("SLA_REASSIGN_PROPOSED", "manager", 300) in await told(services, world)
    clock.advance(days=30)
    assert await watch(services) == 0
    assert len(await told(services, world)) == 4


async def test_watch_reassigned_lead_tells_the_new_owner(world: World, services: Services, clock: StoppedClock) -> None:
    lead_id = await a_lead(world)
    clock.advance(hours=23)
    await world.manager.api.first(ASSIGN, key=new_key(), id=lead_id, owner=world.second_rep.id)
    clock.advance(hours=1)
    await watch(services)
    assert await told(services, world) == [("SLA_BREACHED", "manager", 100), ("SLA_BREACHED", "second_rep", 100)]


async def test_watch_closed_and_unassigned_leads_stay_silent(
    world: World, services: Services, clock: StoppedClock
) -> None:
    closed = await a_lead(world)
    await world.rep.api.first(MOVE, key=new_key(), id=closed, stage="DISQUALIFIED", reason="no shop")
    await create_lead(world.manager, unassigned=True)
    clock.advance(days=10)
    assert await watch(services) == 0
    assert await told(services, world) == []


async def test_watch_finds_contacts_nobody_told_the_clock(
    world: World, services: Services, clock: StoppedClock
) -> None:
    lead_id = await a_lead(world)
    clock.advance(hours=24)
    written = Activity(
        id=ActivityId(new_id("act", clock.now)),
        org_id=world.org_id,
        lead_id=LeadId(lead_id),
        owner_id=world.rep.id,
        team_id=world.north.id,
        by_id=world.rep.id,
        kind=ActivityKind.CALL,
        direction=Direction.OUTBOUND,
        automatic=False,
        evidence=Evidence.CALL_LOG,
        occurred_at=clock.now - timedelta(hours=4),
        created_at=clock.now,
    )
    await insert_activity(services.store, written)
    await watch(services)
    lead = await read_lead(world.rep, lead_id)
    assert (clock_of(lead, FIRST)["state"], lead["redFlag"]) == ("MET", False)
    assert clock_of(lead, FOLLOW_UP)["state"] == "RUNNING"
    assert await told(services, world) == []


async def test_watch_provisional_visit_stops_and_its_withdrawal_breaches(
    world: World, services: Services, clock: StoppedClock
) -> None:
    lead_id = await a_lead(world)
    store = services.store
    clock.advance(hours=20)
    lead = await find_lead(store, Scope.whole_organization(world.org_id), lead_id)
    assert lead is not None
    source = new_id("vis", clock.now)
    now = clock.now
    await store.transaction(lambda within: sla.record_contact(within, lead, now, source, now, provisional=True))
    clock.advance(hours=10)
    assert await watch(services) == 0
    later = clock.now
    await store.transaction(lambda within: sla.withdraw_contact(within, lead, source, later))
    assert await watch(services) == 1
    shown = await read_lead(world.rep, lead_id)
    breached = clock_of(shown, FIRST)
    assert (breached["breachedAt"], breached["detectedAt"]) == (
        "2026-11-24T01:00:00.000Z",
        "2026-11-24T07:00:00.000Z",
    )
    assert (shown["redFlag"], clock_of(shown, FOLLOW_UP)["state"]) == (True, "PENDING")


async def test_watch_priorities_and_deliveries(world: World, services: Services, clock: StoppedClock) -> None:
    devices = [new_id("dev", clock.now) for _ in range(2)]
    for device_id in devices:
        row: Document = {
            "_id": device_id,
            "org_id": world.org_id,
            "owner_id": world.rep.id,
            "installation_id": device_id,
            "token": device_id,
            "seen_at": clock.now.replace(tzinfo=None) + timedelta(hours=24),
        }
        await services.store[DEVICES].insert_one(row)
    both = replace(services, outbox=Outbox(("fcm", "console"), registered_devices))
    await a_lead(world, tier="A")
    clock.advance(hours=24)
    await watch(both)
    # First contact and proposal were promised for the same time.
    rows = await services.store[DELIVERIES].find({"org_id": world.org_id}, limit=100)
    breach = [(each["owner_id"], each["channel"], each.get("device_id")) for each in rows]
    expected: list[tuple[PersonId, str, DeviceId | str | None]] = [
        (world.rep.id, "fcm", devices[0]),
        (world.rep.id, "fcm", devices[1]),
        (world.rep.id, "console", None),
        (world.manager.id, "console", None),
    ]
    assert Counter(breach) == Counter(expected * 2)
    assert {(each["state"], each["priority"]) for each in rows} == {("PENDING", "CRITICAL")}


async def test_watch_two_workers_and_200_due_clocks_breach_once_each(
    world: World, services: Services, clock: StoppedClock
) -> None:
    services = replace(services, outbox=Outbox(("console",), limits=NO_STORM))
    leads = await many_leads(services, world, 200)
    clock.advance(hours=24)
    fired = await asyncio.gather(watch(services, "one"), watch(services, "two"))
    assert sum(fired) == 200
    found = await services.store[NOTICES].find({"org_id": world.org_id, "kind": "SLA_BREACHED"}, limit=1000)
    assert Counter((each["lead_id"], each["owner_id"]) for each in found) == Counter(
        (lead_id, person_id) for lead_id in leads for person_id in (world.rep.id, world.manager.id)
    )
    rows = await services.store[DELIVERIES].find({"org_id": world.org_id}, limit=1000)
    assert Counter(each["notice_id"] for each in rows) == Counter(each["_id"] for each in found)
    clocks = await services.store[CLOCKS].find({"org_id": world.org_id}, limit=300)
    assert {each["state"] for each in clocks} == {"BREACHED"}
    assert {sum(event["kind"] == "BREACH_DETECTED" for event in each["log"]) for each in clocks} == {1}


async def test_watch_cost_follows_what_is_due(
    world: World, services: Services, clock: StoppedClock, reads_counter: Any
) -> None:
    for _ in range(5):
        await a_lead(world)
    reads_counter.take()
    assert await watch_once(services, "one") == 0
    assert reads_counter.take() == ["find:clocks", "find:clocks"]

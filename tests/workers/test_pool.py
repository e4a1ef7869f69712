"""Untouched leads on a stopped clock: who is told when, what goes back, and that two workers do it once."""

from __future__ import annotations

import asyncio

import pytest

from resolvers.services import Services
from storage.leads import COLLECTION as LEADS
from storage.store import Store
from tests.conftest import StoppedClock
from tests.support.assignment import people, save_rules, trace
from tests.support.client import new_key
from tests.support.leads import ASSIGN, create_lead, log_activity, read_lead
from tests.support.pool import change_rules, claim, pooled
from tests.support.reads_counter import ReadsCounter
from tests.support.world import Member, World
from workers.pool import return_untouched


@pytest.fixture(autouse=True)
async def _only_our_leads(store: Store, clock: StoppedClock) -> None:
    """Leads of other tests would come due here."""
    await store[LEADS].delete_many({})


async def a_claimed_lead(world: World) -> str:
    lead_id: str = (await create_lead(world.manager, unassigned=True))["id"]
    assert (await claim(world.rep, lead_id))["__typename"] == "Lead"
    return lead_id


async def told(member: Member) -> list[str]:
    """Kinds of the member's notices about the pool, oldest first."""
    found = await member.api.first("{ notices(first: 50) { nodes { kind } } }")
    return [each["kind"] for each in reversed(found["nodes"]) if each["kind"] in {"LEAD_UNTOUCHED", "LEAD_RETURNED"}]


async def test_a_claimed_lead_goes_back_after_a_warning(world: World, services: Services, clock: StoppedClock) -> None:
    lead_id = await a_claimed_lead(world)
    clock.advance(hours=60, milliseconds=-1)
    assert await return_untouched(services) == 0
    clock.advance(milliseconds=1)
    assert await return_untouched(services) == 1
    assert await told(world.rep) == ["LEAD_UNTOUCHED"]
    lead = await world.rep.api.first("query ($id: ID!) { lead(id: $id) { tenure { returnsAt } } }", id=lead_id)
    assert lead["tenure"]["returnsAt"] == "2026-11-26T01:00:00.000Z"
    clock.advance(hours=12, milliseconds=-1)
    assert await return_untouched(services) == 0
    clock.advance(milliseconds=1)
    assert await return_untouched(services) == 1
    assert await told(world.rep) == ["LEAD_UNTOUCHED", "LEAD_RETURNED"]
    assert len(await pooled(world.second_rep)) == 1
    back = (await trace(world.manager, lead_id))[0]
    assert (back["kind"], back["by"], back["fromOwner"]["id"]) == ("RECLAIM", None, world.rep.id)
    assert (await claim(world.rep, lead_id))["code"] == "COOLING_DOWN"
    assert await return_untouched(services) == 0


async def test_every_activity_starts_the_time_anew(world: World, services: Services, clock: StoppedClock) -> None:
    lead_id = await a_claimed_lead(world)
    clock.advance(hours=61)
    await return_untouched(services)
    clock.advance(hours=1)
    await log_activity(world.rep, lead_id)
    clock.advance(hours=11)
    assert await return_untouched(services) == 1
    assert (await read_lead(world.rep, lead_id))["ownerId"] == world.rep.id
    clock.advance(hours=50)
    assert await return_untouched(services) == 1
    assert await told(world.rep) == ["LEAD_UNTOUCHED", "LEAD_UNTOUCHED"]
    clock.advance(hours=12)
    assert await return_untouched(services) == 1
    assert (await told(world.rep))[-1] == "LEAD_RETURNED"


async def test_after_downtime_nothing_goes_back_unannounced(
    world: World, services: Services, clock: StoppedClock
) -> None:
    lead_id = await a_claimed_lead(world)
    clock.advance(days=30)
    assert await return_untouched(services) == 1
    assert await told(world.rep) == ["LEAD_UNTOUCHED"]
    clock.advance(hours=11, minutes=59)
    assert await return_untouched(services) == 0
    clock.advance(minutes=1)
    assert await return_untouched(services) == 1
    assert (await read_lead(world.manager, lead_id))["ownerId"] is None


async def test_assigned_leads_lie_unless_the_organization_says_otherwise(
    world: World, services: Services, clock: StoppedClock
) -> None:
    await save_rules(world.admin, {"candidates": people(world.rep)})
    await create_lead(world.manager, assignment="AUTO")
    await create_lead(world.rep)
    clock.advance(days=60)
    assert await return_untouched(services) == 0
    await change_rules(world.admin, assignedUntouchedHours=48)
    ruled = await create_lead(world.manager, assignment="AUTO")
    given = await create_lead(world.manager, ownerId=world.second_rep.id)
    own = await create_lead(world.rep)
    clock.advance(hours=36)
    assert await return_untouched(services) == 2
    clock.advance(hours=12)
    assert await return_untouched(services) == 2
    owners = [(await read_lead(world.manager, each["id"]))["ownerId"] for each in (ruled, given, own)]
    assert owners == [None, None, world.rep.id]


async def test_a_new_owner_has_a_time_of_their_own(world: World, services: Services, clock: StoppedClock) -> None:
    lead_id = await a_claimed_lead(world)
    clock.advance(hours=60)
    await return_untouched(services)
    await world.manager.api.first(ASSIGN, key=new_key(), id=lead_id, owner=world.second_rep.id)
    clock.advance(days=30)
    assert await return_untouched(services) == 0
    assert (await read_lead(world.manager, lead_id))["ownerId"] == world.second_rep.id


async def test_a_limit_that_was_lifted_lets_leads_lie(world: World, services: Services, clock: StoppedClock) -> None:
    await a_claimed_lead(world)
    await change_rules(world.admin, claimedUntouchedHours=None)
    clock.advance(days=30)
    assert await return_untouched(services) == 1
    assert await return_untouched(services) == 0
    assert (await told(world.rep), await pooled(world.rep)) == ([], [])


async def test_two_workers_give_each_lead_back_once(world: World, services: Services, clock: StoppedClock) -> None:
    leads = [await a_claimed_lead(world) for _ in range(10)]
    clock.advance(hours=60)
    done = await asyncio.gather(return_untouched(services), return_untouched(services))
    assert sum(done) == len(leads)
    clock.advance(hours=12)
    done = await asyncio.gather(return_untouched(services), return_untouched(services))
    assert sum(done) == len(leads)
    assert sorted(await told(world.rep)) == ["LEAD_RETURNED"] * 10 + ["LEAD_UNTOUCHED"] * 10
    assert {len(await trace(world.manager, each)) for each in leads} == {3}


async def test_a_look_reads_what_is_due_alone(
    world: World, services: Services, clock: StoppedClock, reads_counter: ReadsCounter
) -> None:
    for _ in range(3):
        await a_claimed_lead(world)
    reads_counter.take()
    assert await return_untouched(services) == 0
    assert reads_counter.take() == ["find:leads"]

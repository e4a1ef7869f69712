"""The proposal owed to a lead of tier A: begun by the tier, stopped by the file, through all changes of tier."""

from __future__ import annotations

from typing import Any

import pytest

from domain.access import Scope
from resolvers.proposals import proposal_stored
from resolvers.services import Services
from storage.clocks import COLLECTION as CLOCKS
from storage.leads import find_lead
from storage.outbox import NOTICES
from storage.store import Store
from tests.conftest import StoppedClock
from tests.support.client import new_key
from tests.support.leads import ASSIGN, MOVE, clock_of, create_lead, log_activity, read_lead
from tests.support.world import Member, World
from workers.sla_watch import watch_once

PROPOSAL = "TIER_A_PROPOSAL"
GRADE = """mutation ($key: String!, $id: ID!, $tier: Tier!) {
  updateLead(clientKey: $key, id: $id, changes: { tier: $tier }) {
    __typename ... on Lead { id tier slaDueAt } ... on Refusal { code }
  }
}"""


@pytest.fixture(autouse=True)
async def _only_our_clocks(store: Store, clock: StoppedClock) -> None:
    """Clocks of other tests would fire here."""
    await store[CLOCKS].delete_many({})


async def grade(member: Member, lead_id: str, tier: str) -> None:
    answer = await member.api.first(GRADE, key=new_key(), id=lead_id, tier=tier)
    assert answer["__typename"] == "Lead"


async def store_proposal(services: Services, world: World, lead_id: str) -> None:
    lead = await find_lead(services.store, Scope.whole_organization(world.org_id), lead_id)
    assert lead is not None
    now = services.clock()
    await services.store.transaction(
        lambda store: proposal_stored(store, lead, now, "fil_1", now, outbox=services.outbox)
    )


async def proposal_of(member: Member, lead_id: str) -> Any:
    return clock_of(await read_lead(member, lead_id), PROPOSAL)


async def test_tier_a_owes_a_proposal_within_24_hours(world: World, services: Services, clock: StoppedClock) -> None:
    lead_id = (await create_lead(world.rep, tier="A"))["id"]
    await log_activity(world.rep, lead_id)
    clock.advance(hours=24)
    while await watch_once(services, "one"):
        pass
    shown = await read_lead(world.rep, lead_id)
    assert (shown["redFlag"], clock_of(shown, PROPOSAL)["state"]) == (True, "BREACHED")
    told = await services.store[NOTICES].find({"org_id": world.org_id, "kind": "SLA_BREACHED"}, limit=10)
    assert {(each["owner_id"], each["priority"], each["facts"]["metric"]) for each in told} == {
        (world.rep.id, "CRITICAL", PROPOSAL),
        (world.manager.id, "CRITICAL", PROPOSAL),
    }
    clock.advance(seconds=1)
    await store_proposal(services, world, lead_id)
    shown = await read_lead(world.rep, lead_id)
    assert (shown["redFlag"], clock_of(shown, PROPOSAL)["state"]) == (False, "MET_LATE")
    # A queued notice that is no longer true is dropped.
    told = await services.store[NOTICES].find({"org_id": world.org_id, "kind": "SLA_BREACHED"}, limit=10)
    assert all("resolved_at" in each for each in told)


async def test_a_stored_proposal_meets_the_promise(world: World, services: Services, clock: StoppedClock) -> None:
    lead_id = (await create_lead(world.rep, tier="A"))["id"]
    clock.advance(hours=5)
    await store_proposal(services, world, lead_id)
    proposal = await proposal_of(world.rep, lead_id)
    assert (proposal["state"], proposal["metAt"]) == ("MET", "2026-11-23T06:00:00.000Z")
    assert clock_of(await read_lead(world.rep, lead_id), "LEAD_FIRST_CONTACT")["state"] == "RUNNING"


async def test_a_lead_that_becomes_tier_a_has_two_hours_at_least(
    world: World, services: Services, clock: StoppedClock
) -> None:
    lead_id = (await create_lead(world.rep, tier="B"))["id"]
    clock.advance(hours=30)
    await log_activity(world.rep, lead_id)
    await grade(world.rep, lead_id, "A")
    proposal = await proposal_of(world.rep, lead_id)
    assert (proposal["state"], proposal["startedAt"], proposal["dueAt"], proposal["remainingOpenSeconds"]) == (
        "RUNNING",
        "2026-11-23T01:00:00.000Z",
        "2026-11-24T09:00:00.000Z",
        7200,
    )
    await watch_once(services, "one")
    assert (await proposal_of(world.rep, lead_id))["state"] == "RUNNING"
    clock.advance(hours=2)
    await watch_once(services, "one")
    assert (await proposal_of(world.rep, lead_id))["breachedAt"] == "2026-11-24T09:00:00.000Z"


async def test_leaving_tier_a_cancels_and_coming_back_does_not_start_afresh(
    world: World, services: Services, clock: StoppedClock
) -> None:
    lead_id = (await create_lead(world.rep, tier="A"))["id"]
    clock.advance(hours=5)
    await grade(world.rep, lead_id, "B")
    assert (await proposal_of(world.rep, lead_id))["state"] == "CANCELLED"
    clock.advance(hours=5)
    await grade(world.rep, lead_id, "A")
    proposal = await proposal_of(world.rep, lead_id)
    assert (proposal["state"], proposal["dueAt"]) == ("RUNNING", "2026-11-24T01:00:00.000Z")


async def test_a_proposal_stored_under_tier_b_is_not_owed_again(
    world: World, services: Services, clock: StoppedClock
) -> None:
    lead_id = (await create_lead(world.rep, tier="B"))["id"]
    await store_proposal(services, world, lead_id)
    assert (await proposal_of(world.rep, lead_id))["state"] == "PENDING"
    clock.advance(days=9)
    await grade(world.rep, lead_id, "A")
    proposal = await proposal_of(world.rep, lead_id)
    assert (proposal["state"], proposal["breachedAt"]) == ("MET", None)


async def test_nobody_owes_a_proposal_before_somebody_owns_the_lead(world: World, clock: StoppedClock) -> None:
    lead_id = (await create_lead(world.manager, unassigned=True, tier="A"))["id"]
    assert (await read_lead(world.manager, lead_id))["clocks"] == []
    clock.advance(hours=9)
    await world.manager.api.first(ASSIGN, key=new_key(), id=lead_id, owner=world.rep.id)
    assert (await proposal_of(world.rep, lead_id))["dueAt"] == "2026-11-24T10:00:00.000Z"


async def test_closing_ends_the_proposal_and_reopening_owes_it_anew(world: World, clock: StoppedClock) -> None:
    lead_id = (await create_lead(world.rep, tier="A"))["id"]
    await world.rep.api.first(MOVE, key=new_key(), id=lead_id, stage="LOST", reason="price")
    assert (await proposal_of(world.rep, lead_id))["state"] == "CANCELLED"
    clock.advance(days=4)
    await world.rep.api.first(MOVE, key=new_key(), id=lead_id, stage="CONTACTED")
    proposal = await proposal_of(world.rep, lead_id)
    assert (proposal["state"], proposal["dueAt"]) == ("RUNNING", "2026-11-28T01:00:00.000Z")

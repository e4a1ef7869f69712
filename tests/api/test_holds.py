"""Leads on hold and stages that pause: no promise counts time meanwhile."""

from __future__ import annotations

from typing import Any

import pytest

from resolvers.services import Services
from storage.clocks import COLLECTION as CLOCKS
from storage.store import Store
from tests.conftest import StoppedClock
from tests.support.client import new_key
from tests.support.leads import MOVE, clock_of, create_lead, log_activity, read_lead
from tests.support.sla_rules import save_policy
from tests.support.world import Member, World
from workers.sla_watch import watch_once

FIRST, FOLLOW_UP = "LEAD_FIRST_CONTACT", "LEAD_NEXT_FOLLOWUP"
_ANSWER = """__typename ... on Lead { id heldAt holdReason slaDueAt redFlag version }
    ... on Refusal { code } ... on InvalidInput { field } ... on WrongState { currentState }"""
HOLD = f"""mutation ($key: String!, $id: ID!, $reason: String!) {{
  holdLead(clientKey: $key, id: $id, reason: $reason) {{ {_ANSWER} }}
}}"""
RESUME = f"mutation ($key: String!, $id: ID!) {{ resumeLead(clientKey: $key, id: $id) {{ {_ANSWER} }} }}"


@pytest.fixture(autouse=True)
async def _only_our_clocks(store: Store, clock: StoppedClock) -> None:
    """Clocks of other tests would fire here."""
    await store[CLOCKS].delete_many({})


async def hold(member: Member, lead_id: str, reason: str = "shop is closed for a week") -> Any:
    return await member.api.first(HOLD, key=new_key(), id=lead_id, reason=reason)


async def resume(member: Member, lead_id: str) -> Any:
    return await member.api.first(RESUME, key=new_key(), id=lead_id)


async def test_hold_pauses_and_resume_goes_on(world: World, services: Services, clock: StoppedClock) -> None:
    lead_id = (await create_lead(world.rep))["id"]
    clock.advance(hours=10)
    held = await hold(world.rep, lead_id)
    assert (held["heldAt"], held["holdReason"], held["slaDueAt"]) == (
        "2026-11-23T11:00:00.000Z",
        "shop is closed for a week",
        None,
    )
    paused = clock_of(await read_lead(world.rep, lead_id), FIRST)
    assert (paused["state"], paused["dueAt"], paused["remainingOpenSeconds"]) == ("PAUSED", None, 14 * 3600)
    clock.advance(days=7)
    assert await watch_once(services, "one") == 0
    resumed = await resume(world.rep, lead_id)
    assert (resumed["heldAt"], resumed["slaDueAt"]) == (None, "2026-12-01T01:00:00.000Z")
    assert clock_of(await read_lead(world.rep, lead_id), FIRST)["state"] == "RUNNING"


async def test_a_breached_clock_may_pause_and_stays_breached(
    world: World, services: Services, clock: StoppedClock
) -> None:
    lead_id = (await create_lead(world.rep))["id"]
    clock.advance(hours=25)
    await watch_once(services, "one")
    assert (await hold(world.rep, lead_id))["redFlag"]
    shown = clock_of(await read_lead(world.rep, lead_id), FIRST)
    assert (shown["state"], shown["dueAt"], shown["overdueOpenSeconds"]) == ("BREACHED", None, 3600)
    clock.advance(hours=100)
    assert await watch_once(services, "one") == 0


async def test_paused_then_contacted_directly(world: World, clock: StoppedClock) -> None:
    lead_id = (await create_lead(world.rep))["id"]
    clock.advance(hours=10)
    await hold(world.rep, lead_id)
    clock.advance(hours=40)
    await log_activity(world.rep, lead_id)
    shown = await read_lead(world.rep, lead_id)
    assert clock_of(shown, FIRST)["state"] == "MET"
    # The next follow-up waits for the lead.
    assert clock_of(shown, FOLLOW_UP)["state"] == "PAUSED"
    resumed = await resume(world.rep, lead_id)
    assert resumed["slaDueAt"] == "2026-11-28T03:00:00.000Z"


async def test_a_lead_on_hold_that_is_closed_is_off_hold_when_it_comes_back(world: World, clock: StoppedClock) -> None:
    lead_id = (await create_lead(world.rep))["id"]
    await hold(world.rep, lead_id)
    await world.rep.api.first(MOVE, key=new_key(), id=lead_id, stage="LOST", reason="price")
    assert (await resume(world.rep, lead_id))["currentState"] == "NOT_HELD"
    assert (await hold(world.rep, lead_id))["currentState"] == "LOST"
    clock.advance(days=1)
    await world.rep.api.first(MOVE, key=new_key(), id=lead_id, stage="CONTACTED")
    shown = clock_of(await read_lead(world.rep, lead_id), FOLLOW_UP)
    assert (shown["state"], shown["dueAt"]) == ("RUNNING", "2026-11-27T01:00:00.000Z")


async def test_hold_refusals(world: World, other_world: World) -> None:
    lead_id = (await create_lead(world.rep))["id"]
    assert (await hold(world.rep, lead_id, " "))["field"] == "reason"
    assert (await hold(world.rep, lead_id, "x" * 121))["field"] == "reason"
    assert (await hold(other_world.rep, lead_id))["code"] == "NOT_FOUND"
    assert (await hold(world.second_rep, lead_id))["code"] == "NOT_FOUND"
    await hold(world.manager, lead_id)
    assert (await hold(world.rep, lead_id))["currentState"] == "HELD"
    assert await world.support.api.code(HOLD, key=new_key(), id=lead_id, reason="x") == "FORBIDDEN"


async def test_a_stage_of_the_policy_pauses_until_it_is_left(
    world: World, services: Services, clock: StoppedClock
) -> None:
    saved = await save_policy(
        world.admin,
        1,
        key=FIRST,
        metric=FIRST,
        name="Ours",
        targetSeconds=24 * 3600,
        conditions=[],
        calendarKey="24x7",
        pauseStages=["QUALIFIED"],
    )
    assert saved["__typename"] == "SlaPolicy", saved
    lead_id = (await create_lead(world.rep))["id"]
    clock.advance(hours=6)
    await world.rep.api.first(MOVE, key=new_key(), id=lead_id, stage="QUALIFIED")
    assert clock_of(await read_lead(world.rep, lead_id), FIRST)["state"] == "PAUSED"
    clock.advance(hours=50)
    assert await watch_once(services, "one") == 0
    # A hold on top changes nothing, and leaving the stage does not end the hold.
    await hold(world.rep, lead_id)
    await world.rep.api.first(MOVE, key=new_key(), id=lead_id, stage="PROPOSAL")
    assert clock_of(await read_lead(world.rep, lead_id), FIRST)["state"] == "PAUSED"
    clock.advance(hours=4)
    await resume(world.rep, lead_id)
    shown = clock_of(await read_lead(world.rep, lead_id), FIRST)
    assert (shown["state"], shown["remainingOpenSeconds"]) == ("RUNNING", 18 * 3600)


async def test_a_policy_edited_during_a_pause_does_not_touch_the_running_clock(
    world: World, clock: StoppedClock
) -> None:
    lead_id = (await create_lead(world.rep))["id"]
    clock.advance(hours=6)
    await hold(world.rep, lead_id)
    saved = await save_policy(
        world.admin, 1, key=FIRST, metric=FIRST, name="Ours", targetSeconds=3600, conditions=[], calendarKey="24x7"
    )
    assert saved["__typename"] == "SlaPolicy", saved
    clock.advance(hours=6)
    await resume(world.rep, lead_id)
    shown = clock_of(await read_lead(world.rep, lead_id), FIRST)
    assert (shown["targetSeconds"], shown["remainingOpenSeconds"]) == (24 * 3600, 18 * 3600)


async def test_a_lead_begins_paused_in_a_pausing_stage(world: World) -> None:
    saved = await save_policy(
        world.admin,
        1,
        key=FIRST,
        metric=FIRST,
        name="Ours",
        targetSeconds=24 * 3600,
        conditions=[],
        calendarKey="24x7",
        pauseStages=["NEW"],
    )
    assert saved["__typename"] == "SlaPolicy", saved
    lead_id = (await create_lead(world.rep))["id"]
    shown = clock_of(await read_lead(world.rep, lead_id), FIRST)
    assert (shown["state"], shown["remainingOpenSeconds"]) == ("PAUSED", 24 * 3600)


async def test_one_tier_has_a_policy_of_its_own_and_changing_the_tier_changes_the_promise(
    world: World, services: Services, clock: StoppedClock
) -> None:
    saved = await save_policy(world.admin, calendarKey="24x7")
    assert saved["__typename"] == "SlaPolicy", saved
    lead_id = (await create_lead(world.rep, tier="B"))["id"]
    clock.advance(hours=3)
    change = """mutation ($key: String!, $id: ID!, $tier: Tier!) {
      updateLead(clientKey: $key, id: $id, changes: { tier: $tier }) { __typename ... on Refusal { code } }
    }"""
    await world.rep.api.first(change, key=new_key(), id=lead_id, tier="A")
    firsts = [each for each in (await read_lead(world.rep, lead_id))["clocks"] if each["metric"] == FIRST]
    assert {(each["state"], each["targetSeconds"], each["dueAt"]) for each in firsts} == {
        ("CANCELLED", 24 * 3600, "2026-11-24T01:00:00.000Z"),
        ("RUNNING", 4 * 3600, "2026-11-23T06:00:00.000Z"),
    }
    # A call that was made before and is told only now.
    await log_activity(world.rep, lead_id, occurredAt="2026-11-23T02:00:00Z")
    firsts = [each for each in (await read_lead(world.rep, lead_id))["clocks"] if each["metric"] == FIRST]
    assert {each["state"] for each in firsts} >= {"MET"}
    assert "RUNNING" not in {each["state"] for each in firsts}

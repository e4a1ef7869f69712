"""The shared pool through GraphQL: who looks into which, claims at once, limits, cool-down, giving back, the rules."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.conftest import StoppedClock
from tests.support.assignment import save_rules, trace
from tests.support.client import new_key
from tests.support.leads import ASSIGN, MOVE, clock_of, create_lead, log_activity, read_lead
from tests.support.pool import CHANGE, CLAIM, POOL, RELEASE, RULES, change_rules, claim, pooled, release
from tests.support.world import Member, World


async def a_pooled_lead(member: Member, **given: Any) -> str:
    lead_id: str = (await create_lead(member, unassigned=True, **given))["id"]
    return lead_id


async def test_lead_pool_shows_the_pools_around_without_contact_details(world: World, clock: StoppedClock) -> None:
    for member, name in ((world.admin, "all"), (world.director, "top"), (world.manager, "north")):
        await a_pooled_lead(member, name=name, phone="+49 30 901820")
        clock.advance(minutes=1)
    await a_pooled_lead(world.south_manager, name="south")
    closed = await a_pooled_lead(world.manager, name="closed")
    await world.manager.api.first(MOVE, key=new_key(), id=closed, stage="LOST", reason="no shop")
    await create_lead(world.rep, name="owned")
    assert await pooled(world.rep) == ["all", "top", "north"]
    assert await pooled(world.south_rep) == ["all", "top", "south"]
    assert await pooled(world.director) == ["all", "top", "north", "south"]
    assert await pooled(world.admin) == ["all", "top", "north", "south"]
    assert (await world.rep.api.first("{ leads { nodes { name } } }"))["nodes"] == [{"name": "owned"}]
    first = await world.rep.api.first(POOL, first=2)
    rest = await world.rep.api.first(POOL, first=2, after=first["pageInfo"]["endCursor"])
    assert [each["name"] for each in first["nodes"] + rest["nodes"]] == ["all", "top", "north"]
    assert first["nodes"][0]["teamId"] is None
    error = (await world.rep.api.answer("{ leadPool { nodes { phone } } }"))["errors"][0]
    assert error["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"


async def test_lead_pool_of_another_organization_is_elsewhere(world: World, other_world: World) -> None:
    lead_id = await a_pooled_lead(world.admin)
    assert await pooled(other_world.rep) == []
    assert (await claim(other_world.rep, lead_id))["code"] == "NOT_FOUND"


async def test_claim_lead_starts_its_clock_and_leaves_a_trace(world: World, clock: StoppedClock) -> None:
    lead_id = await a_pooled_lead(world.manager)
    await log_activity(world.manager, lead_id, "NOTE", note="from the fair")
    clock.advance(hours=5)
    claimed = await claim(world.rep, lead_id)
    assert (claimed["ownerId"], claimed["teamId"], claimed["tenure"]["kind"]) == (
        world.rep.id,
        world.north.id,
        "CLAIMED",
    )
    first = clock_of(claimed, "LEAD_FIRST_CONTACT")
    assert (first["state"], first["dueAt"]) == ("RUNNING", "2026-11-24T06:00:00.000Z")
    assert [each["kind"] for each in await trace(world.rep, lead_id)] == ["CLAIM", "POOL"]
    assert len((await read_lead(world.rep, lead_id))["activities"]) == 1
    assert await pooled(world.rep) == []


async def test_claim_lead_at_once_one_wins(world: World) -> None:
    for _ in range(5):
        lead_id = await a_pooled_lead(world.director)
        members = (world.rep, world.second_rep, world.south_rep, world.rep)
        answers = await asyncio.gather(*(claim(each, lead_id) for each in members))
        won = [each for each in answers if each["__typename"] == "Lead"]
        assert len(won) == 1
        assert {each["code"] for each in answers if each not in won} == {"LEAD_TAKEN"}
        owner = (await read_lead(world.admin, lead_id))["ownerId"]
        assert owner == won[0]["ownerId"]
        assert [each["kind"] for each in await trace(world.admin, lead_id)] == ["CLAIM", "POOL"]


async def test_claim_lead_repeats_its_answer(world: World) -> None:
    lead_id, key = await a_pooled_lead(world.manager), new_key()
    claimed = await claim(world.rep, lead_id, key)
    assert (await claim(world.rep, lead_id, key))["version"] == claimed["version"]
    assert (await claim(world.rep, lead_id))["code"] == "LEAD_TAKEN"


async def test_claim_lead_tells_nothing_of_what_was_in_no_pool_of_the_caller(world: World) -> None:
    owned = (await create_lead(world.second_rep))["id"]
    southern = await a_pooled_lead(world.south_manager)
    assert (await claim(world.rep, owned))["code"] == "NOT_FOUND"
    assert (await claim(world.rep, southern))["code"] == "NOT_FOUND"
    await claim(world.south_rep, southern)
    assert (await claim(world.rep, southern))["code"] == "NOT_FOUND"
    for member in (world.admin, world.support):
        assert await member.api.code(CLAIM, key=new_key(), id=owned) == "FORBIDDEN"


async def test_claim_limits_hold_for_claims_at_once(world: World, clock: StoppedClock) -> None:
    await change_rules(world.admin, maxOpenClaims=2, maxClaimsPerDay=3)
    leads = [await a_pooled_lead(world.manager) for _ in range(6)]
    answers = await asyncio.gather(*(claim(world.rep, each) for each in leads[:4]))
    assert sorted(each["__typename"] for each in answers) == ["ClaimLimitReached"] * 2 + ["Lead"] * 2
    assert {(each["limit"], each["allowed"]) for each in answers if "limit" in each} == {("OPEN", 2)}
    mine = [each["id"] for each in answers if each["__typename"] == "Lead"]
    await world.rep.api.first(MOVE, key=new_key(), id=mine[0], stage="LOST", reason="no shop")
    assert (await claim(world.rep, leads[4]))["__typename"] == "Lead"
    await world.rep.api.first(MOVE, key=new_key(), id=mine[1], stage="LOST", reason="no shop")
    refused = await claim(world.rep, leads[5])
    assert (refused["limit"], refused["allowed"]) == ("DAY", 3)
    # 09:00 in Shanghai: the local day ends after 15 hours.
    clock.advance(hours=14, minutes=59)
    assert (await claim(world.rep, leads[5]))["code"] == "CLAIM_LIMIT_REACHED"
    clock.advance(minutes=1)
    assert (await claim(world.rep, leads[5]))["__typename"] == "Lead"


async def test_release_lead_puts_it_back_and_cools_down(world: World, clock: StoppedClock) -> None:
    await change_rules(world.admin, coolDownHours=24)
    lead_id = await a_pooled_lead(world.director)
    await claim(world.rep, lead_id)
    clock.advance(hours=2)
    key = new_key()
    released = await release(world.rep, lead_id, "Too far away", key)
    assert (released["leadId"], released["coolDownUntil"]) == (lead_id, "2026-11-24T03:00:00.000Z")
    assert await release(world.rep, lead_id, "Too far away", key) == released
    assert await world.rep.api.first("query ($id: ID!) { lead(id: $id) { id } }", id=lead_id) is None
    # Back in the pool it came from, its promise to the customer running on in nobody's hands.
    shown = "teamId tenure { kind } clocks { metric state legs { ownerId } }"
    lead = await world.admin.api.first(f"query ($id: ID!) {{ lead(id: $id) {{ {shown} }} }}", id=lead_id)
    assert (lead["teamId"], lead["tenure"]) == (world.top.id, None)
    first = clock_of(lead, "LEAD_FIRST_CONTACT")
    assert (first["state"], first["legs"]) == ("RUNNING", [{"ownerId": world.rep.id}, {"ownerId": None}])
    told = (await trace(world.admin, lead_id))[0]
    assert (told["kind"], told["reason"], told["toOwner"]) == ("RELEASE", "Too far away", None)
    cooling = await claim(world.rep, lead_id)
    assert (cooling["code"], cooling["until"]) == ("COOLING_DOWN", "2026-11-24T03:00:00.000Z")
    taken = await claim(world.second_rep, lead_id)
    owners = [each["ownerId"] for each in clock_of(taken, "LEAD_FIRST_CONTACT")["legs"]]
    assert owners == [world.rep.id, None, world.second_rep.id]
    await release(world.second_rep, lead_id)
    clock.advance(hours=24, milliseconds=-1)
    assert (await claim(world.rep, lead_id))["code"] == "COOLING_DOWN"
    clock.advance(milliseconds=1)
    assert (await claim(world.rep, lead_id))["__typename"] == "Lead"


async def test_release_lead_of_others_is_for_those_who_assign(world: World) -> None:
    lead_id = (await create_lead(world.rep))["id"]
    assert (await release(world.rep, lead_id))["code"] == "FORBIDDEN"
    assert (await release(world.second_rep, lead_id))["code"] == "NOT_FOUND"
    assert (await release(world.manager, lead_id, " "))["field"] == "reason"
    assert (await release(world.manager, lead_id))["__typename"] == "ReleasedLead"
    assert (await release(world.manager, lead_id))["code"] == "WRONG_STATE"
    assert await world.support.api.code(RELEASE, key=new_key(), id=lead_id, reason="x") == "FORBIDDEN"
    notices = await world.rep.api.first("{ notices { nodes { kind title } } }")
    assert [each["kind"] for each in notices["nodes"]] == ["LEAD_RETURNED"]


async def test_leads_that_no_rule_could_give_lie_in_the_pool_of_the_rule(world: World) -> None:
    await save_rules(world.admin, {"poolTeamId": world.south.id})
    await create_lead(world.admin, name="Ovens", assignment="AUTO")
    assert (await pooled(world.south_rep), await pooled(world.rep)) == (["Ovens"], [])


async def test_assigning_a_pooled_lead_takes_it_out_of_the_pool(world: World) -> None:
    lead_id = await a_pooled_lead(world.manager)
    await world.manager.api.first(ASSIGN, key=new_key(), id=lead_id, owner=world.rep.id)
    assert await pooled(world.rep) == []
    assert (await claim(world.second_rep, lead_id))["code"] == "NOT_FOUND"


async def test_pool_rules_have_defaults_and_versions(world: World) -> None:
    before = await world.rep.api.first(RULES)
    assert (before["version"], before["maxOpenClaims"], before["assignedUntouchedHours"]) == (0, 20, None)
    changed = await change_rules(world.admin, claimedUntouchedHours=None, maxOpenClaims=5)
    assert (changed["version"], changed["claimedUntouchedHours"], changed["updatedBy"]["id"]) == (
        1,
        None,
        world.admin.id,
    )
    assert await world.rep.api.first(RULES) | {"updatedBy": None} == {
        key: value for key, value in changed.items() if key != "__typename"
    } | {"updatedBy": None}
    assert (await change_rules(world.admin, maxOpenClaims=6))["currentVersion"] == 1
    assert (await change_rules(world.admin, 1, maxOpenClaims=6))["claimedUntouchedHours"] is None
    for member in (world.manager, world.rep, world.support):
        assert await member.api.code(CHANGE, key=new_key(), changes={}, expected=2) == "FORBIDDEN"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"maxOpenClaims": 0}, "maxOpenClaims"),
        ({"maxClaimsPerDay": None}, "maxClaimsPerDay"),
        ({"coolDownHours": -1}, "coolDownHours"),
        ({"claimedUntouchedHours": 9000}, "claimedUntouchedHours"),
        ({"claimedUntouchedHours": 12}, "claimedUntouchedHours"),
        ({"warnBeforeHours": 80}, "claimedUntouchedHours"),
        ({"warnBeforeHours": 0}, "warnBeforeHours"),
    ],
)
async def test_pool_rules_name_the_bad_field(world: World, changes: dict[str, Any], field: str) -> None:
    refused = await change_rules(world.admin, **changes)
    assert (refused["__typename"], refused["field"]) == ("InvalidInput", field)

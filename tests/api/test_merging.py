"""Two leads that are one: the earliest promise survives, contacts of both count, the other is closed as merged."""

from __future__ import annotations

from typing import Any

import pytest

from resolvers.services import Services
from storage.clocks import COLLECTION as CLOCKS
from storage.outbox import NOTICES
from storage.store import Store
from tests.conftest import StoppedClock
from tests.support.client import new_key
from tests.support.leads import MOVE, clock_of, create_lead, log_activity, read_lead
from tests.support.world import Member, World
from workers.sla_watch import watch_once

FIRST, FOLLOW_UP = "LEAD_FIRST_CONTACT", "LEAD_NEXT_FOLLOWUP"
MERGE = """mutation ($key: String!, $survivor: ID!, $merged: ID!) {
  mergeLeads(clientKey: $key, survivorLeadId: $survivor, mergedLeadId: $merged) {
    __typename ... on Lead { id ownerId phone note slaDueAt redFlag occurredAt activities { note } }
    ... on Refusal { code } ... on InvalidInput { field } ... on WrongState { recordId currentState }
  }
}"""
ENDED = """query ($id: ID!) { lead(id: $id) {
  stageKind lostReason closedAt slaDueAt mergedInto { id } activities { id } clocks { metric state cancelReason }
} }"""


@pytest.fixture(autouse=True)
async def _only_our_clocks(store: Store, clock: StoppedClock) -> None:
    """Clocks of other tests would fire here."""
    await store[CLOCKS].delete_many({})


async def merge(member: Member, survivor: str, merged: str) -> Any:
    return await member.api.first(MERGE, key=new_key(), survivor=survivor, merged=merged)


async def a_lead(member: Member, **given: Any) -> str:
    lead_id: str = (await create_lead(member, **given))["id"]
    return lead_id


async def test_the_earlier_clock_moves_to_the_surviving_lead_and_its_owner(world: World, clock: StoppedClock) -> None:
    early = await a_lead(world.manager, ownerId=world.second_rep.id, phone="+49 30 901820")
    clock.advance(hours=10)
    late = await a_lead(world.rep, note="met at the fair")
    merged = await merge(world.manager, late, early)
    assert (merged["ownerId"], merged["phone"], merged["note"]) == (
        world.rep.id,
        "+49 30 901820",
        "met at the fair",
    )
    assert merged["slaDueAt"] == "2026-11-24T01:00:00.000Z"
    shown = clock_of(await read_lead(world.rep, late), FIRST)
    assert [leg["ownerId"] for leg in shown["legs"]] == [world.second_rep.id, world.rep.id]
    ended = await world.manager.api.first(ENDED, id=early)
    assert (ended["stageKind"], ended["lostReason"], ended["slaDueAt"]) == ("DISQUALIFIED", "merged", None)
    assert ended["mergedInto"] == {"id": late}
    assert ended["clocks"] == [{"metric": FIRST, "state": "CANCELLED", "cancelReason": "merged"}]


async def test_the_survivors_own_clock_goes_on_where_it_is_the_earlier(world: World, clock: StoppedClock) -> None:
    early = await a_lead(world.rep)
    clock.advance(hours=10)
    late = await a_lead(world.rep)
    assert (await merge(world.rep, early, late))["slaDueAt"] == "2026-11-24T01:00:00.000Z"
    assert len((await read_lead(world.rep, early))["clocks"]) == 1


async def test_a_contact_of_the_other_lead_stops_the_clock_and_withdraws_its_breach(
    world: World, services: Services, clock: StoppedClock
) -> None:
    early = await a_lead(world.rep)
    clock.advance(hours=2)
    late = await a_lead(world.rep)
    clock.advance(hours=2)
    await log_activity(world.rep, late, note="called")
    clock.advance(hours=26)
    await watch_once(services, "one")
    assert (await read_lead(world.rep, early))["redFlag"]
    merged = await merge(world.rep, early, late)
    assert (merged["redFlag"], [each["note"] for each in merged["activities"]]) == (False, ["called"])
    shown = await read_lead(world.rep, early)
    assert (clock_of(shown, FIRST)["state"], clock_of(shown, FIRST)["metAt"]) == ("MET", "2026-11-23T05:00:00.000Z")
    follow = clock_of(shown, FOLLOW_UP)
    assert (follow["state"], follow["startedAt"]) == ("RUNNING", "2026-11-23T05:00:00.000Z")
    told = await services.store[NOTICES].find({"org_id": world.org_id, "kind": "SLA_WITHDRAWN"}, limit=10)
    assert {each["owner_id"] for each in told} == {world.rep.id, world.manager.id}
    ended = await world.rep.api.first(ENDED, id=late)
    assert (ended["activities"], {each["state"] for each in ended["clocks"]}) == ([], {"MET"})


async def test_follow_ups_of_both_are_counted_in_one_clock(world: World, clock: StoppedClock) -> None:
    one, two = await a_lead(world.rep), await a_lead(world.rep)
    for hour, lead_id in enumerate((one, two, one, two)):
        await log_activity(world.rep, lead_id)
        clock.advance(hours=hour + 1)
    await merge(world.rep, two, one)
    follow = clock_of(await read_lead(world.rep, two), FOLLOW_UP)
    assert (follow["cycle"], follow["startedAt"], follow["state"]) == (4, "2026-11-23T07:00:00.000Z", "RUNNING")
    ended = await world.rep.api.first(ENDED, id=one)
    assert {(each["metric"], each["state"]) for each in ended["clocks"]} == {(FIRST, "MET"), (FOLLOW_UP, "CANCELLED")}


async def test_an_unassigned_survivor_gets_the_owner_of_the_other(world: World) -> None:
    nobodys = await a_lead(world.manager, unassigned=True)
    owned = await a_lead(world.rep)
    merged = await merge(world.manager, nobodys, owned)
    assert (merged["ownerId"], merged["slaDueAt"]) == (world.rep.id, "2026-11-24T01:00:00.000Z")


async def test_merge_refusals(world: World, other_world: World) -> None:
    one, two = await a_lead(world.rep), await a_lead(world.rep)
    foreign, hidden = await a_lead(other_world.rep), await a_lead(world.second_rep)
    assert (await merge(world.rep, one, one))["field"] == "mergedLeadId"
    for other in (foreign, hidden):
        assert (await merge(world.rep, one, other))["code"] == "NOT_FOUND"
        assert (await merge(world.rep, other, one))["code"] == "NOT_FOUND"
    await merge(world.rep, one, two)
    again = await merge(world.rep, one, two)
    assert (again["recordId"], again["currentState"]) == (two, "DISQUALIFIED")
    await world.rep.api.first(MOVE, key=new_key(), id=one, stage="WON")
    assert (await merge(world.rep, one, await a_lead(world.rep)))["currentState"] == "WON"
    assert await world.support.api.code(MERGE, key=new_key(), survivor=one, merged=two) == "FORBIDDEN"

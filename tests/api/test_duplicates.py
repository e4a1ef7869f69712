"""Possible duplicates through GraphQL: refused with the candidates one may see, created when told so."""

from __future__ import annotations

from typing import Any

from tests.support.client import new_key
from tests.support.leads import MOVE, create_lead
from tests.support.world import Member, World

CREATE = """mutation ($key: String!, $input: CreateLeadInput!) {
  createLead(clientKey: $key, input: $input) {
    __typename ... on Lead { id } ... on Refusal { code message }
    ... on PossibleDuplicate { leadIds matchedOn elsewhere }
  }
}"""
LOOK = """query ($input: LeadDuplicatesInput!) {
  leadDuplicates(input: $input) { candidates { lead { id name } matchedOn } elsewhere }
}"""
CHANGE = """mutation ($key: String!, $id: ID!, $changes: LeadChanges!) {
  updateLead(clientKey: $key, id: $id, changes: $changes) { __typename }
}"""


async def create(member: Member, key: str | None = None, **given: Any) -> dict[str, Any]:
    described = {"name": "Mill"} | given
    answer: dict[str, Any] = await member.api.first(CREATE, key=key or new_key(), input=described)
    return answer


async def look(member: Member, **given: Any) -> dict[str, Any]:
    answer: dict[str, Any] = await member.api.first(LOOK, input=given)
    return answer


async def test_create_lead_refuses_a_possible_duplicate_and_creates_it_when_told(world: World) -> None:
    first = await create(world.rep, phone="+49 30 901820", email="anna@mill.test")
    key = new_key()
    refused = await create(world.rep, key, phone="030 901820", email="ANNA@mill.test")
    assert (refused["code"], refused["leadIds"], refused["elsewhere"]) == ("POSSIBLE_DUPLICATE", [first["id"]], False)
    assert refused["matchedOn"] == ["PHONE", "EMAIL"]
    assert first["id"] in refused["message"]
    # The same intention goes on under its key, and repeats its answer afterwards.
    again = {"phone": "030 901820", "email": "ANNA@mill.test", "ignoreDuplicates": True}
    second = await create(world.rep, key, **again)
    assert second["__typename"] == "Lead"
    assert await create(world.rep, key, **again) == second
    third = await create(world.rep, phone="0049 30 901820")
    assert set(third["leadIds"]) == {first["id"], second["id"]}


async def test_create_lead_repeats_its_answer_though_it_finds_itself(world: World) -> None:
    key = new_key()
    first = await create(world.rep, key, phone="+49 30 901820")
    assert await create(world.rep, key, phone="+49 30 901820") == first


async def test_duplicates_of_others_are_a_fact_without_content(world: World, other_world: World) -> None:
    theirs = await create(world.south_rep, phone="+49 30 901820", name="Secret Mill")
    for member in (world.rep, world.manager):
        refused = await create(member, phone="+49 30 901820")
        assert (refused["leadIds"], refused["matchedOn"], refused["elsewhere"]) == ([], [], True)
        assert theirs["id"] not in str(refused)
        assert await look(member, phone="+49 30 901820") == {"candidates": [], "elsewhere": True}
    for member in (world.director, world.admin):
        assert (await create(member, phone="+49 30 901820", unassigned=True))["leadIds"] == [theirs["id"]]
    assert (await create(other_world.rep, phone="+49 30 901820"))["__typename"] == "Lead"


async def test_look_for_duplicates_before_creating(world: World) -> None:
    lead = await create(world.rep, name="Harbour Bakery", region="North", phone="13812345678")
    found = await look(world.manager, name="harbour-bakery", region="NORTH", phone="+86 138 1234 5678", email="a@")
    assert found["candidates"] == [
        {"lead": {"id": lead["id"], "name": "Harbour Bakery"}, "matchedOn": ["PHONE", "NAME_AND_REGION"]}
    ]
    assert await look(world.manager, name="Harbour Bakery") == {"candidates": [], "elsewhere": False}
    assert await world.support.api.code(LOOK, input={}) == "FORBIDDEN"
    assert await world.rep.api.code(LOOK, input={"region": "x" * 121}) == "BAD_INPUT"


async def test_changed_and_closed_leads_are_looked_for_as_they_are_now(world: World) -> None:
    lead_id = (await create(world.rep, phone="+49 30 901820"))["id"]
    await world.rep.api.first(CHANGE, key=new_key(), id=lead_id, changes={"phone": "+49 30 555000"})
    assert (await look(world.rep, phone="030 901820"))["candidates"] == []
    assert len((await look(world.rep, phone="030 555000"))["candidates"]) == 1
    await world.rep.api.first(MOVE, key=new_key(), id=lead_id, stage="LOST", reason="no budget")
    assert (await look(world.rep, phone="030 555000"))["candidates"] == []
    assert (await create_lead(world.rep, phone="030 555000"))["__typename"] == "Lead"

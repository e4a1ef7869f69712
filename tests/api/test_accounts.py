"""Accounts through GraphQL over HTTP: creating, changing, listing, and who sees what."""

from __future__ import annotations

import asyncio

import pytest

from domain.ids import new_id
from tests.conftest import START
from tests.support.client import new_key
from tests.support.reads_counter import ReadsCounter
from tests.support.world import Member, World

LEAD_ID = new_id("led", START)
CREATE = """mutation ($key: String!, $input: CreateAccountInput!) {
  createAccount(clientKey: $key, input: $input) {
    __typename
    ... on Account { id name tier version }
    ... on Refusal { code message }
    ... on InvalidInput { field }
  }
}"""
UPDATE = """mutation ($key: String!, $id: ID!, $changes: AccountChanges!, $expected: Int) {
  updateAccount(clientKey: $key, id: $id, changes: $changes, expectedVersion: $expected) {
    __typename
    ... on Account { id name tier note version }
    ... on Refusal { code }
    ... on VersionConflict { currentVersion }
  }
}"""
ONE = "query ($id: ID!) { account(id: $id) { id name } }"
NODE = "query ($id: ID!) { node(id: $id) { __typename id ... on Account { name } } }"
LIST = """query ($first: Int!, $after: String, $order: AccountOrder!) {
  accounts(first: $first, after: $after, order: $order) {
    edges { cursor node { id name } } pageInfo { hasNextPage endCursor }
  }
}"""


async def create(member: Member, **given: object) -> dict[str, object]:
    answer: dict[str, object] = await member.api.first(
        CREATE, key=new_key(), input={"name": "Demo Mill", "tier": "B"} | given
    )
    return answer


async def test_create_account_on_the_device_and_read_it_back(world: World) -> None:
    account_id = new_id("acc", START)
    created = await create(world.rep, id=account_id, name="Harbour Bakery")
    assert created["__typename"] == "Account"
    assert created["id"] == account_id
    assert await world.rep.api.first(ONE, id=account_id) == {"id": account_id, "name": "Harbour Bakery"}
    node = await world.rep.api.first(NODE, id=account_id)
    assert node == {"__typename": "Account", "id": account_id, "name": "Harbour Bakery"}


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "x" * 201}, "name"),
        ({"id": "acc_1"}, "id"),
        ({"id": LEAD_ID}, "id"),
    ],
)
async def test_create_account_names_the_bad_field(world: World, given: dict[str, object], field: str) -> None:
    refused = await create(world.rep, **given)
    assert (refused["__typename"], refused["field"]) == ("InvalidInput", field)


async def test_create_account_repeated_key_answers_the_same_and_other_input_is_refused(world: World) -> None:
    key = new_key()
    given = {"name": "Twice", "tier": "A"}
    first = await world.rep.api.first(CREATE, key=key, input=given)
    again = await world.rep.api.first(CREATE, key=key, input=given)
    other = await world.rep.api.first(CREATE, key=key, input=given | {"name": "Thrice"})
    assert again == first
    assert other["code"] == "KEY_REUSED"


async def test_create_account_in_parallel_with_one_key_writes_once(world: World) -> None:
    key = new_key()
    calls = (world.rep.api.first(CREATE, key=key, input={"name": "Race", "tier": "A"}) for _ in range(6))
    answers = await asyncio.gather(*calls)
    assert len({answer["id"] for answer in answers}) == 1
    listed = await world.rep.api.first(LIST, first=10, order="NAME")
    assert [edge["node"]["name"] for edge in listed["edges"]] == ["Race"]


async def test_create_account_with_a_taken_id(world: World, other_world: World) -> None:
    created = await create(world.rep)
    refused = await create(other_world.rep, id=created["id"])
    assert refused["code"] == "ID_TAKEN"


async def test_update_account_guards_its_version(world: World) -> None:
    created = await create(world.rep)
    changed = await world.rep.api.first(
        UPDATE, key=new_key(), id=created["id"], changes={"note": "rings at the back door"}, expected=1
    )
    assert (changed["note"], changed["version"]) == ("rings at the back door", 2)
    stale = await world.rep.api.first(UPDATE, key=new_key(), id=created["id"], changes={"note": None}, expected=1)
    assert (stale["__typename"], stale["currentVersion"]) == ("VersionConflict", 2)
    cleared = await world.rep.api.first(UPDATE, key=new_key(), id=created["id"], changes={"note": None})
    assert cleared["note"] is None


async def test_accounts_scope(world: World, other_world: World) -> None:
    account_id = (await create(world.rep))["id"]
    see = [world.rep, world.second_rep, world.manager, world.director, world.admin, world.support]
    blind = [world.south_rep, world.south_manager, other_world.rep, other_world.admin]
    for member in see:
        assert await member.api.first(ONE, id=account_id) is not None, member.person.name
    for member in blind:
        assert await member.api.first(ONE, id=account_id) is None, member.person.name
        assert await member.api.first(NODE, id=account_id) is None
        refused = await member.api.first(UPDATE, key=new_key(), id=account_id, changes={"note": "x"})
        assert refused["code"] == "NOT_FOUND"
        assert (await member.api.first(LIST, first=10, order="NAME"))["edges"] == []
    assert await world.support.api.code(UPDATE, key=new_key(), id=account_id, changes={"note": "x"}) == "FORBIDDEN"
    anonymous = world.rep.api.as_("")
    assert await anonymous.code(ONE, id=account_id) == "UNAUTHENTICATED"
    assert await anonymous.code(UPDATE, key=new_key(), id=account_id, changes={}) == "UNAUTHENTICATED"


async def test_accounts_pages_hold_each_record_once(world: World, reads_counter: ReadsCounter) -> None:
    for number in range(7):
        await create(world.rep, name=f"Shop {number % 3}")
    for order in ("NAME", "NEWEST", "CHANGED"):
        names, after = [], None
        while True:
            reads_counter.take()
            page = await world.rep.api.first(LIST, first=3, after=after, order=order)
            assert len(reads_counter.take()) <= 5  # who asks, their session, their team and the one above, the page
            names += [edge["node"]["id"] for edge in page["edges"]]
            after = page["pageInfo"]["endCursor"]
            if not page["pageInfo"]["hasNextPage"]:
                break
        assert len(names) == len(set(names)) == 7
    assert await world.rep.api.code(LIST, first=3, after="bm90IGEgY3Vyc29y", order="NAME") == "BAD_INPUT"
    assert await world.rep.api.code(LIST, first=101, order="NAME") == "BAD_INPUT"

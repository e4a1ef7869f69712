"""Contacts through GraphQL over HTTP: creating, changing, listing, and who sees what."""

from __future__ import annotations

from typing import Any

import pytest

from domain.ids import new_id
from tests.conftest import START
from tests.support.client import new_key
from tests.support.reads_counter import ReadsCounter
from tests.support.world import Member, World

ACCOUNT = """mutation ($key: String!) {
  createAccount(clientKey: $key, input: { name: "Harbour Bakery", tier: B }) { ... on Account { id } }
}"""
CREATE = """mutation ($key: String!, $input: CreateContactInput!) {
  createContact(clientKey: $key, input: $input) {
    __typename
    ... on Contact { id name title email account { id name } version }
    ... on Refusal { code }
    ... on InvalidInput { field }
  }
}"""
UPDATE = """mutation ($key: String!, $id: ID!, $changes: ContactChanges!, $expected: Int) {
  updateContact(clientKey: $key, id: $id, changes: $changes, expectedVersion: $expected) {
    __typename
    ... on Contact { id name phone version }
    ... on Refusal { code }
    ... on InvalidInput { field }
    ... on VersionConflict { currentVersion }
  }
}"""
ONE = "query ($id: ID!) { contact(id: $id) { id name } }"
LIST = """query ($account: ID!, $first: Int!, $after: String) {
  contacts(filter: { accountId: $account }, first: $first, after: $after) {
    nodes { name } pageInfo { hasNextPage endCursor }
  }
}"""


async def account_of(member: Member) -> str:
    account_id: str = (await member.api.first(ACCOUNT, key=new_key()))["id"]
    return account_id


async def create(member: Member, account_id: str, **given: object) -> dict[str, Any]:
    answer: dict[str, Any] = await member.api.first(
        CREATE, key=new_key(), input={"accountId": account_id, "name": "Kim Doe"} | given
    )
    return answer


async def test_create_contact_and_read_it_back(world: World) -> None:
    account_id, contact_id = await account_of(world.rep), new_id("con", START)
    created = await create(world.rep, account_id, id=contact_id, title="Buyer", email="kim@example.test")
    assert (created["id"], created["title"], created["email"]) == (contact_id, "Buyer", "kim@example.test")
    assert created["account"] == {"id": account_id, "name": "Harbour Bakery"}
    assert await world.rep.api.first(ONE, id=contact_id) == {"id": contact_id, "name": "Kim Doe"}


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"name": ""}, "name"),
        ({"email": "kim at example"}, "email"),
        ({"title": "x" * 121}, "title"),
        ({"note": "x" * 4001}, "note"),
        ({"id": "con_1"}, "id"),
    ],
)
async def test_create_contact_names_the_bad_field(world: World, given: dict[str, object], field: str) -> None:
    refused = await create(world.rep, await account_of(world.rep), **given)
    assert (refused["__typename"], refused["field"]) == ("InvalidInput", field)


async def test_create_contact_repeated_key_and_taken_id(world: World, other_world: World) -> None:
    account_id = await account_of(world.rep)
    key, given = new_key(), {"accountId": account_id, "name": "Twice"}
    first = await world.rep.api.first(CREATE, key=key, input=given)
    assert await world.rep.api.first(CREATE, key=key, input=given) == first
    assert (await world.rep.api.first(CREATE, key=key, input=given | {"name": "Thrice"}))["code"] == "KEY_REUSED"
    taken = await create(other_world.rep, await account_of(other_world.rep), id=first["id"])
    assert taken["code"] == "ID_TAKEN"


async def test_update_contact_guards_its_version(world: World) -> None:
    contact_id = (await create(world.rep, await account_of(world.rep)))["id"]
    changed = await world.rep.api.first(UPDATE, key=new_key(), id=contact_id, changes={"phone": "+49 1"}, expected=1)
    assert (changed["phone"], changed["version"]) == ("+49 1", 2)
    stale = await world.rep.api.first(UPDATE, key=new_key(), id=contact_id, changes={"phone": None}, expected=1)
    assert stale["currentVersion"] == 2
    cleared = await world.rep.api.first(UPDATE, key=new_key(), id=contact_id, changes={"phone": None})
    assert cleared["phone"] is None
    bad = await world.rep.api.first(UPDATE, key=new_key(), id=contact_id, changes={"name": None})
    assert bad["field"] == "name"


async def test_contacts_scope(world: World, other_world: World) -> None:
    account_id = await account_of(world.rep)
    contact_id = (await create(world.rep, account_id))["id"]
    for member in (world.rep, world.second_rep, world.manager, world.director, world.admin, world.support):
        assert await member.api.first(ONE, id=contact_id) is not None, member.person.name
    for member in (world.south_rep, world.south_manager, other_world.rep, other_world.admin):
        assert await member.api.first(ONE, id=contact_id) is None, member.person.name
        refused = await member.api.first(UPDATE, key=new_key(), id=contact_id, changes={"note": "x"})
        assert refused["code"] == "NOT_FOUND"
        assert (await create(member, account_id))["code"] == "NOT_FOUND"
        assert (await member.api.first(LIST, account=account_id, first=10))["nodes"] == []
    given = {"accountId": account_id, "name": "x"}
    assert await world.support.api.code(CREATE, key=new_key(), input=given) == "FORBIDDEN"
    assert await world.support.api.code(UPDATE, key=new_key(), id=contact_id, changes={}) == "FORBIDDEN"
    anonymous = world.rep.api.as_("")
    assert await anonymous.code(ONE, id=contact_id) == "UNAUTHENTICATED"
    assert await anonymous.code(CREATE, key=new_key(), input=given) == "UNAUTHENTICATED"
    assert await anonymous.code(UPDATE, key=new_key(), id=contact_id, changes={}) == "UNAUTHENTICATED"


async def test_contacts_pages_and_reads(world: World, reads_counter: ReadsCounter) -> None:
    nested = "{ accounts { nodes { contacts(first: 50) { name account { name } } } } }"
    account_id = await account_of(world.rep)
    await create(world.rep, account_id, name="A")
    reads_counter.take()
    await world.rep.api.data(nested)
    one = len(reads_counter.take())
    for number in range(19):
        await create(world.rep, account_id, name=f"B {number % 4}")
    reads_counter.take()
    assert len((await world.rep.api.first(nested))["nodes"][0]["contacts"]) == 20
    assert len(reads_counter.take()) == one
    names: list[str] = []
    after = None
    while True:
        page = await world.rep.api.first(LIST, account=account_id, first=7, after=after)
        names += [node["name"] for node in page["nodes"]]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert names == sorted(names)
    assert len(names) == 20

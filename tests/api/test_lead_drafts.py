"""A new lead for a known customer: what is filled in, from what one may see, and how little has to be typed."""

from __future__ import annotations

from typing import Any

from graphql import GraphQLInputObjectType, is_required_input_field

from schema.root import build_schema
from tests.support.client import ApiClient, new_key
from tests.support.leads import create_lead
from tests.support.world import Member, World

DRAFT = """query ($account: ID!) { leadDraft(accountId: $account) {
  accountId name tier region productLine currency contactId contactName phone email siteId
} }"""
ACCOUNT = """mutation ($key: String!) { createAccount(clientKey: $key, input: {
  name: "Mill", tier: A, region: "North", phone: "+86 571 0"
}) { ... on Account { id } } }"""
CONTACT = """mutation ($key: String!, $input: CreateContactInput!) {
  createContact(clientKey: $key, input: $input) { ... on Contact { id } }
}"""


async def account_of(member: Member) -> str:
    return str((await member.api.first(ACCOUNT, key=new_key()))["id"])


async def contact_of(member: Member, account_id: str, name: str, **given: Any) -> str:
    described = {"accountId": account_id, "name": name} | given
    return str((await member.api.first(CONTACT, key=new_key(), input=described))["id"])


async def test_a_customer_without_history_gives_its_own_facts(world: World) -> None:
    account_id = await account_of(world.rep)
    draft = await world.rep.api.first(DRAFT, account=account_id)
    known = {name: value for name, value in draft.items() if value is not None}
    assert known == {"accountId": account_id, "name": "Mill", "tier": "A", "region": "North", "phone": "+86 571 0"}


async def test_the_latest_lead_and_its_contact_are_taken_over(world: World) -> None:
    account_id = await account_of(world.rep)
    await contact_of(world.rep, account_id, "Ada")
    bo = await contact_of(world.rep, account_id, "Bo", phone="+86 571 1", email="bo@example.test")
    await create_lead(world.rep, name="First", accountId=account_id, productLine="OVENS")
    await create_lead(
        world.rep, name="Second", accountId=account_id, productLine="MIXERS", currency="CNY", contactId=bo
    )
    draft = await world.rep.api.first(DRAFT, account=account_id)
    assert (draft["productLine"], draft["currency"]) == ("MIXERS", "CNY")
    assert (draft["contactId"], draft["contactName"]) == (bo, "Bo")
    assert (draft["phone"], draft["email"]) == ("+86 571 1", "bo@example.test")
    given = {name: value for name, value in draft.items() if value is not None} | {"name": "Third"}
    created = await create_lead(world.rep, ignoreDuplicates=True, **given)
    assert (created["__typename"], created["tier"]) == ("Lead", "A")


async def test_the_only_contact_is_meant_and_of_several_none(world: World) -> None:
    account_id = await account_of(world.rep)
    ada = await contact_of(world.rep, account_id, "Ada")
    assert (await world.rep.api.first(DRAFT, account=account_id))["contactId"] == ada
    await contact_of(world.rep, account_id, "Bo")
    assert (await world.rep.api.first(DRAFT, account=account_id))["contactId"] is None


async def test_only_what_one_may_see_is_filled_in(world: World, other_world: World, anonymous: ApiClient) -> None:
    account_id = await account_of(world.rep)
    await create_lead(world.rep, name="Deal", accountId=account_id, productLine="OVENS")
    assert (await world.second_rep.api.first(DRAFT, account=account_id))["productLine"] is None
    assert (await world.manager.api.first(DRAFT, account=account_id))["productLine"] == "OVENS"
    for member in (world.south_rep, world.south_manager, other_world.admin):
        assert await member.api.first(DRAFT, account=account_id) is None
    assert await anonymous.code(DRAFT, account=account_id) == "UNAUTHENTICATED"
    assert await world.support.api.code(DRAFT, account=account_id) == "FORBIDDEN"


def test_a_lead_needs_at_most_three_fields() -> None:
    given = build_schema()._schema.type_map["CreateLeadInput"]
    assert isinstance(given, GraphQLInputObjectType)
    assert [name for name, field in given.fields.items() if is_required_input_field(field)] == ["name"]

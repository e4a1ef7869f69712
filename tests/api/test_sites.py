"""Sites through GraphQL over HTTP: coordinates in every datum, what is refused, who sees what, and what is near."""

from __future__ import annotations

from typing import Any

import pytest

from domain.ids import new_id
from tests.conftest import START
from tests.support.client import new_key
from tests.support.field_work import CREATE_SITE, PIN, make_account, make_site, north_of_pin
from tests.support.reads_counter import ReadsCounter
from tests.support.world import World

SQUARE_GCJ02: dict[str, Any] = {"latitude": 39.908700, "longitude": 116.397500, "datum": "GCJ02"}
"""The middle of Tiananmen square as map kits of mainland China show it, 555 m from the GPS position."""
ONE = "query ($id: ID!) { site(id: $id) { id name } }"
NODE = "query ($id: ID!) { node(id: $id) { __typename id } }"
LIST = """query ($first: Int!, $after: String, $filter: SiteFilter) {
  sites(first: $first, after: $after, filter: $filter) {
    nodes { id name } pageInfo { hasNextPage endCursor }
  }
}"""
SHOW = """query ($id: ID!, $datum: Datum!) {
  site(id: $id) { location(datum: $datum) { latitude longitude datum } givenLocation { latitude longitude datum } }
}"""
NEAR = """query ($point: CoordinatesInput!, $radius: Float!, $first: Int!) {
  sitesNear(point: $point, radiusM: $radius, first: $first) { name }
}"""
UPDATE = """mutation ($key: String!, $id: ID!, $changes: SiteChanges!, $expected: Int) {
  updateSite(clientKey: $key, id: $id, changes: $changes, expectedVersion: $expected) {
    __typename
    ... on Site { id name openingHours radiusM locationVersion version location { latitude longitude } }
    ... on Refusal { code }
    ... on InvalidInput { field }
    ... on VersionConflict { currentVersion }
  }
}"""


async def test_create_site_inherits_from_its_account_and_keeps_the_pin_as_given(world: World) -> None:
    account_id = await make_account(world.rep, "A", region="North")
    given = {"accountId": account_id, "name": "Gate", "coordinates": SQUARE_GCJ02, "openingHours": "Mo-Fr 09:00-18:00"}
    made = await world.rep.api.first(CREATE_SITE, key=new_key(), input=given)
    assert (made["tier"], made["region"], made["timeZone"], made["radiusM"]) == ("A", "North", "Asia/Shanghai", 200)
    assert made["givenLocation"] == SQUARE_GCJ02
    assert made["locationFlagged"] is False
    assert made["account"] == {"id": account_id}
    assert made["location"]["datum"] == "WGS84"
    assert 0.001 < SQUARE_GCJ02["latitude"] - made["location"]["latitude"] < 0.002
    shown = await world.rep.api.first(SHOW, id=made["id"], datum="GCJ02")
    assert shown["location"]["latitude"] == pytest.approx(SQUARE_GCJ02["latitude"], abs=1e-8)
    assert shown["location"]["longitude"] == pytest.approx(SQUARE_GCJ02["longitude"], abs=1e-8)


async def test_create_site_flags_a_shifted_claim_outside_the_region(world: World) -> None:
    account_id = await make_account(world.rep)
    given = {"accountId": account_id, "name": "Far", "coordinates": PIN | {"datum": "GCJ02"}}
    made = await world.rep.api.first(CREATE_SITE, key=new_key(), input=given)
    assert made["locationFlagged"] is True
    assert made["location"] == PIN


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"name": " "}, "name"),
        ({"name": "x" * 201}, "name"),
        ({"radiusM": 99.9}, "radiusM"),
        ({"radiusM": 1000.1}, "radiusM"),
        ({"timeZone": "Mars/Base"}, "timeZone"),
        ({"timeZone": "../etc/passwd"}, "timeZone"),
        ({"openingHours": "whenever"}, "openingHours"),
        ({"openingHours": ""}, "openingHours"),
        ({"address": "x" * 501}, "address"),
        ({"externalId": "x" * 121}, "externalId"),
        ({"id": "sit_1"}, "id"),
        ({"coordinates": {"latitude": 91, "longitude": 0, "datum": "WGS84"}}, "coordinates"),
        ({"coordinates": {"latitude": 1, "longitude": 181, "datum": "GCJ02"}}, "coordinates"),
        ({"coordinates": {"latitude": 0, "longitude": 0, "datum": "WGS84"}}, "coordinates"),
    ],
)
async def test_create_site_names_the_bad_field(world: World, wrong: dict[str, Any], field: str) -> None:
    account_id = await make_account(world.rep)
    given = {"accountId": account_id, "name": "Gate", "coordinates": PIN} | wrong
    refused = await world.rep.api.first(CREATE_SITE, key=new_key(), input=given)
    assert (refused["__typename"], refused.get("field")) == ("InvalidInput", field)


@pytest.mark.parametrize("radius_m", [100, 1000])
async def test_create_site_takes_the_ends_of_the_radius(world: World, radius_m: int) -> None:
    assert await make_site(world.rep, radiusM=radius_m)


async def test_create_site_repeated_key_and_taken_ids(world: World, other_world: World) -> None:
    account_id, key, site_id = await make_account(world.rep), new_key(), new_id("sit", START)
    given = {"accountId": account_id, "name": "Gate", "coordinates": PIN, "id": site_id, "externalId": "gate-1"}
    first = await world.rep.api.first(CREATE_SITE, key=key, input=given)
    assert await world.rep.api.first(CREATE_SITE, key=key, input=given) == first
    assert (await world.rep.api.first(CREATE_SITE, key=key, input=given | {"name": "B"}))["code"] == "KEY_REUSED"
    theirs = given | {"accountId": await make_account(other_world.rep)}
    assert (await other_world.rep.api.first(CREATE_SITE, key=new_key(), input=theirs))["code"] == "ID_TAKEN"


async def test_update_site_guards_its_version_and_moves_the_pin_for_managers_only(world: World) -> None:
    site_id = await make_site(world.rep)
    changed = await world.rep.api.first(UPDATE, key=new_key(), id=site_id, changes={"openingHours": "24/7"}, expected=1)
    assert (changed["openingHours"], changed["version"], changed["locationVersion"]) == ("24/7", 2, 1)
    stale = await world.rep.api.first(UPDATE, key=new_key(), id=site_id, changes={"name": "x"}, expected=1)
    assert (stale["__typename"], stale["currentVersion"]) == ("VersionConflict", 2)
    for moving in ({"coordinates": north_of_pin(500)}, {"radiusM": 1000}):
        refused = await world.rep.api.first(UPDATE, key=new_key(), id=site_id, changes=moving)
        assert refused["code"] == "FORBIDDEN"
    moved = await world.manager.api.first(
        UPDATE, key=new_key(), id=site_id, changes={"coordinates": north_of_pin(500), "radiusM": 300}
    )
    assert (moved["locationVersion"], moved["radiusM"]) == (2, 300)
    assert moved["location"]["latitude"] == north_of_pin(500)["latitude"]
    for field in ("coordinates", "name", "radiusM"):
        refused = await world.manager.api.first(UPDATE, key=new_key(), id=site_id, changes={field: None})
        assert refused.get("field") == field


async def test_sites_scope(world: World, other_world: World) -> None:
    site_id = await make_site(world.rep)
    see = [world.rep, world.second_rep, world.manager, world.director, world.admin, world.support]
    for member in see:
        assert await member.api.first(ONE, id=site_id) is not None, member.person.name
    account_id = await make_account(world.rep)
    for member in (world.south_rep, world.south_manager, other_world.rep, other_world.admin):
        assert await member.api.first(ONE, id=site_id) is None, member.person.name
        assert await member.api.first(NODE, id=site_id) is None
        assert (await member.api.first(LIST, first=10))["nodes"] == []
        assert await member.api.first(NEAR, point=PIN, radius=10_000, first=10) == []
        refused = await member.api.first(UPDATE, key=new_key(), id=site_id, changes={"name": "x"})
        assert refused["code"] == "NOT_FOUND"
        given = {"accountId": account_id, "name": "Gate", "coordinates": PIN}
        assert (await member.api.first(CREATE_SITE, key=new_key(), input=given))["code"] == "NOT_FOUND"
    assert (await world.rep.api.first(NODE, id=site_id)) == {"__typename": "Site", "id": site_id}
    create = {"accountId": account_id, "name": "Gate", "coordinates": PIN}
    assert await world.support.api.code(CREATE_SITE, key=new_key(), input=create) == "FORBIDDEN"
    assert await world.support.api.code(UPDATE, key=new_key(), id=site_id, changes={"name": "x"}) == "FORBIDDEN"
    anonymous = world.rep.api.as_("")
    assert await anonymous.code(ONE, id=site_id) == "UNAUTHENTICATED"
    assert await anonymous.code(LIST, first=1) == "UNAUTHENTICATED"
    assert await anonymous.code(NEAR, point=PIN, radius=100, first=1) == "UNAUTHENTICATED"
    assert await anonymous.code(CREATE_SITE, key=new_key(), input=create) == "UNAUTHENTICATED"
    assert await anonymous.code(UPDATE, key=new_key(), id=site_id, changes={}) == "UNAUTHENTICATED"


async def test_sites_filter_and_pages(world: World) -> None:
    account_id = await make_account(world.rep, "A", region="North")
    for number in range(3):
        await make_site(world.rep, accountId=account_id, name=f"North {number}")
    await make_site(world.rep, "C", name="South", region="South")
    for chosen, names in [
        ({"accountId": account_id}, ["North 0", "North 1", "North 2"]),
        ({"tier": "C"}, ["South"]),
        ({"region": "South"}, ["South"]),
        ({"region": "North", "tier": "C"}, []),
    ]:
        listed = await world.rep.api.first(LIST, first=10, filter=chosen)
        assert [each["name"] for each in listed["nodes"]] == names
    page = await world.rep.api.first(LIST, first=3)
    rest = await world.rep.api.first(LIST, first=3, after=page["pageInfo"]["endCursor"])
    assert [each["name"] for each in (*page["nodes"], *rest["nodes"])] == ["North 0", "North 1", "North 2", "South"]


async def test_sites_near_are_the_nearest_first(world: World) -> None:
    for metres in (900, 100, 3000, 400):
        await make_site(world.rep, name=f"{metres}", coordinates=north_of_pin(metres))
    near = await world.rep.api.first(NEAR, point=PIN, radius=1000, first=10)
    assert [each["name"] for each in near] == ["100", "400", "900"]
    assert len(await world.rep.api.first(NEAR, point=PIN, radius=10_000, first=2)) == 2
    assert await world.rep.api.code(NEAR, point=PIN, radius=10_001, first=2) == "BAD_INPUT"
    assert await world.rep.api.code(NEAR, point=PIN, radius=100, first=101) == "BAD_INPUT"
    nowhere = {"latitude": 0, "longitude": 0, "datum": "WGS84"}
    assert await world.rep.api.code(NEAR, point=nowhere, radius=100, first=1) == "BAD_INPUT"


async def test_account_sites_take_one_read_for_all_accounts(world: World, reads_counter: ReadsCounter) -> None:
    query = "{ accounts(first: 20) { nodes { name sites { name account { id } } } } }"
    counts: list[int] = []
    for _ in range(2):
        for _ in range(1 if not counts else 19):
            await make_site(world.rep)
        reads_counter.take()
        listed = await world.rep.api.first(query)
        counts.append(len(reads_counter.take()))
    assert [len(each["sites"]) for each in listed["nodes"]] == [1] * 20
    assert counts[0] == counts[1]

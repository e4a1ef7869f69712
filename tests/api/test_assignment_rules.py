"""Assignment rules through GraphQL: saving the table, what each bad value is told, and what a lead would get."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from domain.datum import from_wgs84
from domain.ids import new_id
from domain.places import Datum, Point
from tests.conftest import START, StoppedClock
from tests.support.absences import record_absence
from tests.support.assignment import SAVE, TABLE, people, preview, save_rules
from tests.support.client import new_key
from tests.support.field_work import CREATE_ACCOUNT, CREATE_SITE
from tests.support.leads import create_lead
from tests.support.world import World

DEACTIVATE = """mutation ($key: String!, $id: ID!) {
  deactivatePerson(clientKey: $key, id: $id) { __typename ... on Refusal { code message } }
}"""


def square(latitude: float, longitude: float) -> list[dict[str, Any]]:
    """One degree to the north and east of a corner."""
    corners = [(0, 0), (0, 1), (1, 1), (1, 0)]
    return [{"latitude": latitude + up, "longitude": longitude + along, "datum": "WGS84"} for up, along in corners]


BOW = [square(30, 120)[each] for each in (0, 2, 1, 3)]


async def test_save_assignment_table_keeps_versions(world: World) -> None:
    assert (await world.manager.api.first(TABLE))["version"] == 0
    first = await save_rules(
        world.admin,
        {"candidates": people(world.rep, weight=2, maxOpenLeads=30), "territories": ["harbour"], "tiers": ["A"]},
        {"candidates": [{"teamId": world.south.id}], "regions": ["South"], "area": square(20, 110)},
        territories=[{"key": "harbour", "name": "Harbour", "area": square(30, 120)}],
    )
    assert (first["__typename"], first["version"], first["updatedBy"]["id"]) == ("AssignmentTable", 1, world.admin.id)
    candidate = first["rules"][0]["candidates"][0]
    assert (candidate["personId"], candidate["weight"], candidate["maxOpenLeads"]) == (world.rep.id, 2, 30)
    assert first["rules"][1]["candidates"][0]["team"]["id"] == world.south.id
    assert first["rules"][1]["area"][2] == {"latitude": 21, "longitude": 111, "datum": "WGS84"}
    assert first["territories"][0]["area"][0] == {"latitude": 30, "longitude": 120}
    stale = await save_rules(world.admin, {"candidates": people(world.rep)}, expected=0)
    assert (stale["__typename"], stale["currentVersion"]) == ("VersionConflict", 1)
    second = await save_rules(world.admin, {"candidates": people(world.rep)}, expected=1)
    assert second["version"] == 2
    assert len((await world.manager.api.first(TABLE, version=1))["rules"]) == 2
    assert len((await world.manager.api.first(TABLE))["rules"]) == 1
    assert await world.manager.api.first(TABLE, version=9) is None


async def test_areas_come_in_the_datum_of_the_tiles(world: World) -> None:
    await save_rules(
        world.admin,
        {"candidates": people(world.rep), "area": square(30, 120)},
        territories=[{"key": "harbour", "name": "Harbour", "area": square(31, 121)}],
    )
    areas = """{ assignmentTable {
      territories { area(datum: GCJ02) { latitude longitude datum } } rules { area(datum: BD09) { latitude longitude } }
    } }"""
    table = await world.manager.api.first(areas)
    for kept, shown, datum in (
        (square(31, 121), table["territories"][0]["area"], Datum.GCJ02),
        (square(30, 120), table["rules"][0]["area"], Datum.BD09),
    ):
        expected = [from_wgs84(Point(each["latitude"], each["longitude"]), datum) for each in kept]
        assert [(each["latitude"], each["longitude"]) for each in shown] == expected
        assert expected[0] != (kept[0]["latitude"], kept[0]["longitude"])
    assert table["territories"][0]["area"][0]["datum"] == "GCJ02"


async def test_save_assignment_table_at_once_saves_one(world: World) -> None:
    answers = await asyncio.gather(*(save_rules(world.admin, {"candidates": people(world.rep)}) for _ in range(3)))
    assert sorted(each["__typename"] for each in answers) == ["AssignmentTable", "VersionConflict", "VersionConflict"]


async def test_assignment_rules_are_for_those_who_assign(world: World) -> None:
    given: dict[str, Any] = {"rules": []}
    for member in (world.rep, world.manager, world.support):
        assert await member.api.code(SAVE, key=new_key(), input=given, expected=0) == "FORBIDDEN"
    assert await world.rep.api.code(TABLE) == "FORBIDDEN"


@pytest.mark.parametrize(
    ("rule", "field"),
    [
        ({"candidates": []}, "candidates"),
        ({"key": "no spaces"}, "key"),
        ({"name": " "}, "name"),
        ({"candidates": [{"weight": 1}]}, "candidates.0.personId"),
        ({"regions": [""]}, "regions.0"),
        ({"territories": ["nowhere"]}, "territories.0"),
        ({"area": square(30, 120)[:2]}, "area"),
        ({"area": BOW}, "area"),
        ({"area": [square(30, 120)[0], *square(30, 120)[:1], square(30, 120)[1]]}, "area"),
        ({"area": [{"latitude": 91, "longitude": 0, "datum": "WGS84"}]}, "area.0"),
    ],
)
async def test_save_assignment_table_names_the_bad_field(world: World, rule: dict[str, Any], field: str) -> None:
    refused = await save_rules(world.admin, {"candidates": people(world.rep)}, {"candidates": people(world.rep)} | rule)
    assert (refused["__typename"], refused["field"]) == ("InvalidInput", f"rules.1.{field}")
    assert (await world.manager.api.first(TABLE))["version"] == 0


@pytest.mark.parametrize(("given", "field"), [({"weight": 0}, "weight"), ({"maxOpenLeads": 0}, "maxOpenLeads")])
async def test_save_assignment_table_names_the_bad_candidate(world: World, given: dict[str, Any], field: str) -> None:
    refused = await save_rules(world.admin, {"candidates": people(world.rep, **given)})
    assert (refused["__typename"], refused["field"]) == ("InvalidInput", f"rules.0.candidates.0.{field}")


async def test_save_assignment_table_refuses_who_is_not_there(world: World, other_world: World) -> None:
    for candidate, field in (
        ({"personId": other_world.rep.id}, "candidates.0.personId"),
        ({"teamId": other_world.north.id}, "candidates.0.teamId"),
        ({"personId": new_id("per", START)}, "candidates.0.personId"),
    ):
        refused = await save_rules(world.admin, {"candidates": [candidate]})
        assert (refused["code"], refused["field"]) == ("NOT_FOUND", f"rules.0.{field}")
    pool = await save_rules(world.admin, {"poolTeamId": other_world.north.id})
    assert (pool["code"], pool["field"]) == ("NOT_FOUND", "rules.0.poolTeamId")
    twice = await save_rules(world.admin, {"candidates": people(world.rep, world.rep)})
    assert twice["field"] == "rules.0.candidates.1.personId"
    office = await save_rules(world.admin, {"candidates": people(world.support)})
    assert (office["code"], office["field"]) == ("BAD_INPUT", "rules.0.candidates.0.personId")
    await world.admin.api.first(DEACTIVATE, key=new_key(), id=world.second_rep.id)
    gone = await save_rules(world.admin, {"candidates": people(world.rep, world.second_rep)})
    assert (gone["code"], gone["field"]) == ("BAD_INPUT", "rules.0.candidates.1.personId")


async def test_preview_takes_the_first_rule_that_fits(world: World) -> None:
    await save_rules(
        world.admin,
        {"key": "harbour", "candidates": people(world.rep), "territories": ["harbour"], "tiers": ["A", "B"]},
        {"key": "fair", "candidates": people(world.second_rep), "sources": ["Fair"], "productLines": ["Ovens"]},
        {"key": "south", "candidates": people(world.south_rep), "regions": ["South", "Islands"]},
        {"key": "rest", "poolTeamId": world.top.id},
        territories=[{"key": "harbour", "name": "Harbour", "area": square(30, 120)}],
    )
    inside = {"latitude": 30.5, "longitude": 120.5, "datum": "WGS84"}
    outside = {"latitude": 30.5, "longitude": 121.5, "datum": "WGS84"}
    for given, rule, owner in (
        ({"location": inside, "tier": "A"}, "harbour", world.rep.id),
        ({"location": inside, "tier": "C"}, "rest", None),
        ({"location": outside, "tier": "A"}, "rest", None),
        ({"location": inside, "tier": "B", "region": "South"}, "harbour", world.rep.id),
        ({"source": " fair", "productLine": "OVENS"}, "fair", world.second_rep.id),
        ({"source": "fair", "region": "islands"}, "south", world.south_rep.id),
        ({}, "rest", None),
    ):
        shown = await preview(world.admin, **given)
        assert (shown["ruleKey"], shown["toOwnerId"]) == (rule, owner), given
    assert (await preview(world.admin))["poolTeamId"] == world.top.id
    # A manager learns who, but sees only people of the own teams.
    seen = await preview(world.manager, region="South")
    assert (seen["toOwnerId"], seen["toOwner"]) == (world.south_rep.id, None)


async def test_preview_looks_at_the_pin_of_the_site(world: World) -> None:
    pin = {"latitude": 30.5, "longitude": 120.5, "datum": "WGS84"}
    mill = {"name": "Mill", "tier": "A"}
    account = await world.rep.api.first(CREATE_ACCOUNT, key=new_key(), input=mill)
    given = {"accountId": account["id"], "name": "Mill", "coordinates": pin}
    site = await world.rep.api.first(CREATE_SITE, key=new_key(), input=given)
    await save_rules(world.admin, {"candidates": people(world.rep), "area": square(30, 120)})
    assert (await preview(world.manager, siteId=site["id"]))["toOwnerId"] == world.rep.id
    assert (await preview(world.manager))["ruleKey"] is None


async def test_preview_tells_who_is_passed_over_and_why(world: World, clock: StoppedClock) -> None:
    await save_rules(
        world.admin,
        {"candidates": [*people(world.rep, maxOpenLeads=2), *people(world.second_rep, world.south_rep)]},
    )
    for _ in range(2):
        await create_lead(world.rep)
    away = {"fromAt": clock.now, "untilAt": clock.now.replace(day=25)}
    assert (await record_absence(world.manager, world.second_rep.id, **away))["__typename"] == "Person"
    shown = await preview(world.admin)
    assert shown["toOwnerId"] == world.south_rep.id
    assert {(each["person"]["id"], each["reason"], each["limit"]) for each in shown["skipped"]} == {
        (world.second_rep.id, "ABSENT", None),
        (world.rep.id, "FULL", 2),
    }
    await world.admin.api.first(DEACTIVATE, key=new_key(), id=world.south_rep.id)
    nobody = await preview(world.admin)
    assert (nobody["toOwnerId"], len(nobody["skipped"])) == (None, 3)
    assert "DEPARTED" in {each["reason"] for each in nobody["skipped"]}
    clock.advance(days=3)
    assert (await preview(world.admin))["toOwnerId"] == world.second_rep.id

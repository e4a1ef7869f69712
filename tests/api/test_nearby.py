"""The reps nearest to a site and a rep's own sites nearby, through GraphQL over HTTP."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from domain.ids import new_id
from resolvers.services import Services
from tests.conftest import START, StoppedClock
from tests.support.client import new_key
from tests.support.field_day import STATE, add_reps, iso, point, report, tap
from tests.support.field_work import PIN, make_account, make_site, make_visit, north_of_pin
from tests.support.world import Member, World

NEAREST = """query ($site: ID!, $first: Int) {
  nearestReps(siteId: $site, first: $first) { distanceM entry { personId state latest { at } } }
}"""
MINE = """query ($point: CoordinatesInput!, $radius: Float, $first: Int, $due: Boolean) {
  mySitesNear(point: $point, radiusM: $radius, first: $first, dueOnly: $due) {
    distanceM reasons value daysSinceVisit site { name } visit { id state }
  }
}"""
WHO = "{ whoSawMe(first: 10) { nodes { viewerId purpose } } }"


def near_pin(metres: float, minutes: float = 0) -> dict[str, Any]:
    """A fix so far north of the pin."""
    where = north_of_pin(metres)
    return point(START + timedelta(minutes=minutes), latitude=where["latitude"], longitude=where["longitude"])


async def nearest(member: Member, site_id: str, first: int = 5) -> Any:
    """Who and how far, in metres."""
    found = await member.api.first(NEAREST, site=site_id, first=first)
    return found and [(each["entry"]["personId"], round(each["distanceM"], -1)) for each in found]


async def mine(member: Member, **given: Any) -> Any:
    """The answer."""
    return await member.api.first(MINE, **({"point": PIN, "radius": 2_000.0, "first": 20, "due": False} | given))


async def test_reps_at_work_come_nearest_first(world: World, other_world: World, clock: StoppedClock) -> None:
    site_id = await make_site(world.manager)
    for member in (world.rep, world.second_rep, world.south_rep):
        await tap(member, "startShift", START)
    await report(world.rep, near_pin(900))
    await report(world.second_rep, near_pin(300))
    await report(world.south_rep, near_pin(100))
    assert await nearest(world.manager, site_id) == [(world.second_rep.id, 300), (world.rep.id, 900)]
    assert await nearest(world.manager, site_id, 1) == [(world.second_rep.id, 300)]
    assert [each for each, _ in await nearest(world.director, site_id)] == [
        world.south_rep.id,
        world.second_rep.id,
        world.rep.id,
    ]
    assert await nearest(world.rep, site_id) == [(world.rep.id, 900)]
    seen = (await world.second_rep.api.first(WHO))["nodes"]
    assert {(each["viewerId"], each["purpose"]) for each in seen} == {
        (world.manager.id, "NEAREST_REPS"),
        (world.director.id, "NEAREST_REPS"),
    }
    clock.advance(minutes=1)
    await tap(world.second_rep, "startBreak", START + timedelta(minutes=1))
    assert await nearest(world.manager, site_id) == [(world.rep.id, 900)]
    state = await world.rep.api.first(STATE, key=new_key(), state="LOW_BATTERY", at=iso(START))
    assert state["__typename"] == "DeviceStateReceived"
    clock.advance(minutes=59)
    assert await nearest(world.manager, site_id) == [(world.rep.id, 900)]
    clock.advance(seconds=1)
    assert await nearest(world.manager, site_id) == []


async def test_who_may_ask_for_the_nearest_reps(world: World, other_world: World) -> None:
    site_id = await make_site(world.manager)
    for member in (world.south_manager, world.south_rep, other_world.manager):
        assert await nearest(member, site_id) is None
    assert await nearest(world.manager, new_id("sit", START)) is None
    for member in (world.admin, world.support):
        assert await member.api.code(NEAREST, site=site_id, first=5) == "FORBIDDEN"
    assert await world.rep.api.as_("").code(NEAREST, site=site_id, first=5) == "UNAUTHENTICATED"
    for first in (0, 51):
        assert await world.manager.api.code(NEAREST, site=site_id, first=first) == "BAD_INPUT"


async def test_the_nearest_are_found_among_many(world: World, services: Services) -> None:
    site_id = await make_site(world.manager)
    await add_reps(services, world, 30)
    await tap(world.rep, "startShift", START)
    await report(world.rep, near_pin(50))
    found = await nearest(world.manager, site_id, 50)
    assert len(found) == 31
    assert found[0] == (world.rep.id, 50)


async def test_my_sites_nearby_say_what_is_due(world: World, services: Services, clock: StoppedClock) -> None:
    visited = await make_account(world.rep, "A")
    await services.store["accounts"].update_one(
        {"_id": visited}, {"$set": {"last_verified_visit_at": (START - timedelta(days=2)).replace(tzinfo=None)}}
    )
    await make_site(world.rep, accountId=visited, name="Visited", coordinates=north_of_pin(500))
    booked = await make_site(world.rep, accountId=visited, name="Booked", coordinates=north_of_pin(1_000))
    await make_site(world.rep, "C", name="Never visited", coordinates=north_of_pin(1_500))
    await make_site(world.rep, name="Too far", coordinates=north_of_pin(2_010))
    await make_site(world.second_rep, name="Not mine")
    visit_id = await make_visit(world.rep, booked, START + timedelta(hours=2))
    await make_visit(world.rep, booked, START + timedelta(days=1))
    found = await mine(world.rep)
    assert [(each["site"]["name"], round(each["distanceM"], -1)) for each in found] == [
        ("Visited", 500),
        ("Booked", 1_000),
        ("Never visited", 1_500),
    ]
    assert [each["reasons"] for each in found] == [[], ["APPOINTMENT"], ["TIER_INTERVAL"]]
    assert [each["visit"] for each in found] == [None, {"id": visit_id, "state": "PLANNED"}, None]
    assert [each["daysSinceVisit"] for each in found] == [2, 2, None]
    assert [each["site"]["name"] for each in await mine(world.rep, due=True)] == ["Booked", "Never visited"]
    assert [each["site"]["name"] for each in await mine(world.rep, due=True, first=1)] == ["Booked"]
    assert [each["site"]["name"] for each in await mine(world.second_rep)] == ["Not mine"]
    assert await mine(world.manager) == []


@pytest.mark.parametrize(
    "given", [{"radius": 0.99}, {"radius": 10_000.1}, {"first": 0}, {"point": PIN | {"latitude": 90.1}}]
)
async def test_my_sites_near_names_what_is_wrong(world: World, given: dict[str, Any]) -> None:
    values = {"point": PIN, "radius": 2_000.0, "first": 20} | given
    assert await world.rep.api.code(MINE, **values) == "BAD_INPUT"

"""Planned and driven distances, from reported positions to the report through GraphQL over HTTP."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from domain.ids import new_id
from resolvers.services import Services
from tests.conftest import START, StoppedClock
from tests.support.field_day import point, report, tap
from tests.support.field_work import check_in, check_out, make_site, minutes, north_of_pin
from tests.support.world import Member, World
from workers.drives import measure_driven

DISTANCES = """query ($since: Date!, $until: Date!, $by: DistanceGrouping!, $team: ID) {
  drivenDistances(since: $since, until: $until, by: $by, teamId: $team) {
    repId rep { name } date region plannedM drivenM gapM ratio
  }
}"""
TODAY = "2026-11-23"
"""START in the reps' zone."""


async def lines(member: Member, by: str = "REP_AND_DAY", **given: Any) -> Any:
    """The report of the day."""
    return await member.api.first(DISTANCES, **({"since": TODAY, "until": TODAY, "by": by, "team": None} | given))


def figures(line: dict[str, Any]) -> tuple[Any, ...]:
    """Planned, driven and in gaps, whole tens of metres."""
    return tuple(None if line[name] is None else round(line[name], -1) for name in ("plannedM", "drivenM", "gapM"))


async def drive(member: Member, first: int, last: int) -> None:
    """To the north of the pin, 200 m a minute from minute to minute."""
    fixes = []
    for minute in range(first, last + 1):
        where = north_of_pin(200 * minute)
        at = START + minutes(minute)
        fixes.append(point(at, latitude=where["latitude"], longitude=where["longitude"]))
    assert (await report(member, *fixes))["accepted"] == len(fixes)


async def plan(services: Services, world: World, stops: list[tuple[str, float]], home_m: float) -> None:
    """A published plan of the rep's day."""
    await services.store["route_plans"].insert_one(
        {
            "_id": new_id("pln", START),
            "org_id": world.org_id,
            "owner_id": world.rep.id,
            "team_id": world.north.id,
            "date": TODAY,
            "state": "PUBLISHED",
            "stops": [{"site_id": site_id, "leg_distance_m": metres} for site_id, metres in stops],
            "end_leg_distance_m": home_m,
            "distance_m": sum(metres for _, metres in stops) + home_m,
        }
    )


async def test_planned_and_driven_by_rep_day_and_region(world: World, services: Services, clock: StoppedClock) -> None:
    east = await make_site(world.rep, region="East", coordinates=north_of_pin(1_000))
    west = await make_site(world.rep, region="West", coordinates=north_of_pin(6_000))
    await plan(services, world, [(east, 1_000.0), (west, 3_000.0)], home_m=500.0)
    await tap(world.rep, "startShift", START)
    clock.advance(minutes=31)
    await drive(world.rep, 20, 30)
    await drive(world.rep, 0, 5)
    arrived = await check_in(world.rep, east, START + minutes(5), 1_000)
    await check_out(world.rep, arrived["visit"]["id"], START + minutes(15))
    assert (await check_in(world.rep, west, START + minutes(30), 6_000))["visit"]["state"] == "OPEN"
    await measure_driven(services)
    (before,) = await lines(world.manager)
    assert figures(before) == (4_500, None, None)
    clock.advance(minutes=10)
    assert await measure_driven(services) >= 1
    (line,) = await lines(world.manager)
    assert (line["repId"], line["rep"], line["date"], line["region"]) == (world.rep.id, {"name": "Rep"}, TODAY, None)
    assert figures(line) == (4_500, 3_000, 3_000)
    assert line["ratio"] == pytest.approx(2 / 3, rel=1e-2)
    for by in ("REP", "DAY"):
        (same,) = await lines(world.manager, by)
        assert (figures(same), same["repId"] is None, same["date"] is None) == (
            figures(line),
            by == "DAY",
            by == "REP",
        )
    by_region = {each["region"]: figures(each) for each in await lines(world.manager, "REGION")}
    assert by_region == {None: (None, None, 3_000), "East": (1_000, 1_000, None), "West": (3_500, 2_000, None)}


async def test_late_points_are_measured_again(world: World, services: Services, clock: StoppedClock) -> None:
    await tap(world.rep, "startShift", START)
    clock.advance(hours=2)
    await drive(world.rep, 0, 10)
    await tap(world.rep, "endShift", START + timedelta(hours=1))
    clock.advance(minutes=10)
    assert await measure_driven(services) >= 1
    assert [figures(each) for each in await lines(world.rep)] == [(None, 2_000, None)]
    await drive(world.rep, 11, 20)
    clock.advance(minutes=10)
    assert await measure_driven(services) >= 1
    assert [figures(each) for each in await lines(world.rep)] == [(None, 4_000, None)]
    waiting = {"org_id": world.org_id, "measure_after": {"$exists": True}}
    assert await services.store["track_points"].find(waiting, limit=5) == []
    (drive_document,) = await services.store["drives"].find({"org_id": world.org_id}, limit=5)
    assert not [name for name in drive_document if "location" in name or "point" in name]


async def test_days_of_one_kind_only_are_in_no_ratio(world: World, services: Services, clock: StoppedClock) -> None:
    site_id = await make_site(world.rep)
    await plan(services, world, [(site_id, 1_000.0)], home_m=1_000.0)
    await tap(world.second_rep, "startShift", START)
    clock.advance(minutes=30)
    await drive(world.second_rep, 0, 10)
    clock.advance(minutes=10)
    await measure_driven(services)
    found = {each["repId"]: (figures(each), each["ratio"]) for each in await lines(world.manager, "REP")}
    assert found == {world.rep.id: ((2_000, None, None), None), world.second_rep.id: ((None, 2_000, None), None)}
    (day,) = await lines(world.manager, "DAY")
    assert (figures(day), day["ratio"]) == ((2_000, 2_000, None), None)


async def test_who_sees_whose_distances(
    world: World, other_world: World, services: Services, clock: StoppedClock
) -> None:
    for member in (world.rep, world.south_rep):
        await tap(member, "startShift", START)
        await report(member, point(START))
    clock.advance(minutes=10)
    assert await measure_driven(services) >= 2
    both = {world.rep.id, world.south_rep.id}
    for member, seen in ((world.director, both), (world.manager, {world.rep.id}), (world.rep, {world.rep.id})):
        assert {each["repId"] for each in await lines(member)} == seen
    assert [figures(each) for each in await lines(world.rep)] == [(None, 0, None)]
    for member in (world.second_rep, other_world.director):
        assert await lines(member) == []
    assert {each["repId"] for each in await lines(world.director, team=world.south.id)} == {world.south_rep.id}
    assert await lines(world.manager, team=world.south.id) is None
    values = {"since": TODAY, "until": TODAY, "by": "DAY"}
    for member in (world.admin, world.support):
        assert await member.api.code(DISTANCES, **values) == "FORBIDDEN"
    assert await world.rep.api.as_("").code(DISTANCES, **values) == "UNAUTHENTICATED"


@pytest.mark.parametrize(
    ("since", "until", "code"),
    [
        ("2026-08-24", TODAY, None),
        ("2026-08-23", TODAY, "BAD_INPUT"),
        ("2026-11-24", TODAY, "BAD_INPUT"),
        (TODAY, TODAY, None),
    ],
)
async def test_the_longest_period_is_92_days(world: World, since: str, until: str, code: str | None) -> None:
    if code is None:
        assert await lines(world.manager, since=since, until=until) == []
    else:
        assert await world.manager.api.code(DISTANCES, since=since, until=until, by="DAY") == code


@pytest.mark.parametrize(("day", "is_in"), [("2026-11-22", False), (TODAY, True), ("2026-11-24", False)])
async def test_both_ends_are_included(world: World, services: Services, day: str, is_in: bool) -> None:
    await plan(services, world, [], home_m=10.0)
    for bounds in ({"since": day, "until": day}, {"since": min(day, TODAY), "until": max(day, TODAY)}):
        found = await lines(world.rep, **bounds)
        assert len(found) == (is_in or bounds["since"] != bounds["until"])

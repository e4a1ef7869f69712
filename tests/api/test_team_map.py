"""The team map through GraphQL over HTTP: what is shown of whom, to whom, and at what cost."""

from __future__ import annotations

from datetime import timedelta

from domain.ids import new_id
from resolvers.services import Services
from tests.conftest import START, StoppedClock
from tests.support.field_day import MAP, add_reps, on_the_map, open_visit, point, report, tap
from tests.support.reads_counter import ReadsCounter
from tests.support.world import World

NO_TEAM = new_id("tea", START)
NESTED = """query ($first: Int) { teamMap(first: $first) { nodes {
  personId state latest { at location { latitude } } openVisit { id site { name } } person { name team { name } }
} } }"""


async def test_team_map_through_a_day(world: World, services: Services, clock: StoppedClock) -> None:
    async def seen() -> tuple[str, str, str]:
        entry = (await on_the_map(world.manager))[world.rep.id]
        return entry["freshness"], entry["condition"], entry["state"]

    assert await seen() == ("NO_DATA", "OFF_DUTY", "OFF_DUTY")
    await tap(world.rep, "startShift", START)
    assert await seen() == ("NO_DATA", "ON_DUTY", "NO_DATA")
    await report(world.rep, point(START), cadenceS=60)
    assert await seen() == ("LIVE", "ON_DUTY", "LIVE")
    visit_id = await open_visit(services, world, world.rep.id)
    entry = (await on_the_map(world.manager))[world.rep.id]
    assert (entry["state"], entry["openVisit"]) == ("IN_VISIT", {"id": visit_id, "state": "OPEN"})
    assert entry["person"] == {"name": "Rep"}
    assert entry["shiftStartedAt"] == "2026-11-23T01:00:00.000Z"
    assert entry["latest"] == {
        "at": "2026-11-23T01:00:00.000Z",
        "accuracyM": 10.0,
        "batteryPct": None,
        "location": {"latitude": 31.23, "longitude": 121.47, "datum": "WGS84"},
    }
    clock.advance(minutes=3)
    assert await seen() == ("RECENT", "ON_DUTY", "RECENT")
    clock.advance(minutes=20)
    assert await seen() == ("STALE", "ON_DUTY", "STALE")
    clock.advance(minutes=40)
    assert await seen() == ("LOST", "ON_DUTY", "LOST")
    await tap(world.rep, "startBreak", START + timedelta(minutes=61))
    assert await seen() == ("LOST", "PAUSED", "PAUSED")
    await tap(world.rep, "endShift", START + timedelta(minutes=62))
    assert await seen() == ("LOST", "OFF_DUTY", "OFF_DUTY")


async def test_a_forgotten_shift_is_over_at_its_assumed_end(world: World, clock: StoppedClock) -> None:
    await tap(world.rep, "startShift", START)
    clock.advance(hours=12)
    assert (await on_the_map(world.manager))[world.rep.id]["condition"] == "OFF_DUTY"


async def test_who_sees_whom_on_the_map(world: World, other_world: World) -> None:
    north = {world.rep.id, world.second_rep.id}
    everybody = north | {world.south_rep.id}
    assert set(await on_the_map(world.director)) == everybody
    assert set(await on_the_map(world.manager)) == north
    assert set(await on_the_map(world.south_manager)) == {world.south_rep.id}
    assert set(await on_the_map(world.rep)) == {world.rep.id}
    assert not set(await on_the_map(other_world.director)) & everybody
    for member in (world.admin, world.support):
        assert await member.api.code(MAP) == "FORBIDDEN"
    assert await world.rep.api.as_("").code(MAP) == "UNAUTHENTICATED"


async def test_team_map_of_one_team(world: World, other_world: World) -> None:
    assert set(await on_the_map(world.director, teamId=world.south.id)) == {world.south_rep.id}
    assert set(await on_the_map(world.director, teamId=world.top.id)) == {
        world.rep.id,
        world.second_rep.id,
        world.south_rep.id,
    }
    assert set(await on_the_map(world.rep, teamId=world.north.id)) == {world.rep.id}
    for member, team_id in (
        (world.manager, world.south.id),
        (world.manager, world.top.id),
        (world.rep, world.south.id),
        (world.director, other_world.north.id),
        (world.director, NO_TEAM),
    ):
        assert await member.api.first(MAP, teamId=team_id) is None


async def test_a_position_is_not_shown_under_a_team_that_did_not_see_it(world: World, services: Services) -> None:
    """A rep who moved to another team brings no earlier position along."""
    await tap(world.rep, "startShift", START)
    await report(world.rep, point(START))
    await services.store["people"].update_one({"_id": world.rep.id}, {"$set": {"team_id": world.south.id}})
    assert world.rep.id not in await on_the_map(world.manager)
    entry = (await on_the_map(world.south_manager))[world.rep.id]
    assert (entry["latest"], entry["condition"]) == (None, "ON_DUTY")
    await report(world.rep, point(START + timedelta(seconds=60)))
    assert (await on_the_map(world.south_manager))[world.rep.id]["latest"]["at"] == "2026-11-23T01:01:00.000Z"


async def test_team_map_pages_hold_each_rep_once(world: World, services: Services) -> None:
    await add_reps(services, world, 5)
    found, after = [], None
    while True:
        page = await world.manager.api.first(MAP, first=3, after=after)
        found += [entry["personId"] for entry in page["nodes"]]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert len(found) == len(set(found)) == 7
    assert await world.manager.api.code(MAP, first=101) == "BAD_INPUT"


async def test_team_map_reads_do_not_grow_with_reps(
    world: World, services: Services, reads_counter: ReadsCounter
) -> None:
    counts = []
    for count in (1, 20):
        for person_id in await add_reps(services, world, count):
            await open_visit(services, world, person_id)
        await world.manager.api.first(NESTED, first=100)
        reads_counter.take()
        page = await world.manager.api.first(NESTED, first=100)
        # The article index is followed beside the requests.
        reads = [each for each in reads_counter.take() if "article" not in each]
        counts.append((len(page["nodes"]), len(reads)))
    assert [nodes for nodes, _ in counts] == [3, 23]
    assert counts[0][1] == counts[1][1] <= 10

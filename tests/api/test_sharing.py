"""Which operations are executed once for all who ask alike, and that nobody sees more for it."""

from __future__ import annotations

import json
from contextlib import AsyncExitStack
from datetime import timedelta

import pytest
from graphql import parse

from api.sharing import is_personal
from resolvers.services import Services
from schema.root import build_schema
from tests.conftest import START, StoppedClock
from tests.support.field_day import WATCH, open_visit, point, report, tap
from tests.support.map_watch import watching
from tests.support.reads_counter import ReadsCounter
from tests.support.world import World

SCHEMA = build_schema()._schema
ENTRIES = "subscription {{ teamMapChanged {{ entries {{ {} }} }} }}"


@pytest.mark.parametrize(
    ("selection", "personal"),
    [
        ("personId state latest { location { latitude } }", False),
        ("person { name team { name } }", False),
        ("openVisit { site { name account { name } } }", False),
        ("person { startPoint { latitude } }", True),
        ("person { absences { kind } }", True),
        ("...Deep", True),
    ],
)
def test_an_operation_is_personal_where_a_field_asks_who_asks(selection: str, personal: bool) -> None:
    deep = "fragment Deep on TeamMapEntry { person { ...Start } } fragment Start on Person { startPoint { latitude } }"
    used = deep if "Deep" in selection else ""
    assert is_personal(SCHEMA, parse(ENTRIES.format(selection) + used)) is personal


def test_a_relation_to_what_is_the_callers_own_is_personal() -> None:
    assert is_personal(SCHEMA, parse('{ node(id: "x") { ... on Notice { title } } }'))
    assert not is_personal(SCHEMA, parse("{ whoSawMe { nodes { viewerId } } }"))


async def test_many_watchers_of_one_map_cost_the_reads_of_one(
    api_url: str, world: World, services: Services, clock: StoppedClock, reads_counter: ReadsCounter
) -> None:
    await tap(world.rep, "startShift", START)
    await report(world.rep, point(START))
    await open_visit(services, world, world.rep.id)
    later = START + timedelta(minutes=1)
    document = WATCH.replace("openVisit {", "openVisit { site { id }")
    async with AsyncExitStack() as sockets:
        watches = [await sockets.enter_async_context(watching(api_url, world.manager.api, document)) for _ in range(6)]
        for each in watches:
            assert (await each.event())["isFull"]
        reads_counter.take()
        moved = {"$set": {"at": later.replace(tzinfo=None)}}
        await services.store["positions"].update_one({"_id": world.rep.id}, moved)
        for each in watches:
            while (await each.event())["entries"][0]["latest"]["at"] != "2026-11-23T01:01:00.000Z":
                pass
        reads = reads_counter.take()
    # Once for the frame, and at most for each of the three changes that may still have been on the way: to read it, and
    # to answer what is related. Each watcher for themselves would be six times.
    assert 1 <= reads.count("find:positions") <= 4, reads
    assert 1 <= reads.count("find:sites") <= 4, reads


async def test_who_watches_another_part_of_the_tree_sees_their_own_of_a_shared_frame(
    api_url: str, world: World, services: Services, clock: StoppedClock
) -> None:
    """The director looks at the manager's team, with the same document."""
    await tap(world.rep, "startShift", START)
    team = world.north.id
    async with (
        watching(api_url, world.manager.api, teamId=team) as manager,
        watching(api_url, world.director.api, teamId=team) as director,
        watching(api_url, world.rep.api, teamId=team) as rep,
    ):
        first = [await each.event() for each in (manager, director, rep)]
        assert [{entry["personId"] for entry in each["entries"]} for each in first] == [
            {world.rep.id, world.second_rep.id},
            {world.rep.id, world.second_rep.id},
            {world.rep.id},
        ]
        await report(world.rep, point(START))
        for each in (manager, director, rep):
            entry = None
            while entry is None or entry["latest"] is None:
                (entry,) = (await each.event())["entries"]
            assert entry["personId"] == world.rep.id
    looks = await services.store["location_views"].find({"org_id": world.org_id}, limit=10)
    assert {each["viewer_id"] for each in looks} == {world.manager.id, world.director.id}


async def test_a_personal_field_is_answered_to_each_by_themselves(
    api_url: str, world: World, services: Services, clock: StoppedClock
) -> None:
    place = {"type": "Point", "coordinates": [121.4, 31.2]}
    await services.store["people"].update_one({"_id": world.rep.id}, {"$set": {"start_point": place}})
    document = WATCH.replace("personId", "personId person { startPoint { latitude } }")
    async with (
        watching(api_url, world.manager.api, document) as manager,
        watching(api_url, world.rep.api, document) as rep,
    ):
        for each in (manager, rep):
            entries = {entry["personId"]: entry for entry in (await each.event())["entries"]}
            assert json.dumps(entries[world.rep.id]["person"]["startPoint"]) == '{"latitude": 31.2}'

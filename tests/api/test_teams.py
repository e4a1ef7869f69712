"""The tree of teams over HTTP: making, moving, and what each shows."""

from __future__ import annotations

import asyncio

from domain.ids import new_id
from tests.conftest import START
from tests.support.client import new_key
from tests.support.reads_counter import ReadsCounter
from tests.support.world import World

REFUSED = "... on Refusal { code message }"
CREATE_TEAM = f"""mutation ($key: String!, $input: CreateTeamInput!) {{
  createTeam(clientKey: $key, input: $input) {{
    __typename ... on Team {{ id name parent {{ id }} manager {{ id }} version }} {REFUSED}
  }}
}}"""
UPDATE_TEAM = f"""mutation ($key: String!, $id: ID!, $changes: TeamChanges!, $expected: Int) {{
  updateTeam(clientKey: $key, id: $id, changes: $changes, expectedVersion: $expected) {{
    __typename ... on Team {{ id name parent {{ id }} version }} {REFUSED}
  }}
}}"""
TREE = """query ($id: ID!) { team(id: $id) { teams { name people { name team { id } } } people { name } } }"""


async def test_a_team_shows_its_own_people_whoever_asks(world: World, reads_counter: ReadsCounter) -> None:
    tree = await world.director.api.first(TREE, id=world.top.id)
    assert [each["name"] for each in tree["people"]] == ["Director"]
    assert [(each["name"], [p["name"] for p in each["people"]]) for each in tree["teams"]] == [
        ("North", ["Manager", "Rep", "Second Rep"]),
        ("South", ["South Manager", "South Rep"]),
    ]
    mine = await world.manager.api.first(TREE, id=world.north.id)
    assert [each["name"] for each in mine["people"]] == ["Manager", "Rep", "Second Rep"]
    reads_counter.take()
    await world.director.api.first(TREE, id=world.top.id)
    assert len(reads_counter.take()) == 8, "actor 3, team, teams, people of the top, people of all, their teams"


async def test_teams_are_made_and_moved(world: World, other_world: World) -> None:
    team_id = new_id("tea", START)
    given = {"id": team_id, "name": "West", "parentId": world.top.id, "managerId": world.manager.id}
    key = new_key()
    made = await world.admin.api.first(CREATE_TEAM, key=key, input=given)
    assert made == {
        "__typename": "Team",
        "id": team_id,
        "name": "West",
        "parent": {"id": world.top.id},
        "manager": {"id": world.manager.id},
        "version": 1,
    }
    assert await world.admin.api.first(CREATE_TEAM, key=key, input=given) == made
    moved = await world.admin.api.first(
        UPDATE_TEAM, key=new_key(), id=team_id, changes={"parentId": world.north.id}, expected=1
    )
    assert (moved["parent"], moved["version"]) == ({"id": world.north.id}, 2)
    for parent_id in (world.north.id, team_id):
        changes = {"parentId": parent_id}
        assert (await world.admin.api.first(UPDATE_TEAM, key=new_key(), id=world.north.id, changes=changes))[
            "code"
        ] == "TEAM_CYCLE"
    bad: list[tuple[dict[str, str], str]] = [
        ({"name": ""}, "BAD_INPUT"),
        ({"parentId": other_world.top.id}, "NOT_FOUND"),
        ({"managerId": other_world.rep.id}, "NOT_FOUND"),
    ]
    for changes, code in bad:
        assert (await world.admin.api.first(UPDATE_TEAM, key=new_key(), id=team_id, changes=changes))["code"] == code
    stale = await world.admin.api.first(UPDATE_TEAM, key=new_key(), id=team_id, changes={"name": "W"}, expected=1)
    assert stale["code"] == "CONFLICT"
    strange = await other_world.admin.api.first(UPDATE_TEAM, key=new_key(), id=team_id, changes={"name": "W"})
    assert strange["code"] == "NOT_FOUND"
    taken = await other_world.admin.api.first(CREATE_TEAM, key=new_key(), input={"id": team_id, "name": "W"})
    assert taken["code"] == "ID_TAKEN"
    for member in (world.manager, world.director, world.support, world.rep):
        assert await member.api.code(UPDATE_TEAM, key=new_key(), id=team_id, changes={}) == "FORBIDDEN"


async def test_two_moves_at_once_make_no_cycle(world: World) -> None:
    await asyncio.gather(
        world.admin.api.answer(UPDATE_TEAM, key=new_key(), id=world.north.id, changes={"parentId": world.south.id}),
        world.admin.api.answer(UPDATE_TEAM, key=new_key(), id=world.south.id, changes={"parentId": world.north.id}),
    )
    listed = await world.admin.api.first("{ teams(first: 50) { nodes { id parent { id } } } }")
    parents = {each["id"]: each["parent"] and each["parent"]["id"] for each in listed["nodes"]}
    assert parents[world.north.id] != world.south.id or parents[world.south.id] != world.north.id

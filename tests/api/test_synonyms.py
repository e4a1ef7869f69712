"""Synonyms of an organization over HTTP: searches find the other words, editors keep the table, bad tables name why."""

from __future__ import annotations

from typing import Any

import pytest

from resolvers.services import Services
from tests.api.test_articles import found, publish_demo
from tests.support.client import new_key
from tests.support.world import Member, World

FIELDS = "groups version updatedAt updatedBy { id }"
READ = f"{{ synonyms {{ {FIELDS} }} }}"
SAVE = f"""mutation ($key: String!, $groups: [[String!]!]!, $expected: Int!) {{
  saveSynonyms(clientKey: $key, groups: $groups, expectedVersion: $expected) {{
    __typename ... on SynonymTable {{ {FIELDS} }} ... on Refusal {{ code }} ... on InvalidInput {{ field message }}
    ... on VersionConflict {{ currentVersion }}
  }}
}}"""


async def save(member: Member, groups: list[list[str]], expected: int = 0) -> dict[str, Any]:
    saved: dict[str, Any] = await member.api.first(SAVE, key=new_key(), groups=groups, expected=expected)
    return saved


async def test_a_word_of_a_group_finds_the_others_at_once(world: World, other_world: World, services: Services) -> None:
    await publish_demo(services, world)
    assert await found(world.rep, "Undercutting") == []
    saved = await save(world.admin, [["undercutting", "price  cut"], ["压价", "降价"]])
    assert (saved["version"], saved["groups"][0], saved["updatedBy"]) == (
        1,
        ["undercutting", "price cut"],
        {"id": world.admin.id},
    )
    assert (await found(world.rep, "Undercutting"))[0] == "When a competitor cuts the price"
    assert (await found(world.rep, "压价"))[0] == (await found(world.rep, "降价"))[0]
    assert await found(other_world.rep, "Undercutting") == []
    assert (await save(world.manager, [], 1))["version"] == 2
    assert await found(world.rep, "Undercutting") == []


async def test_everybody_reads_the_table_and_editors_save_it(world: World, other_world: World) -> None:
    assert await world.rep.api.first(READ) == {"groups": [], "version": 0, "updatedAt": None, "updatedBy": None}
    await save(world.admin, [["a", "b"]])
    assert (await world.rep.api.first(READ))["groups"] == [["a", "b"]]
    assert (await other_world.rep.api.first(READ))["groups"] == []
    assert (await save(world.admin, [["c", "d"]]))["currentVersion"] == 1
    for member in (world.rep, world.support):
        assert await member.api.code(SAVE, key=new_key(), groups=[], expected=1) == "FORBIDDEN"


@pytest.mark.parametrize(
    ("groups", "why"),
    [
        ([["a"]], "group 1: must have 2"),
        ([["a", "b"], [str(n) for n in range(21)]], "group 2: must have 2 to 20"),
        ([["a", "x" * 61]], "group 1: each phrase"),
        ([["a", " "]], "group 1: each phrase"),
        ([["a", "?!"]], "group 1: each phrase"),
        ([["a", "b"], ["c", "A"]], "group 2: 'A' is there already"),
        ([[f"a{n}", f"b{n}"] for n in range(501)], "must not be more than 500"),
    ],
)
async def test_a_bad_table_says_where(world: World, groups: list[list[str]], why: str) -> None:
    refused = await save(world.admin, groups)
    assert (refused["__typename"], refused["field"]) == ("InvalidInput", "groups")
    assert refused["message"].startswith(why) or why in refused["message"]

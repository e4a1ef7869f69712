"""Articles kept to teams: who is shown one by each way there is to it, who may keep one to which, and who is told."""

from __future__ import annotations

from typing import Any

import pytest

from storage.store import Store
from tests.api.test_article_packs import PACK
from tests.api.test_article_search import FACETS, RECOMMEND
from tests.api.test_articles import LIST, NODE, ONE, PINNED, UPDATE, create, found, publish, until_found
from tests.api.test_coaching import RULE, save, told
from tests.api.test_questions import ANSWER, ask, topics
from tests.conftest import StoppedClock
from tests.support.client import new_key
from tests.support.leads import create_lead, log_activity
from tests.support.world import Member, World

USE = """mutation ($key: String!, $id: ID!) {
  recordArticleUse(clientKey: $key, id: $id, kind: READ) { __typename ... on Refusal { code } }
}"""
WORD = "Quarantine"
GIVEN = {"title": WORD, "body": "Keep the pallets apart.", "pinned": True, "competitors": ["Nordpol"]}
READERS = ("director", "manager", "rep", "second_rep", "south_manager", "south_rep", "admin", "support")


async def kept_to(world: World, *teams: str, by: str = "admin", **given: Any) -> str:
    """A published article for these teams."""
    team_ids = [getattr(world, team).id for team in teams]
    draft = await create(getattr(world, by), **GIVEN | {"teamIds": team_ids} | given)
    assert sorted(draft["teamIds"]) == sorted(team_ids)
    await publish(getattr(world, by), draft["id"])
    return str(draft["id"])


async def ways_to(member: Member, article_id: str) -> dict[str, bool]:
    """By which ways the member gets to the article."""
    pack = await member.api.first(PACK)
    listed = await member.api.first(LIST, first=50, order="NEWEST")
    fitting = await member.api.first(RECOMMEND, competitor="Nordpol")
    return {
        "article": await member.api.first(ONE, id=article_id) is not None,
        "node": await member.api.first(NODE, id=article_id) is not None,
        "articles": article_id in [each["id"] for each in listed["nodes"]],
        "pinnedArticles": article_id in [each["id"] for each in await member.api.first(PINNED)],
        "articlePack": article_id in [each["id"] for each in pack["articles"]],
        "searchArticles": await found(member, WORD) != [],
        "articleFacets": await member.api.first(FACETS, text=WORD) != [],
        "recommendedArticles": WORD in [each["article"]["title"] for each in fitting],
        "recordArticleUse": (await member.api.first(USE, key=new_key(), id=article_id))["__typename"] == "Article",
    }


@pytest.mark.parametrize(
    ("teams", "readers"),
    [
        ((), set(READERS)),
        (("north",), {"director", "manager", "rep", "second_rep", "admin", "support"}),
        (("south",), {"director", "south_manager", "south_rep", "admin", "support"}),
        (("north", "south"), set(READERS)),
        (("top",), set(READERS)),
    ],
)
async def test_every_way_to_an_article_is_open_to_those_it_is_for(
    world: World, other_world: World, teams: tuple[str, ...], readers: set[str]
) -> None:
    article_id = await kept_to(world, *teams)
    await until_found(world.admin, WORD, [WORD])
    for who in READERS:
        ways = await ways_to(getattr(world, who), article_id)
        assert set(ways.values()) == {who in readers}, (who, ways)
    assert set((await ways_to(other_world.admin, article_id)).values()) == {False}


async def test_a_draft_is_kept_from_those_who_write_for_other_teams(world: World) -> None:
    draft = (await create(world.manager, teamIds=[world.north.id]))["id"]
    for member, sees in ((world.manager, True), (world.director, True), (world.admin, True)):
        assert (await member.api.first(ONE, id=draft) is not None) is sees
    for member in (world.south_manager, world.rep, world.support):
        assert await member.api.first(ONE, id=draft) is None
    changes = {"title": "Taken over"}
    refused = await world.south_manager.api.first(UPDATE, key=new_key(), id=draft, changes=changes)
    assert refused["code"] == "NOT_FOUND"


async def test_an_article_is_kept_to_teams_one_sees(world: World, other_world: World) -> None:
    draft = await create(world.manager)
    foreign = (world.south.id, world.top.id, other_world.north.id, "tea_x", "")
    for team_id in foreign:
        assert (await create(world.manager, teamIds=[team_id]))["code"] == "NOT_FOUND"
        refused = await world.manager.api.first(UPDATE, key=new_key(), id=draft["id"], changes={"teamIds": [team_id]})
        assert refused["code"] == "NOT_FOUND"
    article_id = await kept_to(world, "south", "north")
    kept = await world.manager.api.first(UPDATE, key=new_key(), id=article_id, changes={"pinned": False})
    assert sorted(kept["teamIds"]) == sorted([world.north.id, world.south.id]), "what stays need not be one's own"
    many = await create(world.admin, teamIds=[f"tea_{number}" for number in range(51)])
    assert (many["code"], many["field"]) == ("BAD_INPUT", "teamIds")


async def test_what_is_kept_to_other_teams_leaves_the_pack_and_the_search(world: World) -> None:
    article_id = await kept_to(world)
    await until_found(world.south_rep, WORD, [WORD])
    rev = (await world.south_rep.api.first(PACK))["rev"]
    narrowed = {"teamIds": [world.north.id]}
    await world.admin.api.first(UPDATE, key=new_key(), id=article_id, changes=narrowed)
    delta = await world.south_rep.api.first(PACK, since=rev)
    assert (delta["articles"], delta["removedIds"]) == ([], [article_id])
    assert [each["id"] for each in (await world.rep.api.first(PACK, since=rev))["articles"]] == [article_id]
    assert await found(world.south_rep, WORD) == []
    await world.admin.api.first(UPDATE, key=new_key(), id=article_id, changes={"teamIds": []})
    assert await world.south_rep.api.first(ONE, id=article_id) is not None


async def test_a_move_to_another_team_changes_what_one_reads(world: World, store: Store) -> None:
    article_id = await kept_to(world, "north")
    assert await world.south_rep.api.first(ONE, id=article_id) is None
    await store["teams"].update_one({"_id": world.south.id}, {"$set": {"parent_id": world.north.id}})
    assert await world.south_rep.api.first(ONE, id=article_id) is not None
    await store["people"].update_one({"_id": world.rep.id}, {"$set": {"team_id": None}})
    assert await world.rep.api.first(ONE, id=article_id) is None


async def test_coaching_tells_nobody_of_what_they_may_not_read(world: World, clock: StoppedClock) -> None:
    await save(world, RULE | {"articleId": await kept_to(world, "north")})
    for member in (world.rep, world.south_rep):
        lead = await create_lead(member)
        for _ in range(4):
            clock.advance(minutes=1)
            await log_activity(member, lead["id"])
    assert (len(await told(world.rep)), len(await told(world.south_rep))) == (1, 0)


async def test_an_answer_is_shown_to_those_it_is_for(world: World) -> None:
    await ask(world.rep, "Who pays for parking?")
    (topic,) = await topics(world.manager)
    article_id = await kept_to(world, "north")
    foreign = await world.south_manager.api.first(ANSWER, key=new_key(), id=topic["id"], article=article_id)
    assert foreign["code"] == "NOT_FOUND"
    await world.manager.api.first(ANSWER, key=new_key(), id=topic["id"], article=article_id)
    assert (await topics(world.rep))[0]["article"]["id"] == article_id
    assert (await topics(world.south_rep))[0]["article"] is None

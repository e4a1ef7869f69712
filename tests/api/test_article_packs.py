"""The pack of articles a phone keeps: the whole of it, what changed, what left it, in pages; by language."""

from __future__ import annotations

from domain.ids import new_id
from resolvers.services import Services
from storage.articles import insert_published
from tests.api.test_articles import GIVEN, RETIRE, UPDATE, create, publish
from tests.conftest import START
from tests.knowledge.articles import an_article
from tests.support.client import new_key
from tests.support.world import World

PACK = """query ($since: Int = 0, $language: ArticleLanguage, $industry: String) {
  articlePack(since: $since, language: $language, industry: $industry) {
    rev hasMore beginsAnew articles { id title body } removedIds
  }
}"""


async def test_a_pack_brings_what_changed_and_takes_away_what_left_it(world: World, other_world: World) -> None:
    kept, dropped, loose = [
        (await create(world.manager, title=title, pinned=pinned))["id"]
        for title, pinned in (("Kept", True), ("Dropped", True), ("Loose", False))
    ]
    assert (await world.rep.api.first(PACK))["articles"] == []
    for article_id in (kept, dropped, loose):
        await publish(world.manager, article_id)
    whole = await world.rep.api.first(PACK)
    assert ([each["title"] for each in whole["articles"]], whole["removedIds"]) == (["Kept", "Dropped"], [])
    assert whole["articles"][0]["body"] == GIVEN["body"]
    nothing = await world.rep.api.first(PACK, since=whole["rev"])
    assert (nothing["rev"], nothing["articles"], nothing["removedIds"]) == (whole["rev"], [], [])
    await world.manager.api.first(UPDATE, key=new_key(), id=kept, changes={"title": "Kept still"})
    await world.manager.api.first(RETIRE, key=new_key(), id=dropped)
    await world.manager.api.first(UPDATE, key=new_key(), id=loose, changes={"pinned": True})
    delta = await world.rep.api.first(PACK, since=whole["rev"])
    assert ([each["title"] for each in delta["articles"]], delta["removedIds"]) == (["Kept still", "Loose"], [dropped])
    assert (await other_world.rep.api.first(PACK))["articles"] == []
    assert await world.rep.api.code(PACK, since=-1) == "BAD_INPUT"
    anew = await world.rep.api.first(PACK, since=10_000)
    assert (anew["beginsAnew"], len(anew["articles"]), anew["rev"]) == (True, 2, delta["rev"])


async def test_a_pack_is_for_a_language_and_an_industry(world: World) -> None:
    for given in ({"industry": "Food"}, {"industry": "Steel"}, {}, {"language": "ZH_CN"}):
        title = str(given.get("industry", given.get("language", "any")))
        await publish(world.manager, (await create(world.manager, title=title, pinned=True, **given))["id"])
    food = await world.rep.api.first(PACK, industry="Food", language="EN")
    assert [each["title"] for each in food["articles"]] == ["Food", "any"]


async def test_a_large_pack_comes_in_pages(world: World, services: Services) -> None:
    articles = [
        an_article(new_id("art", START), f"Article {number}", org_id=world.org_id, pinned=True, created_at=START)
        for number in range(201)
    ]
    await insert_published(services.store, articles)
    first = await world.rep.api.first(PACK)
    second = await world.rep.api.first(PACK, since=first["rev"])
    assert (first["hasMore"], len(first["articles"]), second["hasMore"], len(second["articles"])) == (
        True,
        200,
        False,
        1,
    )

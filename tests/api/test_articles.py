"""Knowledge articles through GraphQL over HTTP: who sees drafts, publishing, search in two languages, the pack."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from domain.articles import Article
from domain.ids import ArticleId, new_id
from resolvers.services import Services
from storage.articles import StoredArticles, insert_published
from storage.store import Store
from tests.conftest import START, StoppedClock
from tests.knowledge.articles import an_article, demo_set
from tests.support.client import ApiClient, new_key
from tests.support.reads_counter import ReadsCounter
from tests.support.world import Member, World
from wiring.services import build_services
from wiring.settings import Settings

FIELDS = """id title body language aliases tags stages productLines industry pinned teamIds state version publishedAt"""
CREATE = f"""mutation ($key: String!, $input: CreateArticleInput!) {{
  createArticle(clientKey: $key, input: $input) {{
    __typename ... on Article {{ {FIELDS} }} ... on Refusal {{ code }} ... on InvalidInput {{ field }}
  }}
}}"""
UPDATE = f"""mutation ($key: String!, $id: ID!, $changes: ArticleChanges!, $expected: Int) {{
  updateArticle(clientKey: $key, id: $id, changes: $changes, expectedVersion: $expected) {{
    __typename ... on Article {{ {FIELDS} }} ... on Refusal {{ code }} ... on InvalidInput {{ field }}
  }}
}}"""
PUBLISH = f"""mutation ($key: String!, $id: ID!, $expected: Int) {{
  publishArticle(clientKey: $key, id: $id, expectedVersion: $expected) {{
    __typename ... on Article {{ {FIELDS} }} ... on Refusal {{ code }} ... on InvalidInput {{ field }}
    ... on WrongState {{ was: currentState }} ... on VersionConflict {{ currentVersion }}
  }}
}}"""
RETIRE = f"""mutation ($key: String!, $id: ID!) {{
  retireArticle(clientKey: $key, id: $id) {{ __typename ... on Article {{ {FIELDS} }} ... on Refusal {{ code }} }}
}}"""
ONE = "query ($id: ID!) { article(id: $id) { id title state } }"
NODE = "query ($id: ID!) { node(id: $id) { id ... on Article { title } } }"
LIST = """query ($first: Int!, $after: String, $order: ArticleOrder!, $filter: ArticleFilter) {
  articles(first: $first, after: $after, order: $order, filter: $filter) {
    nodes { id title pinned state tags } pageInfo { hasNextPage endCursor }
  }
}"""
SEARCH = """query ($text: String!, $language: ArticleLanguage, $tags: [String!], $stage: String, $first: Int = 10) {
  searchArticles(text: $text, language: $language, tags: $tags, stage: $stage, first: $first) {
    article { id title language tags stages } snippet score highlights { start end }
  }
}"""
PINNED = "query ($language: ArticleLanguage) { pinnedArticles(language: $language) { id title body language pinned } }"
GIVEN = {"title": "Frost damage", "body": "# Frost\n\nCheck the **seals**.", "language": "EN"}
MUTATIONS = (UPDATE, PUBLISH, RETIRE)


async def create(member: Member, **given: Any) -> dict[str, Any]:
    created: dict[str, Any] = await member.api.first(CREATE, key=new_key(), input=GIVEN | given)
    return created


async def publish(member: Member, article_id: str) -> dict[str, Any]:
    published: dict[str, Any] = await member.api.first(PUBLISH, key=new_key(), id=article_id)
    return published


async def found(member: Member, text: str, **given: Any) -> list[str]:
    return [hit["article"]["title"] for hit in await member.api.first(SEARCH, text=text, **given)]


async def until_found(member: Member, text: str, titles: list[str]) -> None:
    async with asyncio.timeout(3):
        while await found(member, text) != titles:  # noqa: ASYNC110 - only searching shows it
            await asyncio.sleep(0.02)


async def publish_demo(services: Services, world: World) -> list[Article]:
    """The demo articles in the world's organization, and in the running server's index."""
    articles = [
        replace(each, id=ArticleId(new_id("art", START)), created_at=START, updated_at=START)
        for each in demo_set(world.org_id)
        if "filler" not in each.id
    ]
    await insert_published(services.store, articles)
    await services.article_follower.catch_up()
    return articles


async def test_a_draft_is_written_changed_published_and_found(world: World) -> None:
    article_id = new_id("art", START)
    draft = await create(world.manager, id=article_id, tags=["b", "a"], stages=["NEW"], aliases=["Ice"])
    assert (draft["id"], draft["state"], draft["version"]) == (article_id, "DRAFT", 1)
    assert (draft["tags"], draft["stages"], draft["aliases"], draft["language"]) == (["a", "b"], ["NEW"], ["Ice"], "EN")
    changed = await world.manager.api.first(
        UPDATE, key=new_key(), id=article_id, changes={"title": "Ice on seals", "tags": None, "pinned": True}
    )
    assert (changed["title"], changed["tags"], changed["pinned"], changed["version"]) == ("Ice on seals", [], True, 2)
    assert await found(world.manager, "seals") == []
    published = await publish(world.manager, article_id)
    assert (published["state"], published["version"]) == ("PUBLISHED", 3)
    assert published["publishedAt"] == "2026-11-23T01:00:00.000Z"
    await until_found(world.rep, "seals", ["Ice on seals"])
    assert await world.rep.api.first(NODE, id=article_id) == {"id": article_id, "title": "Ice on seals"}


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"title": " "}, "title"),
        ({"title": "x" * 201}, "title"),
        ({"id": "art_1"}, "id"),
        ({"tags": ["x" * 61]}, "tags"),
        ({"aliases": [""]}, "aliases"),
        ({"productLines": [" x"]}, "productLines"),
        ({"industry": ""}, "industry"),
    ],
)
async def test_create_article_names_the_bad_field(world: World, given: dict[str, Any], field: str) -> None:
    refused = await create(world.manager, **given)
    assert (refused["__typename"], refused["field"]) == ("InvalidInput", field)


@pytest.mark.parametrize("field", ["title", "body", "language", "pinned"])
async def test_update_article_cannot_clear_what_an_article_must_have(world: World, field: str) -> None:
    draft = await create(world.manager)
    refused = await world.manager.api.first(UPDATE, key=new_key(), id=draft["id"], changes={field: None})
    assert (refused["code"], refused["field"]) == ("BAD_INPUT", field)


async def test_publishing_follows_the_states_and_versions(world: World) -> None:
    empty = await create(world.manager, body="---")
    refused = await publish(world.manager, empty["id"])
    assert (refused["__typename"], refused["field"]) == ("InvalidInput", "body")
    draft = await create(world.manager)
    stale = await world.manager.api.first(PUBLISH, key=new_key(), id=draft["id"], expected=7)
    assert (stale["__typename"], stale["currentVersion"]) == ("VersionConflict", 1)
    first = await publish(world.manager, draft["id"])
    again = await publish(world.manager, draft["id"])
    assert again == first, "publishing twice is one publication"
    retired = await world.manager.api.first(RETIRE, key=new_key(), id=draft["id"])
    assert (retired["state"], retired["version"]) == ("RETIRED", 3)
    refused = await publish(world.manager, draft["id"])
    assert (refused["__typename"], refused["was"]) == ("WrongState", "RETIRED")
    refused = await world.manager.api.first(UPDATE, key=new_key(), id=draft["id"], changes={"title": "x"})
    assert refused["code"] == "WRONG_STATE"


async def test_repeated_keys_answer_the_same(world: World) -> None:
    key = new_key()
    created = [await world.manager.api.first(CREATE, key=key, input=GIVEN) for _ in range(2)]
    other = await world.manager.api.first(CREATE, key=key, input=GIVEN | {"title": "Other"})
    assert created[0] == created[1]
    assert other["code"] == "KEY_REUSED"
    published = [await world.manager.api.first(PUBLISH, key=key, id=created[0]["id"]) for _ in range(2)]
    assert published[0] == published[1]
    assert published[0]["version"] == 2


async def test_articles_published_at_once_each_get_a_number_of_their_own(world: World, store: Store) -> None:
    drafts = [await create(world.manager, title=f"Parallel {number}") for number in range(8)]
    published = await asyncio.gather(*(publish(world.manager, each["id"]) for each in drafts))
    assert {each["state"] for each in published} == {"PUBLISHED"}
    source = StoredArticles(store)
    last = (await source.counters()).revs[world.org_id]
    revs = [each.rev async for page in source.changed(world.org_id, 0, last) for each in page]
    assert revs == list(range(1, 9))
    assert last == 8


async def test_only_writers_see_drafts_and_retired_articles(world: World, other_world: World) -> None:
    draft = (await create(world.manager))["id"]
    retired = (await create(world.manager))["id"]
    await publish(world.manager, retired)
    await world.manager.api.first(RETIRE, key=new_key(), id=retired)
    everything: dict[str, Any] = {"first": 10, "order": "NEWEST"}
    for member in (world.manager, world.south_manager, world.director, world.admin):
        assert (await member.api.first(ONE, id=draft))["state"] == "DRAFT"
        assert len((await member.api.first(LIST, **everything))["nodes"]) == 2
    for member in (world.rep, world.support, other_world.rep, other_world.admin, other_world.manager):
        for article_id in (draft, retired):
            assert await member.api.first(ONE, id=article_id) is None
            assert await member.api.first(NODE, id=article_id) is None
        for state in (None, "DRAFT", "RETIRED"):
            assert (await member.api.first(LIST, **everything, filter={"state": state}))["nodes"] == []
        assert await found(member, "frost") == []


async def test_who_may_write(world: World, other_world: World) -> None:
    published = (await publish(world.director, (await create(world.director))["id"]))["id"]
    for member in (world.rep, world.support):
        assert (await member.api.first(ONE, id=published))["state"] == "PUBLISHED"
        assert await member.api.code(CREATE, key=new_key(), input=GIVEN) == "FORBIDDEN"
        for mutation in MUTATIONS:
            assert await member.api.code(mutation, key=new_key(), id=published, changes={}) == "FORBIDDEN"
    for mutation in MUTATIONS:
        refused = await other_world.admin.api.first(mutation, key=new_key(), id=published, changes={})
        assert refused["code"] == "NOT_FOUND"
    taken = await create(other_world.manager, id=published)
    assert taken["code"] == "ID_TAKEN"


async def test_articles_need_a_signed_in_caller(anonymous: ApiClient) -> None:
    article_id = new_id("art", START)
    for query in (ONE, NODE, SEARCH, PINNED):
        assert await anonymous.code(query, id=article_id, text="x") == "UNAUTHENTICATED"
    assert await anonymous.code(LIST, first=1, order="NEWEST") == "UNAUTHENTICATED"
    for mutation in (CREATE, *MUTATIONS):
        code = await anonymous.code(mutation, key=new_key(), id=article_id, changes={}, input=GIVEN)
        assert code == "UNAUTHENTICATED"


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("竞品降价怎么应对", "竞品降价应对话术"),
        ("competitor lowered their price", "When a competitor cuts the price"),
    ],
)
async def test_search_finds_the_demo_article_first(world: World, services: Services, text: str, title: str) -> None:
    articles = await publish_demo(services, world)
    assert len(articles) == 24
    hits = await world.rep.api.first(SEARCH, text=text)
    assert hits[0]["article"]["title"] == title
    assert [hit["score"] for hit in hits] == sorted((hit["score"] for hit in hits), reverse=True)
    best = hits[0]
    assert best["highlights"]
    assert all(0 <= mark["start"] < mark["end"] <= len(best["snippet"]) for mark in best["highlights"])
    assert "**" not in best["snippet"]


async def test_search_filters_and_its_reads_do_not_follow_its_hits(
    world: World, services: Services, reads_counter: ReadsCounter
) -> None:
    articles = await publish_demo(services, world)
    tag = next(iter(articles[0].tags))
    stage = next(iter(articles[0].stages))
    chinese = await world.rep.api.first(SEARCH, text="客户", language="ZH_CN", first=50)
    assert {hit["article"]["language"] for hit in chinese} == {"ZH_CN"}
    by_tag = await world.rep.api.first(SEARCH, text=articles[0].title, tags=[tag])
    assert all(tag in hit["article"]["tags"] for hit in by_tag)
    assert by_tag[0]["article"]["title"] == articles[0].title
    by_stage = await world.rep.api.first(SEARCH, text=articles[0].title, stage=stage)
    assert all(stage in hit["article"]["stages"] for hit in by_stage)
    counts = []
    for first in (1, 20):
        reads_counter.take()
        await world.rep.api.first(SEARCH, text="客户 customer", first=first)
        counts.append(len([each for each in reads_counter.take() if each.endswith(":articles")]))
    assert counts == [2, 2]
    assert await found(world.rep, "?!") == []
    assert await world.rep.api.code(SEARCH, text="x", first=0) == "BAD_INPUT"


async def test_a_retired_article_is_no_hit_even_where_the_index_is_behind(world: World, store: Store) -> None:
    article_id = (await create(world.manager))["id"]
    await publish(world.manager, article_id)
    await until_found(world.manager, "frost", ["Frost damage"])
    await store["articles"].update_one({"_id": article_id}, {"$set": {"state": "RETIRED"}})
    for member in (world.rep, world.manager):
        assert await found(member, "frost") == []


async def test_a_process_that_starts_has_what_was_published(
    world: World, store: Store, settings: Settings, clock: StoppedClock
) -> None:
    second = build_services(settings, store, clock)

    def ids(text: str) -> list[str]:
        return [hit.article_id for hit in second.articles.search(world.org_id, text)]

    async def shows(text: str, expected: list[str]) -> None:
        async with asyncio.timeout(10):
            while ids(text) != expected:  # noqa: ASYNC110 - only searching shows it
                await asyncio.sleep(0.02)

    article_id = (await create(world.manager))["id"]
    await publish(world.manager, article_id)
    async with second.running():
        await shows("frost", [article_id])
        await world.manager.api.first(UPDATE, key=new_key(), id=article_id, changes={"title": "Heat", "body": "Hot."})
        await shows("heat", [article_id])
        assert ids("frost") == []
        await world.manager.api.first(RETIRE, key=new_key(), id=article_id)
        await shows("heat", [])


async def test_the_feed_tells_only_what_changed(world: World, store: Store) -> None:
    source = StoredArticles(store)
    fixed: dict[str, Any] = {"org_id": world.org_id, "created_at": START, "updated_at": START}
    articles = [an_article(new_id("art", START), f"Bulk {number}", **fixed) for number in range(5)]
    await insert_published(store, articles)

    async def changed(after: int) -> list[tuple[str, int]]:
        last = (await source.counters()).revs[world.org_id]
        return [(each.id, each.rev) async for page in source.changed(world.org_id, after, last) for each in page]

    draft = (await create(world.manager))["id"]
    assert await changed(5) == [], "a draft is nobody else's business"
    await publish(world.manager, draft)
    await world.manager.api.first(UPDATE, key=new_key(), id=articles[0].id, changes={"title": "Changed"})
    assert await changed(5) == [(draft, 6), (articles[0].id, 7)]

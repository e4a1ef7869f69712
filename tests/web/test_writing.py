"""Writing, reviewing and publishing articles in the console."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from resolvers.services import Services
from tests.api.test_article_reviews import RETURN, SUBMIT, act, require_review, revise
from tests.api.test_articles import create, found, publish
from tests.support.world import World
from tests.web.conftest import OpenConsole
from tests.web.test_access import barriers


async def test_a_manager_writes_and_publishes_and_a_rep_finds_it(
    console: OpenConsole, services: Services, world: World
) -> None:
    page = await (await console(world.manager)).open("knowledge")
    await page.get_by_role("button", name="New article").click()
    await page.get_by_label("Title").fill("Frost at the door")
    await page.get_by_label("Text").fill("# Seals\n\nCheck the **gasket** first. <b>now</b>")
    preview = page.get_by_role("region", name="As readers see it")
    await expect(preview.get_by_role("heading", name="Seals")).to_be_visible()
    await expect(preview.locator("strong")).to_have_text("gasket")
    await expect(preview).to_contain_text("<b>now</b>")
    await page.get_by_label("Topics").fill("frost, doors")
    await page.get_by_label("North").check()
    await page.get_by_label("Text").press("Control+s")
    article = page.get_by_role("article")
    await expect(article.locator(".desk .tag")).to_have_text("draft")
    await expect(article.get_by_text("kept to North")).to_be_visible()
    await page.get_by_role("button", name="Drafts").click()
    await expect(page.get_by_role("button", name="Frost at the door")).to_be_visible()
    assert await found(world.rep, "gasket") == []
    await page.get_by_role("button", name="Publish", exact=True).click()
    await expect(article.get_by_role("status")).to_contain_text("Published")
    await expect(page.get_by_role("heading", name="No draft")).to_be_visible()
    await services.article_follower.catch_up()
    assert await found(world.rep, "gasket") == ["Frost at the door"]
    assert await found(world.south_rep, "gasket") == []


async def test_a_text_goes_through_its_review(console: OpenConsole, services: Services, world: World) -> None:
    await require_review(world)
    article_id = (await create(world.manager, title="门封结霜", body="先检查门封。", language="ZH_CN"))["id"]
    writer = await (await console(world.manager, language="zh-CN")).open("knowledge?list=drafts")
    await writer.get_by_role("button", name="门封结霜").click()
    await expect(writer.get_by_role("button", name="发布", exact=True)).to_have_count(0)
    await writer.get_by_role("button", name="提交审核").click()
    await expect(writer.locator(".desk .tag")).to_have_text("待审核")
    await expect(writer.get_by_role("button", name="通过并发布")).to_have_count(0)

    reviewer = await (await console(world.director)).open("knowledge?list=review")
    await reviewer.get_by_role("button", name="门封结霜").click()
    await reviewer.get_by_role("button", name="Return with a note").click()
    asked = reviewer.get_by_role("dialog")
    await asked.get_by_label("What is to be changed").fill("写明更换周期。")
    assert await barriers(reviewer) == []
    await asked.get_by_role("button", name="Return with a note").click()
    await expect(reviewer.get_by_role("heading", name="Nothing waits for review")).to_be_visible()

    await writer.reload()
    await writer.get_by_role("button", name="门封结霜").click()
    await expect(writer.get_by_text("写明更换周期。")).to_be_visible()
    await writer.get_by_role("button", name="English").click()
    await expect(writer.get_by_role("region", name="Drafts")).to_contain_text("given back")
    await writer.get_by_role("button", name="中文").click()
    await revise(world.manager, article_id, body="先检查门封，每年更换。")
    await writer.get_by_role("button", name="提交审核").click()
    await expect(writer.get_by_role("alert")).to_contain_text("他人刚刚修改过")
    await writer.get_by_role("button", name="提交审核").click()
    await expect(writer.get_by_role("article").get_by_role("status")).to_contain_text("已提交审核")

    await reviewer.reload()
    await reviewer.get_by_role("button", name="门封结霜").click()
    await reviewer.get_by_role("button", name="Approve and publish").click()
    await expect(reviewer.get_by_role("article").get_by_role("status")).to_contain_text("Approved and published")
    await services.article_follower.catch_up()
    assert await found(world.rep, "门封") == ["门封结霜"]


async def test_a_published_article_has_a_next_draft_that_readers_do_not_see(console: OpenConsole, world: World) -> None:
    article_id = (await create(world.manager, title="Frost", body="Old words."))["id"]
    await publish(world.manager, article_id)
    page = await (await console(world.manager)).open(f"knowledge?article={article_id}")
    await page.get_by_role("button", name="Write the next draft").click()
    await page.get_by_label("Text").fill("")
    await page.get_by_label("Text").fill("New words.")
    await page.reload()
    await page.get_by_role("button", name="Write the next draft").click()
    await expect(page.get_by_label("Text")).to_have_value("New words.")
    await page.get_by_role("button", name="Save the draft").click()
    article = page.get_by_role("article")
    await expect(article.get_by_text("New words.")).to_be_visible()
    shown = await world.rep.api.first("query ($id: ID!) { article(id: $id) { body } }", id=article_id)
    assert shown == {"body": "Old words."}
    await article.get_by_role("combobox", name="Text shown").select_option("As readers see it")
    await expect(article.get_by_text("Old words.")).to_be_visible()
    await page.get_by_role("button", name="Publish", exact=True).click()
    await article.get_by_role("combobox", name="Text shown").select_option("1")
    await expect(article.get_by_text("Old words.")).to_be_visible()
    await page.get_by_role("button", name="Retire").click()
    await page.get_by_role("dialog").get_by_role("button", name="Retire").click()
    await expect(article.locator(".desk .tag")).to_have_text("retired")


async def test_a_refused_text_says_what_to_mend_and_readers_write_nothing(console: OpenConsole, world: World) -> None:
    page = await (await console(world.manager, language="zh-CN")).open("knowledge")
    await page.get_by_role("button", name="新建文章").click()
    await page.get_by_label("标题", exact=True).fill("门封")
    await page.get_by_label("标签").fill("长" * 61)
    await page.get_by_role("button", name="保存草稿").click()
    await expect(page.get_by_role("alert")).to_have_text("标签：最多 50 项，每项 1 至 60 个字符。")
    await page.get_by_label("标签").fill("门封")
    await page.get_by_role("button", name="保存草稿").click()
    await page.get_by_role("article").get_by_role("button", name="提交审核").click()
    await expect(page.get_by_role("alert")).to_contain_text("正文不能为空")
    reader = await (await console(world.rep)).open("knowledge")
    await expect(reader.get_by_role("searchbox")).to_be_visible()
    await expect(reader.get_by_role("button", name="New article")).to_have_count(0)


@pytest.mark.parametrize(("theme", "language"), [("light", "en"), ("dark", "zh-CN")])
async def test_it_has_no_barriers(console: OpenConsole, world: World, theme: str, language: str) -> None:
    article_id = (await create(world.manager, tags=["frost"], pinned=True))["id"]
    await act(world.manager, SUBMIT, article_id)
    await act(world.director, RETURN, article_id, note="Name the seals.")
    address = f"knowledge?list=drafts&article={article_id}"
    page = await (await console(world.manager, theme=theme, language=language)).open(address)
    await expect(page.locator(".note")).to_be_visible()
    assert await barriers(page) == []
    await page.locator(".steps .button").nth(1).click()
    await expect(page.locator(".preview .rich")).to_be_visible()
    assert await barriers(page) == []

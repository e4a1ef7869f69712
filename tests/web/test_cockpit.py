"""The cockpit: a report of a day and over days, drawn and told in a table, down to the records behind a cell."""

from __future__ import annotations

from random import Random

import pytest
from playwright.async_api import Page, expect

from resolvers.services import Services
from storage.driver import Document
from tests.conftest import START, StoppedClock
from tests.support.report_days import DAY, TODAY, local, of_visit, the_organization, visits_of_a_week
from tests.support.world import World
from tests.web.conftest import OpenConsole
from tests.web.test_access import barriers
from workers.reports import count_day


@pytest.fixture
async def today(world: World, services: Services, clock: StoppedClock) -> list[Document]:
    """The visits of a day that was counted."""
    documents = await visits_of_a_week(world, services, Random(5))
    clock.now = START + DAY
    await count_day(services, await the_organization(services, world), TODAY)
    return [each for each in documents if local(each["scheduled_at"]) == TODAY]


async def latest_day(page: Page) -> None:
    await page.get_by_role("group", name="Days").get_by_role("button", name="Latest day").click()


async def test_a_cell_adds_up_the_records_behind_it(console: OpenConsole, world: World, today: list[Document]) -> None:
    page = await (await console(world.director)).open("cockpit?report=VISITS")
    await latest_day(page)
    by_rep: dict[str, list[Document]] = {}
    for each in today:
        by_rep.setdefault(each["owner_id"], []).append(each)
    planned = [each for each in by_rep[world.rep.id] if of_visit(each).get("planned")]
    assert planned
    name = page.get_by_role("rowheader", name="Rep", exact=True)
    row = page.get_by_role("row").filter(has=name)
    await row.get_by_role("button").first.click()
    behind = page.get_by_role("complementary", name="What is behind it")
    await expect(behind.get_by_role("listitem")).to_have_count(len(planned))
    await expect(behind.get_by_role("listitem").first).to_contain_text("Visit at")
    await behind.get_by_role("button", name="Close").click()
    await expect(behind).to_have_count(0)


async def test_a_report_is_drawn_as_it_is_told(console: OpenConsole, world: World, today: list[Document]) -> None:
    page = await (await console(world.director)).open("cockpit?report=VISITS")
    await latest_day(page)
    drawing = page.get_by_role("img", name="Visits: Attainment")
    await expect(drawing.locator("canvas")).to_be_visible()
    await page.get_by_role("button", name="Draw Missed").click()
    await expect(page.get_by_role("img", name="Visits: Missed").locator("canvas")).to_be_visible()
    await page.get_by_role("link", name="Visits by region").click()
    await page.get_by_role("group", name="Days").get_by_role("button", name="7 days").click()
    await page.get_by_role("button", name="Region and day").click()
    await expect(page.get_by_role("columnheader", name="Region")).to_be_visible()
    await expect(page.get_by_text("6 days do not stand yet")).to_be_visible()


async def test_before_the_first_night_it_says_when_there_will_be_reports(console: OpenConsole, world: World) -> None:
    page = await (await console(world.manager, language="zh-CN")).open("cockpit")
    await expect(page.get_by_role("heading", name="尚无报表")).to_be_visible()


@pytest.mark.parametrize(("theme", "language"), [("light", "en"), ("dark", "zh-CN")])
async def test_it_has_no_barriers(
    console: OpenConsole, world: World, today: list[Document], theme: str, language: str
) -> None:
    page = await (await console(world.director, theme=theme, language=language)).open("cockpit?report=VISITS")
    await expect(page.locator(".figures .cell").first).to_be_visible()
    await page.locator(".figures .cell").first.click()
    await expect(page.get_by_role("complementary").get_by_role("listitem").first).to_be_visible()
    assert await barriers(page) == []

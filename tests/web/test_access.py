"""No barrier that axe calls serious, in any panel, language or theme."""

from __future__ import annotations

import re
from importlib.resources import files

import pytest
from playwright.async_api import Page, expect

from resolvers.services import Services
from tests.api.test_articles import create, publish
from tests.conftest import START, StoppedClock
from tests.support.client import new_key
from tests.support.field_day import point, report, tap
from tests.support.leads import create_lead
from tests.support.planned_days import on_duty, place
from tests.support.world import World
from tests.web.conftest import OpenConsole

AXE = (files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")
GRAVE = {"serious", "critical"}
PLAN = """mutation ($key: String!, $team: ID!) {
  planTeamDay(clientKey: $key, teamId: $team, date: "2026-11-23") { ... on TeamDay { state } }
}"""


async def barriers(page: Page) -> list[str]:
    """What axe finds grave, with the elements."""
    # As in an extension: the page's own policy lets no such script in.
    session = await page.context.new_cdp_session(page)
    await session.send("Runtime.evaluate", {"expression": AXE})
    found = await session.send(
        "Runtime.evaluate", {"expression": "axe.run()", "awaitPromise": True, "returnByValue": True}
    )
    assert found["result"]["value"]["passes"]
    return [
        f"{each['id']}: {node['html'][:160]}"
        for each in found["result"]["value"]["violations"]
        if each["impact"] in GRAVE
        for node in each["nodes"]
    ]


@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_signing_in(console: OpenConsole, theme: str) -> None:
    page = await (await console(theme=theme)).open()
    await expect(page.get_by_role("heading", level=1)).to_be_visible()
    assert await barriers(page) == []


@pytest.mark.parametrize(("theme", "language"), [("light", "en"), ("dark", "zh-CN")])
async def test_the_team_map(console: OpenConsole, world: World, clock: StoppedClock, theme: str, language: str) -> None:
    await tap(world.rep, "startShift", START)
    await report(world.rep, point(START))
    opened = await console(world.manager, theme=theme, language=language)
    await opened.page.add_init_script("localStorage['fieldbeat.map-layers'] = '[\"sites\", \"visits\"]'")
    page = await opened.open(f"map?rep={world.rep.id}")
    await expect(page.get_by_role("slider")).to_be_visible()
    await expect(page.locator(".heat-key [role=status]")).to_have_text(re.compile("No visits|没有拜访"))
    assert await barriers(page) == []


@pytest.mark.parametrize(("theme", "language"), [("light", "zh-CN"), ("dark", "en")])
async def test_the_promises(console: OpenConsole, world: World, clock: StoppedClock, theme: str, language: str) -> None:
    lead = await create_lead(world.rep, name="Harbour Bakery")
    clock.advance(hours=20)
    page = await (await console(world.manager, theme=theme, language=language)).open(f"promises?lead={lead['id']}")
    await expect(page.get_by_role("row")).to_have_count(2)
    await expect(page.get_by_role("complementary").get_by_role("listitem").first).to_be_visible()
    assert await barriers(page) == []


@pytest.mark.parametrize(("theme", "language"), [("light", "en"), ("dark", "zh-CN")])
async def test_planning(
    console: OpenConsole, services: Services, world: World, clock: StoppedClock, theme: str, language: str
) -> None:
    await on_duty(services, world.rep, "09:00-10:30")
    for number in range(1, 6):
        await place(services, world.rep, number)
    planned = await world.manager.api.first(PLAN, key=new_key(), team=world.north.id)
    assert planned["state"] == "DRAFT"
    address = f"planning?team={world.north.id}&date=2026-11-23"
    page = await (await console(world.manager, theme=theme, language=language)).open(address)
    await expect(page.locator(".left-out li").first).to_be_visible()
    assert await barriers(page) == []
    await page.locator(".left-out button").first.click()
    await expect(page.get_by_role("dialog").locator("dl")).to_be_visible()
    assert await barriers(page) == []


@pytest.mark.parametrize(("theme", "language"), [("light", "zh-CN"), ("dark", "en")])
async def test_knowledge(
    console: OpenConsole, services: Services, world: World, clock: StoppedClock, theme: str, language: str
) -> None:
    draft = await create(world.manager, title="Rivals", body="What to say of rivals.", tags=["price"])
    await publish(world.manager, draft["id"])
    await services.article_follower.catch_up()
    address = f"knowledge?text=rivals&article={draft['id']}"
    page = await (await console(world.manager, theme=theme, language=language)).open(address)
    await expect(page.locator(".finds mark").first).to_be_visible()
    await expect(page.get_by_role("article").get_by_role("heading")).to_be_visible()
    assert await barriers(page) == []

"""Coming in and going out, in both languages."""

from __future__ import annotations

from playwright.async_api import expect

from resolvers.services import Services
from tests.support.sign_in import PASSWORD, give_password
from tests.support.world import World
from tests.web.conftest import OpenConsole


async def test_a_manager_signs_in_and_out(console: OpenConsole, services: Services, world: World) -> None:
    await give_password(services, world.manager.person)
    page = await (await console()).open()
    await page.get_by_label("E-mail").fill(world.manager.person.email)
    await page.get_by_label("Password").fill("not this one")
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_role("alert")).to_have_text("E-mail and password do not belong together.")
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Team map")
    await expect(page.get_by_text("Live", exact=True)).to_be_visible()
    await page.reload()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Team map")
    await page.get_by_role("button", name="Sign out").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
    assert await page.evaluate("localStorage.getItem('fieldbeat.session')") is None


async def test_the_page_speaks_both_languages_and_remembers(console: OpenConsole, world: World) -> None:
    page = await (await console(world.manager, language="zh-CN")).open()
    await expect(page.get_by_role("heading", level=1)).to_have_text("团队地图")
    await page.get_by_role("button", name="English").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Team map")
    await page.get_by_role("button", name="Dark").click()
    await page.reload()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Team map")
    assert await page.evaluate("document.documentElement.dataset.theme") == "dark"


async def test_a_token_that_ends_is_renewed_unseen(console: OpenConsole, services: Services, world: World) -> None:
    await give_password(services, world.manager.person)
    page = await (await console()).open()
    await page.get_by_label("E-mail").fill(world.manager.person.email)
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_text("Live", exact=True)).to_be_visible()
    kept = "JSON.parse(localStorage.getItem('fieldbeat.session'))"
    before = await page.evaluate(f"{kept}.refreshToken")
    # As if a quarter of an hour had passed.
    await page.evaluate(f"localStorage.setItem('fieldbeat.session', JSON.stringify({{...{kept}, endsAt: 0}}))")
    await page.reload()
    await expect(page.get_by_text("Live", exact=True)).to_be_visible()
    assert await page.evaluate(f"{kept}.refreshToken") != before

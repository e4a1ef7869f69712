"""Daily reports in the console: read by a manager, completed and signed by the rep, saved as a file."""

from __future__ import annotations

from datetime import timedelta

import pytest
from playwright.async_api import expect

from resolvers.services import Services
from tests.conftest import START, StoppedClock
from tests.support.field_day import tap
from tests.support.field_work import check_in, check_out, make_site
from tests.support.world import World
from tests.web.conftest import OpenConsole
from tests.web.test_access import barriers
from workers.daily_reports import write_reports


@pytest.fixture(autouse=True)
async def _a_day_that_is_over(world: World, services: Services, clock: StoppedClock) -> None:
    """The rep made one visit; other tests' shifts have no report to come."""
    await services.store["shifts"].update_many({}, {"$unset": {"report_due_at": ""}})
    await tap(world.rep, "startShift", START)
    site = await make_site(world.rep)
    clock.advance(hours=1)
    visit = (await check_in(world.rep, site, clock.now))["visit"]["id"]
    clock.advance(minutes=20)
    await check_out(world.rep, visit, clock.now, outcome="ORDER", nextStep="Send the offer")
    clock.now = START + timedelta(hours=9)
    await tap(world.rep, "endShift", clock.now)
    while await write_reports(services):
        pass


async def test_a_rep_adds_a_note_and_signs_and_the_manager_reads_it(console: OpenConsole, world: World) -> None:
    own = await (await console(world.rep)).open("days?date=2026-11-23")
    await own.get_by_role("button", name="Rep", exact=True).click()
    day = own.get_by_role("complementary", name="Rep")
    await expect(day.get_by_role("listitem")).to_contain_text("Next: Send the offer")
    await day.get_by_role("textbox").fill("The harbour was closed in the morning.")
    await day.get_by_role("button", name="Sign").click()
    await expect(day.get_by_role("textbox")).to_have_count(0)
    page = await (await console(world.manager)).open("days?date=2026-11-23")
    row = page.get_by_role("row").filter(has_text="Signed")
    await expect(row).to_contain_text("has a note")
    await expect(row).to_contain_text("09:00–18:00")
    await row.get_by_role("button").click()
    await expect(page.get_by_text("The harbour was closed in the morning.")).to_be_visible()
    await expect(page.get_by_role("button", name="Sign", exact=True)).to_have_count(0)


async def test_the_day_is_saved_for_a_spreadsheet(console: OpenConsole, world: World) -> None:
    page = await (await console(world.manager)).open("days?date=2026-11-23")
    await expect(page.get_by_role("row")).to_have_count(2)
    async with page.expect_download() as saved:
        await page.get_by_role("button", name="Save as CSV").click()
    file = await saved.value
    assert file.suggested_filename == "daily-reports.csv"
    lines = (await file.path()).read_text(encoding="utf-8-sig").splitlines()
    assert len(lines) == 2
    assert "2026-11-23" in lines[1]


async def test_a_date_without_shifts_says_so(console: OpenConsole, world: World) -> None:
    page = await (await console(world.manager, language="zh-CN")).open("days?date=2026-11-21")
    await expect(page.get_by_role("heading", name="当天没有结束的班次")).to_be_visible()


@pytest.mark.parametrize(("theme", "language"), [("light", "zh-CN"), ("dark", "en")])
async def test_it_has_no_barriers(console: OpenConsole, world: World, theme: str, language: str) -> None:
    page = await (await console(world.manager, theme=theme, language=language)).open("days?date=2026-11-23")
    await page.get_by_role("button", name="Rep", exact=True).click()
    await expect(page.get_by_role("complementary").get_by_role("listitem")).to_be_visible()
    assert await barriers(page) == []

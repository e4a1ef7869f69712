"""Planning a team's day in the console: side by side, what if, given to somebody else, published."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from domain.accounts import Tier
from resolvers.services import Services
from tests.support.planned_days import on_duty, place
from tests.support.world import World
from tests.web.conftest import OpenConsole

DAY = "2026-11-23"
VISITS = "{ visits(first: 50) { nodes { id state repId site { id } } } }"


@pytest.fixture
async def short_day(world: World, services: Services) -> World:
    """Two reps work for an hour and a half, which cannot hold all sites of the first."""
    for member in (world.rep, world.second_rep):
        await on_duty(services, member, "09:00-10:30")
    for number in range(1, 8):
        await place(services, world.rep, number, Tier.A if number == 1 else Tier.B)
    return world


async def test_a_team_s_day_is_planned_and_published(console: OpenConsole, short_day: World) -> None:
    page = await (await console(short_day.manager)).open(f"planning?team={short_day.north.id}&date={DAY}")
    await expect(page.get_by_text("Not planned yet")).to_be_visible()
    await page.get_by_role("button", name="Plan the day").click()
    await expect(page.get_by_text("A draft: nobody has been told.")).to_be_visible()
    lanes = page.get_by_role("region", name="The day by rep").get_by_role("listitem")
    await expect(lanes).to_have_count(2)
    assert (await short_day.rep.api.data(VISITS))["visits"]["nodes"] == []
    await page.get_by_role("button", name="Publish all").click()
    await expect(page.get_by_text("Published. The reps have been told.")).to_be_visible()
    await expect(lanes.get_by_text("published", exact=True)).to_have_count(2)
    told = [await each.api.data(VISITS) for each in (short_day.rep, short_day.second_rep)]
    assert all(each["visits"]["nodes"] for each in told)


async def test_what_is_left_out_says_why_and_what_it_would_take(console: OpenConsole, short_day: World) -> None:
    page = await (await console(short_day.manager)).open(f"planning?team={short_day.north.id}&date={DAY}")
    await page.get_by_role("button", name="Plan the day").click()
    left_out = page.get_by_role("complementary", name="Left out")
    await left_out.get_by_role("button", name="What if").first.click()
    dialog = page.get_by_role("dialog")
    await expect(dialog.get_by_text("Left out for it")).to_be_visible()
    await dialog.get_by_label("The shift ends later by").select_option("120")
    await expect(dialog.get_by_text("nothing")).to_be_visible()
    await dialog.get_by_role("button", name="Close").click()
    await expect(dialog).to_have_count(0)


async def test_a_visit_is_dragged_to_somebody_else(console: OpenConsole, short_day: World) -> None:
    page = await (await console(short_day.manager)).open(f"planning?team={short_day.north.id}&date={DAY}")
    await page.get_by_role("button", name="Plan the day").click()
    lanes = page.get_by_role("region", name="The day by rep").get_by_role("listitem")
    of_rep = lanes.filter(has=page.get_by_role("button", name="Show Rep on the map"))
    other = lanes.filter(has=page.get_by_role("button", name="Show Second Rep on the map"))
    await of_rep.locator(".stop").first.drag_to(other.locator(".track"))
    dialog = page.get_by_role("dialog")
    await expect(dialog.get_by_role("combobox", name="By").first).to_have_value(short_day.second_rep.id)
    await dialog.get_by_role("button", name="Make it an appointment").click()
    await expect(page.get_by_text("is promised for Second Rep")).to_be_visible()
    (visit,) = (await short_day.manager.api.data(VISITS))["visits"]["nodes"]
    assert visit["repId"] == short_day.second_rep.id
    await page.get_by_role("button", name="Plan again").click()
    await expect(other.locator(".stop.fixed")).to_have_count(1)


async def test_a_day_without_anybody_says_so(console: OpenConsole, world: World) -> None:
    page = await (await console(world.manager, language="zh-CN")).open(f"planning?team={world.north.id}&date={DAY}")
    await page.get_by_role("button", name="规划当天").click()
    await expect(page.get_by_text("该团队当天无人上班。")).to_be_visible()

"""The team map: a rep's day seen arriving, in words that a screen reader reads too."""

from __future__ import annotations

from datetime import timedelta

import pytest
from playwright.async_api import Page, WebSocketRoute, expect

from resolvers.services import Services
from storage.times import stored_time
from tests.conftest import START, StoppedClock
from tests.support.field_day import point, report, tap
from tests.support.field_work import make_site, make_visit
from tests.support.world import World
from tests.web.conftest import OpenConsole

TO_THE_MIDDLE = """each => {
  each.value = Number(each.min) + (each.max - each.min) / 2;
  each.dispatchEvent(new Event("input", { bubbles: true }));
}"""


async def says(page: Page, name: str, words: str) -> None:
    """The row of a rep shows these words."""
    await expect(page.get_by_role("button", name=name)).to_contain_text(words)


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ("Off duty", "No position yet", "Under way", "Silent for over 15 min")),
        ("zh-CN", ("未上班", "暂无定位", "行进中", "静默超过 15 分钟")),
    ],
)
async def test_a_manager_watches_a_rep(
    console: OpenConsole, world: World, clock: StoppedClock, language: str, words: tuple[str, ...]
) -> None:
    page = await (await console(world.manager, language=language)).open("map")
    await says(page, "Second Rep", words[0])
    await tap(world.rep, "startShift", START)
    await says(page, "Rep No" if language == "en" else "Rep 暂无", words[1])
    await report(world.rep, point(START))
    await expect(page.locator(".rep", has_text=words[2])).to_have_count(1)
    clock.advance(minutes=20)
    await page.reload()
    await expect(page.locator(".rep", has_text=words[3])).to_have_count(1)


async def test_a_day_shows_the_way_with_its_gap(console: OpenConsole, world: World, clock: StoppedClock) -> None:
    await tap(world.rep, "startShift", START)
    clock.advance(hours=2)
    for minute in (0, 1, 2, 40, 41, 42):
        await report(world.rep, point(START + timedelta(minutes=minute), latitude=31.23 + minute / 2_000))
    page = await (await console(world.manager)).open(f"map?rep={world.rep.id}")
    aside = page.get_by_role("complementary")
    await expect(aside.get_by_text("Not known")).to_be_visible()
    slider = aside.get_by_role("slider", name="Time of day")
    await slider.evaluate(TO_THE_MIDDLE)
    await expect(slider).to_have_attribute("aria-valuetext", "09:21, silent for 38 min")
    await slider.press("Home")
    await expect(slider).to_have_attribute("aria-valuetext", "09:00, position known")
    await expect(aside.get_by_text("Rep can see that you looked.")).to_be_visible()


async def test_the_map_comes_back_after_a_lost_connection(
    console: OpenConsole, world: World, clock: StoppedClock
) -> None:
    opened = await console(world.manager)
    sockets: list[WebSocketRoute] = []

    def through(socket: WebSocketRoute) -> None:
        sockets.append(socket)
        socket.connect_to_server()

    await opened.page.route_web_socket("**/graphql", through)
    page = await opened.open("map")
    await expect(page.get_by_text("Live", exact=True)).to_be_visible()
    await sockets[0].close(code=1012, reason="The server restarts")
    await tap(world.rep, "startShift", START)
    await expect(page.locator(".rep", has_text="No position yet")).to_have_count(1)
    await expect(page.get_by_text("Live", exact=True)).to_be_visible()
    assert len(sockets) == 2


async def test_nobody_else_s_reps_are_there(console: OpenConsole, world: World, clock: StoppedClock) -> None:
    page = await (await console(world.south_manager)).open("map")
    await expect(page.locator(".rep")).to_have_count(1)
    await says(page, "South Rep", "Off duty")


async def test_an_administrator_is_told_why_there_is_no_map(console: OpenConsole, world: World) -> None:
    page = await (await console(world.admin)).open("map")
    await expect(page.get_by_role("alert")).to_contain_text("Your role does not include this.")


@pytest.mark.parametrize(
    ("language", "layers", "words"),
    [
        ("en", ("On the map", "Visits made"), ("No visits in these days.", "28 days", "3 visits, 1 missed")),
        ("zh-CN", ("地图图层", "已完成拜访"), ("这些天没有拜访。", "近 28 天", "共 3 次，未完成 1 次")),
    ],
)
async def test_visits_of_the_last_weeks_lie_on_the_map(
    console: OpenConsole,
    world: World,
    services: Services,
    language: str,
    layers: tuple[str, str],
    words: tuple[str, str, str],
) -> None:
    site_id = await make_site(world.rep)
    visit_id = await make_visit(world.rep, site_id, START + timedelta(hours=1))
    visits = services.store["visits"]
    (planned,) = await visits.find({"_id": visit_id}, limit=1)
    three_weeks_ago = stored_time(START - timedelta(days=21))
    for number, state in enumerate(("DONE", "DONE", "AUTO_CLOSED", "MISSED", "CANCELLED")):
        before = {"_id": f"{visit_id[:-1]}{number}", "state": state, "scheduled_at": three_weeks_ago}
        await visits.update_one({"_id": before["_id"]}, {"$set": {**planned, **before}}, upsert=True)
    page = await (await console(world.manager, language=language)).open("map")
    await page.get_by_label(layers[0], exact=True).click()
    await page.get_by_role("checkbox", name=layers[1]).check()
    key = page.get_by_role("region", name=layers[1])
    await expect(key).to_contain_text(words[0])
    await expect(key.get_by_role("listitem")).to_have_count(0)
    await key.get_by_role("button", name=words[1]).click()
    await expect(key).to_contain_text(words[2])
    # One square with three visits: a colour for one, for two and for three.
    await expect(key.get_by_role("listitem")).to_have_count(3)
    await page.reload()
    await expect(key).to_contain_text(words[2])

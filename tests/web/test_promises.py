"""The board of promises: a breach turns red by itself, is taken on, and the lead given to somebody else."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from resolvers.services import Services
from storage.clocks import COLLECTION as CLOCKS
from storage.store import Store
from tests.conftest import StoppedClock
from tests.support.leads import create_lead, log_activity
from tests.support.world import World
from tests.web.conftest import OpenConsole
from workers.sla_watch import watch_once

BROKEN, SOON = "Broken and still open", "Due within 24 h"


@pytest.fixture(autouse=True)
async def _only_our_clocks(store: Store, clock: StoppedClock) -> None:
    """Clocks of other tests would fire here."""
    await store[CLOCKS].delete_many({})


async def watch(services: Services) -> None:
    """What the worker does each second."""
    while await watch_once(services, "one"):
        pass


async def test_a_breach_turns_red_and_is_taken_on(
    console: OpenConsole, services: Services, world: World, clock: StoppedClock
) -> None:
    await create_lead(world.rep, name="Harbour Bakery")
    clock.advance(hours=20)
    page = await (await console(world.manager)).open("promises")
    red, soon = page.get_by_role("region", name=BROKEN), page.get_by_role("region", name=SOON)
    await expect(soon.get_by_role("row", name="Harbour Bakery")).to_contain_text("4 h left")
    await expect(red).to_contain_text("No broken promise")
    clock.advance(hours=6)
    await watch(services)
    row = red.get_by_role("row", name="Harbour Bakery")
    await expect(row).to_contain_text("2 h late")
    await expect(row).to_contain_text("Rep 1 d 2 h of 1 d")
    await row.get_by_role("button", name="Take on").click()
    await expect(row).to_contain_text("Taken on")
    await expect(page.get_by_role("status").filter(has_text="Taken on")).to_be_visible()
    clock.advance(hours=30)
    await watch(services)
    assert (await world.director.api.data("{ notices { nodes { kind } } }"))["notices"]["nodes"] == []


async def test_a_lead_is_given_to_somebody_else(
    console: OpenConsole, services: Services, world: World, clock: StoppedClock
) -> None:
    await create_lead(world.rep, name="Harbour Bakery")
    clock.advance(hours=25)
    await watch(services)
    page = await (await console(world.manager)).open("promises")
    row = page.get_by_role("row", name="Harbour Bakery")
    await row.get_by_role("button", name="Reassign").click()
    dialog = page.get_by_role("dialog", name="Reassign Harbour Bakery")
    await dialog.get_by_label("Second Rep").check()
    await dialog.get_by_role("button", name="Reassign").click()
    await expect(page.get_by_text("Harbour Bakery now is with Second Rep.")).to_be_visible()
    # A moment of the new owner's beside a day of the old one's.
    clock.advance(hours=1)
    await page.reload()
    await expect(row).to_contain_text("Rep 1 d 1 h · Second Rep 1 h of 1 d")


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ("First contact was due and not done", "Call", "The prospect showed up")),
        ("zh-CN", ("首次联系超时未完成", "电话", "线索产生")),
    ],
)
async def test_the_timeline_of_a_lead(
    console: OpenConsole,
    services: Services,
    world: World,
    clock: StoppedClock,
    language: str,
    words: tuple[str, ...],
) -> None:
    lead = await create_lead(world.rep, name="Harbour Bakery")
    clock.advance(hours=25)
    await watch(services)
    clock.advance(hours=1)
    await log_activity(world.rep, lead["id"], note="Wants an offer")
    page = await (await console(world.manager, language=language)).open(f"promises?lead={lead['id']}")
    timeline = page.get_by_role("complementary").filter(has_text="Harbour Bakery")
    for each in words:
        await expect(timeline.get_by_role("listitem").filter(has_text=each).first).to_be_visible()
    await expect(timeline.get_by_role("listitem").filter(has_text="Wants an offer")).to_be_visible()


async def test_other_teams_promises_are_not_there(
    console: OpenConsole, services: Services, world: World, clock: StoppedClock
) -> None:
    lead = await create_lead(world.rep, name="Harbour Bakery")
    clock.advance(hours=25)
    await watch(services)
    page = await (await console(world.south_manager)).open(f"promises?lead={lead['id']}")
    await expect(page.get_by_text("No broken promise")).to_be_visible()
    await expect(page.get_by_text("This lead is not here")).to_be_visible()

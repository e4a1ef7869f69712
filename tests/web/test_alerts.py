"""Alerts in the console: rules that an administrator adds after a look at what they would have fired."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest
from playwright.async_api import expect

from domain.ids import PersonId, new_id
from resolvers.services import Services
from tests.conftest import START, StoppedClock
from tests.support.report_days import TODAY, the_organization
from tests.support.world import World
from tests.web.conftest import OpenConsole
from tests.web.test_access import barriers
from workers.reports import count_day


async def missed(services: Services, world: World, owners: Sequence[PersonId]) -> None:
    """A missed visit of the first day for each of them, and the day counted."""
    visits = [
        {
            "_id": new_id("vis", START),
            "org_id": world.org_id,
            "owner_id": owner,
            "team_id": world.north.id,
            "site_id": "sit_1",
            "account_id": "acc_1",
            "tier": "B",
            "kind": "PLANNED",
            "state": "MISSED",
            "scheduled_at": START.replace(tzinfo=None),
        }
        for owner in owners
    ]
    await services.store["visits"].insert_many(visits)
    await count_day(services, await the_organization(services, world), TODAY)


async def test_an_administrator_tries_a_rule_and_adds_it(
    console: OpenConsole, world: World, services: Services, clock: StoppedClock
) -> None:
    clock.now = START + timedelta(days=1)
    await missed(services, world, [world.rep.id] * 4)
    page = await (await console(world.admin)).open("alerts")
    await page.get_by_role("button", name="Add a rule").click()
    form = page.get_by_role("dialog", name="Add a rule")
    await form.get_by_label("Key").fill("MISSED")
    await form.get_by_label("Name in English").fill("Missed visits")
    await form.get_by_label("Name in Chinese").fill("未完成拜访")
    await form.get_by_role("combobox", name="Figure").select_option("VISITS missed")
    await form.get_by_role("combobox", name="Over").select_option("DAY")
    await form.get_by_role("combobox", name="Fires").select_option("ABOVE")
    await form.get_by_role("combobox", name="Threshold").select_option("VALUE")
    await form.get_by_label("Limit").fill("3")
    await form.get_by_role("button", name="What would have fired").click()
    tried = page.get_by_role("dialog", name="The last eight weeks")
    await expect(tried).to_contain_text("Missed visits · Mon 23 Nov")
    await expect(tried).to_contain_text("Rep 4, limit 3")
    await tried.get_by_role("button", name="Close").click()
    await form.get_by_role("button", name="Save").click()
    row = page.get_by_role("row").filter(has_text="Missed visits")
    await expect(row).to_contain_text("Missed of each rep a day, above 3")
    await expect(page.get_by_role("status").filter(has_text="Saved")).to_be_visible()


async def test_a_refused_rule_says_which_field(console: OpenConsole, world: World) -> None:
    page = await (await console(world.admin)).open("alerts")
    await page.get_by_role("button", name="Edit Weekly visits far below the team's").click()
    form = page.get_by_role("dialog", name="Edit the rule")
    await form.get_by_label("direct superior").uncheck()
    await form.get_by_role("button", name="Save").click()
    await expect(form.get_by_role("alert")).to_contain_text("recipients")


async def test_a_manager_reads_rules_and_changes_none(console: OpenConsole, world: World) -> None:
    page = await (await console(world.manager, language="zh-CN")).open("alerts")
    await expect(page.get_by_role("row").filter(has_text="团队均值的 60%")).to_be_visible()
    await expect(page.get_by_role("button", name="添加规则")).to_have_count(0)


@pytest.mark.parametrize(("theme", "language"), [("light", "en"), ("dark", "zh-CN")])
async def test_it_has_no_barriers(console: OpenConsole, world: World, theme: str, language: str) -> None:
    page = await (await console(world.admin, theme=theme, language=language)).open("alerts")
    await expect(page.get_by_role("table")).to_be_visible()
    assert await barriers(page) == []
    await page.locator(".head .button").last.click()
    await expect(page.get_by_role("dialog")).to_be_visible()
    assert await barriers(page) == []

"""The console in a real browser, on a server of its own on the tests' services; skipped where there is no browser."""

from __future__ import annotations

import json
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Literal

import pytest
from playwright.async_api import Browser, ConsoleMessage, Page, Request, Route, async_playwright, expect

from api.app import EdgeSettings, create_app
from api.console import BaseMap
from api.limits import Limits
from resolvers.services import Services
from tests.support.api_server import running
from tests.support.world import Member

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
PATIENCE_MS = 30_000
"""For whatever a loaded machine may take; nothing waits so long where all is well."""
expect.set_options(timeout=PATIENCE_MS)


@dataclass
class Console:
    """A page of the console and what went wrong in it."""

    page: Page
    url: str
    problems: list[str] = field(default_factory=list)

    def hear(self, line: ConsoleMessage) -> None:
        """Keeps what the page complains of; an answer that is an error is the page's own matter."""
        if line.type == "error" and "Failed to load resource" not in line.text:
            self.problems.append(line.text)

    async def open(self, panel: str = "") -> Page:
        """Goes to a panel."""
        await self.page.goto(f"{self.url}/console/#/{panel}")
        return self.page


OpenConsole = Callable[..., Awaitable[Console]]


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    """Chromium without a window."""
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed")
    async with async_playwright() as playwright:
        # As root, in a container, its sandbox cannot start; nothing but our own page is opened.
        launched = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield launched
        await launched.close()


@pytest.fixture(scope="session")
async def console_url(services: Services, api_url: str) -> AsyncIterator[str]:
    """A server that serves the console, on the same services as the others."""
    async with running(create_app(services, EdgeSettings(Limits(), console=BaseMap()))) as url:
        yield url


@pytest.fixture
async def console(browser: Browser, console_url: str) -> AsyncIterator[OpenConsole]:
    """Opens the console as somebody (or nobody), in a language and a theme; fails where a page complained."""
    opened: list[Console] = []

    async def make(
        member: Member | None = None,
        *,
        language: str = "en",
        theme: Literal["light", "dark"] = "light",
        width: int = 1280,
    ) -> Console:
        context = await browser.new_context(
            viewport={"width": width, "height": 800},
            locale=language,
            color_scheme=theme,
            reduced_motion="reduce",
        )
        context.set_default_timeout(PATIENCE_MS)
        page = await context.new_page()
        made = Console(page, console_url)
        opened.append(made)
        page.on("pageerror", lambda error: made.problems.append(str(error)))
        page.on("console", made.hear)

        async def only_ours(route: Route, request: Request) -> None:
            if not request.url.startswith((console_url, "data:")):
                made.problems.append(f"asked {request.url}")
            await route.continue_()

        await page.route("**/*", only_ours)
        if member is not None:
            kept = json.dumps(_session_of(member))
            await page.add_init_script(f"localStorage['fieldbeat.session'] ??= {kept}")
        return made

    yield make
    for each in opened:
        await each.page.context.close()
        assert each.problems == []


def _session_of(member: Member) -> str:
    """What the console keeps of somebody signed in, as text."""
    person = member.person
    shown: dict[str, Any] = {
        "id": person.id,
        "name": person.name,
        "role": person.role.value,
        "timeZone": person.time_zone,
    }
    far = 4_000_000_000_000
    return json.dumps({"accessToken": member.api.token, "refreshToken": "", "endsAt": far, "person": shown})

"""API processes on one database: each keeps an index of its own, over a restart and a kill, and all are in step."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.api.test_articles import SEARCH, create, publish
from tests.support.client import ApiClient
from tests.support.server_process import ServerProcess, server_process
from tests.support.world import World
from wiring.child_process import inherited
from wiring.settings import Settings

PATIENCE_S = 60
LOADED, ANEW = "article_index_loaded", "article_index_begins_anew"


@pytest.fixture
def started(settings: Settings, mongo_uri: str, tmp_path: Path) -> Callable[[ExitStack, str], ServerProcess]:
    """Starts an API process by name; all share the folder of the data."""
    changes = {"DATA": str(settings.data), "MONGODB_URI": mongo_uri, "LOG_LEVEL": "INFO"}
    changes["MONGODB_DATABASE"] = settings.mongodb_database

    def start(stack: ExitStack, name: str) -> ServerProcess:
        (tmp_path / name).mkdir()
        return stack.enter_context(server_process(tmp_path / name, **changes))

    return start


async def titles_at(server: ServerProcess, world: World, text: str) -> list[str]:
    async with ApiClient.connect(server.url) as client:
        hits = await client.as_(str(world.rep.api.token)).first(SEARCH, text=text)
    return [hit["article"]["title"] for hit in hits]


async def until_at(server: ServerProcess, world: World, text: str, expected: list[str]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while sorted(await titles_at(server, world, text)) != expected:  # noqa: ASYNC110 - only asking shows it
            await asyncio.sleep(0.02)


async def until_logged(server: ServerProcess, event: str) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while event not in server.log.read_text(encoding="utf-8"):  # noqa: ASYNC110 - a file of another process
            await asyncio.sleep(0.05)


def run_seed(command: str, settings: Settings) -> str:
    environment = {"MONGODB_URI": str(settings.mongodb_uri), "MONGODB_DATABASE": settings.mongodb_database}
    words = [sys.executable, "-m", "seed", command]
    done = subprocess.run(words, env=inherited(environment), capture_output=True, text=True, check=True)
    return done.stdout


async def test_processes_are_in_step_over_a_kill_and_are_made_anew_on_request(
    world: World, settings: Settings, started: Callable[[ExitStack, str], ServerProcess]
) -> None:
    with ExitStack() as stack:
        first, second = started(stack, "first"), started(stack, "second")
        await publish(world.manager, (await create(world.manager, title="One"))["id"])
        for server in (first, second):
            await until_at(server, world, "frost", ["One"])
        await until_logged(first, LOADED)
        os.kill(first.pid, signal.SIGKILL)
        await publish(world.manager, (await create(world.manager, title="Two"))["id"])
        await until_at(second, world, "frost", ["One", "Two"])
        third = started(stack, "third")
        assert "One" in await titles_at(third, world, "frost"), "it answers from what the killed process left"
        await until_at(third, world, "frost", ["One", "Two"])
        assert LOADED not in third.log.read_text(encoding="utf-8"), "nothing had to be read again"
        said = await asyncio.to_thread(run_seed, "rebuild-search", settings)
        assert "running processes begin within seconds" in said
        for server in (second, third):
            await until_logged(server, ANEW)
            assert "One" in await titles_at(server, world, "frost"), "it goes on answering"
        await until_logged(third, LOADED)
        assert sorted(await titles_at(third, world, "frost")) == ["One", "Two"]

"""The npm packages that the clients are tried with, installed once into build/ by their lock file."""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import os
import shutil
import subprocess
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from tests.support.leads import CREATE
from tests.support.world import World

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
LOCKED = ("package.json", "package-lock.json", ".npmrc")
UNREACHABLE = ("ENOTFOUND", "ECONNREFUSED", "ECONNRESET", "EAI_AGAIN", "ETIMEDOUT", "ENETUNREACH", "ENOTCACHED")
OLDEST_NODE = 20

Run = Callable[..., Awaitable[str]]


@pytest.fixture(scope="session")
def npm_folder() -> Path:
    """A folder with the packages, and with the scripts of tests/clients/js as they are now."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        pytest.skip("Node and npm are not installed")
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout
    if int(version.strip().removeprefix("v").partition(".")[0]) < OLDEST_NODE:
        pytest.skip(f"Node {OLDEST_NODE} or newer is needed, this one is {version.strip()}")
    digest = hashlib.sha256(b"".join((HERE / name).read_bytes() for name in LOCKED)).hexdigest()[:12]
    folder = ROOT / "build" / "clients" / digest
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        # Two runners of the tests may come at the same time.
        fcntl.flock(lock, fcntl.LOCK_EX)
        _install(folder, npm)
    return folder


def _install(folder: Path, npm: str) -> None:
    if not (folder / "installed").exists():
        for name in LOCKED:
            shutil.copy(HERE / name, folder / name)
        command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline", "--loglevel=error"]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
        if done.returncode and any(code in done.stderr for code in UNREACHABLE):
            pytest.skip("the npm packages cannot be fetched from here")
        assert done.returncode == 0, done.stderr
        (folder / "installed").touch()
    shutil.copytree(HERE / "js", folder, dirs_exist_ok=True)


@pytest.fixture(scope="session")
def node(npm_folder: Path) -> Run:
    """Runs a program in the folder of the packages; what it prints, once it has ended well."""

    async def run(*command: str, folder: Path = npm_folder, **variables: str) -> str:
        environment = {**os.environ, "SDL": str(ROOT / "schema.graphql"), **variables}
        process = await asyncio.create_subprocess_exec(
            *command, cwd=folder, env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
        )
        async with asyncio.timeout(120):
            out, err = await process.communicate()
        assert process.returncode == 0, out.decode() + err.decode()
        return out.decode()

    return run


@pytest.fixture
async def with_leads(world: World) -> World:
    """An organization with six leads."""
    for number in range(6):
        given = {"name": f"Lead {number}", "estimatedValue": f"{number}.50", "currency": "EUR"}
        await world.rep.api.data(CREATE, key=f"lead-of-clients-{number}", input=given)
    return world

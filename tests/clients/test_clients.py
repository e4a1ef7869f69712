"""The clients apps are written with, as published, against the running server."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import uvicorn

from api.app import EdgeSettings, create_app
from api.limits import Limits
from api.persisted import read_manifest
from resolvers.services import Services
from tests.clients.conftest import ROOT, Run
from tests.support.world import World

OUTDATED = {"47DE", "80D8"}
"""They want application/json for `*/*` and for no Accept at all, as before the specification's watershed of 2025; since
then application/graphql-response+json is what a server should answer with, which these two call a warning."""


@pytest.mark.parametrize("script", ["apollo.mjs", "urql.mjs", "streams.mjs"])
async def test_a_client_gets_what_it_expects(node: Run, api_url: str, with_leads: World, script: str) -> None:
    token = with_leads.manager.api.token or ""
    assert (await node("node", script, URL=f"{api_url}/graphql", TOKEN=token)).endswith("ok\n")


async def test_the_public_audits_find_nothing(node: Run, api_url: str) -> None:
    lines = (await node("node", "audit.mjs", URL=f"{api_url}/graphql")).splitlines()
    audits = [json.loads(line) for line in lines]
    assert len(audits) > 50
    assert {audit["id"] for audit in audits if audit["status"] != "ok"} == OUTDATED


@asynccontextmanager
async def serving_only(services: Services, documents: dict[str, str]) -> AsyncIterator[str]:
    """A server that answers these documents alone."""
    edge = EdgeSettings(Limits(introspection=False), persisted_documents=documents, persisted_only=True)
    config = uvicorn.Config(
        create_app(services, edge),
        host="127.0.0.1",
        port=0,
        log_config=None,
        lifespan="off",
        timeout_graceful_shutdown=2,
    )
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn tells it by an attribute only
        await asyncio.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/graphql"
    finally:
        server.should_exit = True
        await serving


async def test_relay_compiles_and_runs_on_its_persisted_documents(
    node: Run, npm_folder: Path, services: Services, with_leads: World
) -> None:
    folder = npm_folder / "relay"
    shutil.copy(ROOT / "schema.graphql", folder / "schema.graphql")
    (folder / "persisted.json").write_text("{}")
    shutil.rmtree(folder / "src" / "__generated__", ignore_errors=True)
    (folder / "src" / "__generated__").mkdir()
    compiler = str(npm_folder / "node_modules" / "relay-compiler" / "cli.js")
    await node("node", compiler, "relay.config.json", folder=folder)
    documents = read_manifest(folder / "persisted.json")
    assert len(documents) == 4
    async with serving_only(services, documents) as url:
        token = with_leads.rep.api.token or ""
        assert await node("node", "relay.cjs", folder=folder, URL=url, TOKEN=token) == "ok\n"


async def test_generated_types_pass_the_strict_compiler(node: Run, npm_folder: Path) -> None:
    await node("node", "codegen.mjs", URL="http://unused")
    tsc = str(npm_folder / "node_modules" / "typescript" / "bin" / "tsc")
    await node("node", tsc, "--strict", "--noEmit", "--noUncheckedIndexedAccess", "--lib", "es2022", "use.ts")
    types = (npm_folder / "types.ts").read_text()
    helper = "type Exact<"  # of the generator
    assert [each for each in types.splitlines() if re.search(r": (any|unknown)\b", each) and helper not in each] == []


def test_the_lock_file_names_no_registry() -> None:
    folder = Path(__file__).parent
    lock = json.loads((folder / "package-lock.json").read_text())
    assert all("resolved" not in package for package in lock["packages"].values())
    assert all("integrity" in package for name, package in lock["packages"].items() if name)
    wanted = json.loads((folder / "package.json").read_text())["dependencies"]
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in wanted.values())


def test_the_examples_for_users_are_lines_of_the_scripts() -> None:
    page = (ROOT / "docs" / "clients.md").read_text()
    examples = re.findall(r"```js (\S+)\n(.*?)```", page, re.DOTALL)
    assert len(examples) >= 7
    for script, lines in examples:
        tried = {line.strip() for line in (Path(__file__).parent / "js" / script).read_text().splitlines()}
        assert [line for line in lines.strip().splitlines() if line not in tried] == [], script

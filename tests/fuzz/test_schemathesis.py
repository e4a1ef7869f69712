"""Schemathesis in GraphQL mode against a server process, signed in with three roles; part of the long runs."""

from __future__ import annotations

import asyncio
import re
import sys
from pathlib import Path

import pytest

from benchmarks.database import benchmark_database
from tests.fuzz.target import ENDING, running_target
from wiring.child_process import inherited
from wiring.settings import load_settings

ROOT = Path(__file__).parents[2]
ST = ROOT / "build" / "schemathesis" / "bin" / "st"
EXCLUDED = rf"Mutation\.({'|'.join(sorted(ENDING))})"


@pytest.mark.long
@pytest.mark.skipif(not ST.exists(), reason="`make long` installs schemathesis, which needs the network once")
async def test_schemathesis_finds_nothing(tmp_path: Path, fuzz_s: float) -> None:
    with benchmark_database(load_settings()) as database:
        async with running_target(tmp_path, database.uri, "schemathesis") as target:
            for role, token in zip(("rep", "manager", "admin"), target.tokens, strict=True):
                command = [
                    *("run", f"{target.server.url}/graphql", "--header", f"Authorization: Bearer {token}"),
                    *("--max-time", str(max(1, round(fuzz_s / 3))), "--checks", "only_the_callers_fault"),
                    *("--exclude-name-regex", EXCLUDED, "--workers", "2", "--request-timeout", "60"),
                    *("--generation-database", "none", "--no-color", "--warnings", "off"),
                    *("--suppress-health-check", "all"),
                ]
                process = await asyncio.create_subprocess_exec(
                    ST,
                    *command,
                    cwd=tmp_path,
                    env=inherited({"PYTHONPATH": str(ROOT), "SCHEMATHESIS_HOOKS": "tests.fuzz.schemathesis_check"}),
                    stdout=asyncio.subprocess.PIPE,
                    stderr=asyncio.subprocess.STDOUT,
                )
                said, _ = await process.communicate()
                text = said.decode("utf-8", "replace")
                assert process.returncode == 0, text
                counts = re.findall(r"(?m)^.*(?:generated|test cases|seed|Tested|Stop reason|Duration).*$", text)
                sys.stdout.write(f"{role}: " + "; ".join(each.strip() for each in counts) + "\n")
                assert target.server.complaints() == [], text[-2_000:]

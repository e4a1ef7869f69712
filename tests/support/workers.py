"""Real worker processes for tests, and waiting for what they do."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[2]


@contextmanager
def a_worker(environment: Mapping[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """`python -m workers`, and whatever happens no process afterwards."""
    log = (Path(environment["DATA"]) / "workers.log").open("ab")
    process = subprocess.Popen([sys.executable, "-m", "workers"], env=environment, cwd=ROOT, stderr=log)
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        log.close()


async def until(holds: Callable[[], bool | Awaitable[bool]], seconds: float = 20) -> None:
    """Waits for it; AssertionError after so long."""
    deadline = time.monotonic() + seconds
    while True:
        found = holds()
        if found if isinstance(found, bool) else await found:
            return
        assert time.monotonic() < deadline, "it did not happen"
        await asyncio.sleep(0.02)

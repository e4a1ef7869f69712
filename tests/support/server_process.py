"""The API as a process of its own, as operators run it, with its memory and its log; for fuzzing and long runs."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from wiring.child_process import inherited, start_child, stop_child
from wiring.embedded_mongo import free_port

_ENTRY = re.compile(r"^(?=\d{4}-\d\d-\d\dT)", re.MULTILINE)


@dataclass(frozen=True)
class ServerProcess:
    """A running server."""

    port: int
    pid: int
    log: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def rss_mb(self) -> float:
        """Resident memory now, in MB (Linux)."""
        status = Path(f"/proc/{self.pid}/status").read_text(encoding="ascii")
        return int(status.split("VmRSS:")[1].split()[0]) / 1024

    def complaints(self) -> list[str]:
        """Entries of the log about what it did not expect, tracebacks included."""
        text = self.log.read_text(encoding="utf-8", errors="replace")
        entries = _ENTRY.split(text)
        return [each for each in entries if "Traceback" in each or "unexpected" in each or "never awaited" in each]


@contextmanager
def server_process(folder: Path, **changes: str) -> Iterator[ServerProcess]:
    """`python -m api` with these settings until the block ends; its log and signing key lie in `folder`."""
    port, log = free_port(), folder / "api.log"
    environment = {"DATA": str(folder), "PORT": str(port), "LOG_LEVEL": "WARNING", **changes}
    with log.open("wb") as output:
        process = start_child([sys.executable, "-m", "api"], inherited(environment), output)
    server = ServerProcess(port, process.pid, log)
    try:
        deadline = time.monotonic() + 60
        while not _ready(server.url):
            assert process.poll() is None, log.read_text(encoding="utf-8")
            assert time.monotonic() < deadline
            time.sleep(0.05)
        yield server
    finally:
        stop_child(process, 10)


def _ready(url: str) -> bool:
    try:
        return httpx.get(f"{url}/readyz", timeout=2, trust_env=False).status_code == httpx.codes.OK
    except httpx.TransportError:
        return False

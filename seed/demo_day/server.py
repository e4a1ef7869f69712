"""Where the demo plays: on servers of its own with a clock it sets, or on a running one; for seed/demo_day/day.py."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol
from zoneinfo import ZoneInfo

import httpx

from seed.demo_day.transcript import StepFailedError
from wiring.banner import DEMO_FILE
from wiring.child_process import inherited, start_child, stop_child
from wiring.clock import system_clock
from wiring.embedded_mongo import EmbeddedMongo, free_port

ZONE = ZoneInfo("Asia/Shanghai")
_READY_S = 60.0
_GRACE_S = 10.0
_LOOK_S = 0.05
_SEED_BEFORE_S = 1_800.0
"""The demo data is made half an hour before the day is played, so that the day's appointments are still to come."""


class Stage(Protocol):
    """A server to play on. `moves_clock` tells whether `pass_time` has any effect; `work` is for files."""

    url: str
    logins: Path
    work: Path
    moves_clock: bool

    def seed(self, *words: str) -> tuple[int, str]:
        """Runs `python -m seed` beside the server: its exit status and what it printed."""

    def pass_time(self, seconds: float) -> None:
        """Lets so much time pass."""

    def pushes(self) -> list[str]:
        """The push messages printed so far."""


class RunningServer:
    """A server somebody else started; its clock stays as it is and its console is not ours to read."""

    moves_clock = False

    def __init__(self, url: str, data: Path, work: Path) -> None:
        self.url = url.rstrip("/").removesuffix("/graphql")
        self.logins = data / DEMO_FILE
        self.work = work

    def seed(self, *words: str) -> tuple[int, str]:
        """As the stage says; the database is that of the settings."""
        return _run_seed(words, inherited({}), self.work)

    def pass_time(self, seconds: float) -> None:
        """Nothing: a running server's clock is not moved."""

    def pushes(self) -> list[str]:
        """None that we could see."""
        return []


class OwnServers:
    """Database, API and worker in a folder of their own, with a clock that begins next Monday, 09:10 in Hangzhou."""

    moves_clock = True

    def __init__(self, work: Path, database: EmbeddedMongo) -> None:
        self.logins = work / DEMO_FILE
        self.work = work
        self._database = database
        self._offset_s = seconds_to_monday(system_clock()())
        self._port = free_port()
        self.url = f"http://127.0.0.1:{self._port}"
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def start(self) -> None:
        """Starts all three and makes the demo organization; StepFailedError where something does not come up."""
        self._database.start()
        status, said = _run_seed(("init",), self._environment(-_SEED_BEFORE_S), self.work)
        if status != 0:
            raise StepFailedError(f"The demo organization was not made (status {status}):\n{said}")
        self._start_programs()

    def seed(self, *words: str) -> tuple[int, str]:
        """As the stage says."""
        return _run_seed(words, self._environment(), self.work)

    def pass_time(self, seconds: float) -> None:
        """Stops API and worker and starts them again with their clock so much further."""
        self._stop_programs()
        self._offset_s += seconds
        self._start_programs()

    def pushes(self) -> list[str]:
        """What the worker's console channel wrote."""
        log = self.work / "workers.log"
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines() if log.exists() else []
        return [line for line in lines if line.startswith("push ")]

    def stop(self) -> None:
        """Ends all of it; harmless where nothing runs."""
        self._stop_programs()
        self._database.stop()

    def _environment(self, further_s: float = 0) -> dict[str, str]:
        changes = {
            "ENVIRONMENT": "development",
            "MONGODB_URI": self._database.uri,
            "MONGODB_DATABASE": "fieldbeat_demo",
            "DATA": str(self.work),
            "DEMO": "1",
            "HOST": "127.0.0.1",
            "PORT": str(self._port),
            "CLOCK_OFFSET_S": str(self._offset_s + further_s),
            "PUSH_CHANNELS": "console",
            # What falls due in a day falls due in a second here, which would be digested as a storm.
            "PUSH_SINGLES": "0",
            "LOG_LEVEL": "WARNING",
        }
        return inherited(changes)

    def _start_programs(self) -> None:
        for name in ("api", "workers"):
            with (self.work / f"{name}.log").open("ab") as log:
                self._running[name] = start_child([sys.executable, "-m", name], self._environment(), log)
        deadline = time.monotonic() + _READY_S
        while not _ready(self.url):
            for name, process in self._running.items():
                if process.poll() is not None:
                    raise StepFailedError(f"{name} ended with status {process.returncode}:\n{self._tail(name)}")
            if time.monotonic() > deadline:
                raise StepFailedError(f"The API was not ready after {_READY_S:.0f} s:\n{self._tail('api')}")
            time.sleep(_LOOK_S)

    def _stop_programs(self) -> None:
        for process in self._running.values():
            process.terminate()
        for process in self._running.values():
            stop_child(process, _GRACE_S)
        self._running.clear()

    def _tail(self, name: str) -> str:
        return (self.work / f"{name}.log").read_text(encoding="utf-8", errors="replace")[-2_000:]


@contextmanager
def own_servers() -> Iterator[OwnServers]:
    """Servers still to be started; whatever runs is stopped at the end and the folder is gone."""
    with tempfile.TemporaryDirectory(prefix="fieldbeat-demo-", ignore_cleanup_errors=True) as folder:
        work = Path(folder)
        servers = OwnServers(work, EmbeddedMongo(work, durable=False))
        try:
            yield servers
        finally:
            servers.stop()


@contextmanager
def running_server(url: str, data: Path) -> Iterator[RunningServer]:
    """The server at `url`, with a folder for the files of the demo that is gone at the end."""
    with tempfile.TemporaryDirectory(prefix="fieldbeat-demo-") as folder:
        yield RunningServer(url, data, Path(folder))


def seconds_to_monday(now: datetime) -> float:
    """How far the next Monday, 09:10 Asia/Shanghai, is ahead of `now`."""
    local = now.astimezone(ZONE)
    days = 7 - local.weekday()
    monday = (local + timedelta(days=days)).replace(hour=9, minute=10, second=0, microsecond=0)
    return (monday.astimezone(UTC) - now).total_seconds()


def _run_seed(words: tuple[str, ...], environment: Mapping[str, str], work: Path) -> tuple[int, str]:
    output = work / "seed.log"
    with output.open("wb") as log:
        process = start_child([sys.executable, "-m", "seed", *words], environment, log)
    try:
        status = process.wait()
    finally:
        stop_child(process, _GRACE_S)
    return status, output.read_text(encoding="utf-8", errors="replace")


def _ready(url: str) -> bool:
    try:
        return httpx.get(f"{url}/readyz", timeout=2, trust_env=False).status_code == httpx.codes.OK
    except httpx.HTTPError:
        return False

"""`python -m tests.support.killed_watchers`: watchers of SLA clocks that are killed before each command in turn.

Told by the environment what a worker is told. Each watcher is a process of its own and dies by SIGKILL before its n-th
command to the database; then another one takes over at the same time of the clock. One line of JSON for each victim:
the command it died before, null for the last one, which had fewer commands to give and so lived.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from storage.driver import CommandListener, connect
from storage.store import Store
from wiring.services import build_services
from wiring.settings import Settings, load_settings
from workers import sla_watch

MOST = 60
ENOUGH_S = 60


class Killer(CommandListener):
    """Kills its own process before the n-th command; within a transaction, in it or beside it, it leaves the id of its
    session in `left`."""

    def __init__(self, before: int, left: Path) -> None:
        self._before, self._left = before, left
        self._count = 0
        self._open: dict[str, Any] = {}
        """The transaction that has begun and not ended."""

    def started(self, event: Any) -> None:
        if "autocommit" in event.command:
            session, number = event.command["lsid"]["id"], event.command["txnNumber"]
            self._open = {"session": bytes(session).hex(), "number": int(number)}
        self._count += 1
        if self._count == self._before:
            command = f"{event.command_name} {event.command.get(event.command_name)}"
            told = {"command": command, "within": bool(self._open), **self._open}
            self._left.write_text(json.dumps(told), encoding="utf-8")
            os.kill(os.getpid(), signal.SIGKILL)

    def succeeded(self, event: Any) -> None:
        if event.command_name in {"commitTransaction", "abortTransaction"}:
            self._open = {}

    def failed(self, event: Any) -> None:
        """The next command is the point."""


async def watch(settings: Settings, now: datetime, killer: Killer | None) -> None:
    """Until nothing is due."""
    assert settings.mongodb_uri is not None
    listeners = [killer] if killer is not None else []
    store = Store(connect(settings.mongodb_uri, settings.mongodb_database, listeners=listeners))
    services = build_services(settings, store, lambda: now)
    while await sla_watch.watch_once(services, "one"):
        pass
    await store.database.close()


def in_a_process(settings: Settings, now: datetime, killer: Killer | None) -> int:
    """The exit status of a forked watcher; negative: the signal that killed it."""
    pid = os.fork()
    if pid == 0:
        signal.alarm(ENOUGH_S)
        asyncio.run(watch(settings, now, killer))
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def main() -> None:
    """Victims from the first command on, until one lives."""
    settings = load_settings()
    first, left = datetime.fromisoformat(os.environ["WATCH_FROM"]), settings.data / "killed.json"
    # One clock after the other: else the n-th command is another one in each run.
    sla_watch.AT_ONCE = 1
    for before in range(1, MOST):
        now = first + timedelta(minutes=before)
        left.unlink(missing_ok=True)
        status = in_a_process(settings, now, Killer(before, left))
        if status not in {0, -signal.SIGKILL}:
            sys.exit(f"the watcher ended with {status}")
        told = json.loads(left.read_text(encoding="utf-8")) if status else None
        sys.stdout.write(json.dumps(told) + "\n")
        sys.stdout.flush()
        if told is None:
            return
        # Whoever reads ends the victim's transaction, as the server does after a minute.
        sys.stdin.readline()
        status = in_a_process(settings, now, None)
        if status:
            sys.exit(f"the watcher after it ended with {status}")


if __name__ == "__main__":
    main()

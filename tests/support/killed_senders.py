"""`python -m tests.support.killed_senders`: delivery workers that are killed at each point of a delivery in turn.

Told by the environment what a worker is told, and the time by SEND_FROM. Each victim is a process of its own, two
minutes later than the one before, and dies by SIGKILL at the n-th point: before each command to the database, before
the provider is asked, and when it has answered. One line of JSON for each: the point, null for the last, which had
fewer and so lived. Whoever reads them says by a line that the next may begin.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import Coroutine, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from domain.deliveries import SendResult
from push.channel import Channel, Message
from push.rooms import NoLimit
from resolvers.services import Services
from storage.driver import CommandListener, connect
from storage.store import Store
from wiring.logging import configure_logging
from wiring.services import build_services, build_store, open_push
from wiring.settings import Settings, load_settings
from workers.push_delivery import PushDelivery, Timing

MOST = 40
ENOUGH_S = 60
EVERY = timedelta(minutes=2)
_TIMING = Timing(lease_s=60, backoff_base_s=10, backoff_cap_s=300, finish_s=20)


class Killer(CommandListener):
    """Kills its own process at the n-th point, after it has noted which one that was."""

    def __init__(self, at: int, left: Path) -> None:
        self._at, self._left = at, left
        self._count = 0
        self._looked = False

    def reached(self, point: str) -> None:
        """One more point."""
        self._count += 1
        if self._count == self._at:
            self._left.write_text(json.dumps(point), encoding="utf-8")
            os.kill(os.getpid(), signal.SIGKILL)

    def started(self, event: Any) -> None:
        point = f"{event.command_name} {event.command.get(event.command_name)}"
        # One search for each priority and state: dead before one is dead before any.
        if point != "find deliveries" or not self._looked:
            self.reached(point)
        self._looked = self._looked or point == "find deliveries"

    def succeeded(self, event: Any) -> None:
        """The next command is the point."""

    def failed(self, event: Any) -> None:
        """The next command is the point."""


class Watched:
    """A channel whose sends have a point before and one after them."""

    def __init__(self, inner: Channel, killer: Killer) -> None:
        self.name, self._inner, self._killer = inner.name, inner, killer

    async def send(self, message: Message) -> SendResult:
        self._killer.reached("send")
        result = await self._inner.send(message)
        self._killer.reached("answered")
        return result

    async def close(self) -> None:
        await self._inner.close()


async def deliver(
    settings: Settings, services: Services, opened: Mapping[str, Channel], now: datetime, killer: Killer
) -> None:
    """One look at what is due, to its end."""
    assert settings.mongodb_uri is not None
    store = Store(connect(settings.mongodb_uri, settings.mongodb_database, listeners=[killer]))
    channels = {name: Watched(each, killer) for name, each in opened.items()}
    then = replace(services, store=store, clock=lambda: now)
    one = PushDelivery(then, channels, f"victim-{os.getpid()}", _TIMING, Random(7))
    await one.deliver_due()
    await one.finish()
    for each in channels.values():
        await each.close()
    await store.database.close()


def in_a_process(run: Coroutine[Any, Any, None]) -> int:
    """The exit status of a forked worker; negative: the signal that killed it."""
    pid = os.fork()
    if pid == 0:
        signal.alarm(ENOUGH_S)
        asyncio.run(run)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def main() -> None:
    """Victims from the first point on, until one lives."""
    settings = load_settings()
    configure_logging(settings, "victim")
    assert settings.mongodb_uri is not None
    services = build_services(settings, build_store(settings, settings.mongodb_uri))
    # Before the first fork: their libraries take longer to load than a victim lives.
    opened = open_push(settings, NoLimit())
    first, left = datetime.fromisoformat(os.environ["SEND_FROM"]), settings.data / "killed.json"
    for at in range(1, MOST):
        left.unlink(missing_ok=True)
        victim = deliver(settings, services, opened, first + at * EVERY, Killer(at, left))
        status = in_a_process(victim)
        victim.close()
        if status not in {0, -signal.SIGKILL}:
            sys.exit(f"the worker ended with {status}")
        sys.stdout.write((left.read_text(encoding="utf-8") if status else "null") + "\n")
        sys.stdout.flush()
        if not status:
            return
        sys.stdin.readline()


if __name__ == "__main__":
    main()

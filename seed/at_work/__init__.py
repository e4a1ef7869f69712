"""`python -m seed at-work`: demo reps who work as phones would, so that the map and the boards of a demo are alive.

`make up` starts it beside the API where there is a demo organization. The rep of the example request is left alone.
"""

from __future__ import annotations

import asyncio
import json
import signal
from random import Random
from typing import Any

import httpx

from resolvers.context import Clock
from seed.at_work.phone import Phone
from seed.at_work.rep import AtWork
from seed.running import say
from wiring.banner import DEMO_FILE, local_host
from wiring.clock import system_clock
from wiring.settings import Settings, load_settings

_PATIENCE_S = 1.0


def main() -> None:
    """Until SIGTERM or SIGINT; after the reps' hours it only waits."""
    settings = load_settings()
    facts = json.loads((settings.data / DEMO_FILE).read_text(encoding="utf-8"))
    asyncio.run(_until_stopped(settings, facts))


async def _until_stopped(settings: Settings, facts: dict[str, Any]) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    host = local_host(settings.host)
    url = f"http://{f'[{host}]' if ':' in host else host}:{settings.port}"
    async with httpx.AsyncClient(base_url=url, timeout=30, trust_env=False) as http:
        work = asyncio.create_task(_work(http, facts, system_clock(settings.clock_offset_s)))
        await asyncio.wait({work, asyncio.create_task(stop.wait())}, return_when=asyncio.FIRST_COMPLETED)
        if not work.done():
            work.cancel()
        elif not stop.is_set():
            work.result()
            say("at work: the reps have gone home; start again for more")
            await stop.wait()


async def _work(http: httpx.AsyncClient, facts: dict[str, Any], clock: Clock) -> None:
    await _until_up(http)
    spared = facts["example"]["variables"]["input"]["email"]
    reps = [each for each in facts["logins"] if each["role"] == "REP" and each["email"] != spared]
    workers = (AtWork(Phone(http, each["email"], each["password"]), clock, Random(each["email"])) for each in reps)
    await asyncio.gather(*(each.day() for each in workers))


async def _until_up(http: httpx.AsyncClient) -> None:
    while True:
        try:
            if (await http.get("/readyz")).status_code == httpx.codes.OK:
                return
        except httpx.HTTPError:
            pass
        await asyncio.sleep(_PATIENCE_S)

"""`make bench NAME=console`: the team map with five hundred reps that all move once a second, in headless Chromium.

Also how much is fetched without a cache, and when the first reps are to be seen. Frames are counted in the page;
without a graphics card Chromium paints in software, on the cores that the servers share.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import math
import random
import shutil
import sys
from typing import Any

import uvloop
from playwright.async_api import Page, async_playwright

from benchmarks.database import benchmark_database
from benchmarks.field_force import FieldForce, milliseconds_now
from benchmarks.measuring import Goal, Server, report, server
from domain.ids import new_id
from storage.codec import encode
from storage.driver import UpdateOne
from storage.indexes import create_indexes
from storage.positions import COLLECTION as POSITIONS
from storage.store import Store
from storage.times import stored_time
from wiring.services import build_store
from wiring.settings import Settings, load_settings
from wiring.signing_keys import new_key

REPS = 500
MEASURED_S, QUICK_S, SETTLED_S = 30, 8, 4.0
FRAMES, WORST = "frames a second", "frames in the worst second"
FIRST = "from opening the page to reps on the map, s"
COUNT = """seconds => new Promise(done => {
  const times = [];
  const step = time => times.push(time) && time - times[0] < seconds * 1000 ? requestAnimationFrame(step) : done(times);
  requestAnimationFrame(step);
})"""
WATCH = """(() => {
  const look = () => {
    if (document.querySelector(".rep")) window.firstRep = performance.now();
    else requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
})()"""
FETCHED = """performance.getEntries().filter(each => each.transferSize !== undefined)
  .map(each => [each.name, each.transferSize, each.decodedBodySize])"""


async def _drive(store: Store, force: FieldForce, stopped: asyncio.Event) -> None:
    """Every rep drives in a circle, a step each second."""
    chance = random.Random(1)
    loop, reps = asyncio.get_running_loop(), force.rep_ids()
    middles = [(chance.uniform(30.15, 30.4), chance.uniform(119.95, 120.4), chance.uniform(0, 7)) for _ in reps]
    began = loop.time()
    for second in itertools.count():
        now = stored_time(milliseconds_now())
        fixes = []
        for rep, (latitude, longitude, phase) in zip(reps, middles, strict=True):
            angle = phase + second * 0.15
            place = [longitude + 0.004 * math.cos(angle), latitude + 0.004 * math.sin(angle)]
            moved = {
                "at": now,
                "received_at": now,
                "location.coordinates": place,
                "heading_deg": -math.degrees(angle) % 360,
            }
            fixes.append(UpdateOne({"_id": rep}, {"$set": moved}))
        await store[POSITIONS].bulk_update(fixes)
        await asyncio.sleep(max(0.0, began + second + 1 - loop.time()))
        if stopped.is_set():
            return


async def _signed_in(page: Page, force: FieldForce) -> None:
    manager = force.manager_ids()[0]
    kept: dict[str, Any] = {
        "accessToken": force.token(manager),
        "refreshToken": "",
        "endsAt": 4_000_000_000_000,
        "person": {"id": manager, "name": "Bench", "role": "MANAGER"},
    }
    await page.add_init_script(f"localStorage['fieldbeat.session'] = {json.dumps(json.dumps(kept))};{WATCH}")


async def _look(watched: Server, force: FieldForce, chromium: str, seconds: int) -> dict[str, float]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = await browser.new_page(viewport={"width": 1280, "height": 800})
        await _signed_in(page, force)
        await page.goto(f"{watched.url}/console/#/map")
        await page.wait_for_selector(".rep")
        await asyncio.sleep(SETTLED_S)
        first_s = await page.evaluate("window.firstRep / 1000")
        fetched = await page.evaluate(FETCHED)
        times: list[float] = await page.evaluate(COUNT, seconds)
        shown = await page.locator(".rep").count()
        await browser.close()
    seconds_of = [int((each - times[0]) // 1000) for each in times]
    by_second = [seconds_of.count(second) for second in range(seconds)]
    return {
        "reps on the map": float(shown),
        FRAMES: (len(times) - 1) / (times[-1] - times[0]) * 1000,
        WORST: float(min(by_second)),
        FIRST: first_s,
        "fetched, kB": sum(each[1] for each in fetched) / 1000,
        "the same unpacked, kB": sum(each[2] for each in fetched) / 1000,
        "requests": float(len(fetched)),
    }


async def _measured(settings: Settings, uri: str, chromium: str, *, quick: bool) -> dict[str, float]:
    now, key = milliseconds_now(), new_key()
    name = f"bench_{new_id('con', now)}"
    store = build_store(settings.model_copy(update={"mongodb_database": name}), uri)
    await create_indexes(store)
    force = FieldForce(key, now, 1, REPS, 1)
    await force.write(store)
    await store[POSITIONS].insert_many([encode(each) for each in force.positions()])
    environment = {"MONGODB_URI": uri, "MONGODB_DATABASE": name, "SIGNING_KEYS": key.encoded()}
    stopped = asyncio.Event()
    try:
        with server("fieldbeat", [sys.executable, "-m", "api"], environment) as watched:
            watched.wait_until_ready()
            async with asyncio.TaskGroup() as running:
                running.create_task(_drive(store, force, stopped))
                figures = await _look(watched, force, chromium, QUICK_S if quick else MEASURED_S)
                stopped.set()
            return figures
    finally:
        await store.database.drop()
        await store.database.close()


def main() -> None:
    """Runs the benchmark and reports."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a shorter run, for a first look")
    quick = parser.parse_args().quick
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        sys.exit("This needs Chromium.")
    base = load_settings()
    goals = {FRAMES: Goal(40, "higher"), WORST: Goal(30, "higher"), FIRST: Goal(2.0)}
    with benchmark_database(base) as database, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        if database.most_documents is not None:
            sys.exit("This needs the fast database: make bench-db, or MONGODB_URI=.")
        figures = runner.run(_measured(base, database.uri, chromium, quick=quick))
        report("console", figures, goals, label=database.label, quick=quick)


if __name__ == "__main__":
    main()

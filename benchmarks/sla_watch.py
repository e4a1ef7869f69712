"""`make bench NAME=sla_watch`: whether a breach costs the same and is found as soon among ten thousand open clocks as
among a million.

One database that grows by open clocks that are due much later. At each size a thousand clocks come due at once, and the
watcher of a worker fires them all: reminder and breach, with the notices. At the last size clocks come due one after
another while a watcher looks every second, and it is measured when each breach stands in the database.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import uvloop

from benchmarks.database import benchmark_database
from benchmarks.measuring import Goal, report
from domain import sla
from domain.access import Role
from domain.accounts import Tier
from domain.attention import Limits
from domain.ids import ClockId, LeadId, OrgId, PersonId, TeamId, new_id
from domain.leads import Lead, StageKind
from domain.people import Organization, Person, PersonState, Team
from domain.preferences import Preferences, QuietHours
from resolvers.clocks import summed
from resolvers.services import Services
from storage.clocks import COLLECTION as CLOCKS
from storage.clocks import ClockRecord, encode_clock
from storage.codec import encode
from storage.driver import Document
from storage.indexes import create_indexes
from storage.leads import COLLECTION as LEADS
from storage.outbox import DELIVERIES, NOTICES
from storage.people import insert_organization, insert_person, insert_team
from storage.store import Store
from storage.times import stored_time
from wiring.clock import system_clock
from wiring.services import build_services, build_store
from wiring.settings import Settings, load_settings
from workers.sla_watch import SlaWatch

SIZES, QUICK_SIZES = (10_000, 100_000, 1_000_000), (5_000, 20_000)
FLAT = 1.5
FOUND_S = 2.0
BATCH = 5_000
ORG, TEAM = OrgId("org_bench"), TeamId("tea_bench")
REP, MANAGER = PersonId("per_bench_rep"), PersonId("per_bench_manager")
POLICY = sla.DEFAULT_POLICIES[sla.Metric.LEAD_FIRST_CONTACT]
TARGET = timedelta(seconds=POLICY.target_s)


def promised(now: datetime, due_at: datetime) -> tuple[Lead, ClockRecord]:
    """A lead of the rep and its first-contact clock, which is due then."""
    started_at = due_at - TARGET
    lead = Lead(
        id=LeadId(new_id("led", now)),
        org_id=ORG,
        name="Lead",
        stage="NEW",
        stage_kind=StageKind.OPEN,
        tier=Tier.B,
        owner_id=REP,
        team_id=TEAM,
        occurred_at=started_at,
        created_at=started_at,
        updated_at=started_at,
    )
    clock = sla.Clock(POLICY)
    clock = sla.appended(clock, sla.start(clock, started_at, started_at, REP, lead.id))
    record = ClockRecord(ClockId(new_id("clk", now)), ORG, lead.id, REP, TEAM, clock, started_at, started_at, version=1)
    return summed(lead, [record]), record


def without_storms(services: Services) -> Services:
    """Every breach is pushed by itself: all of them are one rep's here, which would be digested."""
    return replace(services, outbox=replace(services.outbox, limits=Limits(singles=0)))


async def add_people(store: Store, now: datetime) -> None:
    """A rep and the manager of the team."""
    await insert_organization(store, Organization(ORG, "Bench", "Asia/Shanghai", "en", now))
    await insert_team(store, Team(TEAM, ORG, "North", None, MANAGER, now))
    for person_id, role in ((REP, Role.REP), (MANAGER, Role.MANAGER)):
        await insert_person(
            store,
            Person(
                id=person_id,
                org_id=ORG,
                email=f"{person_id}@example.test",
                name=person_id,
                role=role,
                team_id=TEAM,
                state=PersonState.ACTIVE,
                locale="en",
                time_zone="Asia/Shanghai",
                created_at=now,
                updated_at=now,
                preferences=Preferences(QuietHours(0, 0)),
            ),
        )


async def _grow(store: Store, have: int, want: int, now: datetime) -> None:
    """Adds open clocks of other leads, due in days and weeks, until there are `want`."""
    _, record = promised(now, now + TARGET)
    template = encode_clock(record)
    for start in range(have, want, BATCH):
        batch: list[Document] = []
        for number in range(start, min(start + BATCH, want)):
            due_at = stored_time(now + timedelta(days=2, seconds=number))
            batch.append(
                {
                    **template,
                    "_id": f"clk_{number:026d}",
                    "lead_id": f"led_{number:026d}",
                    "due_at": due_at,
                    "next_fire_at": due_at,
                }
            )
        await store[CLOCKS].insert_many(batch, ordered=False)


async def _due_at(store: Store, now: datetime, due: Sequence[datetime]) -> list[ClockId]:
    """Leads whose clocks come due at these times."""
    pairs = [promised(now, due_at) for due_at in due]
    await store[LEADS].insert_many([encode(lead) for lead, _ in pairs])
    await store[CLOCKS].insert_many([encode_clock(record) for _, record in pairs])
    return [record.id for _, record in pairs]


async def _clear(store: Store, clock_ids: Sequence[ClockId]) -> None:
    """Takes away what a round left, so that each round finds the same."""
    await store[CLOCKS].delete_many({"_id": {"$in": list(clock_ids)}})
    for collection in (LEADS, NOTICES, DELIVERIES):
        await store[collection].delete_many({"org_id": ORG})


async def _burst(services: Services, count: int) -> float:
    """Milliseconds for each of so many clocks that are due at once."""
    store, now = services.store, services.clock()
    clock_ids = await _due_at(store, now, [now - timedelta(minutes=1)] * count)
    watch = SlaWatch(services, "bench")
    began, fired = time.perf_counter(), 0
    while fired < count:
        fired += await watch.look()
    taken_ms = (time.perf_counter() - began) * 1000
    await _clear(store, clock_ids)
    return taken_ms / count


async def _found_after(services: Services, every_s: float, count: int, over_s: float) -> list[float]:
    """Seconds from due until the breach stands, for clocks that come due evenly over a time."""
    store, now = services.store, services.clock()
    first = now + timedelta(seconds=5)
    times = [first + timedelta(seconds=over_s * number / count) for number in range(count)]
    due = dict(zip(await _due_at(store, now, times), times, strict=True))
    waiting, found = dict(due), []
    watch = SlaWatch(services, "bench")
    while waiting:
        done = await watch.look()
        seen_at = services.clock()
        if done:
            breached = await store[CLOCKS].find(
                {"_id": {"$in": list(waiting)}, "state": "BREACHED"}, projection={"_id": 1}, limit=count
            )
            found += [(seen_at - waiting.pop(ClockId(each["_id"]))).total_seconds() for each in breached]
        else:
            await asyncio.sleep(every_s)
    await _clear(store, list(due))
    return found


async def _measured(
    settings: Settings, uri: str, sizes: Sequence[int], rounds: int, due: int, singly: int
) -> dict[str, float]:
    clock = system_clock()
    store = build_store(settings.model_copy(update={"mongodb_database": f"bench_{new_id('sla', clock())}"}), uri)
    services = without_storms(replace(build_services(settings, store), clock=clock))
    await create_indexes(store)
    await add_people(store, clock())
    figures: dict[str, float] = {}
    try:
        have = 0
        await _burst(services, due // 10)
        for size in sizes:
            await _grow(store, have, size, clock())
            have = size
            taken = [await _burst(services, due) for _ in range(rounds)]
            figures[_burst_figure(size, due)] = statistics.median(taken)
        figures[_growth(sizes)] = figures[_burst_figure(sizes[-1], due)] / figures[_burst_figure(sizes[0], due)]
        found = await _found_after(services, settings.sla_poll_s, singly, singly / 5)
        figures[f"{sizes[-1]} open: breach found after due, median s"] = statistics.median(found)
        figures[_longest(sizes)] = max(found)
    finally:
        await store.database.drop()
        await services.close()
        await store.database.close()
    return figures


def _burst_figure(size: int, due: int) -> str:
    return f"{size} open: ms for each of {due} due"


def _growth(sizes: Sequence[int]) -> str:
    return f"time for each due clock: {sizes[-1]} / {sizes[0]} open"


def _longest(sizes: Sequence[int]) -> str:
    return f"{sizes[-1]} open: breach found after due, longest s"


def main() -> None:
    """Runs the benchmark and reports."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a shorter run, for a first look")
    quick = parser.parse_args().quick
    base = load_settings()
    sizes, rounds, due, singly = (QUICK_SIZES, 1, 100, 25) if quick else (SIZES, 3, 1_000, 100)
    goals = {_growth(sizes): Goal(FLAT), _longest(sizes): Goal(FOUND_S)}
    with benchmark_database(base) as database, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        if database.most_documents is not None:
            sys.exit("This needs the fast database: make bench-db, or MONGODB_URI=.")
        figures = runner.run(_measured(base, database.uri, sizes, rounds, due, singly))
        report("sla_watch", figures, goals, label=database.label, quick=quick)


if __name__ == "__main__":
    main()

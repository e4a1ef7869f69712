"""`make bench NAME=region_night`: a thousand rep-days planned in one go, by a worker and a process for each core.

Regions of reps with thirty customers each. The worker is killed (SIGKILL) once on the way and started again; a few reps
have a record that cannot be read. Measured are the days for each hour of the clock, and how much CPU the worker needs
beside the solvers. Needs the fast stand-in database.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

import uvloop

from benchmarks.database import benchmark_database
from benchmarks.measuring import Goal, own_cpu_s_of, report, server
from domain.access import Role
from domain.accounts import Account, Tier
from domain.ids import AccountId, OrgId, PersonId, PlanningRunId, SiteId, TeamId, new_id
from domain.people import Organization, Person, PersonState, Team
from domain.places import Datum, Point
from domain.planning_runs import PlanningRun, RunState
from domain.shifts import Roster, work_times
from domain.sites import GivenCoordinates, Site, cell_of
from storage.accounts import COLLECTION as ACCOUNTS
from storage.codec import decode, encode
from storage.indexes import create_indexes
from storage.people import PEOPLE, insert_organization, insert_team
from storage.planning_runs import RUNS, insert_run
from storage.routes import COLLECTION as PLANS
from storage.sites import COLLECTION as SITES
from storage.store import Store
from wiring.clock import system_clock
from wiring.services import build_store
from wiring.settings import Settings, load_settings

ORG = OrgId("org_bench")
REPS, QUICK_REPS, REGIONS, CUSTOMERS, BROKEN = 1_000, 60, 10, 30, 5
ZONE = "Asia/Shanghai"
NIGHT_H = 6.0
_BATCH = 2_000
_BESIDE = "CPU beside the solvers, share"
_OF_NIGHT = "a thousand rep-days, share of a night of 6 h on this machine"
_LOST = "reps without a plan or a reason"
_TWICE = "plans made twice"
_OPENINGS = (None, None, "Mo-Su 09:00-12:00", "Mo-Su 13:00-18:00", "Mo-Su 10:00-17:00")
_TIERS = (Tier.A, Tier.B, Tier.B, Tier.C, Tier.C)


def _person(number: int, now: datetime) -> Person:
    random = Random(number)
    return Person(
        id=PersonId(f"per_n{number:05d}"),
        org_id=ORG,
        email=f"n{number}@example.test",
        name=f"Rep {number}",
        role=Role.REP,
        team_id=TeamId(f"tea_n{number % REGIONS}"),
        state=PersonState.ACTIVE,
        locale="en",
        time_zone=ZONE,
        created_at=now,
        updated_at=now,
        start_point=Point(30 + number % REGIONS, 110 + random.random()),
        roster=Roster(ZONE, (work_times("09:00-18:00"),) * 7),
    )


def _customers(rep: Person, now: datetime) -> Iterator[tuple[Account, Site]]:
    """Customers within some twenty kilometres of the rep's home, half of them with opening hours."""
    random = Random(rep.id)
    home = rep.start_point
    assert home is not None
    for number in range(CUSTOMERS):
        tier = _TIERS[number % len(_TIERS)]
        key = f"{rep.id[4:]}x{number:02d}"
        account = Account(
            id=AccountId(f"acc_{key}"),
            org_id=ORG,
            name=f"Account {key}",
            tier=tier,
            owner_id=rep.id,
            team_id=rep.team_id,
            created_at=now,
            updated_at=now,
        )
        point = Point(home.latitude + random.gauss(0, 0.07), home.longitude + random.gauss(0, 0.08))
        yield (
            account,
            Site(
                id=SiteId(f"sit_{key}"),
                org_id=ORG,
                account_id=account.id,
                name=f"Site {key}",
                location=point,
                given=GivenCoordinates(point.latitude, point.longitude, Datum.WGS84),
                cell=cell_of(point),
                tier=tier,
                time_zone=ZONE,
                owner_id=rep.id,
                team_id=rep.team_id,
                created_at=now,
                updated_at=now,
                opening_hours=random.choice(_OPENINGS),
            ),
        )


async def _write(store: Store, reps: int, now: datetime) -> None:
    await create_indexes(store)
    await insert_organization(store, Organization(ORG, "Bench", ZONE, "en", now))
    for number in range(REGIONS):
        await insert_team(store, Team(TeamId(f"tea_n{number}"), ORG, f"Region {number}", None, None, now))
    people = [_person(number, now) for number in range(reps)]
    await store[PEOPLE].insert_many([encode(each) for each in people])
    pairs = [pair for rep in people for pair in _customers(rep, now)]
    for start in range(0, len(pairs), _BATCH):
        some = pairs[start : start + _BATCH]
        await store[ACCOUNTS].insert_many([encode(account) for account, _ in some])
        await store[SITES].insert_many([encode(site) for _, site in some])
    for rep in people[:: reps // BROKEN]:
        await store[ACCOUNTS].update_one({"_id": f"acc_{rep.id[4:]}x00"}, {"$set": {"tier": "?"}})


@dataclass(slots=True)
class _Spent:
    """What workers spent: seconds of the clock, and CPU seconds of themselves and of the solvers they started."""

    wall_s: float = 0.0
    worker_s: float = 0.0
    solvers_s: float = 0.0


async def _worked(store: Store, environment: Mapping[str, str], run: PlanningRun, came_to: int, spent: _Spent) -> None:
    """A worker goes on with the run, until it has come to that many reps or is done; then it is killed."""
    with server("workers", [sys.executable, "-m", "workers"], environment) as worker:
        began = time.perf_counter()
        while True:
            await asyncio.sleep(0.1)
            stands = await _stands(store, run)
            if stands.state is RunState.DONE or stands.planned + stands.failed >= came_to:
                break
            if worker.process.poll() is not None:
                raise RuntimeError("the worker ended")
        spent.wall_s += time.perf_counter() - began
        own = own_cpu_s_of(worker.process.pid)
        spent.worker_s += own
        spent.solvers_s += worker.cpu_s() - own
        worker.process.kill()


async def _stands(store: Store, run: PlanningRun) -> PlanningRun:
    found = await store[RUNS].find_one({"_id": run.id})
    assert found is not None
    return decode(PlanningRun, found)


async def _measured(settings: Settings, uri: str, reps: int) -> dict[str, float]:
    now = system_clock()()
    name = f"bench_{new_id('night', now)}"
    store = build_store(settings.model_copy(update={"mongodb_database": name}), uri)
    spent, processes = _Spent(), len(os.sched_getaffinity(0))
    try:
        await _write(store, reps, now)
        day = (now + timedelta(days=1)).date().isoformat()
        run = PlanningRun(PlanningRunId(new_id("prn", now)), ORG, day, None, None, now)
        await insert_run(store, run)
        with tempfile.TemporaryDirectory(prefix="fieldbeat-bench-") as data:
            told = {
                "DATA": data,
                "MONGODB_URI": uri,
                "MONGODB_DATABASE": name,
                "PLAN_WORKERS": str(processes),
                "PUSH_CHANNELS": "console",
            }
            await _worked(store, told, run, reps // 3, spent)
            # Past the dead worker's lease.
            await _worked(store, told | {"CLOCK_OFFSET_S": "121"}, run, reps + 1, spent)
        done = await _stands(store, run)
        plans = await store[PLANS].find({"org_id": ORG}, projection={"owner_id": 1}, limit=2 * reps)
        planned = Counter(each["owner_id"] for each in plans)
        return {
            "reps": reps,
            "planned": done.planned,
            "failed, as made to": done.failed,
            _LOST: reps - done.planned - done.failed + abs(done.failed - BROKEN) + (reps - len(planned)),
            _TWICE: planned.total() - len(planned),
            "rep-days an hour": reps / spent.wall_s * 3_600,
            _OF_NIGHT: spent.wall_s / reps * 1_000 / 3_600 / NIGHT_H,
            "CPU s of solvers for each rep-day": spent.solvers_s / reps,
            "CPU s beside them for each rep-day": spent.worker_s / reps,
            _BESIDE: spent.worker_s / (spent.worker_s + spent.solvers_s),
        }
    finally:
        await store.database.drop()
        await store.database.close()


def main() -> None:
    """Runs the benchmark and reports."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a shorter run, for a first look")
    quick = parser.parse_args().quick
    base = load_settings()
    goals = {_LOST: Goal(0), _TWICE: Goal(0), _OF_NIGHT: Goal(0.25), _BESIDE: Goal(0.25)}
    with benchmark_database(base) as database, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        if database.most_documents is not None:
            sys.exit("This needs the fast database: make bench-db, or MONGODB_URI=.")
        figures = runner.run(_measured(base, database.uri, QUICK_REPS if quick else REPS))
        report("region_night", figures, goals, label=database.label, quick=quick)


if __name__ == "__main__":
    main()

"""Finds SLA clocks whose next step has come due and fires it: breach, red flag and notices in one transaction.

The list of jobs (workers/schedule.py) calls it every second; any number of workers may run it at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from functools import partial
from zlib import crc32

import structlog

from domain import sla as rules
from domain.access import Role, Scope
from domain.ids import ClockId, PersonId
from domain.ladder import step_notices
from domain.leads import Lead
from domain.people import superiors
from resolvers import sla
from resolvers.clocks import save_summed
from resolvers.services import Services
from storage.clocks import find_clock, list_clocks, list_due, save_clock
from storage.driver import PyMongoError, time_limit
from storage.leads import find_lead
from storage.outbox import Outbox
from storage.people import list_in_role, list_teams
from storage.stand_ins import list_working
from storage.store import Store

BATCH = 100
AT_ONCE = 4
"""Clocks that one worker fires side by side."""
LOOK_S = 2.0
"""How long a look waits for what it began; the rest goes on beside the next looks."""
TRIES, PAUSE_S = 5, 0.05
"""How often a clock that somebody else is writing is tried, and the first pause between, which doubles.

What a killed worker left in the middle stays locked for a minute or so; the driver alone would try without a pause.
"""
PATIENCE_S = 10.0
"""How long one clock is tried at the most."""
PASSED_FOR_S = 5.0
"""How long a clock that could not be fired is left alone then."""
MOST_CARING = 50
"""People of customer success who are told at once."""
log = structlog.get_logger(__name__)


class SlaWatch:
    """The watcher of one worker process: the clocks it is at, and those it could not fire a moment ago."""

    def __init__(self, services: Services, worker_id: str) -> None:
        self._services = services
        self._worker_id = worker_id
        self._free = asyncio.Semaphore(AT_ONCE)
        self._at_work: dict[ClockId, asyncio.Task[bool]] = {}
        self._passed: dict[ClockId, datetime] = {}

    async def look(self) -> int:
        """Begins to fire what is due, at most BATCH clocks; answers how many steps this worker fired by now.

        A clock that cannot be fired holds up no other: it is tried beside them, logged, and passed over for a while.
        Raises PyMongoError where the database fails.
        """
        now = self._services.clock()
        self._passed = {clock_id: until for clock_id, until in self._passed.items() if until > now}
        left_out = self._passed.keys() | self._at_work.keys()
        found = await list_due(self._services.store, now, BATCH + len(left_out))
        due = [clock_id for clock_id in found if clock_id not in left_out][:BATCH]
        # Each worker in an order of its own, so that they rarely meet at the same clock.
        due.sort(key=lambda clock_id: crc32(f"{self._worker_id}{clock_id}".encode()))
        self._at_work |= {clock_id: asyncio.create_task(self._fire(clock_id)) for clock_id in due}
        return await self._done(LOOK_S)

    async def finish(self) -> None:
        """Waits for what was begun and is still at work."""
        await self._done(None)

    @property
    def is_at_work(self) -> bool:
        """Whether something that was begun has not ended."""
        return bool(self._at_work)

    async def _done(self, wait_s: float | None) -> int:
        """The steps fired by what is at work and ends in time; raises the first error."""
        if not self._at_work:
            return 0
        done, _ = await asyncio.wait(self._at_work.values(), timeout=wait_s)
        self._at_work = {clock_id: task for clock_id, task in self._at_work.items() if task not in done}
        return sum([task.result() for task in done])

    async def _fire(self, clock_id: ClockId) -> bool:
        services = self._services
        async with self._free:
            fire = _Attempts(partial(fire_clock, clock_id=clock_id, now=services.clock(), outbox=services.outbox))
            try:
                # The driver's own limit frees its thread, the outer one ends whatever the driver does after it.
                async with asyncio.timeout(PATIENCE_S * 1.5):
                    with time_limit(PATIENCE_S):
                        return await services.store.transaction(fire)
            except (PyMongoError, TimeoutError, _HeldError) as error:
                with time_limit(PATIENCE_S):
                    await services.store.database.ping()
                log.warning("clock_passed", clock_id=clock_id, error=type(error).__name__)
            except Exception:
                log.exception("clock_not_fired", clock_id=clock_id)
            self._passed[clock_id] = services.clock() + timedelta(seconds=PASSED_FOR_S)
            return False


class _HeldError(Exception):
    """Somebody else has been writing the clock for as long as it was tried."""


class _Attempts:
    """The body of a transaction that the driver runs again after each conflict: a few times, with pauses."""

    def __init__(self, fire: Callable[[Store], Awaitable[bool]]) -> None:
        self._fire = fire
        self._count = 0

    async def __call__(self, store: Store) -> bool:
        if self._count == TRIES:
            raise _HeldError
        if self._count:
            await asyncio.sleep(PAUSE_S * 2 ** (self._count - 1))
        self._count += 1
        return await self._fire(store)


async def watch_once(services: Services, worker_id: str) -> int:
    """One look to its end, of a watcher that remembers nothing."""
    watch = SlaWatch(services, worker_id)
    fired = await watch.look()
    while watch.is_at_work:
        fired += await watch.look()
    return fired


async def fire_clock(store: Store, clock_id: ClockId, now: datetime, outbox: Outbox) -> bool:
    """One clock's due step, inside a transaction; False where another worker or a contact came first."""
    record = await find_clock(store, clock_id)
    if record is None or record.clock.next_fire_at is None or record.clock.next_fire_at > now:
        return False
    lead = await find_lead(store, Scope.whole_organization(record.org_id), record.lead_id)
    if lead is None:
        gone = rules.cancel(record.clock, now, now, "lead is gone")
        await save_clock(store, record.with_events(gone, now))
        return False
    missed = await sla.missed_contacts(store, record)
    if missed:
        for activity in missed:
            lead = await sla.record_contact(store, lead, activity.occurred_at, activity.id, now, outbox=outbox)
        record = await find_clock(store, clock_id)
        assert record is not None
    events, firing = rules.fire_due(record.clock, now)
    following = record.with_events(events, now)
    if firing is None or not await save_clock(store, following):
        return False
    others = [each for each in await list_clocks(store, lead.id) if each.id != clock_id]
    await save_summed(store, lead, [*others, following], now)
    teams = await list_teams(store, lead.org_id)
    chain = [firing.owner_id, *superiors(firing.owner_id, lead.team_id, teams)] if firing.owner_id is not None else []
    working = await list_working(store, lead.org_id, chain, now)
    notices = step_notices(lead, clock_id, record.metric, firing, teams, now, working, await _care(store, lead, firing))
    await outbox.write(store, notices, now)
    return True


async def _care(store: Store, lead: Lead, firing: rules.Firing) -> list[PersonId]:
    """Customer success, where a step tells it."""
    asked = any(rules.Recipient.CUSTOMER_SUCCESS in step.recipients for step in firing.steps)
    return await list_in_role(store, lead.org_id, Role.SUPPORT, MOST_CARING) if asked else []

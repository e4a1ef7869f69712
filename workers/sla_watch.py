"""Finds SLA clocks whose next step has come due and fires it: breach, red flag and notices in one transaction.

The list of jobs (workers/schedule.py) calls it every second; any number of workers may run it at once.
"""

from __future__ import annotations

import asyncio
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
from resolvers.stand_ins import list_working
from storage.clocks import find_clock, list_clocks, list_due, save_clock
from storage.driver import PyMongoError, time_limit
from storage.leads import find_lead
from storage.outbox import Outbox
from storage.people import list_in_role, list_teams
from storage.store import Store

BATCH = 100
AT_ONCE = 4
"""Clocks that one worker fires side by side."""
PATIENCE_S = 2.0
"""How long one clock is waited for: what a killed worker left in the middle stays locked for a minute or so."""
PASSED_FOR_S = 5.0
"""How long a clock that could not be fired is left alone, so that it holds up no other."""
MOST_CARING = 50
"""People of customer success who are told at once."""
log = structlog.get_logger(__name__)


class SlaWatch:
    """The watcher of one worker process; it remembers which clocks it could not fire a moment ago."""

    def __init__(self, services: Services, worker_id: str) -> None:
        self._services = services
        self._worker_id = worker_id
        self._passed: dict[ClockId, datetime] = {}

    async def look(self) -> int:
        """Fires what is due, at most BATCH clocks; answers how many steps this worker fired.

        A clock that cannot be fired is logged and passed over for a while. Raises PyMongoError where the database
        fails.
        """
        now = self._services.clock()
        self._passed = {clock_id: until for clock_id, until in self._passed.items() if until > now}
        found = await list_due(self._services.store, now, BATCH + len(self._passed))
        due = [clock_id for clock_id in found if clock_id not in self._passed][:BATCH]
        # Each worker in an order of its own, so that they rarely meet at the same clock.
        due.sort(key=lambda clock_id: crc32(f"{self._worker_id}{clock_id}".encode()))
        free = asyncio.Semaphore(AT_ONCE)
        looks = [asyncio.create_task(self._fire(clock_id, now, free)) for clock_id in due]
        try:
            return sum(await asyncio.gather(*looks))
        finally:
            for each in looks:
                each.cancel()
            await asyncio.gather(*looks, return_exceptions=True)

    async def _fire(self, clock_id: ClockId, now: datetime, free: asyncio.Semaphore) -> bool:
        fire = partial(fire_clock, clock_id=clock_id, now=now, outbox=self._services.outbox)
        async with free:
            try:
                # The driver's own limit frees its thread; the outer one ends its patience with transient errors.
                async with asyncio.timeout(PATIENCE_S * 1.5):
                    with time_limit(PATIENCE_S):
                        return await self._services.store.transaction(fire)
            except (PyMongoError, TimeoutError) as error:
                with time_limit(PATIENCE_S):
                    await self._services.store.database.ping()
                log.warning("clock_passed", clock_id=clock_id, error=type(error).__name__)
            except Exception:
                log.exception("clock_not_fired", clock_id=clock_id)
            self._passed[clock_id] = now + timedelta(seconds=PASSED_FOR_S)
            return False


async def watch_once(services: Services, worker_id: str) -> int:
    """One look of a watcher that remembers nothing."""
    return await SlaWatch(services, worker_id).look()


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

"""Finds SLA clocks whose next step has come due and fires it: breach, red flag and notices in one transaction.

The list of jobs (workers/schedule.py) calls it every second; any number of workers may run it at once.
"""

from __future__ import annotations

from datetime import datetime
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
from storage.driver import PyMongoError
from storage.leads import find_lead
from storage.outbox import Outbox
from storage.people import list_in_role, list_teams
from storage.store import Store

BATCH = 100
MOST_CARING = 50
"""People of customer success who are told at once."""
log = structlog.get_logger(__name__)


async def watch_once(services: Services, worker_id: str) -> int:
    """Fires what is due, at most BATCH clocks; answers how many steps this worker fired.

    Raises PyMongoError where the database fails; a clock that cannot be fired for another reason is logged and left.
    """
    now = services.clock()
    due = await list_due(services.store, now, BATCH)
    # Each worker in an order of its own, so that they rarely meet at the same clock.
    due.sort(key=lambda clock_id: crc32(f"{worker_id}{clock_id}".encode()))
    fired = 0
    for clock_id in due:
        try:
            fire = partial(fire_clock, clock_id=clock_id, now=now, outbox=services.outbox)
            fired += await services.store.transaction(fire)
        except PyMongoError:
            raise
        except Exception:
            log.exception("clock_not_fired", clock_id=clock_id)
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

"""Leads that lie untouched: warns their owners, then gives them back to the pool.

A job of workers/schedule.py. Found by the time of the next look alone; each look is a transaction of its own and
guarded, so several workers may run it at once.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from functools import partial

import structlog

from domain.assignment import AssignmentKind
from domain.ids import LeadId
from domain.pool import look, returned_notice, returning_notice
from resolvers.pool import give_back_lead
from resolvers.services import Services
from storage.driver import PyMongoError
from storage.leads import load_lead, save_lead
from storage.outbox import Outbox
from storage.pool import find_pool_rules, list_to_look_at
from storage.store import Store

log = structlog.get_logger(__name__)


async def return_untouched(services: Services) -> int:
    """Looks at the leads whose time has come, at most one batch; answers at how many.

    Raises PyMongoError where the database fails; a lead that cannot be looked at for another reason is logged and left.
    """
    now, looked = services.clock(), 0
    for lead_id in await list_to_look_at(services.store, now):
        try:
            looked += await services.store.transaction(partial(_look_at, lead_id=lead_id, now=now, by=services.outbox))
        except PyMongoError:
            raise
        except Exception:
            log.exception("lead_not_looked_at", lead_id=lead_id)
    return looked


async def _look_at(store: Store, lead_id: LeadId, now: datetime, by: Outbox) -> bool:
    """One lead; False where its owner, another worker or anybody else came first."""
    lead = await load_lead(store, lead_id)
    if lead is None or not lead.is_open or lead.tenure is None or lead.owner_id is None:
        return False
    before = lead.tenure
    if before.look_at is None or before.look_at > now:
        return False
    after = look(lead, await find_pool_rules(store, lead.org_id), now)
    if after is None:
        back = await give_back_lead(store, lead, AssignmentKind.RECLAIM, None, now)
        if back is not None:
            await by.write(store, [returned_notice(back, lead.owner_id, now)], now)
        return back is not None
    if await save_lead(store, replace(lead, tenure=after, version=lead.version + 1)) is None:
        return False
    if after.warned_for is not None and after.warned_for != before.warned_for:
        await by.write(store, [returning_notice(lead, lead.owner_id, after.warned_for, now)], now)
    return True

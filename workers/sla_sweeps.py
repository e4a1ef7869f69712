"""Carries changes of policies and calendars over to running clocks; the list of jobs calls it every few seconds."""

from __future__ import annotations

from functools import partial

from resolvers.services import Services
from resolvers.sla_sweeps import sweep_batch
from storage.sla_sweeps import find_unfinished_sweep


async def sweep_once(services: Services) -> int:
    """One batch of the oldest sweep that has still to go on; answers how many clocks were looked at."""
    sweep = await find_unfinished_sweep(services.store)
    if sweep is None:
        return 0
    return await services.store.transaction(partial(sweep_batch, sweep=sweep, now=services.clock()))

"""Gauges of the whole outbox, for Prometheus; two jobs in the list of workers/schedule.py.

Every worker shows the same numbers, since the queue is one: take the maximum over them. docs/operations.md says which
of them to be woken by.
"""

from __future__ import annotations

import asyncio

from prometheus_client import Gauge

from domain.deliveries import OPEN, DeliveryState
from domain.notices import Priority
from resolvers.services import Services
from storage.queue_figures import count_in_state, count_unreachable, oldest_due_at

SHOWN = (*sorted(OPEN), DeliveryState.EXPIRED, DeliveryState.POISON)
"""The states that still concern somebody."""

depth = Gauge(
    "fieldbeat_deliveries_in_state",
    "Deliveries that wait, are held or ended as dead letters nobody replayed; counted up to 10,000",
    ["state"],
)
oldest_due_seconds = Gauge(
    "fieldbeat_oldest_due_age_seconds", "How long the longest waiting delivery has been due", ["priority"]
)
unreachable = Gauge("fieldbeat_unreachable_people", "Active people without a live device or a binding")


async def show_queue(services: Services) -> int:
    """Depth by state and the age of what is due. Answers 0: nothing is left to do."""
    store, now = services.store, services.clock()
    counts = await asyncio.gather(*(count_in_state(store, state) for state in SHOWN))
    for state, count in zip(SHOWN, counts, strict=True):
        depth.labels(state).set(count)
    oldest = await asyncio.gather(*(oldest_due_at(store, priority, now) for priority in Priority))
    for priority, since in zip(Priority, oldest, strict=True):
        oldest_due_seconds.labels(priority).set(0 if since is None else (now - since).total_seconds())
    return 0


async def show_unreachable(services: Services) -> int:
    """Whom nothing but the inbox reaches. Answers 0: nothing is left to do."""
    unreachable.set(await count_unreachable(services.store, services.clock()))
    return 0

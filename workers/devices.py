"""Forgets devices that nothing was heard of for so long that the app is gone; a job of workers/schedule.py."""

from __future__ import annotations

from resolvers.services import Services
from storage.devices import forget_lost


async def forget_lost_devices(services: Services) -> int:
    """Answers how many."""
    return await forget_lost(services.store, services.clock())

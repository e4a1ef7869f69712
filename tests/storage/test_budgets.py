"""What was spent in a minute adds up over processes, on both drivers."""

from __future__ import annotations

import asyncio

from storage.budgets import COLLECTION, add_spent
from storage.store import Store


async def test_parallel_reports_add_up_for_each_payer_and_minute(each_store: Store) -> None:
    sums = await asyncio.gather(*(add_spent(each_store, "per_1", 29_000_000, 5) for _ in range(12)))
    assert max(sums) == 60
    assert all(5 <= known <= 60 for known in sums)
    assert await add_spent(each_store, "per_2", 29_000_000, 1) == 1
    assert await add_spent(each_store, "per_1", 29_000_001, 1) == 1
    found = await each_store[COLLECTION].find_one({"_id": "per_1:29000000"})
    assert found is not None
    assert found["expires_at"].timestamp() % 60 == 0

"""Migration 2: open leads of before get what duplicates, the pool and timers look for, as `encode_lead` writes it."""

from __future__ import annotations

from typing import Final

from domain.leads import Lead
from storage.codec import decode
from storage.driver import Document, UpdateOne
from storage.leads import COLLECTION, encode_lead
from storage.store import Store

_BATCH: Final = 500
_LOOKED_FOR: Final = ("match_keys", "pool", "pooled_at", "tenure_look_at")


async def add_lead_keys(store: Store) -> None:
    """In the order of their ids. A lead that is saved meanwhile has them by that; run again, it changes nothing."""
    after = ""
    while True:
        found = await store[COLLECTION].find({"_id": {"$gt": after}}, order=[("_id", 1)], limit=_BATCH)
        if not found:
            return
        after = found[-1]["_id"]
        await store[COLLECTION].bulk_update([change for each in found if (change := _change(each)) is not None])


def _change(stored: Document) -> UpdateOne | None:
    whole = encode_lead(decode(Lead, stored))
    missing = {path: whole[path] for path in _LOOKED_FOR if path in whole and path not in stored}
    if not missing:
        return None
    return UpdateOne({"_id": stored["_id"], "version": stored["version"]}, {"$set": missing})

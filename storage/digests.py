"""What digests are about, for the look at them immediately before they are sent (storage/deliveries.py)."""

from __future__ import annotations

from collections.abc import Sequence

from domain.notices import Notice
from storage.codec import decode
from storage.driver import Document
from storage.outbox import DELIVERIES, NOTICES
from storage.store import Store

MAX_DIGESTED = 1_000
"""Deliveries of one digest that are looked at."""


async def list_digested(store: Store, digests: Sequence[str]) -> dict[str, list[Notice]]:
    """The notices that each digest (or incident) tells, by its notice: two reads where there are any."""
    if not digests:
        return {}
    query: Document = {"digest_id": {"$in": list(digests)}}
    paths = {"digest_id": 1, "notice_id": 1}
    rows = await store[DELIVERIES].find(query, projection=paths, limit=MAX_DIGESTED * len(digests))
    wanted = list(dict.fromkeys(row["notice_id"] for row in rows))
    found = await store[NOTICES].find({"_id": {"$in": wanted}}, limit=max(1, len(wanted)))
    notices = {each["_id"]: decode(Notice, each) for each in found}
    told: dict[str, dict[str, Notice]] = {}
    for row in rows:
        if row["notice_id"] in notices:
            told.setdefault(row["digest_id"], {})[row["notice_id"]] = notices[row["notice_id"]]
    return {digest_id: list(each.values()) for digest_id, each in told.items()}

"""The pool's rules, its leads, and those whose time has come; used by resolvers/pool.py and workers/pool.py."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from domain.access import Scope
from domain.ids import LeadId, OrgId
from domain.pool import PoolRules
from storage.codec import decode, encode
from storage.driver import Document, IndexModel
from storage.leads import COLLECTION
from storage.reads import Page, PageRequest, Reads
from storage.store import Store
from storage.times import stored_time

RULES = "pool_rules"
BATCH = 100
INDEXES = [IndexModel([("org_id", 1)], name="by_organization")]


async def find_pool_rules(store: Store, org_id: OrgId) -> PoolRules:
    """The organization's rules; the default ones, version 0, until it has its own."""
    found = await store[RULES].find_one({"_id": org_id})
    return PoolRules(org_id, org_id) if found is None else decode(PoolRules, found)


async def save_pool_rules(store: Store, rules: PoolRules) -> Document | None:
    """Saves version n over version n - 1; None where another write came first."""
    document = encode(rules)
    # A limit without hours must not read as the default one.
    document |= {name: None for name in ("claimed_untouched_h", "assigned_untouched_h") if name not in document}
    if rules.version == 1:
        await store[RULES].insert_one(document)
        return document
    guard = {"_id": rules.id, "version": rules.version - 1}
    return document if await store[RULES].replace_one(guard, document) else None


async def list_pool(
    store: Store, org_id: OrgId, pools: Sequence[str], request: PageRequest, projection: Mapping[str, Any] | None
) -> Page:
    """Leads of these pools, whoever may see them otherwise."""
    reads = Reads(store, Scope.whole_organization(org_id))
    return await reads.page(COLLECTION, {"pool": {"$in": list(pools)}}, request, projection)


async def list_to_look_at(store: Store, now: datetime) -> list[LeadId]:
    """At most 100 leads of any organization that somebody has to look at now, the earliest first."""
    due = {"tenure_look_at": {"$lte": stored_time(now)}}
    found = await store[COLLECTION].find(due, order=[("tenure_look_at", 1)], limit=BATCH, projection={"_id": 1})
    return [each["_id"] for each in found]

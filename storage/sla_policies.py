"""SLA policies in the database: the newest version of each, and every version that was ever saved beside it."""

from __future__ import annotations

from domain.ids import OrgId
from domain.sla import Metric
from domain.sla_policies import MAX_POLICIES, PolicyRecord, policy_id
from storage.codec import decode, encode
from storage.driver import Document, IndexModel
from storage.store import Store

COLLECTION = "sla_policies"
VERSIONS = "sla_policy_versions"
INDEXES = [IndexModel([("org_id", 1), ("metric", 1), ("position", 1), ("key", 1)], name="by_metric_position")]
VERSION_INDEXES = [IndexModel([("org_id", 1), ("key", 1), ("version", -1), ("_id", -1)], name="by_key_version")]


async def find_policy(store: Store, org_id: OrgId, key: str) -> PolicyRecord | None:
    """The newest version that was saved."""
    found = await store[COLLECTION].find_one({"_id": policy_id(org_id, key)})
    return None if found is None else decode(PolicyRecord, found)


async def find_policy_version(store: Store, org_id: OrgId, key: str, version: int) -> Document | None:
    """One version as it was saved."""
    return await store[VERSIONS].find_one({"_id": f"{policy_id(org_id, key)}:{version}"})


async def list_policies(store: Store, org_id: OrgId, metric: Metric | None = None) -> list[PolicyRecord]:
    """The newest version of each that was saved, in no order that matters; domain/sla_policies.py puts them in one."""
    query: Document = {"org_id": org_id} | ({} if metric is None else {"metric": metric.value})
    found = await store[COLLECTION].find(query, limit=MAX_POLICIES + len(Metric))
    return [decode(PolicyRecord, each) for each in found]


async def save_policy(store: Store, record: PolicyRecord, *, is_new: bool) -> Document | None:
    """Adds a version; None where another write came first. To be called in a transaction."""
    document = encode(record)
    if is_new:
        await store[COLLECTION].insert_one(document)
    elif not await store[COLLECTION].replace_one({"_id": record.id, "version": record.version - 1}, document):
        return None
    await store[VERSIONS].insert_one({**document, "_id": f"{record.id}:{record.version}"})
    return document

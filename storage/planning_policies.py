"""Planning policies in the database: the current one of each organization, and every version beside it."""

from __future__ import annotations

from domain.ids import OrgId
from domain.planning_policies import PlanningPolicy
from storage.codec import decode, encode
from storage.driver import Document, IndexModel
from storage.store import Store

COLLECTION = "planning_policies"
VERSIONS = "planning_policy_versions"
INDEXES = [IndexModel([("org_id", 1), ("version", -1)], name="by_version")]
"""Requests find policies by `_id`; this is for whoever looks at the history."""


async def find_policy(store: Store, org_id: OrgId) -> PlanningPolicy:
    """The current policy; the one every organization begins with until it saves its own."""
    found = await store[COLLECTION].find_one({"_id": org_id})
    return PlanningPolicy(org_id, org_id) if found is None else decode(PlanningPolicy, found)


async def save_policy(store: Store, policy: PlanningPolicy) -> Document | None:
    """Saves version n over version n - 1 and keeps a copy; None where another write came first.

    Raises DuplicateKeyError where two save the first one.
    """
    document = encode(policy)
    if policy.version == 1:
        await store[COLLECTION].insert_one(document)
    elif not await store[COLLECTION].replace_one({"_id": policy.id, "version": policy.version - 1}, document):
        return None
    await store[VERSIONS].insert_one({**document, "_id": f"{policy.org_id}:{policy.version}"})
    return document

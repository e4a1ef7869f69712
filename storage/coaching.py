"""The coaching rules of each organization; used by resolvers/coaching.py."""

from __future__ import annotations

from domain.coaching import CoachingRules
from domain.ids import OrgId
from storage.codec import decode, encode
from storage.driver import Document, IndexModel
from storage.store import Store

COLLECTION = "coaching_rules"
INDEXES = [IndexModel([("org_id", 1)], name="by_organization")]


async def find_coaching_rules(store: Store, org_id: OrgId) -> CoachingRules:
    """The organization's rules; none, version 0, until it has its own."""
    found = await store[COLLECTION].find_one({"_id": org_id})
    return CoachingRules(org_id, org_id) if found is None else decode(CoachingRules, found)


async def known_rules(store: Store, org_id: OrgId) -> CoachingRules:
    """The same, from the process where it knows them: every activity asks."""
    found = (await store.whole(COLLECTION, [org_id])).get(org_id)
    return CoachingRules(org_id, org_id) if found is None else decode(CoachingRules, found)


async def save_coaching_rules(store: Store, rules: CoachingRules) -> Document | None:
    """Saves version n over version n - 1, None where beaten. Raises DuplicateKeyError where two save the first."""
    document = encode(rules)
    if rules.version == 1:
        await store[COLLECTION].insert_one(document)
        return document
    guard = {"_id": rules.id, "version": rules.version - 1}
    return document if await store[COLLECTION].replace_one(guard, document) else None

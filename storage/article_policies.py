"""What each organization asks before readers see an article; used by resolvers/article_policies.py and articles.py."""

from __future__ import annotations

from domain.article_policies import ArticlePolicy
from domain.ids import OrgId
from storage.codec import decode, encode
from storage.driver import Document, IndexModel
from storage.store import Store

COLLECTION = "article_policies"
INDEXES = [IndexModel([("org_id", 1)], name="by_organization")]


async def find_article_policy(store: Store, org_id: OrgId) -> ArticlePolicy:
    """The organization's policy; version 0 until it has its own."""
    found = await store[COLLECTION].find_one({"_id": org_id})
    return ArticlePolicy(org_id, org_id) if found is None else decode(ArticlePolicy, found)


async def save_article_policy(store: Store, policy: ArticlePolicy) -> Document | None:
    """Saves version n over version n - 1, None where beaten. Raises DuplicateKeyError where two save the first."""
    document = encode(policy)
    if policy.version == 1:
        await store[COLLECTION].insert_one(document)
        return document
    guard = {"_id": policy.id, "version": policy.version - 1}
    return document if await store[COLLECTION].replace_one(guard, document) else None

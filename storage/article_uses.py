"""What readers made of articles: the events, and the counts kept on the article. Used by resolvers/article_uses.py."""

from __future__ import annotations

from domain.article_uses import ArticleUse, ArticleUseKind, counted
from storage.articles import COLLECTION as ARTICLES
from storage.codec import encode
from storage.driver import Document, IndexModel
from storage.store import Store

COLLECTION = "article_uses"
INDEXES = [
    IndexModel([("org_id", 1), ("article_id", 1), ("at", -1)], name="by_article"),
    IndexModel([("org_id", 1), ("owner_id", 1), ("at", -1)], name="by_person"),
]


async def save_use(store: Store, use: ArticleUse) -> None:
    """Keeps the event, in place of an earlier opinion, and counts it on the article; in a transaction."""
    before: Document | None = await store[COLLECTION].find_one({"_id": use.id})
    if before is None:
        await store[COLLECTION].insert_one(encode(use))
    else:
        await store[COLLECTION].replace_one({"_id": use.id}, encode(use))
    changes = counted(None if before is None else ArticleUseKind(before["kind"]), use.kind)
    if changes:
        # No new version: who writes the article is not disturbed by who reads it.
        await store[ARTICLES].update_one({"_id": use.article_id}, {"$inc": changes})

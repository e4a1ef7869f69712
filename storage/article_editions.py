"""The texts that readers of an article saw, each under its number; written when an article is published."""

from __future__ import annotations

from collections.abc import Sequence

from domain.article_reviews import ArticleEdition
from storage.codec import encode
from storage.driver import IndexModel
from storage.store import Store

COLLECTION = "article_editions"
INDEXES = [IndexModel([("article_id", 1), ("number", -1), ("_id", -1)], name="of_article")]


async def insert_editions(store: Store, editions: Sequence[ArticleEdition]) -> None:
    """Keeps them, in the transaction that publishes the last one."""
    rows = [encode(each) for each in editions]
    for row, edition in zip(rows, editions, strict=True):
        if not edition.team_ids:  # for everybody, as storage/reads.py looks for it
            del row["team_ids"]
    await store[COLLECTION].insert_many(rows)

"""`python -m tests.support.killed_indexers FOLDER`: follows the stored articles into an index, telling of each step.

Told by the environment which database. A line before each commit and one behind it, so that a test can kill the process
within either; a commit has few articles, so that there are many.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from domain.articles import Article
from domain.ids import OrgId
from knowledge import follower
from knowledge.index import ArticleIndex
from storage import articles
from wiring.services import build_store
from wiring.settings import load_settings

PORTION = 20


def tell(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


class Telling(ArticleIndex):
    """Tells of each commit."""

    def apply(self, changed: Iterable[Article], reached: Mapping[OrgId, int] | None = None) -> None:
        tell("begins")
        super().apply(changed, reached)
        tell("done")


async def index_all(folder: Path) -> None:
    settings = load_settings()
    assert settings.mongodb_uri is not None
    store = build_store(settings, settings.mongodb_uri)
    await follower.IndexFollower(articles.StoredArticles(store), Telling(folder)).catch_up()
    await store.database.close()


if __name__ == "__main__":
    articles.BATCH = follower.AT_ONCE = PORTION
    asyncio.run(index_all(Path(sys.argv[1])))

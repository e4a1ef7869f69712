"""Makes the vectors by which articles are found by meaning, wherever something was published; run by schedule.py.

Only where SEARCH_BY_MEANING is on. Several workers share the organizations out by short leases.
"""

from __future__ import annotations

import asyncio
from functools import partial

import structlog

from domain.article_vectors import ArticleVectors
from domain.articles import Article, ArticleState
from knowledge.meaning import MODEL, Meaning, packed, passages_of
from resolvers.services import Services
from storage.article_vectors import Behind, claim_behind, list_behind, save_vectors
from storage.articles import list_changed
from storage.codec import decode

AT_ONCE = 5
"""Articles between two looks at whether to stop; a long one takes a second or two of CPU."""
LEASE_S = 120.0
_log = structlog.get_logger(__name__)


async def make_vectors(services: Services, meaning: Meaning) -> int:
    """A few articles of each organization that is behind; how many."""
    count = 0
    for behind in await list_behind(services.store, MODEL, services.clock()):
        if await claim_behind(services.store, behind, MODEL, services.clock(), LEASE_S):
            count += await _make(services, meaning, behind)
    return count


async def _make(services: Services, meaning: Meaning, behind: Behind) -> int:
    found = await list_changed(services.store, behind.org_id, behind.reached, behind.counter, AT_ONCE)
    articles = [decode(Article, each) for each in found]
    made = await asyncio.to_thread(partial(_vectors_of, meaning, articles))
    reached = articles[-1].rev if len(articles) == AT_ONCE else behind.counter
    await save_vectors(services.store, behind.org_id, made, MODEL, reached, services.clock())
    _log.debug("article_vectors_made", org=behind.org_id, articles=len(made), reached=reached, of=behind.counter)
    return len(made)


def _vectors_of(meaning: Meaning, articles: list[Article]) -> list[ArticleVectors]:
    return [
        ArticleVectors(
            each.id,
            each.org_id,
            each.rev,
            each.language,
            MODEL,
            packed(meaning.of_passages(passages_of(each))) if each.state is ArticleState.PUBLISHED else b"",
        )
        for each in articles
    ]

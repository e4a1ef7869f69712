"""Searching articles and recommending them for what somebody is at. Called by schema/article_search.py."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypedDict

from domain.article_ranking import Situation, Standing, rank, reasons
from domain.articles import ArticleLanguage, ArticleState
from domain.ids import is_id
from domain.questions import cleaned
from knowledge.blending import blend, is_answered
from knowledge.index import MAX_HITS, Hit
from knowledge.synonyms import Groups
from resolvers.context import Context
from storage.articles import COLLECTION, COUNTERS
from storage.driver import Document
from storage.questions import count_unanswered
from storage.synonyms import known_groups
from storage.times import aware

FOLLOWED = frozenset({COUNTERS})
"""Collections whose changes the search index is told of."""
CANDIDATES = 3
"""So many times the articles wanted are looked at before they are sorted by more than their text."""
RECOMMENDED = 20
FACETS = {
    "language": "LANGUAGE",
    "tag": "TAG",
    "stage": "STAGE",
    "product": "PRODUCT_LINE",
    "industry": "INDUSTRY",
    "competitor": "COMPETITOR",
}
"""Labels of the index by what they are called in the schema."""
SHORTEST_KEPT = 2
"""Characters of a search without a find that editors are shown."""
MAX_NOTES = 300
"""Characters of a lead's note that count as words of the situation."""
_DECIDING = {
    "state": 1,
    "language": 1,
    "stages": 1,
    "product_lines": 1,
    "industry": 1,
    "competitors": 1,
    "published_at": 1,
    "updated_at": 1,
    "helpful": 1,
    "not_helpful": 1,
    "used_in_visits": 1,
}
"""What of an article decides whether and in which place it is shown."""


class _Within(TypedDict):
    """Conditions of a search."""

    language: ArticleLanguage | None
    tags: frozenset[str]
    stage: str | None
    teams: Collection[str] | None


@dataclass(frozen=True, slots=True)
class Asked:
    """What a reader searches for, and what they are at: a lead or visit of theirs, or its labels."""

    text: str = ""
    language: ArticleLanguage | None = None
    tags: Sequence[str] = ()
    stage: str | None = None
    lead_id: str | None = None
    visit_id: str | None = None
    competitor: str | None = None


async def search_articles(context: Context, asked: Asked, first: int) -> list[Document]:
    """Hits, best first: `article_id`, `snippet`, `score`, `reasons`, `highlights` in UTF-16 units of the snippet."""
    synonyms = await known_groups(context.store, context.me.org_id)
    situation, _ = await _situation(context, asked)
    candidates = min(first * CANDIDATES, MAX_HITS)
    nearness = context.services.nearness
    if nearness is not None:
        nearness.want(context.me.org_id)
    # Off the event loop: a large organization's search is milliseconds of work.
    hits = await asyncio.to_thread(_hits, context, asked, synonyms, candidates)
    found = await _ranked(context, hits, situation, None, first)
    text = cleaned(asked.text)
    # Not what filters alone kept out, what is not indexed yet, and not the letters of somebody still typing.
    told = not asked.tags and asked.stage is None and context.services.article_follower.is_whole
    if not is_answered(hits) and told and isinstance(text, str) and len(text) >= SHORTEST_KEPT:
        await count_unanswered(context.store, context.me.org_id, text, context.now)
    return found


def _hits(context: Context, asked: Asked, synonyms: Groups, limit: int) -> list[Hit]:
    """By words and, where that is on, by meaning."""
    index, nearness, org_id = context.services.articles, context.services.nearness, context.me.org_id
    within: _Within = {
        "language": asked.language,
        "tags": frozenset(asked.tags),
        "stage": asked.stage,
        "teams": context.me.scope.audience,
    }
    by_words = index.search(org_id, asked.text, **within, synonyms=synonyms, limit=limit)
    near = nearness.nearest(org_id, asked.text, limit) if nearness is not None else []
    if not near:
        return by_words
    found = {hit.article_id for hit in by_words}
    openings = index.openings(org_id, [each.article_id for each in near if each.article_id not in found], **within)
    return blend(by_words, near, openings)[:limit]


async def article_facets(context: Context, asked: Asked) -> list[Document]:
    """How many of the articles found have which label: rows of `field`, `value` and `count`, most frequent first."""
    synonyms = await known_groups(context.store, context.me.org_id)
    count = partial(
        context.services.articles.facets,
        context.me.org_id,
        asked.text,
        language=asked.language,
        tags=frozenset(asked.tags),
        stage=asked.stage,
        teams=context.me.scope.audience,
        synonyms=synonyms,
    )
    counts = await asyncio.to_thread(count)
    rows = [
        {"field": FACETS[name], "value": value, "count": number}
        for name, values in counts.items()
        for value, number in values.items()
    ]
    return sorted(rows, key=lambda row: (row["field"], -row["count"], row["value"]))


async def recommended_articles(context: Context, asked: Asked, first: int) -> list[Document]:
    """The articles that fit a lead, visit or competitor best, as `search_articles` gives them."""
    situation, words = await _situation(context, asked)
    fitting = partial(
        context.services.articles.fitting,
        context.me.org_id,
        situation,
        words,
        teams=context.me.scope.audience,
        limit=RECOMMENDED,
    )
    return await _ranked(context, await asyncio.to_thread(fitting), situation, asked.language, first)


async def _situation(context: Context, asked: Asked) -> tuple[Situation, str]:
    """What is known of the lead or visit, as far as the caller may see it, and its words."""
    lead_id, account_id = asked.lead_id, None
    if asked.visit_id is not None and is_id("vis", asked.visit_id):
        visit = await context.reads.find("visits", asked.visit_id) or {}
        lead_id, account_id = lead_id or visit.get("lead_id"), visit.get("account_id")
    lead = await context.reads.find("leads", lead_id) if lead_id is not None and is_id("led", lead_id) else None
    lead = lead or {}
    account_id = lead.get("account_id") or account_id
    account = (await context.reads.find("accounts", account_id) if account_id is not None else None) or {}
    words = " ".join(filter(None, (lead.get("name"), (lead.get("note") or "")[:MAX_NOTES], asked.competitor)))
    return Situation(
        stage=lead.get("stage"),
        product_line=lead.get("product_line"),
        industry=account.get("industry"),
        competitor=asked.competitor,
    ), words


async def _ranked(
    context: Context, hits: Sequence[Hit], situation: Situation, language: ArticleLanguage | None, first: int
) -> list[Document]:
    # Only what decides; of those that are shown, the schema reads what is asked for.
    found = await context.reads.by_keys(COLLECTION, [hit.article_id for hit in hits], projection=_DECIDING)
    rows: list[tuple[float, Hit, Standing]] = []
    for hit in hits:
        article = found.get(hit.article_id)
        # The index may be moments behind: what was retired since is no hit any more.
        if article is None or article["state"] != ArticleState.PUBLISHED:
            continue
        if language is None or article["language"] == language:
            standing = _standing(article)
            rows.append((rank(hit.score, standing, situation, context.now), hit, standing))
    rows.sort(key=lambda row: (-row[0], row[1].article_id))
    return [
        {
            "article_id": hit.article_id,
            "snippet": hit.snippet,
            "score": score,
            "highlights": utf16_ranges(hit.snippet, hit.highlights),
            "reasons": [
                reason.value
                for reason in reasons(
                    standing, situation, context.now, by_words=bool(hit.highlights), by_meaning=hit.by_meaning > 0
                )
            ],
        }
        for score, hit, standing in rows[:first]
    ]


def _standing(article: Document) -> Standing:
    return Standing(
        stages=article.get("stages", ()),
        product_lines=article.get("product_lines", ()),
        industry=article.get("industry"),
        competitors=article.get("competitors", ()),
        published_at=aware(article.get("published_at")),
        updated_at=aware(article.get("updated_at")),
        helpful=article.get("helpful", 0),
        not_helpful=article.get("not_helpful", 0),
        used_in_visits=article.get("used_in_visits", 0),
    )


def utf16_ranges(text: str, ranges: Sequence[tuple[int, int]]) -> list[Document]:
    """Ranges of code points as the UTF-16 code units that Kotlin, Swift's NSString and JavaScript count."""
    wide = [at for at, char in enumerate(text) if ord(char) > 0xFFFF]

    def units(at: int) -> int:
        return at + sum(1 for each in wide if each < at)

    return [{"start": units(start), "end": units(end)} for start, end in ranges]

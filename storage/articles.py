"""Articles in the database: the codec, the per-organization counter that numbers publications, and their feed.

`rev` is 0 until an article is first published; each change of a published article takes the next number of its
organization in the same transaction, which is what knowledge/follower.py follows.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from domain.access import Role, Scope
from domain.articles import Article, ArticleCounters, ArticleState
from domain.ids import OrgId
from storage.codec import decode, encode
from storage.driver import Document, DuplicateKeyError, IndexModel
from storage.reads import Reads
from storage.store import Store

COLLECTION = "articles"
COUNTERS = "article_revs"
_REBUILDS = "rebuilds"
"""Beside the organizations' counters, so that one read tells both."""
MAX_ORGANIZATIONS = 100_000
BATCH = 500
INDEXES = [
    IndexModel([("org_id", 1), ("rev", 1)], name="by_rev"),
    IndexModel([("org_id", 1), ("state", 1), ("pinned", -1), ("_id", -1)], name="by_pinned"),
    IndexModel([("org_id", 1), ("state", 1), ("pinned", 1), ("rev", 1)], name="by_pack"),
    # Some servers use an index for a sorted read only where it has every condition.
    IndexModel([("org_id", 1), ("state", 1), ("pinned", -1), ("team_ids", 1), ("_id", -1)], name="by_audience"),
    IndexModel([("org_id", 1), ("tags", 1)], name="by_tag"),
    IndexModel([("org_id", 1), ("stages", 1)], name="by_stage"),
    IndexModel([("org_id", 1), ("work.submitted_at", 1), ("_id", 1)], name="by_submission"),
]


def stored_article(article: Article) -> Document:
    """The stored article; without `team_ids` and `pack_roles` where it is for everybody, as reads look for it."""
    document = encode(article)
    for name in ("team_ids", "pack_roles"):
        if not document[name]:
            del document[name]
    return document


def in_packs_of(role: Role) -> Document:
    """The condition that an article, if it is pinned, is in the packs of the role."""
    return {"pack_roles": {"$in": [None, role.value]}}


def is_in_packs_of(article: Mapping[str, Any], role: Role) -> bool:
    """The same for a stored article."""
    return role.value in article.get("pack_roles", (role.value,))


async def find_article(store: Store, scope: Scope, article_id: str) -> Article | None:
    """The article in scope; only editors see more than the published ones, and nobody what is kept to other teams."""
    found = await Reads(store, scope).find(COLLECTION, article_id)
    return None if found is None else decode(Article, found)


async def insert_article(store: Store, article: Article) -> Document:
    """Raises DuplicateKeyError where the id is taken."""
    document = stored_article(article)
    await store[COLLECTION].insert_one(document)
    return document


async def save_article(store: Store, article: Article, *, public: bool) -> Document | None:
    """Saves version n over version n - 1, under the next `rev` where readers see the change; None where beaten.

    A `public` change must run in a transaction, after `prepare_counter`.
    """
    if public:
        article = replace(article, rev=await _take_revs(store, article.org_id, 1))
    document = stored_article(article)
    guard = {"_id": article.id, "version": article.version - 1}
    return document if await store[COLLECTION].replace_one(guard, document) else None


async def insert_published(store: Store, articles: Sequence[Article]) -> None:
    """Publishes many new articles of one organization at once, for the seed. Raises BulkWriteError for a taken id."""
    if not articles:
        return
    org_id = articles[0].org_id
    await prepare_counter(store, org_id)

    async def insert(store: Store) -> None:
        last = await _take_revs(store, org_id, len(articles))
        numbered = enumerate(articles, start=last - len(articles) + 1)
        rows = [stored_article(replace(each, rev=rev, state=ArticleState.PUBLISHED)) for rev, each in numbered]
        await store[COLLECTION].insert_many(rows)

    await store.transaction(insert)


async def prepare_counter(store: Store, org_id: OrgId) -> None:
    """Makes the organization's counter outside any transaction: two that insert it at once would fail one another."""
    with suppress(DuplicateKeyError):
        await store[COUNTERS].update_one({"_id": org_id}, {"$setOnInsert": {"org_id": org_id, "rev": 0}}, upsert=True)


async def _take_revs(store: Store, org_id: OrgId, count: int) -> int:
    """The last of `count` numbers. The counter's write conflict puts parallel publications in a row."""
    await store[COUNTERS].update_one({"_id": org_id}, {"$inc": {"rev": count}})
    counter = await store[COUNTERS].find_one({"_id": org_id})
    if counter is None:
        raise LookupError(f"{org_id} has no article counter")
    return int(counter["rev"])


async def rev_of(store: Store, org_id: OrgId) -> int:
    """The organization's counter; 0 before its first publication."""
    counter = await store[COUNTERS].find_one({"_id": org_id})
    return 0 if counter is None else int(counter["rev"])


async def list_changed(
    store: Store, org_id: OrgId, after: int, last: int, limit: int, projection: Mapping[str, Any] | None = None
) -> list[Document]:
    """Documents of articles in any state with `after < rev <= last`, by `rev`: one article per number."""
    query: Document = {"org_id": org_id, "rev": {"$gt": after, "$lte": last}}
    return await store[COLLECTION].find(query, order=[("rev", 1)], limit=limit, projection=projection)


async def ask_for_rebuild(store: Store) -> int:
    """Has every search index made anew; the number of this request."""
    await store[COUNTERS].update_one({"_id": _REBUILDS}, {"$inc": {"rev": 1}}, upsert=True)
    return await rev_of(store, OrgId(_REBUILDS))


@dataclass(frozen=True, slots=True)
class StoredArticles:
    """The source that knowledge/follower.py reads, over all organizations."""

    store: Store

    async def counters(self) -> ArticleCounters:
        """Every organization's counter, and that of the requests to make indexes anew."""
        counters = await self.store[COUNTERS].find({}, limit=MAX_ORGANIZATIONS)
        revs = {OrgId(each["_id"]): int(each["rev"]) for each in counters}
        return ArticleCounters(build=revs.pop(OrgId(_REBUILDS), 0), revs=revs)

    async def changed(self, org_id: OrgId, after: int, last: int) -> AsyncIterator[Sequence[Article]]:
        """The articles with `after < rev <= last`, by `rev`, BATCH at a time."""
        while True:
            page = await list_changed(self.store, org_id, after, last, BATCH)
            if page:
                yield [decode(Article, each) for each in page]
            if len(page) < BATCH:
                return
            after = page[-1]["rev"]

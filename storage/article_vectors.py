"""What articles mean, as vectors: made by workers/article_vectors.py, read by the processes that search.

One document for an article, and one for an organization that says up to which publication all of its are there.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.article_vectors import ArticleVectors
from domain.articles import ArticleLanguage
from domain.ids import ArticleId, OrgId
from storage.articles import MAX_ORGANIZATIONS, StoredArticles
from storage.driver import Document, DuplicateKeyError, IndexModel
from storage.store import Store
from storage.times import stored_time

COLLECTION = "article_vectors"
PROGRESS = "article_vector_progress"
BATCH = 500
INDEXES = [IndexModel([("org_id", 1), ("rev", 1)], name="by_rev")]


@dataclass(frozen=True, slots=True)
class Behind:
    """An organization whose vectors of publications after `reached`, up to `counter`, are to be made."""

    org_id: OrgId
    reached: int
    counter: int


async def list_behind(store: Store, model: str, now: datetime) -> list[Behind]:
    """Those that no other worker is at."""
    counters = (await StoredArticles(store).counters()).revs
    progress = {each["_id"]: each for each in await store[PROGRESS].find({}, limit=MAX_ORGANIZATIONS)}
    found = []
    for org_id, counter in counters.items():
        known = progress.get(org_id, {})
        reached = _reached(known, model)
        # A counter only falls when the database was replaced.
        reached = 0 if reached > counter else reached
        leased_until = known.get("leased_until")
        if reached < counter and (leased_until is None or leased_until <= stored_time(now)):
            found.append(Behind(org_id, reached, counter))
    return found


async def claim_behind(store: Store, behind: Behind, model: str, now: datetime, lease_s: float) -> bool:
    """Takes the organization for `lease_s`; False where another worker was quicker."""
    with suppress(DuplicateKeyError):
        fresh = {"org_id": behind.org_id, "rev": 0, "model": model, "leased_until": stored_time(now)}
        await store[PROGRESS].update_one({"_id": behind.org_id}, {"$setOnInsert": fresh}, upsert=True)
    free = {"_id": behind.org_id, "leased_until": {"$lte": stored_time(now)}}
    until = stored_time(now + timedelta(seconds=lease_s))
    return bool(await store[PROGRESS].update_one(free, {"$set": {"leased_until": until}}))


async def save_vectors(
    store: Store, org_id: OrgId, made: Sequence[ArticleVectors], model: str, reached: int, now: datetime
) -> None:
    """Saves them, then that all up to `reached` are there, and gives the organization free."""
    for each in made:
        document = {
            "org_id": org_id,
            "rev": each.rev,
            "language": each.language.value,
            "model": each.model,
            "packed": each.packed,
        }
        await store[COLLECTION].update_one({"_id": each.article_id}, {"$set": document}, upsert=True)
    done = {"rev": reached, "model": model, "leased_until": stored_time(now)}
    await store[PROGRESS].update_one({"_id": org_id}, {"$set": done})


@dataclass(frozen=True, slots=True)
class StoredVectors:
    """The source that knowledge/nearness.py reads."""

    store: Store
    model: str

    async def reached(self, org_id: OrgId) -> int:
        """Up to which publication number the organization's vectors are all there."""
        return _reached(await self.store[PROGRESS].find_one({"_id": org_id}) or {}, self.model)

    async def changed(self, org_id: OrgId, after: int, last: int) -> AsyncIterator[Sequence[ArticleVectors]]:
        """Those with `after < rev <= last`, by `rev`, BATCH at a time."""
        while True:
            query: Document = {"org_id": org_id, "rev": {"$gt": after, "$lte": last}}
            page = await self.store[COLLECTION].find(query, order=[("rev", 1)], limit=BATCH)
            if page:
                yield [_vectors(each) for each in page]
            if len(page) < BATCH:
                return
            after = page[-1]["rev"]


def _vectors(document: Document) -> ArticleVectors:
    return ArticleVectors(
        article_id=ArticleId(document["_id"]),
        org_id=OrgId(document["org_id"]),
        rev=int(document["rev"]),
        language=ArticleLanguage(document["language"]),
        model=str(document["model"]),
        packed=bytes(document["packed"]),
    )


def _reached(progress: Document, model: str) -> int:
    return int(progress["rev"]) if progress.get("model") == model else 0

"""The pack of articles that a phone keeps for reading offline, whole or what changed; for api/article_packs.py."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from domain.article_packs import PackReader, PackStep, PackVersion, next_step, read_version, version_after
from domain.articles import MAX_LABEL, ArticleLanguage, ArticleState
from domain.errors import BadInput
from resolvers.context import Context
from storage.articles import COLLECTION, in_packs_of, is_in_packs_of, list_changed, rev_of
from storage.driver import Document
from storage.reach import is_shown

AT_ONCE = 50
"""Articles of one answer."""
MOST_CHANGED = 1_000
"""Articles, of the pack or not, that changed since a version; from more of them the whole pack is the shorter way."""
_DECIDING = {
    "rev": 1,
    "org_id": 1,
    "state": 1,
    "pinned": 1,
    "pack_roles": 1,
    "language": 1,
    "industry": 1,
    "team_ids": 1,
}


@dataclass(frozen=True, slots=True)
class Pack:
    """What a phone is to add, to replace and to delete, and what it has thereafter."""

    version: PackVersion
    has_more: bool
    begins_anew: bool
    articles: list[Document]
    removed_ids: list[str]


@dataclass(frozen=True, slots=True)
class PackWanted:
    """What a phone says."""

    since: str = ""
    """The version it has; empty for the whole pack."""
    language: ArticleLanguage | None = None
    industry: str | None = None


async def article_pack_since(context: Context, wanted: PackWanted) -> Pack:
    """What changed in the caller's pack. Raises BadInput for an industry that no article can have."""
    actor = context.me
    if wanted.industry is not None and not 0 < len(wanted.industry) <= MAX_LABEL:
        raise BadInput("industry", f"must have 1 to {MAX_LABEL} characters")
    reader = PackReader(actor.role, actor.scope.audience, wanted.language, wanted.industry)
    counter = await rev_of(context.store, actor.org_id)
    step = next_step(reader, read_version(wanted.since), counter)
    if not step.is_whole:
        changed = await list_changed(
            context.store, actor.org_id, step.after, step.last, MOST_CHANGED + 1, projection=_DECIDING
        )
        if len(changed) <= MOST_CHANGED:
            return await _changed(context, reader, step, changed)
        step = next_step(reader, None, counter)
    return await _whole(context, reader, step)


async def current_version(context: Context, wanted: PackWanted) -> PackVersion:
    """The version of the pack as it is now: the same as long as nothing was published."""
    actor = context.me
    reader = PackReader(actor.role, actor.scope.audience, wanted.language, wanted.industry)
    return PackVersion(reader.mark, await rev_of(context.store, actor.org_id))


async def _whole(context: Context, reader: PackReader, step: PackStep) -> Pack:
    where: dict[str, Any] = {"state": ArticleState.PUBLISHED.value, "pinned": True, **in_packs_of(reader.role)}
    where["rev"] = {"$gt": step.after, "$lte": step.last}
    if reader.language is not None:
        where["language"] = reader.language.value
    if reader.industry is not None:
        where["industry"] = {"$in": [None, reader.industry]}
    found = await context.reads.list(COLLECTION, where, order="rev", limit=AT_ONCE + 1)
    articles, reached = found[:AT_ONCE], found[AT_ONCE - 1]["rev"] if len(found) > AT_ONCE else None
    version = version_after(reader, step, reached)
    return Pack(version, reached is not None, step.begins_anew, articles, [])


async def _changed(context: Context, reader: PackReader, step: PackStep, changed: list[Document]) -> Pack:
    in_pack = [each for each in changed if _is_in(each, reader) and is_shown(COLLECTION, each, context.me.scope)]
    reached = in_pack[AT_ONCE - 1]["rev"] if len(in_pack) > AT_ONCE else None
    upto = step.last if reached is None else reached
    wanted = [each["_id"] for each in in_pack if each["rev"] <= upto]
    found = await context.reads.by_keys(COLLECTION, wanted)
    # What was unpublished since the look at what changed comes with a later number again.
    articles = [found[each] for each in wanted if each in found and _is_in(found[each], reader)]
    kept = {each["_id"] for each in articles}
    removed = [each["_id"] for each in changed if each["rev"] <= upto and each["_id"] not in kept]
    return Pack(version_after(reader, step, reached), reached is not None, False, articles, removed)


def _is_in(article: Document, reader: PackReader) -> bool:
    return (
        article["state"] == ArticleState.PUBLISHED
        and bool(article.get("pinned"))
        and is_in_packs_of(article, reader.role)
        and (reader.language is None or article["language"] == reader.language)
        and (reader.industry is None or article.get("industry") in (None, reader.industry))
    )

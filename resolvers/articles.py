"""Writing and publishing knowledge articles: load, decide, save. Called by schema/articles.py.

`change_article` also serves resolvers/article_reviews.py.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from domain.access import Capability, Role, Scope
from domain.article_policies import ArticlePolicy
from domain.article_reviews import correct, editions, is_seen, publish, retire
from domain.articles import (
    MAX_ATTACHMENTS,
    Article,
    ArticleLanguage,
    ArticleState,
    ArticleText,
    ArticleWork,
    Attachment,
    problem_of,
    text_of,
)
from domain.errors import BadInput
from domain.ids import ArticleId, TeamId, is_id, new_id
from domain.notices import Notice
from domain.refusals import InvalidInput, NotFound, Refusal, VersionConflict
from resolvers.context import Context
from resolvers.once import Outcome, Saved, once
from resolvers.questions import reopen_topics, settle_topic
from storage.article_editions import insert_editions
from storage.article_policies import find_article_policy
from storage.articles import (
    COLLECTION,
    find_article,
    in_packs_of,
    insert_article,
    is_in_packs_of,
    list_changed,
    prepare_counter,
    rev_of,
    save_article,
    stored_article,
)
from storage.driver import Document
from storage.files import list_attached
from storage.people import TEAMS
from storage.reach import is_shown
from storage.reads import Reads
from storage.store import Store

PACK_SIZE = 200
_SETS = frozenset({"tags", "stages", "product_lines", "competitors", "pack_roles", "team_ids"})
_ATTACHMENTS = "attachment_ids"
_REQUIRED = frozenset({"title", "body", "language", "pinned"})


@dataclass(frozen=True, slots=True)
class NewArticle:
    """What a caller says about a new article."""

    title: str
    body: str
    language: ArticleLanguage
    id: str | None = None
    aliases: Sequence[str] = ()
    tags: Sequence[str] = ()
    stages: Sequence[str] = ()
    product_lines: Sequence[str] = ()
    competitors: Sequence[str] = ()
    industry: str | None = None
    pinned: bool = False
    pack_roles: Sequence[Role] = ()
    team_ids: Sequence[str] = ()


async def create_article(context: Context, client_key: str, given: NewArticle) -> Document | Refusal:
    """The new draft. Raises Forbidden."""
    actor = context.require(Capability.EDIT_ARTICLES)

    async def act(store: Store) -> Outcome:
        if given.id is not None and not is_id("art", given.id):
            return InvalidInput("id", "must be art_ and a ULID or UUID")
        article = Article(
            id=ArticleId(given.id or new_id("art", context.now)),
            org_id=actor.org_id,
            rev=0,
            language=given.language,
            title=given.title,
            body=given.body,
            aliases=tuple(given.aliases),
            tags=frozenset(given.tags),
            stages=frozenset(given.stages),
            product_lines=frozenset(given.product_lines),
            competitors=frozenset(given.competitors),
            industry=given.industry,
            pinned=given.pinned,
            pack_roles=frozenset(given.pack_roles),
            team_ids=frozenset(TeamId(each) for each in given.team_ids),
            author_id=actor.person_id,
            work=ArticleWork(frozenset({actor.person_id}), context.now),
            created_at=context.now,
            updated_at=context.now,
        )
        problem = problem_of(article) or await _unknown_team(store, actor.scope, article.team_ids)
        return problem or Saved(COLLECTION, await insert_article(store, article))

    return await once(context, "createArticle", client_key, given, act)


async def update_article(
    context: Context, client_key: str, article_id: str, changes: Mapping[str, Any], expected_version: int | None
) -> Document | Refusal:
    """The changed article; readers of a published one see it at once. Raises Forbidden."""

    def decide(article: Article, around: Around) -> Article | Refusal:
        text = changed_text(text_of(article), changes, around.attachments)
        if isinstance(text, Refusal):
            return text
        required = around.policy.review_required
        return correct(article, text, context.me.person_id, context.now, review_required=required)

    step = Step("updateArticle", decide, {"changes": dict(changes)})
    return await change_article(context, client_key, article_id, expected_version, step)


async def publish_article(
    context: Context, client_key: str, article_id: str, expected_version: int | None
) -> Document | Refusal:
    """The published article; one that is published already stays as it is. Raises Forbidden."""

    def decide(article: Article, around: Around) -> Article | Refusal:
        return publish(article, context.now, review_required=around.policy.review_required)

    step = Step("publishArticle", decide, {"changes": {}})
    return await change_article(context, client_key, article_id, expected_version, step)


async def retire_article(
    context: Context, client_key: str, article_id: str, expected_version: int | None
) -> Document | Refusal:
    """The article taken out of use for good. Raises Forbidden."""
    step = Step("retireArticle", lambda article, _around: retire(article), {"changes": {}})
    return await change_article(context, client_key, article_id, expected_version, step)


def changed_text(
    text: ArticleText, changes: Mapping[str, Any], attachments: Sequence[Attachment]
) -> ArticleText | InvalidInput:
    """The text with the changes that a caller gives, and the attachments that these name."""
    for field in _REQUIRED & changes.keys():
        if changes[field] is None:
            return InvalidInput(field, "cannot be cleared")
    said = {name: _value(name, each) for name, each in changes.items() if name != _ATTACHMENTS}
    if _ATTACHMENTS in changes:
        said["attachments"] = tuple(attachments)
    return replace(text, **said)


async def _nothing_told(_store: Store, _before: Article, _after: Article) -> list[Notice]:
    return []


@dataclass(frozen=True, slots=True)
class Around:
    """What a step looks at beside the article."""

    policy: ArticlePolicy
    attachments: Sequence[Attachment] = ()
    """Those that its changes name, in their order."""


@dataclass(frozen=True, slots=True)
class Step:
    """What one mutation does with an article: its name, what it decides, the rest of its input, whom it tells."""

    mutation: str
    decide: Callable[[Article, Around], Article | Refusal]
    given: Mapping[str, Any]
    told: Callable[[Store, Article, Article], Awaitable[list[Notice]]] = _nothing_told
    asks: Capability = Capability.EDIT_ARTICLES


async def change_article(
    context: Context, client_key: str, article_id: str, expected_version: int | None, step: Step
) -> Document | Refusal:
    """The article after the step, saved with whatever follows from it. Raises Forbidden."""
    actor = context.require(step.asks)
    await prepare_counter(context.store, actor.org_id)

    async def act(store: Store) -> Outcome:
        article = await find_article(store, actor.scope, article_id)
        if article is None:
            return NotFound(article_id)
        if expected_version is not None and expected_version != article.version:
            return VersionConflict(article_id, article.version)
        attachments = await _attachments(store, article, step.given.get("changes", {}).get(_ATTACHMENTS) or ())
        if isinstance(attachments, Refusal):
            return attachments
        decided = step.decide(article, Around(await find_article_policy(store, actor.org_id), attachments))
        if isinstance(decided, Article):
            decided = await _unknown_team(store, actor.scope, _named_teams(decided) - _named_teams(article)) or decided
        if isinstance(decided, Refusal):
            return decided
        if decided == article:
            # What changes nothing, such as publishing again, must not make every index read it again.
            return Saved(COLLECTION, stored_article(article))
        return await _save(context, store, article, decided, step)

    given = {"id": article_id, **step.given, "expected_version": expected_version}
    outcome = await once(context, step.mutation, client_key, given, act)
    context.services.article_follower.wake()
    return outcome


async def _attachments(
    store: Store, article: Article, file_ids: Sequence[str]
) -> list[Attachment] | NotFound | InvalidInput:
    wanted = list(dict.fromkeys(file_ids))
    if len(wanted) > MAX_ATTACHMENTS:
        return InvalidInput("attachmentIds", f"must not have more than {MAX_ATTACHMENTS} entries")
    found = await list_attached(store, article, wanted) if wanted else {}
    missing = next((each for each in wanted if each not in found), None)
    if missing is not None:
        return NotFound(missing)
    files = [found[each] for each in wanted]
    return [Attachment(each.id, each.name, each.content_type, each.size_bytes, each.sha256) for each in files]


async def _save(context: Context, store: Store, article: Article, decided: Article, step: Step) -> Outcome:
    actor, public = context.me, is_seen(article, decided)
    is_own_text = public or article.state is not ArticleState.PUBLISHED
    following = replace(
        decided,
        version=article.version + 1,
        # A next draft is not what readers have: to them the article is as old as it was.
        updated_at=context.now if is_own_text else article.updated_at,
    )
    saved = await save_article(store, following, public=public)
    if saved is None:
        return VersionConflict(article.id, article.version)
    await insert_editions(store, editions(article, following, actor.person_id, context.now))
    told = await step.told(store, article, following)
    if public and following.state is ArticleState.PUBLISHED:
        told += await settle_topic(context, store, following)
    if following.state is ArticleState.RETIRED:
        await reopen_topics(store, following)
    await context.services.outbox.write(store, told, context.now)
    return Saved(COLLECTION, saved)


def _named_teams(article: Article) -> frozenset[TeamId]:
    return article.team_ids | (article.next.team_ids if article.next is not None else frozenset())


async def _unknown_team(store: Store, scope: Scope, team_ids: frozenset[TeamId]) -> NotFound | None:
    """The first of the teams that the caller may not see, refused."""
    found = await Reads(store, scope).by_keys(TEAMS, sorted(team_ids), projection={"_id": 1}) if team_ids else {}
    return next((NotFound(each) for each in sorted(team_ids) if each not in found), None)


def _value(name: str, value: Any) -> Any:
    if name in _SETS:
        return frozenset(value or ())
    return tuple(value or ()) if name == "aliases" else value


async def article_pack(
    context: Context, since: int, language: ArticleLanguage | None, industry: str | None
) -> Document:
    """What changed in the pack of pinned articles since `since`: `rev`, `has_more`, `begins_anew`, `articles` and
    `removed_ids`. Raises BadInput for a negative `since`."""
    actor = context.me
    if since < 0:
        raise BadInput("since", "must not be negative")
    last = await rev_of(context.store, actor.org_id)
    # A counter only falls when the database was replaced: what the phone has may not exist there.
    begins_anew = since > last
    since = 0 if begins_anew else since
    changed = await list_changed(context.store, actor.org_id, since, last, PACK_SIZE)
    articles = [
        each
        for each in changed
        if _in_pack(each, actor.role, language, industry) and is_shown(COLLECTION, each, actor.scope)
    ]
    kept = {each["_id"] for each in articles}
    has_more = len(changed) == PACK_SIZE
    return {
        "rev": changed[-1]["rev"] if has_more else last,
        "has_more": has_more,
        "begins_anew": begins_anew,
        "articles": articles,
        "removed_ids": [each["_id"] for each in changed if each["_id"] not in kept] if since else [],
    }


def _in_pack(article: Document, role: Role, language: ArticleLanguage | None, industry: str | None) -> bool:
    return (
        article["state"] == ArticleState.PUBLISHED
        and bool(article.get("pinned"))
        and is_in_packs_of(article, role)
        and (language is None or article["language"] == language)
        and (industry is None or article.get("industry") in (None, industry))
    )


async def pinned_articles(
    context: Context, language: ArticleLanguage | None, projection: Mapping[str, Any] | None = None
) -> list[Document]:
    """The pack a phone keeps for reading offline: published, pinned articles, the newest first."""
    where: Document = {"state": ArticleState.PUBLISHED.value, "pinned": True, **in_packs_of(context.me.role)}
    if language is not None:
        where["language"] = language.value
    return await context.reads.list(COLLECTION, where, limit=PACK_SIZE, projection=projection)

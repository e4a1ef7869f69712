"""Next drafts of articles and their review by somebody else. Called by schema/article_reviews.py."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from domain.access import Capability
from domain.article_reviews import (
    approve,
    discard,
    give_back,
    reviewed_notices,
    submit,
    submitted_notice,
    working_text,
    write,
)
from domain.articles import MAX_BODY, Article, is_for
from domain.errors import BadInput
from domain.ids import PersonId
from domain.notices import Notice, NoticeKind
from domain.people import audience_of, superiors
from domain.refusals import Refusal
from knowledge.rendering import safe_html
from resolvers.articles import Around, Step, change_article, changed_text
from resolvers.context import Context
from storage.articles import COLLECTION
from storage.driver import Document
from storage.people import list_people, list_teams
from storage.reads import Page, PageRequest
from storage.store import Store
from storage.times import stored_time

_LONG_AGO = stored_time(datetime(1970, 1, 1, tzinfo=UTC))


async def revise_article(
    context: Context, client_key: str, article_id: str, changes: Mapping[str, Any], expected_version: int | None
) -> Document | Refusal:
    """The article with the changes in its draft, which for a published one is its next. Raises Forbidden."""

    def decide(article: Article, around: Around) -> Article | Refusal:
        text = changed_text(working_text(article), changes, around.attachments)
        return text if isinstance(text, Refusal) else write(article, text, context.me.person_id, context.now)

    step = Step("reviseArticle", decide, {"changes": dict(changes)})
    return await change_article(context, client_key, article_id, expected_version, step)


async def submit_article(
    context: Context, client_key: str, article_id: str, expected_version: int | None
) -> Document | Refusal:
    """The article, whose draft now waits for a reviewer. Raises Forbidden."""
    actor = context.me

    async def told(store: Store, _before: Article, after: Article) -> list[Notice]:
        reviewer_id = await _reviewer(context, store, after)
        return [] if reviewer_id is None else [submitted_notice(after, reviewer_id, context.now)]

    step = Step("submitArticle", lambda article, _around: submit(article, actor.person_id, context.now), {}, told)
    return await change_article(context, client_key, article_id, expected_version, step)


async def _reviewer(context: Context, store: Store, article: Article) -> PersonId | None:
    """Who is told of a text handed in: the nearest above who may read it and did not write at it."""
    actor = context.me
    teams = await list_teams(store, actor.org_id)
    above = superiors(actor.person_id, actor.team_id, teams)
    people = await list_people(store, actor.org_id, above) if above else {}
    return next(
        (
            each
            for each in above
            if each in people
            and each not in article.work.writer_ids
            and is_for(article.team_ids, audience_of(people[each].role, people[each].team_id, teams))
        ),
        None,
    )


async def return_article(
    context: Context, client_key: str, article_id: str, note: str | None, expected_version: int | None
) -> Document | Refusal:
    """The article, whose text is a draft again. Raises Forbidden."""
    actor = context.me

    def decide(article: Article, _around: Around) -> Article | Refusal:
        return give_back(article, actor.person_id, note, context.now)

    async def told(_store: Store, before: Article, _after: Article) -> list[Notice]:
        if actor.person_id in before.work.writer_ids:
            return []
        return reviewed_notices(before, NoticeKind.ARTICLE_RETURNED, actor.person_id, context.now)

    step = Step("returnArticle", decide, {"note": note}, told)
    return await change_article(context, client_key, article_id, expected_version, step)


async def approve_article(
    context: Context, client_key: str, article_id: str, expected_version: int
) -> Document | Refusal:
    """The article, published as the caller has read it. Raises Forbidden."""
    actor = context.me

    async def told(_store: Store, before: Article, _after: Article) -> list[Notice]:
        return reviewed_notices(before, NoticeKind.ARTICLE_APPROVED, actor.person_id, context.now)

    step = Step(
        "approveArticle",
        lambda article, _around: approve(article, actor.person_id, context.now),
        {},
        told,
        Capability.REVIEW_ARTICLES,
    )
    return await change_article(context, client_key, article_id, expected_version, step)


async def discard_draft(
    context: Context, client_key: str, article_id: str, expected_version: int | None
) -> Document | Refusal:
    """The published article without its next draft. Raises Forbidden."""
    step = Step("discardArticleDraft", lambda article, _around: discard(article), {})
    return await change_article(context, client_key, article_id, expected_version, step)


async def articles_in_review(context: Context, request: PageRequest, projection: Mapping[str, Any] | None) -> Page:
    """Articles with a text in review, the longest waiting first. Raises Forbidden."""
    context.require(Capability.EDIT_ARTICLES)
    waiting = {"work.submitted_at": {"$gt": _LONG_AGO}}
    return await context.reads.page(COLLECTION, waiting, request, projection)


def article_preview(context: Context, body: str) -> str:
    """What a body looks like to readers. Raises Forbidden, and BadInput for one that no article may have."""
    context.require(Capability.EDIT_ARTICLES)
    if len(body) > MAX_BODY:
        raise BadInput("body", f"must not be longer than {MAX_BODY} characters")
    return safe_html(body)

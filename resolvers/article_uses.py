"""Recording what readers made of an article. Called by schema/article_uses.py."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from domain.article_uses import ArticleUse, ArticleUseKind, problem_of, use_id
from domain.articles import ArticleState
from domain.ids import VisitId
from domain.refusals import NotFound, Refusal, WrongState
from resolvers.context import Context
from resolvers.once import Outcome, Saved, once
from storage.article_uses import save_use
from storage.articles import COLLECTION, find_article
from storage.driver import Document
from storage.store import Store
from storage.visits import find_visit


@dataclass(frozen=True, slots=True)
class Use:
    """What a phone reports."""

    article_id: str
    kind: ArticleUseKind
    at: datetime | None = None
    visit_id: str | None = None


async def record_article_use(context: Context, client_key: str, given: Use) -> Document | Refusal:
    """The article with its new counts."""
    actor = context.me
    at = given.at or context.now

    async def act(store: Store) -> Outcome:
        article = await find_article(store, actor.scope, given.article_id)
        if article is None:
            return NotFound(given.article_id)
        if given.visit_id is not None:
            visit = await find_visit(store, actor.scope, given.visit_id)
            if visit is None or visit.owner_id != actor.person_id:
                return NotFound(given.visit_id)
        problem = problem_of(given.kind, given.visit_id, at, context.now)
        if problem is not None:
            return problem
        if article.state not in {ArticleState.PUBLISHED, ArticleState.RETIRED}:
            return WrongState(article.id, article.state)
        await save_use(
            store,
            ArticleUse(
                id=use_id(article.id, actor.person_id, given.kind, given.visit_id, client_key),
                org_id=actor.org_id,
                article_id=article.id,
                owner_id=actor.person_id,
                team_id=actor.team_id,
                kind=given.kind,
                at=at,
                received_at=context.now,
                visit_id=VisitId(given.visit_id) if given.visit_id else None,
            ),
        )
        after = await store[COLLECTION].find_one({"_id": article.id})
        return Saved(COLLECTION, after or {})

    return await once(context, "recordArticleUse", client_key, given, act)

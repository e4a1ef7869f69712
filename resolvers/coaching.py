"""Coaching rules: reading and saving them, and what an activity leads to. For schema/coaching.py and activities.py."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from domain.access import Capability
from domain.activities import Activity
from domain.articles import ArticleState
from domain.coaching import MAX_MISSES, CoachingRule, coach, judged_by, revise
from domain.refusals import IdTaken, NotFound, Refusal, VersionConflict, WrongState
from resolvers.context import Context
from resolvers.once import Outcome, Saved, once
from storage.articles import find_article
from storage.coaching import COLLECTION, find_coaching_rules, known_rules, save_coaching_rules
from storage.codec import encode
from storage.driver import Document
from storage.leads import list_done_by
from storage.store import Store

LOOKED_AT = 5 * MAX_MISSES
"""Activities of a person and kind; a row that is longer than this may be told of again."""


async def coaching_rules(context: Context) -> Document:
    """The rules of the caller's organization."""
    return encode(await find_coaching_rules(context.store, context.me.org_id))


async def change_coaching_rules(
    context: Context, client_key: str, given: Sequence[Mapping[str, Any]], expected_version: int
) -> Document | Refusal:
    """The rules in their next version. Raises Forbidden."""
    actor = context.require(Capability.MANAGE_PROCEDURES)

    async def act(store: Store) -> Outcome:
        rules = [CoachingRule(**each) for each in given]
        for article_id in dict.fromkeys(rule.article_id for rule in rules):
            article = await find_article(store, actor.scope, article_id)
            if article is None:
                return NotFound(article_id)
            if article.state is not ArticleState.PUBLISHED:
                return WrongState(article.id, article.state)
        before = await find_coaching_rules(store, actor.org_id)
        after = revise(before, rules, expected_version, actor.person_id, context.now)
        if isinstance(after, Refusal):
            return after
        saved = await save_coaching_rules(store, after)
        return VersionConflict(actor.org_id, before.version) if saved is None else Saved(COLLECTION, saved)

    whole = {"rules": given, "expected_version": expected_version}
    answer = await once(context, "saveCoachingRules", client_key, whole, act)
    # Two who saved the first ones at once.
    return VersionConflict(actor.org_id, 1) if isinstance(answer, IdTaken) else answer


async def coach_after(context: Context, store: Store, activity: Activity) -> None:
    """Tells whoever logged it about the article of each rule it was a miss too many for; in its transaction."""
    rules = [rule for rule in (await known_rules(store, activity.org_id)).rules if judged_by(rule, activity)]
    if not rules or activity.by_id is None:
        return
    done = await list_done_by(store, activity.org_id, activity.by_id, activity.kind, LOOKED_AT)
    told = [notice for rule in rules if (notice := coach(rule, done, context.now)) is not None]
    fit = [each for each in told if await _may_read(context, store, each.article_id)]
    await context.services.outbox.write(store, fit, context.now)


async def _may_read(context: Context, store: Store, article_id: str | None) -> bool:
    """Whether whoever logs the activity finds the article: it may be kept to other teams or out of use by now."""
    article = None if article_id is None else await find_article(store, context.me.scope, article_id)
    return article is not None and article.state is ArticleState.PUBLISHED

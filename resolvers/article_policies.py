"""Reading and saving what an organization asks before readers see an article. Called by schema/article_policies.py."""

from __future__ import annotations

from domain.access import Capability
from domain.article_policies import revise
from domain.refusals import IdTaken, Refusal, VersionConflict
from resolvers.context import Context
from resolvers.once import Outcome, Saved, once
from storage.article_policies import COLLECTION, find_article_policy, save_article_policy
from storage.codec import encode
from storage.driver import Document
from storage.store import Store


async def article_policy(context: Context) -> Document:
    """The policy of the caller's organization."""
    return encode(await find_article_policy(context.store, context.me.org_id))


async def change_article_policy(
    context: Context, client_key: str, review_required: bool, expected_version: int
) -> Document | Refusal:
    """The policy in its next version. Raises Forbidden."""
    actor = context.require(Capability.MANAGE_PROCEDURES)

    async def act(store: Store) -> Outcome:
        before = await find_article_policy(store, actor.org_id)
        after = revise(before, review_required, expected_version, actor.person_id, context.now)
        if isinstance(after, Refusal):
            return after
        saved = await save_article_policy(store, after)
        return VersionConflict(actor.org_id, before.version) if saved is None else Saved(COLLECTION, saved)

    given = {"review_required": review_required, "expected_version": expected_version}
    answer = await once(context, "saveArticlePolicy", client_key, given, act)
    # Two who saved the first one at once.
    return VersionConflict(actor.org_id, 1) if isinstance(answer, IdTaken) else answer

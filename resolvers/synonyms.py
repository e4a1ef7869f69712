"""The organization's synonyms for the search of articles. Called by schema/synonyms.py."""

from __future__ import annotations

from collections.abc import Sequence

from domain.access import Capability
from domain.refusals import IdTaken, Refusal, VersionConflict
from domain.synonyms import revise
from resolvers.context import Context
from resolvers.once import Outcome, Saved, once
from storage.codec import encode
from storage.driver import Document
from storage.store import Store
from storage.synonyms import COLLECTION, find_synonyms, save_synonyms


async def synonyms(context: Context) -> Document:
    """The table of the caller's organization."""
    return encode(await find_synonyms(context.store, context.me.org_id))


async def change_synonyms(
    context: Context, client_key: str, groups: Sequence[Sequence[str]], expected_version: int
) -> Document | Refusal:
    """The table with these groups. Raises Forbidden."""
    actor = context.require(Capability.EDIT_ARTICLES)

    async def act(store: Store) -> Outcome:
        before = await find_synonyms(store, actor.org_id)
        after = revise(before, groups, expected_version, actor.person_id, context.now)
        if isinstance(after, Refusal):
            return after
        saved = await save_synonyms(store, after)
        return VersionConflict(actor.org_id, before.version) if saved is None else Saved(COLLECTION, saved)

    given = {"groups": groups, "expected_version": expected_version}
    answer = await once(context, "saveSynonyms", client_key, given, act)
    # Two who saved the first table at once.
    return VersionConflict(actor.org_id, 1) if isinstance(answer, IdTaken) else answer

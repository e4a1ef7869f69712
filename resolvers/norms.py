"""An organization's behaviour norms: reading and saving them, and what is left to do of them today.

Called by schema/norms.py; what reps did is recorded by resolvers/norm_entries.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from domain.access import Capability, Scope
from domain.attendance import work_day
from domain.norm_entries import NormEntry, NormKind, insights_gained
from domain.norms import MustDo, Norms, norms_problem
from domain.refusals import IdTaken, Refusal, VersionConflict
from domain.weeks import Week
from resolvers.context import Context
from resolvers.once import Outcome, Saved, once
from storage.codec import encode
from storage.driver import Document
from storage.norm_entries import list_of_week
from storage.norms import COLLECTION, find_norms, save_norms
from storage.people import find_person
from storage.store import Store
from storage.times import stored_time


async def behaviour_norms(context: Context) -> Document:
    """The current norms of the caller's organization. Raises Unauthenticated."""
    return encode(await find_norms(context.store, context.me.org_id))


async def save_behaviour_norms(
    context: Context, client_key: str, given: Mapping[str, Any], expected_version: int
) -> Document | Refusal:
    """The norms in their next version; what was done before keeps counting by its key. Raises Forbidden."""
    actor = context.require(Capability.MANAGE_PROCEDURES)

    async def act(store: Store) -> Outcome:
        said = {**given, "items": tuple(MustDo(**each) for each in given["items"])}
        after = Norms(
            actor.org_id,
            actor.org_id,
            expected_version + 1,
            **said,
            saved_at=context.now,
            saved_by_id=actor.person_id,
        )
        problem = norms_problem(after)
        if problem is not None:
            return problem
        before = await find_norms(store, actor.org_id)
        if before.version != expected_version:
            return VersionConflict(actor.org_id, before.version)
        saved = await save_norms(store, after)
        return VersionConflict(actor.org_id, before.version) if saved is None else Saved(COLLECTION, saved)

    given_whole = {"input": given, "expected_version": expected_version}
    answer = await once(context, "saveBehaviourNorms", client_key, given_whole, act)
    # Two who saved the first one at once.
    return VersionConflict(actor.org_id, 1) if isinstance(answer, IdTaken) else answer


async def norms_today(context: Context) -> Document:
    """What the caller has done of the norms on their work day and in its week, and what is left."""
    actor, store = context.me, context.store
    norms = await find_norms(store, actor.org_id)
    person = await find_person(store, Scope.whole_organization(actor.org_id), actor.person_id)
    assert person is not None
    day = work_day(person, context.now)
    week = Week.of(day)
    entries = await list_of_week(store, actor.org_id, actor.person_id, week)
    insights = insights_gained(each.deed for each in entries)
    items = [_item(each, _first(entries, each.key, day.isoformat())) for each in norms.items]
    return {
        "date": day.isoformat(),
        "week": str(week),
        "mode": norms.mode.value,
        "items": items,
        "items_done": sum(each["entry_id"] is not None for each in items),
        "items_a_day": norms.items_a_day,
        "insights_gained": len(insights),
        "insights_a_week": norms.insights_a_week,
    }


def _first(entries: list[NormEntry], key: str, day: str) -> NormEntry | None:
    done = (each for each in entries if each.kind is NormKind.MUST_DO and each.key == key and each.day == day)
    return min(done, key=lambda each: (each.occurred_at, each.id), default=None)


def _item(item: MustDo, done: NormEntry | None) -> Document:
    known = encode(item) | {"entry_id": None, "done_at": None}
    return known if done is None else known | {"entry_id": done.id, "done_at": stored_time(done.occurred_at)}

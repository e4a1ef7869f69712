"""Route plans while they change: solved, published, replaced. Called by the subscription of schema/routes.py."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date

from resolvers.context import Context
from storage.changes import Change
from storage.driver import Document
from storage.routes import COLLECTION

FOLLOWED = frozenset({COLLECTION})
"""Collections whose changes the watchers of plans are told of."""
GATHERED_S = 0.1
MAX_TOLD = 200
"""So many plans come with one event; whoever has more to hear is told to look at everything again."""


async def watch_plans(
    context: Context, plan_id: str | None, rep_id: str | None, day: date | None
) -> AsyncIterator[Document]:
    """First the plan of that id, if one is asked for; then each plan as it changed, under the caller's scope.

    Ends with Unauthenticated once the caller may not act any more. Who reads too slowly is told that something may have
    been missed.
    """
    actor, services = context.me, context.services
    wanted = {"org_id": actor.org_id, "_id": plan_id, "owner_id": rep_id, "date": day.isoformat() if day else None}
    asked = [(key, value) for key, value in wanted.items() if value is not None]

    def is_wanted(change: Change) -> bool:
        return change.collection == COLLECTION and all(change.document.get(key) == value for key, value in asked)

    async with services.changes.subscribe(is_wanted) as subscriber:
        told = [] if plan_id is None else [plan_id]
        first, missed = True, False
        while True:
            plans = await context.reads.by_keys(COLLECTION, told[:MAX_TOLD])
            if plans or missed or first:
                yield {"plans": [plans[each] for each in told if each in plans], "may_have_missed": missed}
            first = False
            changes = await subscriber.take(GATHERED_S)
            context.actor = actor = await services.callers.again(actor)
            context.renew()
            told = list(dict.fromkeys(each.document["_id"] for each in changes if not each.is_gap))
            missed = len(told) > MAX_TOLD or any(each.is_gap for each in changes)
            if missed and plan_id is not None:
                told = [plan_id]

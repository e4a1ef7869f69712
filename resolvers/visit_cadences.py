"""An organization's visit cadences: reading and saving them. Called by schema/visit_cadences.py."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from domain.access import Capability
from domain.refusals import IdTaken, InvalidInput, Refusal, VersionConflict
from domain.visit_cadences import TierCadence, VisitCadences, cadences_problem
from resolvers.context import Context
from resolvers.once import Outcome, Saved, once
from storage.calendars import find_calendar
from storage.codec import encode
from storage.driver import Document
from storage.store import Store
from storage.visit_cadences import COLLECTION, find_cadences, save_cadences


async def visit_cadences(context: Context) -> Document:
    """What holds for the caller's organization. Raises Unauthenticated."""
    return encode(await find_cadences(context.store, context.me.org_id))


async def save_visit_cadences(
    context: Context, client_key: str, given: Mapping[str, Any], expected_version: int
) -> Document | Refusal:
    """The cadences in their next version; beat plans that exist stay as they are. Raises Forbidden."""
    actor = context.require(Capability.MANAGE_PROCEDURES)

    async def act(store: Store) -> Outcome:
        after = VisitCadences(
            actor.org_id,
            actor.org_id,
            expected_version + 1,
            **{**given, "tiers": tuple(TierCadence(**each) for each in given["tiers"])},
            saved_at=context.now,
            saved_by_id=actor.person_id,
        )
        problem = cadences_problem(after)
        if problem is not None:
            return problem
        if after.calendar_key is not None and await find_calendar(store, actor.org_id, after.calendar_key) is None:
            return InvalidInput("calendarKey", "is no calendar of your organization")
        before = await find_cadences(store, actor.org_id)
        if before.version != expected_version:
            return VersionConflict(actor.org_id, before.version)
        saved = await save_cadences(store, after)
        return VersionConflict(actor.org_id, before.version) if saved is None else Saved(COLLECTION, saved)

    given_whole = {"input": given, "expected_version": expected_version}
    answer = await once(context, "saveVisitCadences", client_key, given_whole, act)
    # Two who saved the first ones at once.
    return VersionConflict(actor.org_id, 1) if isinstance(answer, IdTaken) else answer

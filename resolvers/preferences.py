"""How the caller wants to be told: load, decide, save on their person. Called by schema/preferences.py."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from domain.access import Scope
from domain.preferences import DEFAULT, given_preferences
from domain.refusals import InvalidInput, NotFound, Refusal, RetryLater
from resolvers.context import Context
from resolvers.once import Outcome, Saved, once
from storage.driver import Document
from storage.people import PEOPLE, find_person, save_person
from storage.reads import Reads
from storage.store import Store


async def notice_preferences(context: Context, projection: Mapping[str, Any] | None = None) -> Document | None:
    """The caller's own, on their person; seen without the scope: administrators and new people may have no team."""
    everyone = Reads(context.store, Scope.whole_organization(context.me.org_id))
    return await everyone.find(PEOPLE, context.me.person_id, projection)


async def save_notice_preferences(context: Context, client_key: str, changes: Mapping[str, Any]) -> Document | Refusal:
    """The caller's person with the changed preferences; what is absent stays."""
    actor = context.me

    async def act(store: Store) -> Outcome:
        person = await find_person(store, Scope.whole_organization(actor.org_id), actor.person_id)
        if person is None:
            return NotFound(actor.person_id)
        preferences = given_preferences(person.preferences or DEFAULT, changes)
        if isinstance(preferences, InvalidInput):
            return preferences
        changed = replace(person, preferences=preferences, version=person.version + 1, updated_at=context.now)
        saved = await save_person(store, changed)
        return RetryLater(1) if saved is None else Saved(PEOPLE, saved)

    return await once(context, "saveNoticePreferences", client_key, changes, act)

"""An organization's calendars: reading them with their versions, saving the next one. Called by schema/calendars.py.

`calendar_of` also serves resolvers/sla_policies.py.
"""

from __future__ import annotations

from domain.access import Capability
from domain.calendar import ALWAYS, Calendar
from domain.calendars import MAX_CALENDARS, CalendarDraft, CalendarRecord, edited_calendar, presets
from domain.ids import OrgId
from domain.people import Organization
from domain.refusals import IdTaken, InvalidInput, Refusal, VersionConflict
from domain.sla_policies import in_order, unreachable
from resolvers.context import Context
from resolvers.once import Outcome, Saved, once
from storage.calendars import COLLECTION, VERSIONS, find_calendar, find_calendar_version, list_calendars, save_calendar
from storage.codec import decode, encode
from storage.driver import Document
from storage.people import ORGANIZATIONS
from storage.reads import Page, PageRequest
from storage.sla_policies import list_policies
from storage.store import Store


async def presets_of(store: Store, org_id: OrgId) -> dict[str, CalendarRecord]:
    """The presets, in the organization's zone."""
    found = (await store.whole(ORGANIZATIONS, [org_id])).get(org_id)
    return presets(org_id, "UTC" if found is None else decode(Organization, found).time_zone)


async def calendar_of(store: Store, org_id: OrgId, key: str) -> Calendar | None:
    """The newest version of a calendar, or a preset."""
    if key == ALWAYS.name:
        return ALWAYS
    record = await find_calendar(store, org_id, key) or (await presets_of(store, org_id)).get(key)
    return None if record is None else record.calendar


async def known_calendars(store: Store, org_id: OrgId) -> dict[str, CalendarRecord]:
    """Presets and the newest version of each calendar, by key."""
    stored = {each.key: each for each in await list_calendars(store, org_id)}
    return {**await presets_of(store, org_id), **stored}


async def all_calendars(context: Context) -> list[Document]:
    """Presets first, then by key. Raises Forbidden."""
    actor = context.require(Capability.MANAGE_SLA)
    return [encode(each) for each in (await known_calendars(context.store, actor.org_id)).values()]


async def one_calendar(context: Context, key: str, version: int | None) -> Document | None:
    """The newest or that version; None where there is none. Raises Forbidden."""
    actor = context.require(Capability.MANAGE_SLA)
    preset = (await presets_of(context.store, actor.org_id)).get(key)
    if preset is not None:
        return encode(preset) if version in {None, preset.version} else None
    if version is not None:
        return await find_calendar_version(context.store, actor.org_id, key, version)
    found = await find_calendar(context.store, actor.org_id, key)
    return None if found is None else encode(found)


async def calendar_versions(context: Context, key: str, request: PageRequest) -> Page:
    """Every version that was saved. Raises Forbidden."""
    context.require(Capability.MANAGE_SLA)
    return await context.reads.page(VERSIONS, {"key": key}, request)


async def save_draft(
    context: Context, client_key: str, draft: CalendarDraft, expected_version: int | None
) -> Document | Refusal:
    """The calendar in its next version. Raises Forbidden."""
    actor = context.require(Capability.MANAGE_SLA)

    async def act(store: Store) -> Outcome:
        before = await find_calendar(store, actor.org_id, draft.key)
        if before is None and len(await list_calendars(store, actor.org_id)) >= MAX_CALENDARS:
            return InvalidInput("key", f"would be more than {MAX_CALENDARS} calendars")
        after = edited_calendar(before, draft, actor.org_id, expected_version, actor.person_id, context.now)
        return after if isinstance(after, Refusal) else await saved(context, store, after)

    given = {"draft": draft, "expected_version": expected_version}
    answer = await once(context, "saveCalendar", client_key, given, act)
    # Two who made the same key at once.
    return InvalidInput("key", "is taken") if isinstance(answer, IdTaken) else answer


async def saved(context: Context, store: Store, after: CalendarRecord) -> Outcome:
    """Saves the version; refused where a policy in use would find too little open time in it."""
    for policy in in_order(after.org_id, await list_policies(store, after.org_id)):
        if policy.active and policy.calendar_key == after.key and unreachable(policy, after.calendar, context.now):
            return InvalidInput("weekly", f"holds too little open time for the policy {policy.key}")
    document = await save_calendar(store, after)
    return VersionConflict(after.key, after.version - 1) if document is None else Saved(COLLECTION, document)

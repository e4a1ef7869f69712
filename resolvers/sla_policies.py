"""An organization's SLA policies: which one a new clock begins under, and reading and saving them with their versions.

`policy_for` is the one place that resolvers ask for a promise; the rest is called by schema/sla_policies.py.
"""

from __future__ import annotations

from collections.abc import Mapping

from domain.access import Capability
from domain.calendar import Calendar
from domain.ids import OrgId
from domain.leads import Lead
from domain.refusals import IdTaken, InvalidInput, Refusal, VersionConflict
from domain.sla import Metric, Policy
from domain.sla_policies import (
    MAX_POLICIES,
    PolicyDraft,
    PolicyRecord,
    Rules,
    default_policy,
    edited_policy,
    facts_of,
    first_fitting,
    in_order,
)
from resolvers.calendars import calendar_of, known_calendars
from resolvers.context import Context
from resolvers.once import Outcome, Saved, once
from storage.codec import encode
from storage.driver import Document
from storage.leads import list_stages
from storage.reads import Page, PageRequest
from storage.sla_policies import COLLECTION, VERSIONS, find_policy, find_policy_version, list_policies, save_policy
from storage.store import Store


async def policy_for(store: Store, lead: Lead, metric: Metric) -> Policy | None:
    """What a clock that begins now promises on the lead; None where nothing is promised and no clock is to begin."""
    records = in_order(lead.org_id, await list_policies(store, lead.org_id, metric))
    record = first_fitting(records, metric, facts_of(lead))
    if record is None:
        return None
    calendar = await calendar_of(store, lead.org_id, record.calendar_key)
    assert calendar is not None, "calendars are never deleted"
    return record.promised(calendar)


async def rules_of(store: Store, org_id: OrgId) -> Rules:
    """What a clock that begins now would be under."""
    calendars = {key: each.calendar for key, each in (await known_calendars(store, org_id)).items()}
    return Rules(tuple(in_order(org_id, await list_policies(store, org_id))), calendars)


async def all_policies(context: Context, metric: Metric | None) -> list[Document]:
    """The newest versions as they are tried, those out of use included. Raises Forbidden."""
    actor = context.require(Capability.MANAGE_SLA)
    records = in_order(actor.org_id, await list_policies(context.store, actor.org_id, metric))
    return [encode(each) for each in records if metric in {None, each.metric}]


async def one_policy(context: Context, key: str, version: int | None) -> Document | None:
    """The newest or that version; None where there is none. Raises Forbidden."""
    actor = context.require(Capability.MANAGE_SLA)
    found = None
    if version is not None:
        found = await find_policy_version(context.store, actor.org_id, key, version)
    else:
        stored = await find_policy(context.store, actor.org_id, key)
        found = None if stored is None else encode(stored)
    shipped = shipped_policy(actor.org_id, key)
    if found is None and shipped is not None and version in {None, shipped.version}:
        return encode(shipped)
    return found


async def policy_versions(context: Context, key: str, request: PageRequest) -> Page:
    """Every version that was saved. Raises Forbidden."""
    context.require(Capability.MANAGE_SLA)
    return await context.reads.page(VERSIONS, {"key": key}, request)


async def save_draft(
    context: Context, client_key: str, draft: PolicyDraft, expected_version: int | None
) -> Document | Refusal:
    """The policy in its next version. Raises Forbidden."""
    context.require(Capability.MANAGE_SLA)

    async def act(store: Store) -> Outcome:
        calendars = {key: each.calendar for key, each in (await known_calendars(store, context.me.org_id)).items()}
        after = await drafted(context, store, draft, expected_version, calendars)
        return after if isinstance(after, Refusal) else await saved(store, after)

    given = {"draft": draft, "expected_version": expected_version}
    answer = await once(context, "saveSlaPolicy", client_key, given, act)
    # Two who made the same key at once.
    return InvalidInput("key", "is taken") if isinstance(answer, IdTaken) else answer


async def drafted(
    context: Context,
    store: Store,
    draft: PolicyDraft,
    expected_version: int | None,
    calendars: Mapping[str, Calendar],
) -> PolicyRecord | Refusal:
    """What saving the draft would make, or why it cannot be saved."""
    actor = context.me
    stored = {each.key: each for each in await list_policies(store, actor.org_id)}
    before = stored.get(draft.key) or shipped_policy(actor.org_id, draft.key)
    if before is None and len(stored) >= MAX_POLICIES:
        return InvalidInput("key", f"would be more than {MAX_POLICIES} policies")
    return edited_policy(
        before,
        draft,
        actor.org_id,
        expected_version,
        calendars=calendars,
        stages=[stage.key for stage in await list_stages(store, actor.org_id)],
        person_id=actor.person_id,
        now=context.now,
    )


async def saved(store: Store, after: PolicyRecord) -> Outcome:
    """Saves the version that follows what is stored or shipped."""
    shipped = shipped_policy(after.org_id, after.key)
    first = 1 if shipped is None else shipped.version + 1
    document = await save_policy(store, after, is_new=after.version == first)
    return VersionConflict(after.key, after.version - 1) if document is None else Saved(COLLECTION, document)


def shipped_policy(org_id: OrgId, key: str) -> PolicyRecord | None:
    """The default that is there before the organization saves its own."""
    return default_policy(org_id, Metric(key)) if key in set(Metric) else None

"""Leads, their activities and the organization's stages in the database."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from domain.access import Scope
from domain.activities import Activity, ActivityKind
from domain.duplicates import match_keys
from domain.ids import LeadId, OrgId, PersonId
from domain.leads import DEFAULT_STAGES, Lead, Stage
from domain.people import Person, PersonState
from domain.pool import pool_of
from storage.codec import decode, encode
from storage.driver import Document, IndexModel
from storage.files import hand_over_files
from storage.people import PEOPLE
from storage.procedures import hand_over_bypasses
from storage.reads import Reads
from storage.store import Store
from storage.times import stored_time

COLLECTION = "leads"
ACTIVITIES = "activities"
ASSIGNMENTS = "lead_assignments"
STAGES = "lead_stages"
MAX_ACTIVITIES = 5_000
"""More than a lead collects; a bound for the read that looks for its contacts."""
MAX_ALIKE = 100
"""So many leads with one key in common are looked at; keys are coarse, but not that coarse."""

INDEXES = [
    IndexModel([("org_id", 1), ("owner_id", 1), ("sla_due_at", 1), ("_id", 1)], name="by_owner_due"),
    IndexModel([("org_id", 1), ("team_id", 1), ("sla_due_at", 1), ("_id", 1)], name="by_team_due"),
    IndexModel([("org_id", 1), ("owner_id", 1), ("_id", 1)], name="by_owner"),
    IndexModel([("org_id", 1), ("owner_id", 1), ("stage_kind", 1), ("_id", 1)], name="by_owner_kind"),
    IndexModel([("org_id", 1), ("team_id", 1), ("name", 1), ("_id", 1)], name="by_team_name"),
    IndexModel([("org_id", 1), ("sla_due_at", 1), ("_id", 1)], name="by_due"),
    IndexModel([("account_id", 1), ("_id", 1)], name="by_account"),
    IndexModel([("account_id", 1), ("occurred_at", -1), ("_id", -1)], name="by_account_time"),
    IndexModel([("org_id", 1), ("team_id", 1), ("converted_at", 1)], name="by_team_converted"),
    IndexModel([("org_id", 1), ("converted_at", 1)], name="by_converted"),
    IndexModel([("org_id", 1), ("team_id", 1), ("updated_at", 1), ("_id", 1)], name="by_team_updated"),
    IndexModel([("org_id", 1), ("match_keys", 1)], name="alike"),
    IndexModel([("org_id", 1), ("pool", 1), ("pooled_at", 1), ("_id", 1)], name="by_pool"),
    IndexModel([("tenure_look_at", 1)], name="due_look", sparse=True),
    IndexModel(
        [("org_id", 1), ("external_id", 1)],
        name="unique_external_id",
        unique=True,
        partialFilterExpression={"external_id": {"$type": "string"}},
    ),
]
ACTIVITY_INDEXES = [
    IndexModel([("lead_id", 1), ("occurred_at", -1), ("_id", -1)], name="by_lead"),
    IndexModel([("org_id", 1), ("owner_id", 1), ("occurred_at", -1)], name="by_owner"),
    IndexModel([("org_id", 1), ("by_id", 1), ("kind", 1), ("occurred_at", -1), ("_id", -1)], name="by_doer"),
    IndexModel([("org_id", 1), ("team_id", 1), ("occurred_at", 1), ("_id", 1)], name="by_team_time"),
]


def encode_lead(lead: Lead) -> Document:
    """The document of a lead; an open one with what lists and timers look for: duplicates, its pool, the next look."""
    document = encode(lead)
    if not lead.is_open:
        return document
    document["match_keys"] = list(match_keys(lead))
    pool = pool_of(lead)
    if pool is not None:
        document |= {"pool": pool, "pooled_at": stored_time(lead.pooled_at or lead.created_at)}
    if lead.tenure is not None and lead.tenure.look_at is not None:
        document["tenure_look_at"] = stored_time(lead.tenure.look_at)
    return document


async def list_alike(store: Store, lead: Lead) -> list[Lead]:
    """Open leads of the organization, whoever may see them, that share one of the lead's keys."""
    keys = list(match_keys(lead))
    if not keys:
        return []
    wanted = {"org_id": lead.org_id, "match_keys": {"$in": keys}}
    return [decode(Lead, each) for each in await store[COLLECTION].find(wanted, limit=MAX_ALIKE)]


async def find_lead(store: Store, scope: Scope, lead_id: str) -> Lead | None:
    """The lead in scope."""
    found = await Reads(store, scope).find(COLLECTION, lead_id)
    return None if found is None else decode(Lead, found)


async def load_lead(store: Store, lead_id: LeadId) -> Lead | None:
    """The lead, of whatever organization: for workers."""
    found = await store[COLLECTION].find_one({"_id": lead_id})
    return None if found is None else decode(Lead, found)


async def find_lead_by_external_id(store: Store, org_id: OrgId, external_id: str) -> Lead | None:
    """The organization's lead of that id in another system."""
    found = await store[COLLECTION].find_one({"org_id": org_id, "external_id": external_id})
    return None if found is None else decode(Lead, found)


async def insert_lead(store: Store, lead: Lead) -> Document:
    """Raises DuplicateKeyError where the id or external id is taken."""
    document = encode_lead(lead)
    await store[COLLECTION].insert_one(document)
    return document


async def save_lead(store: Store, lead: Lead) -> Document | None:
    """Saves a later version over the one it was made from (`version - 1`); None where another write came first."""
    document = encode_lead(lead)
    guard = {"_id": lead.id, "version": lead.version - 1}
    return document if await store[COLLECTION].replace_one(guard, document) else None


async def hold_active_person(store: Store, scope: Scope, person_id: str) -> Person | None:
    """The person in scope while still active, written to so that deactivating them meanwhile conflicts.

    Without this write, giving a lead to somebody and deactivating them could both commit.
    """
    found = await Reads(store, scope).find(PEOPLE, person_id)
    if found is None:
        return None
    person = decode(Person, found)
    if person.state is PersonState.ACTIVE:
        await store[PEOPLE].update_one({"_id": person.id, "state": PersonState.ACTIVE}, {"$inc": {"given_leads": 1}})
    return person


async def insert_activity(store: Store, activity: Activity) -> Document:
    """Raises DuplicateKeyError where the id is taken."""
    document = encode(activity)
    await store[ACTIVITIES].insert_one(document)
    return document


async def list_done_by(
    store: Store, org_id: OrgId, person_id: PersonId, kind: ActivityKind, limit: int
) -> list[Activity]:
    """The person's latest activities of a kind, whoever has the leads now, by when they happened."""
    query: Document = {"org_id": org_id, "by_id": person_id, "kind": kind.value}
    found = await store[ACTIVITIES].find(query, order=[("occurred_at", -1), ("_id", -1)], limit=limit)
    return [decode(Activity, each) for each in found]


async def list_done_between(
    store: Store, org_id: OrgId, person_id: PersonId, kind: ActivityKind, start_at: datetime, end_at: datetime
) -> list[Activity]:
    """The person's activities of a kind that happened in that time, whoever has the leads now."""
    between = {"$gte": stored_time(start_at), "$lt": stored_time(end_at)}
    query: Document = {"org_id": org_id, "by_id": person_id, "kind": kind.value, "occurred_at": between}
    found = await store[ACTIVITIES].find(query, order=[("occurred_at", -1), ("_id", -1)], limit=MAX_ACTIVITIES)
    return [decode(Activity, each) for each in found]


async def put_activity(store: Store, activity: Activity) -> None:
    """Writes an activity that may have been written before, with less known of it."""
    await store[ACTIVITIES].replace_one({"_id": activity.id}, encode(activity), upsert=True)


async def find_activity(store: Store, scope: Scope, activity_id: str) -> Activity | None:
    """The activity in scope."""
    found = await Reads(store, scope).find(ACTIVITIES, activity_id)
    return None if found is None else decode(Activity, found)


async def save_release(store: Store, activity: Activity) -> Document:
    """Writes who vouches for it; inside the transaction that saves its lead, which keeps two from doing so."""
    document = encode(activity)
    marks = {name: document[name] for name in ("released_at", "released_by_id")}
    await store[ACTIVITIES].update_one({"_id": activity.id}, {"$set": marks})
    return document


async def list_activities(store: Store, lead_id: str, since: datetime | None = None) -> list[Activity]:
    """Activities of a lead from `since` on, oldest first, whoever may see them: for the SLA clocks."""
    query: Document = {"lead_id": lead_id}
    if since is not None:
        query["occurred_at"] = {"$gte": stored_time(since)}
    found = await store[ACTIVITIES].find(query, order=[("occurred_at", 1), ("_id", 1)], limit=MAX_ACTIVITIES)
    return [decode(Activity, each) for each in found]


async def hand_over_activities(store: Store, lead: Lead) -> None:
    """Gives the lead's history, the trace of its owners and its files to its new owner and team."""
    change: Document = {"$set": {"owner_id": lead.owner_id, "team_id": lead.team_id}}
    for history in (ACTIVITIES, ASSIGNMENTS):
        await store[history].update_many({"lead_id": lead.id}, change)
    await hand_over_bypasses(store, lead.id, lead.team_id)
    await hand_over_files(store, "lead_id", lead.id, lead.owner_id, lead.team_id)


async def move_history(store: Store, from_id: LeadId, to: Lead) -> None:
    """Gives what was done about one lead to another, whose owner and team see it from now on."""
    change: Document = {"$set": {"lead_id": to.id, "owner_id": to.owner_id, "team_id": to.team_id}}
    await store[ACTIVITIES].update_many({"lead_id": from_id}, change)


async def list_stages(store: Store, org_id: OrgId) -> Sequence[Stage]:
    """The organization's stages in their order; the default ones until it has its own."""
    found = await store[STAGES].find_one({"_id": org_id})
    return DEFAULT_STAGES if found is None else [decode(Stage, each) for each in found["stages"]]


async def save_stages(store: Store, org_id: OrgId, stages: Sequence[Stage]) -> None:
    """Replaces the organization's stages."""
    document: Document = {"_id": org_id, "org_id": org_id, "stages": [encode(each) for each in stages]}
    await store[STAGES].replace_one({"_id": org_id}, document, upsert=True)

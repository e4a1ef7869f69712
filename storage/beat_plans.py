"""Beat plans in the database, and the visits that publishing one finds and changes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from domain.access import Scope
from domain.beat_plans import BeatPlan, BeatPlanState
from domain.ids import OrgId, PersonId
from domain.visits import Visit, VisitState
from storage.codec import decode, encode
from storage.driver import Document, IndexModel
from storage.reads import Reads
from storage.store import Store
from storage.times import stored_time
from storage.visits import COLLECTION as VISITS

COLLECTION = "beat_plans"
TURNS = "beat_plan_turns"
MAX_PUBLISHED = 200
MAX_VISITS = 1_000
"""Of one rep in one period."""
INDEXES = [
    IndexModel([("org_id", 1), ("owner_id", 1), ("first", -1), ("_id", -1)], name="by_owner_first"),
    IndexModel([("org_id", 1), ("team_id", 1), ("first", -1), ("_id", -1)], name="by_team_first"),
    IndexModel([("org_id", 1), ("state", 1), ("last", 1)], name="in_force"),
    IndexModel([("state", 1), ("created_at", 1)], name="unsolved"),
    IndexModel([("pending", 1), ("published_at", 1)], name="unmade"),
]


def beat_plan_in(document: Document) -> BeatPlan:
    """The plan's life as the domain knows it; visits and drops stay in the document."""
    return decode(BeatPlan, document)


def beat_plan_document(plan: BeatPlan, org_id: OrgId) -> Document:
    """A plan as it is stored before it is solved."""
    return {**encode(plan), "org_id": org_id, "visits": [], "dropped": [], "changes": [], "work": []}


async def find_beat_plan(store: Store, scope: Scope, plan_id: str) -> Document | None:
    """The stored plan in scope."""
    return await Reads(store, scope).find(COLLECTION, plan_id)


async def load_beat_plan(store: Store, plan_id: str) -> Document | None:
    """The stored plan, for the server's own work on it."""
    return await store[COLLECTION].find_one({"_id": plan_id})


async def insert_beat_plan(store: Store, document: Document) -> Document:
    """Raises DuplicateKeyError where the id is taken."""
    await store[COLLECTION].insert_one(document)
    return document


async def save_beat_plan(store: Store, plan: BeatPlan, facts: Document | None = None) -> bool:
    """Saves version n over version n - 1 with new facts; False where another write came first."""
    document = encode(plan)
    document.pop("_id")
    guard = {"_id": plan.id, "version": plan.version - 1}
    return bool(await store[COLLECTION].update_one(guard, {"$set": {**document, **(facts or {})}}))


async def take_turn(store: Store, org_id: OrgId) -> None:
    """Lets one publication of the organization after the other find what is in force. To be called in a transaction."""
    await store[TURNS].update_one({"_id": org_id}, {"$inc": {"turns": 1}}, upsert=True)


async def list_in_force(store: Store, org_id: OrgId, first: str) -> list[Document]:
    """The published plans of the organization that have days from then on, without their visits."""
    query = {"org_id": org_id, "state": BeatPlanState.PUBLISHED.value, "last": {"$gte": first}}
    leave_out = {"visits": 0, "dropped": 0, "changes": 0, "work": 0}
    return await store[COLLECTION].find(query, projection=leave_out, order=[("last", 1)], limit=MAX_PUBLISHED)


async def list_unsolved(store: Store, before: datetime, limit: int) -> list[Document]:
    """Plans whose solver has not answered although they were asked for before that moment, oldest first."""
    query = {"state": BeatPlanState.SOLVING.value, "created_at": {"$lt": stored_time(before)}}
    return await store[COLLECTION].find(query, order=[("created_at", 1)], limit=limit)


async def list_unmade(store: Store, before: datetime, limit: int) -> list[Document]:
    """Plans published before that moment whose visits are not all made, oldest first."""
    query = {"pending": True, "published_at": {"$lt": stored_time(before)}}
    return await store[COLLECTION].find(query, order=[("published_at", 1)], limit=limit)


async def list_visits_of_period(
    store: Store, org_id: OrgId, rep_id: PersonId, start_at: datetime, end_at: datetime
) -> list[Visit]:
    """The rep's visits scheduled in [start_at, end_at), first to last, 1,000 at the most."""
    between = {"$gte": stored_time(start_at), "$lt": stored_time(end_at)}
    query: Document = {"org_id": org_id, "owner_id": rep_id, "scheduled_at": between}
    found = await store[VISITS].find(query, order=[("scheduled_at", 1), ("_id", 1)], limit=MAX_VISITS)
    return [decode(Visit, each) for each in found]


async def sites_coming(store: Store, org_id: OrgId, rep_id: PersonId, start_at: datetime, end_at: datetime) -> set[str]:
    """Sites that a beat plan brings the rep to in [start_at, end_at)."""
    between = {"$gte": stored_time(start_at), "$lt": stored_time(end_at)}
    query: Document = {"org_id": org_id, "owner_id": rep_id, "scheduled_at": between}
    wanted = {"site_id": 1, "state": 1, "beat_plan_id": 1}
    found = await store[VISITS].find(
        query, projection=wanted, order=[("scheduled_at", 1), ("_id", 1)], limit=MAX_VISITS
    )
    planned = VisitState.PLANNED.value
    return {each["site_id"] for each in found if each["state"] == planned and each.get("beat_plan_id") is not None}


async def ids_taken(store: Store, visit_ids: Sequence[str]) -> set[str]:
    """Which of the ids visits have already."""
    found = await store[VISITS].find({"_id": {"$in": list(visit_ids)}}, projection={"_id": 1}, limit=len(visit_ids))
    return {each["_id"] for each in found}

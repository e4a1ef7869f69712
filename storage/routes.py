"""Route plans in the database, and what a day is planned from: the rep's visits, leads, accounts and missed visits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from domain.access import Scope
from domain.ids import OrgId, PersonId
from domain.leads import StageKind
from domain.routes import Plan, PlanState
from domain.visits import VisitState
from storage.codec import decode, encode
from storage.driver import Document, IndexModel
from storage.reads import Reads
from storage.store import Store
from storage.times import stored_time

COLLECTION = "route_plans"
MAX_ACCOUNTS = 2_000
MAX_LEADS = 500
MAX_MISSED = 200
INDEXES = [
    IndexModel([("org_id", 1), ("owner_id", 1), ("date", -1), ("_id", -1)], name="by_rep_date"),
    IndexModel([("org_id", 1), ("team_id", 1), ("date", -1), ("_id", -1)], name="by_team_date"),
    IndexModel([("state", 1), ("created_at", 1)], name="unsolved"),
    IndexModel([("team_day_id", 1), ("_id", 1)], name="of_team_day"),
    IndexModel(
        [("org_id", 1), ("owner_id", 1), ("date", 1)],
        name="one_published",
        unique=True,
        partialFilterExpression={"state": PlanState.PUBLISHED.value},
    ),
]


def plan_in(document: Document) -> Plan:
    """The plan's life as the domain knows it; stops and drops stay in the document."""
    return decode(Plan, {**document, "rep_id": document["owner_id"]})


def plan_document(plan: Plan, org_id: OrgId, team_id: str | None, facts: Document) -> Document:
    """A plan as it is stored, with what it was asked to do."""
    document = encode(plan)
    document["owner_id"] = document.pop("rep_id")
    return {**document, "org_id": org_id, "team_id": team_id, **facts}


async def find_plan(store: Store, scope: Scope, plan_id: str) -> Document | None:
    """The stored plan in scope."""
    return await Reads(store, scope).find(COLLECTION, plan_id)


async def insert_plan(store: Store, document: Document) -> Document:
    """Raises DuplicateKeyError where the id is taken."""
    await store[COLLECTION].insert_one(document)
    return document


async def save_plan(store: Store, plan: Plan, facts: Document | None = None) -> bool:
    """Saves version n over version n - 1 with new facts; False where another write came first."""
    document = encode(replace(plan))
    document.pop("_id")
    document["owner_id"] = document.pop("rep_id")
    guard = {"_id": plan.id, "version": plan.version - 1}
    return bool(await store[COLLECTION].update_one(guard, {"$set": {**document, **(facts or {})}}))


async def list_unsolved(store: Store, before: datetime, limit: int) -> list[Document]:
    """Plans whose solver has not answered although they were asked for before that moment, oldest first."""
    query = {"state": PlanState.SOLVING.value, "created_at": {"$lt": stored_time(before)}}
    return await store[COLLECTION].find(query, order=[("created_at", 1)], limit=limit)


async def find_published(store: Store, org_id: OrgId, rep_id: PersonId, date: str) -> Document | None:
    """The plan the rep follows that day."""
    query = {"org_id": org_id, "owner_id": rep_id, "date": date, "state": PlanState.PUBLISHED.value}
    return await store[COLLECTION].find_one(query)


async def list_published(store: Store, org_id: OrgId, rep_ids: Sequence[PersonId], date: str) -> dict[str, Document]:
    """The plans that these people follow that day, by person."""
    query = {"org_id": org_id, "owner_id": {"$in": list(rep_ids)}, "date": date, "state": PlanState.PUBLISHED.value}
    found = await store[COLLECTION].find(query, order=[("_id", 1)], limit=len(rep_ids) + 1)
    return {each["owner_id"]: each for each in found}


async def list_due_leads(store: Store, org_id: OrgId, rep_id: PersonId, due_before: datetime) -> list[Document]:
    """The rep's open leads with a clock that falls due by then."""
    query = {"org_id": org_id, "owner_id": rep_id, "sla_due_at": {"$lte": stored_time(due_before)}}
    found = await store["leads"].find(query, order=[("sla_due_at", 1)], limit=MAX_LEADS)
    return [each for each in found if each["stage_kind"] == StageKind.OPEN.value]


async def list_owned_accounts(store: Store, org_id: OrgId, rep_id: PersonId) -> list[Document]:
    """The rep's accounts, 2,000 at the most."""
    wanted = {"tier": 1, "last_verified_visit_at": 1, "created_at": 1}
    query = {"org_id": org_id, "owner_id": rep_id}
    return await store["accounts"].find(query, projection=wanted, order=[("_id", 1)], limit=MAX_ACCOUNTS)


async def list_missed_visits(
    store: Store, org_id: OrgId, rep_id: PersonId, since: datetime, before: datetime
) -> list[Document]:
    """The rep's missed visits of that time, the latest first."""
    query = {
        "org_id": org_id,
        "owner_id": rep_id,
        "scheduled_at": {"$gte": stored_time(since), "$lt": stored_time(before)},
    }
    found = await store["visits"].find(query, order=[("scheduled_at", -1)], limit=MAX_MISSED)
    return [each for each in found if each["state"] == VisitState.MISSED.value]


async def sites_by_account(store: Store, account_ids: list[str]) -> dict[str, Document]:
    """One site of each account, the first by name."""
    found = await store["sites"].find(
        {"account_id": {"$in": account_ids}}, order=[("account_id", 1), ("name", 1)], limit=4 * MAX_ACCOUNTS
    )
    first: dict[str, Document] = {}
    for site in found:
        first.setdefault(site["account_id"], site)
    return first


async def sites_by_id(store: Store, org_id: OrgId, site_ids: list[str]) -> dict[str, Document]:
    """The organization's sites of these ids."""
    return await Reads(store, Scope.whole_organization(org_id)).by_keys("sites", site_ids)

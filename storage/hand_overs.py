"""Hand-overs in the database: their state and log, and what of a person's is still to move."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from domain.accounts import Account
from domain.hand_overs import HandOver, HandOverEntry, HandOverState
from domain.ids import HandOverId, LeadId, OrgId, PersonId
from domain.leads import Lead, StageKind
from domain.notices import Notice
from domain.visits import Visit, VisitState
from storage.accounts import COLLECTION as ACCOUNTS
from storage.clocks import COLLECTION as CLOCKS
from storage.clocks import OPEN_CLOCKS
from storage.codec import decode, encode
from storage.driver import Document, IndexModel
from storage.leads import COLLECTION as LEADS
from storage.outbox import NOTICES
from storage.store import Store
from storage.times import stored_time
from storage.visits import COLLECTION as VISITS

COLLECTION = "hand_overs"
ENTRIES = "hand_over_entries"
MAX_NOTICES = 5_000
INDEXES = [
    IndexModel([("state", 1), ("next_at", 1)], name="due"),
    IndexModel([("org_id", 1), ("team_id", 1), ("_id", 1)], name="by_team"),
    IndexModel([("org_id", 1), ("owner_id", 1), ("_id", 1)], name="by_successor"),
]
ENTRY_INDEXES = [
    IndexModel([("hand_over_id", 1), ("_id", 1)], name="by_hand_over"),
    IndexModel([("hand_over_id", 1), ("record_id", 1)], name="unique_record", unique=True),
]


async def insert_hand_over(store: Store, hand_over: HandOver) -> Document:
    """A departure that begins."""
    document = encode(hand_over)
    await store[COLLECTION].insert_one(document)
    return document


async def begin_batch(store: Store, hand_over_id: HandOverId) -> HandOver | None:
    """The running hand-over, written to first so that two workers at one batch conflict before they do any work."""
    running = {"_id": hand_over_id, "state": HandOverState.RUNNING.value}
    if not await store[COLLECTION].update_one(running, {"$inc": {"batches": 1}}):
        return None
    found = await store[COLLECTION].find_one({"_id": hand_over_id})
    return None if found is None else decode(HandOver, found)


async def end_batch(store: Store, hand_over: HandOver, moved: Sequence[HandOverEntry]) -> None:
    """Saves the hand-over and what moved, in the transaction in which the batch began."""
    await insert_entries(store, moved)
    await store[COLLECTION].replace_one({"_id": hand_over.id}, encode(hand_over))


async def insert_entries(store: Store, moved: Sequence[HandOverEntry]) -> None:
    """Lines of the log."""
    await store[ENTRIES].insert_many([encode(each) for each in moved])


async def list_due_hand_overs(store: Store, now: datetime, limit: int) -> list[HandOverId]:
    """Running hand-overs to go on with."""
    query: Document = {"state": HandOverState.RUNNING.value, "next_at": {"$lte": stored_time(now)}}
    found = await store[COLLECTION].find(query, projection={"_id": 1}, order=[("next_at", 1)], limit=limit)
    return [HandOverId(each["_id"]) for each in found]


async def list_open_leads(store: Store, org_id: OrgId, owner_id: PersonId, limit: int) -> list[Lead]:
    """Leads of the owner that can still be won or lost."""
    query = {"org_id": org_id, "owner_id": owner_id, "stage_kind": StageKind.OPEN.value}
    found = await store[LEADS].find(query, order=[("_id", 1)], limit=limit)
    return [decode(Lead, each) for each in found]


async def list_promised_leads(store: Store, org_id: OrgId, owner_id: PersonId, limit: int) -> list[Lead]:
    """Leads of the owner on which a clock runs, whatever their stage."""
    lead_ids: dict[str, None] = {}
    for state in OPEN_CLOCKS:
        query = {"org_id": org_id, "owner_id": owner_id, "state": state.value}
        found = await store[CLOCKS].find(query, projection={"lead_id": 1}, limit=limit)
        lead_ids |= dict.fromkeys(each["lead_id"] for each in found)
    wanted = list(lead_ids)[:limit]
    kept = await store[LEADS].find({"_id": {"$in": wanted}}, limit=limit) if wanted else []
    return [decode(Lead, each) for each in kept if each.get("owner_id") == owner_id]


async def list_planned_visits(
    store: Store, org_id: OrgId, owner_id: PersonId, lead_ids: Sequence[LeadId] | None, limit: int
) -> list[Visit]:
    """Visits of the owner that have not taken place, of these leads or of any."""
    query: Document = {"org_id": org_id, "owner_id": owner_id, "state": VisitState.PLANNED.value}
    if lead_ids is not None:
        query = {"lead_id": {"$in": list(lead_ids)}} | query
    found = await store[VISITS].find(query, order=[("scheduled_at", 1), ("_id", 1)], limit=limit)
    return [decode(Visit, each) for each in found]


async def list_open_notices(
    store: Store, org_id: OrgId, owner_id: PersonId, lead_ids: Sequence[LeadId] | None, limit: int
) -> list[Notice]:
    """Notices of the recipient whose cause has not ended, about these leads or about anything."""
    query: Document = {"org_id": org_id, "owner_id": owner_id, "resolved_at": None}
    if lead_ids is not None:
        query = {"lead_id": {"$in": list(lead_ids)}} | query
    found = await store[NOTICES].find(query, order=[("_id", 1)], limit=limit)
    return [decode(Notice, each) for each in found]


async def list_accounts_of(store: Store, org_id: OrgId, owner_id: PersonId, limit: int) -> list[Account]:
    """Customers the owner looks after."""
    query = {"org_id": org_id, "owner_id": owner_id}
    found = await store[ACCOUNTS].find(query, order=[("_id", 1)], limit=limit)
    return [decode(Account, each) for each in found]


async def count_open_work(store: Store, org_id: OrgId, owner_id: PersonId, limit: int) -> tuple[int, int, int]:
    """Open leads (or leads with a running clock), planned visits and customers, each counted up to `limit`."""
    leads = {each.id for each in await list_open_leads(store, org_id, owner_id, limit)}
    leads |= {each.id for each in await list_promised_leads(store, org_id, owner_id, limit)}
    visits = await list_planned_visits(store, org_id, owner_id, None, limit)
    return min(len(leads), limit), len(visits), len(await list_accounts_of(store, org_id, owner_id, limit))

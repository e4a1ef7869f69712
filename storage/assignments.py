"""The trace of every change of hands of leads, and the reads that decisions about them need."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from domain.assignment import AssignmentKind, LeadAssignment
from domain.ids import OrgId, PersonId, TeamId
from domain.leads import Lead, StageKind
from domain.people import Person
from domain.pool import Claims
from domain.tenure import TenureKind
from storage.codec import decode, encode
from storage.driver import Document, IndexModel
from storage.leads import ASSIGNMENTS, COLLECTION
from storage.people import PEOPLE
from storage.store import Store
from storage.times import aware, stored_time

MAX_MEMBERS = 1_000
MAX_COUNTED = 10_000
MAX_HANDS = 200
_BACK = frozenset({AssignmentKind.RELEASE.value, AssignmentKind.RECLAIM.value})
INDEXES = [
    IndexModel([("lead_id", 1), ("lead_version", -1), ("_id", -1)], name="by_lead"),
    IndexModel([("org_id", 1), ("to_id", 1), ("kind", 1), ("at", 1)], name="by_receiver"),
]


async def insert_assignment(store: Store, assignment: LeadAssignment) -> None:
    """Adds one change of hands."""
    await store[ASSIGNMENTS].insert_one(encode(assignment))


async def list_people(store: Store, org_id: OrgId, person_ids: Sequence[str]) -> dict[PersonId, Person]:
    """Those of the people who belong to the organization, whatever their state."""
    found = await store.whole(PEOPLE, person_ids) if person_ids else {}
    people = [decode(Person, each) for each in found.values() if each["org_id"] == org_id]
    return {person.id: person for person in people}


async def list_members(store: Store, org_id: OrgId, team_ids: Sequence[TeamId]) -> list[Person]:
    """Everybody in these teams, by name."""
    if not team_ids:
        return []
    within = {"org_id": org_id, "team_id": {"$in": list(team_ids)}}
    found = await store[PEOPLE].find(within, order=[("name", 1), ("_id", 1)], limit=MAX_MEMBERS)
    return [decode(Person, each) for each in found]


async def has_open_leads(store: Store, org_id: OrgId, person_id: PersonId, limit: int) -> bool:
    """Whether the person has at least `limit` open leads."""
    own = {"org_id": org_id, "owner_id": person_id, "stage_kind": StageKind.OPEN.value}
    return len(await store[COLLECTION].find(own, limit=limit, projection={"_id": 1})) >= limit


async def claims_of(store: Store, lead: Lead, person_id: PersonId, day_began: datetime) -> Claims:
    """What the person has claimed, as the rules for claiming `lead` look at it."""
    own = {"org_id": lead.org_id, "owner_id": person_id, "stage_kind": StageKind.OPEN.value}
    leads = await store[COLLECTION].find(own, limit=MAX_COUNTED, projection={"tenure.kind": 1})
    claimed = [each for each in leads if each.get("tenure", {}).get("kind") == TenureKind.CLAIMED.value]
    taken: Document = {"org_id": lead.org_id, "to_id": person_id, "kind": AssignmentKind.CLAIM.value}
    taken["at"] = {"$gte": stored_time(day_began)}
    today = await store[ASSIGNMENTS].find(taken, limit=MAX_COUNTED, projection={"_id": 1})
    hands = await store[ASSIGNMENTS].find({"lead_id": lead.id}, order=[("lead_version", -1)], limit=MAX_HANDS)
    left = [each["at"] for each in hands if each.get("from_id") == person_id and each["kind"] in _BACK]
    return Claims(len(claimed), len(today), aware(left[0]) if left else None)

"""The trace of every change of hands of leads, and the reads that decisions about them need."""

from __future__ import annotations

from collections.abc import Sequence

from domain.assignment import LeadAssignment
from domain.ids import OrgId, PersonId, TeamId
from domain.leads import StageKind
from domain.people import Person
from storage.codec import decode, encode
from storage.driver import IndexModel
from storage.leads import ASSIGNMENTS, COLLECTION
from storage.people import PEOPLE
from storage.store import Store

MAX_MEMBERS = 1_000
INDEXES = [IndexModel([("lead_id", 1), ("lead_version", -1), ("_id", -1)], name="by_lead")]


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

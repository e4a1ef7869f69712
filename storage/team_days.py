"""Days of teams in the database; the plans of their reps lie in storage/routes.py under the day's id."""

from __future__ import annotations

from datetime import datetime

from domain.access import Scope
from domain.ids import OrgId, TeamDayId, TeamId
from domain.people import Person, PersonState
from domain.team_days import TeamDay, TeamDayState
from storage.codec import decode, encode
from storage.driver import Document, IndexModel
from storage.people import PEOPLE
from storage.reads import Reads
from storage.routes import COLLECTION as PLANS
from storage.store import Store
from storage.times import stored_time

COLLECTION = "team_days"
MAX_MEMBERS = 500
INDEXES = [
    IndexModel([("org_id", 1), ("_id", -1)], name="by_org"),
    IndexModel([("org_id", 1), ("team_id", 1), ("date", -1), ("_id", -1)], name="by_team_date"),
    IndexModel([("org_id", 1), ("date", -1), ("_id", -1)], name="by_date"),
    IndexModel([("state", 1), ("created_at", 1)], name="unsolved"),
]


async def insert_team_day(store: Store, day: TeamDay) -> Document:
    """A new one. Raises DuplicateKeyError where its id is taken."""
    document = encode(day)
    await store[COLLECTION].insert_one(document)
    return document


async def find_team_day(store: Store, scope: Scope, day_id: str) -> TeamDay | None:
    """The team's day in scope."""
    found = await Reads(store, scope).find(COLLECTION, day_id)
    return None if found is None else decode(TeamDay, found)


async def save_team_day(store: Store, day: TeamDay) -> Document | None:
    """Saves version n over version n - 1; None where another write came first."""
    document = encode(day)
    guard = {"_id": day.id, "version": day.version - 1}
    return document if await store[COLLECTION].replace_one(guard, document) else None


async def list_unsolved_team_days(store: Store, before: datetime, limit: int) -> list[TeamDay]:
    """Those whose solver has not answered although they were asked for before that moment, oldest first."""
    query = {"state": TeamDayState.SOLVING.value, "created_at": {"$lt": stored_time(before)}}
    found = await store[COLLECTION].find(query, order=[("created_at", 1)], limit=limit)
    return [decode(TeamDay, each) for each in found]


async def list_plans_of(store: Store, day_id: TeamDayId) -> list[Document]:
    """The plans of its reps."""
    return await store[PLANS].find({"team_day_id": day_id}, order=[("_id", 1)], limit=MAX_MEMBERS)


async def list_members(store: Store, org_id: OrgId, team_id: TeamId) -> list[Person]:
    """The active people of the team itself, by name."""
    query = {"org_id": org_id, "team_id": team_id}
    found = await store[PEOPLE].find(query, order=[("name", 1), ("_id", 1)], limit=MAX_MEMBERS)
    members = [decode(Person, each) for each in found]
    return [each for each in members if each.state is PersonState.ACTIVE]

"""Organizations, teams and people in the database."""

from __future__ import annotations

from collections.abc import Sequence

from domain.access import Role, Scope
from domain.ids import OrgId, PersonId, TeamId
from domain.people import Organization, Person, PersonState, Team
from storage.codec import decode, encode
from storage.driver import Document, IndexModel
from storage.reads import Reads
from storage.store import Store

PEOPLE = "people"
TEAMS = "teams"
ORGANIZATIONS = "organizations"
MAX_TEAMS = 5_000
PAGE = 200
MAX_PEOPLE = 50_000
MAX_MEMBERS = 10_000

PEOPLE_INDEXES = [
    IndexModel([("email", 1)], name="unique_email", unique=True),
    IndexModel([("org_id", 1), ("team_id", 1), ("name", 1), ("_id", 1)], name="by_team_name"),
    IndexModel([("org_id", 1), ("role", 1), ("state", 1), ("_id", 1)], name="by_role_and_id"),
    IndexModel([("team_id", 1), ("name", 1)], name="members"),
    IndexModel(
        [("org_id", 1), ("external_id", 1)],
        name="unique_external_id",
        unique=True,
        partialFilterExpression={"external_id": {"$type": "string"}},
    ),
]
TEAM_INDEXES = [
    IndexModel([("org_id", 1), ("parent_id", 1), ("_id", 1)], name="by_parent"),
    IndexModel([("parent_id", 1), ("name", 1)], name="children"),
    IndexModel(
        [("org_id", 1), ("external_id", 1)],
        name="unique_external_id",
        unique=True,
        partialFilterExpression={"external_id": {"$type": "string"}},
    ),
]


async def find_person(store: Store, scope: Scope, person_id: str) -> Person | None:
    """The person in scope."""
    found = await Reads(store, scope).find(PEOPLE, person_id)
    return None if found is None else decode(Person, found)


async def list_people(store: Store, org_id: OrgId, person_ids: Sequence[PersonId]) -> dict[PersonId, Person]:
    """Those of the people who are of the organization, whoever may see them."""
    found = await store.whole(PEOPLE, list(person_ids)) if person_ids else {}
    return {PersonId(key): decode(Person, each) for key, each in found.items() if each["org_id"] == org_id}


async def list_people_ids(store: Store, org_id: OrgId) -> list[PersonId]:
    """Everybody who is or was of the organization, for the server's own work."""
    found = await store[PEOPLE].find({"org_id": org_id}, projection={"_id": 1}, order=[("_id", 1)], limit=MAX_PEOPLE)
    return [PersonId(each["_id"]) for each in found]


async def find_by_email(store: Store, email: str) -> Person | None:
    """Whoever signs in by this address (domain.people.normal_email), in any organization."""
    found = await store[PEOPLE].find_one({"email": email})
    return None if found is None else decode(Person, found)


async def has_other_admin(store: Store, org_id: OrgId, person_id: PersonId) -> bool:
    """Whether somebody else administers the organization. Guards the answer until the transaction ends."""
    await store[ORGANIZATIONS].update_one({"_id": org_id}, {"$inc": {"admin_changes": 1}})
    admins = {"org_id": org_id, "role": Role.ADMIN.value, "state": PersonState.ACTIVE.value}
    return any(each["_id"] != person_id for each in await store[PEOPLE].find(admins, limit=2, projection={"_id": 1}))


async def list_in_role(store: Store, org_id: OrgId, role: Role, limit: int) -> list[PersonId]:
    """Active people of the organization in this role, at most `limit`."""
    query: Document = {"org_id": org_id, "role": role.value, "state": PersonState.ACTIVE.value}
    return [PersonId(each["_id"]) for each in await store[PEOPLE].find(query, projection={"_id": 1}, limit=limit)]


async def list_organizations(store: Store, after: str = "") -> list[OrgId]:
    """At most 200 organizations behind that id, by id: for workers."""
    found = await store[ORGANIZATIONS].find(
        {"_id": {"$gt": after}}, order=[("_id", 1)], projection={"_id": 1}, limit=PAGE
    )
    return [OrgId(each["_id"]) for each in found]


async def page_in_role(store: Store, org_id: OrgId, role: Role, after: str = "") -> list[Person]:
    """At most 200 active people of the role behind that id, by id: for workers."""
    query: Document = {"org_id": org_id, "role": role.value, "state": PersonState.ACTIVE.value, "_id": {"$gt": after}}
    return [decode(Person, each) for each in await store[PEOPLE].find(query, order=[("_id", 1)], limit=PAGE)]


async def list_members(reads: Reads) -> list[Person]:
    """Everybody in scope who works or has worked in their team, by id, 10,000 at the most."""
    found = await reads.list(PEOPLE, {}, order="_id", limit=MAX_MEMBERS)
    return [decode(Person, each) for each in found]


async def insert_person(store: Store, person: Person) -> Document:
    """Raises DuplicateKeyError where id, e-mail or external id is taken."""
    document = encode(person)
    await store[PEOPLE].insert_one(document)
    return document


async def save_person(store: Store, person: Person) -> Document | None:
    """Saves version n over version n - 1; None where another write came first."""
    document = encode(person)
    guard = {"_id": person.id, "version": person.version - 1}
    return document if await store[PEOPLE].replace_one(guard, document) else None


async def list_teams(store: Store, org_id: OrgId) -> dict[TeamId, Team]:
    """The whole tree of the organization; trees are small."""
    found = await store[TEAMS].find({"org_id": org_id}, limit=MAX_TEAMS)
    return {team.id: team for team in (decode(Team, each) for each in found)}


async def insert_team(store: Store, team: Team) -> Document:
    """Raises DuplicateKeyError."""
    document = encode(team)
    await store[TEAMS].insert_one(document)
    return document


async def find_team(store: Store, scope: Scope, team_id: str) -> Team | None:
    """The team in scope."""
    found = await Reads(store, scope).find(TEAMS, team_id)
    return None if found is None else decode(Team, found)


async def save_team(store: Store, team: Team) -> Document | None:
    """Saves version n over version n - 1; None where another write came first. Moves of one tree exclude each other."""
    document = encode(team)
    await store[ORGANIZATIONS].update_one({"_id": team.org_id}, {"$inc": {"tree_changes": 1}})
    guard = {"_id": team.id, "version": team.version - 1}
    return document if await store[TEAMS].replace_one(guard, document) else None


async def insert_organization(store: Store, organization: Organization) -> Document:
    """Raises DuplicateKeyError."""
    document = encode(organization)
    await store[ORGANIZATIONS].insert_one(document)
    return document

"""A small organization with everyone who matters for scope: the tests' starting point."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from domain.access import Role
from domain.ids import OrgId, PersonId, TeamId, new_id
from domain.people import Organization, Person, PersonState, Team
from domain.sessions import Session, SessionId, SessionState
from resolvers.services import Services
from resolvers.tokens import Claims
from storage.codec import encode
from storage.people import insert_organization, insert_person, insert_team
from storage.sessions import COLLECTION as SESSIONS
from tests.support.client import ApiClient


@dataclass(frozen=True)
class Member:
    """A person and a client signed in as them."""

    person: Person
    api: ApiClient

    @property
    def id(self) -> PersonId:
        """The person's id."""
        return self.person.id


@dataclass(frozen=True)
class World:
    """Team `north` (manager, rep, second rep) and team `south` (manager, rep) below `top` (director)."""

    org_id: OrgId
    top: Team
    north: Team
    south: Team
    director: Member
    manager: Member
    rep: Member
    second_rep: Member
    south_manager: Member
    south_rep: Member
    admin: Member
    support: Member


async def make_world(services: Services, http: ApiClient, name: str) -> World:
    """A new organization written straight into the database."""
    now, store = services.clock(), services.store
    org_id = OrgId(new_id("org", now))
    await insert_organization(store, Organization(org_id, name, "Asia/Shanghai", "en", now))
    sessions: list[Session] = []
    ids = {team: TeamId(new_id("tea", now)) for team in ("top", "north", "south")}

    async def member(who: str, role: Role, team: str | None) -> Member:
        person_id = PersonId(new_id("per", now))
        person = Person(
            id=person_id,
            org_id=org_id,
            email=f"{who}.{person_id.lower()}@example.test",
            name=who.replace("_", " ").title(),
            role=role,
            team_id=ids[team] if team else None,
            state=PersonState.ACTIVE,
            locale="en",
            time_zone="Asia/Shanghai",
            created_at=now,
            updated_at=now,
        )
        await insert_person(store, person)
        session_id = SessionId(new_id("ses", now))
        active, year = SessionState.ACTIVE, timedelta(days=365)
        sessions.append(Session(session_id, org_id, person_id, active, "", now, now, now + year))
        claims = Claims(person_id, org_id, session_id, "", services.tokens.expiry(now).replace(year=2199))
        return Member(person, http.as_(services.tokens.sign(claims, now)))

    director = await member("director", Role.DIRECTOR, "top")
    manager = await member("manager", Role.MANAGER, "north")
    south_manager = await member("south_manager", Role.MANAGER, "south")

    async def team(key: str, parent: str | None, manager_id: PersonId) -> Team:
        placed = Team(ids[key], org_id, key.title(), ids[parent] if parent else None, manager_id, now)
        await insert_team(store, placed)
        return placed

    made = World(
        org_id=org_id,
        top=await team("top", None, director.id),
        north=await team("north", "top", manager.id),
        south=await team("south", "top", south_manager.id),
        director=director,
        manager=manager,
        south_manager=south_manager,
        rep=await member("rep", Role.REP, "north"),
        second_rep=await member("second_rep", Role.REP, "north"),
        south_rep=await member("south_rep", Role.REP, "south"),
        admin=await member("admin", Role.ADMIN, None),
        support=await member("support", Role.SUPPORT, None),
    )
    await store[SESSIONS].insert_many([encode(each) for each in sessions])
    return made

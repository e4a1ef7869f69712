"""Access tokens: short-lived JWTs signed with a rotating key, and who they stand for; for sign-in and api/auth.py."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import jwt

from domain.access import SEES_ALL, Actor
from domain.errors import Unauthenticated
from domain.ids import OrgId, PersonId, TeamId
from domain.people import Person, PersonState, subtree, teams_above
from domain.sessions import SessionState
from domain.stand_ins import LEADS_TEAMS
from resolvers.context import Clock
from storage.codec import decode
from storage.driver import Document
from storage.people import PEOPLE, TEAMS, list_people, list_teams
from storage.recent import Recent
from storage.sessions import COLLECTION as SESSIONS
from storage.store import Store

ISSUER = "fieldbeat"
_ALGORITHM = "HS256"
RECENT_CALLERS = 20_000
"""So many tokens and callers are remembered by a process."""


@dataclass(frozen=True, slots=True)
class Claims:
    """What an access token says."""

    person_id: str
    org_id: str
    session_id: str
    device_id: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class AccessTokens:
    """Signs with the first key and accepts all, so that a key can be replaced without signing anybody out."""

    keys: Mapping[str, bytes]
    lifetime_s: int
    _accepted: Recent[str, Claims] = field(init=False, repr=False, default_factory=lambda: Recent(RECENT_CALLERS))
    """What tokens say whose signature was found to be ours, whether or not they have expired since."""
    _key_ids: dict[str, str] = field(init=False, repr=False, default_factory=dict)
    """Which key is named by the header of our tokens, as it is written: all of one key begin alike."""

    def sign(self, claims: Claims, now: datetime) -> str:
        """The token for a person's session; `claims.expires_at` counts."""
        key_id, key = next(iter(self.keys.items()))
        body = {
            "iss": ISSUER,
            "sub": claims.person_id,
            "org": claims.org_id,
            "sid": claims.session_id,
            "dev": claims.device_id,
            "iat": int(now.timestamp()),
            "exp": int(claims.expires_at.timestamp()),
        }
        return jwt.encode(body, key, algorithm=_ALGORITHM, headers={"kid": key_id})

    def expiry(self, now: datetime) -> datetime:
        """When a token signed now ends."""
        return (now + timedelta(seconds=self.lifetime_s)).replace(microsecond=0)

    def read(self, token: str, now: datetime) -> Claims:
        """Raises Unauthenticated for any token that is not ours and valid at `now`."""
        claims = self._accepted.get(token)
        if claims is None:
            claims = self._verified(token)
            self._accepted.put(token, claims)
        if claims.expires_at <= now:
            raise Unauthenticated("The access token has expired.")
        return claims

    def _verified(self, token: str) -> Claims:
        try:
            header = token.partition(".")[0]
            key_id = self._key_ids.get(header) or jwt.get_unverified_header(token)["kid"]
            key = self.keys[key_id]
            # The process clock decides, not the library's: they differ where the clock is a setting.
            body = jwt.decode(
                token,
                key,
                algorithms=[_ALGORITHM],
                issuer=ISSUER,
                options={"verify_exp": False, "verify_iat": False, "require": ["exp", "sub", "org", "sid"]},
            )
            self._key_ids[header] = key_id
            expires_at = datetime.fromtimestamp(body["exp"], UTC)
            return Claims(body["sub"], body["org"], body["sid"], body.get("dev", ""), expires_at)
        except (jwt.PyJWTError, KeyError, TypeError, ValueError, OverflowError, OSError) as broken:
            raise Unauthenticated("The access token is not valid.") from broken


@dataclass(frozen=True, slots=True)
class _Caller:
    """An actor and the documents it was made from."""

    actor: Actor
    person: Document
    session: Document
    tree: int
    """The version of the teams."""


class Callers:
    """Who stands behind a token, as the database has them now; known callers without a read (storage/known.py)."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._recent: Recent[tuple[str, str, str], _Caller] = Recent(RECENT_CALLERS)

    async def again(self, actor: Actor) -> Actor:
        """The same person and session as they are now. Raises Unauthenticated where they may not act."""
        return await self._load(actor.person_id, actor.org_id, actor.session_id, actor.device_id)

    async def of(self, claims: Claims) -> Actor:
        """The person behind a token. Raises Unauthenticated where they may not act."""
        return await self._load(claims.person_id, claims.org_id, claims.session_id, claims.device_id)

    async def _load(self, person_id: str, org_id: str, session_id: str, device_id: str) -> Actor:
        known, key = self._store.known, (person_id, session_id, device_id)
        recent = self._recent.get(key)
        if (
            recent is not None
            and recent.actor.org_id == org_id
            and recent.person is known.get(PEOPLE, person_id)
            and recent.session is known.get(SESSIONS, session_id)
            and recent.tree == known.version(TEAMS)
            and not recent.actor.stands_in_for
            and not recent.person.get("covers")
        ):
            return recent.actor
        tree = known.version(TEAMS)
        people, sessions = await asyncio.gather(
            self._store.whole(PEOPLE, [person_id]), self._store.whole(SESSIONS, [session_id])
        )
        found, session = people.get(person_id), sessions.get(session_id)
        if found is None or found["org_id"] != org_id or found["state"] != PersonState.ACTIVE:
            raise Unauthenticated("The account behind this token is not active.")
        if session is None or session["state"] != SessionState.ACTIVE or session["owner_id"] != person_id:
            raise Unauthenticated("The session behind this token has ended.")
        person = decode(Person, found)
        teams, above = frozenset({person.team_id} if person.team_id else ()), frozenset[TeamId]()
        if person.role in LEADS_TEAMS and person.team_id is not None:
            all_teams = await list_teams(self._store, person.org_id)
            teams, above = subtree(all_teams.values(), person.team_id), teams_above(all_teams, person.team_id)
        elif person.role not in SEES_ALL:
            above = await self._teams_above(person.team_id)
        stands_in_for = frozenset(each.person_id for each in person.covers if each.holds(self._clock()))
        if person.role in LEADS_TEAMS and stands_in_for:
            teams |= await self._teams_of(person.org_id, stands_in_for)
        actor = Actor(
            person.org_id,
            person.id,
            person.role,
            person.team_id,
            teams,
            session_id,
            device_id,
            person.locale,
            stands_in_for,
            above,
        )
        self._recent.put(key, _Caller(actor, found, session, tree))
        return actor

    async def _teams_above(self, team_id: TeamId | None) -> frozenset[TeamId]:
        """One after the other, since a process knows them: mostly no read at all."""
        found: list[TeamId] = []
        while team_id is not None and team_id not in found:
            found.append(team_id)
            team = (await self._store.whole(TEAMS, [team_id])).get(team_id)
            team_id = None if team is None else team.get("parent_id")
        return frozenset(found[1:])

    async def _teams_of(self, org_id: OrgId, person_ids: frozenset[PersonId]) -> frozenset[TeamId]:
        """The teams of these people, with all below those who lead."""
        teams = (await list_teams(self._store, org_id)).values()
        found: set[TeamId] = set()
        for each in (await list_people(self._store, org_id, sorted(person_ids))).values():
            if each.team_id is not None:
                found |= subtree(teams, each.team_id) if each.role in LEADS_TEAMS else {each.team_id}
        return frozenset(found)

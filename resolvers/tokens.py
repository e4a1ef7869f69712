"""Access tokens: short-lived JWTs signed with a rotating key, and who they stand for; for sign-in and api/auth.py."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import jwt

from domain.access import Actor, Role
from domain.errors import Unauthenticated
from domain.ids import PersonId
from domain.people import Person, PersonState, subtree
from storage.codec import decode
from storage.people import PEOPLE, list_teams
from storage.sessions import is_open
from storage.store import Store

ISSUER = "fieldbeat"
_ALGORITHM = "HS256"
_LEADS_TEAMS = frozenset({Role.MANAGER, Role.DIRECTOR})


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
        try:
            key = self.keys[jwt.get_unverified_header(token)["kid"]]
            # The process clock decides, not the library's: they differ where the clock is a setting.
            body = jwt.decode(
                token,
                key,
                algorithms=[_ALGORITHM],
                issuer=ISSUER,
                options={"verify_exp": False, "verify_iat": False, "require": ["exp", "sub", "org", "sid"]},
            )
            expires_at = datetime.fromtimestamp(body["exp"], UTC)
            claims = Claims(body["sub"], body["org"], body["sid"], body.get("dev", ""), expires_at)
        except (jwt.PyJWTError, KeyError, TypeError, ValueError, OverflowError, OSError) as broken:
            raise Unauthenticated("The access token is not valid.") from broken
        if expires_at <= now:
            raise Unauthenticated("The access token has expired.")
        return claims


async def load_actor_again(store: Store, actor: Actor, now: datetime) -> Actor:
    """The same person and session as the database has them now. Raises Unauthenticated where they may not act."""
    return await load_actor(store, Claims(actor.person_id, actor.org_id, actor.session_id, actor.device_id, now))


async def load_actor(store: Store, claims: Claims) -> Actor:
    """The person behind a token as the database has them now. Raises Unauthenticated where they may not act."""
    found, is_signed_in = await asyncio.gather(
        store[PEOPLE].find_one({"_id": claims.person_id}),
        is_open(store, claims.session_id, PersonId(claims.person_id)),
    )
    if found is None or found["org_id"] != claims.org_id or found["state"] != PersonState.ACTIVE:
        raise Unauthenticated("The account behind this token is not active.")
    if not is_signed_in:
        raise Unauthenticated("The session behind this token has ended.")
    person = decode(Person, found)
    teams = frozenset({person.team_id} if person.team_id else ())
    if person.role in _LEADS_TEAMS and person.team_id is not None:
        teams = subtree((await list_teams(store, person.org_id)).values(), person.team_id)
    return Actor(
        person.org_id,
        person.id,
        person.role,
        person.team_id,
        teams,
        claims.session_id,
        claims.device_id,
        person.locale,
    )

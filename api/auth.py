"""Authorization header -> Actor, for HTTP requests and WebSocket connection_init payloads."""

from __future__ import annotations

from collections.abc import Mapping

from api.operations import SignedIn
from domain.access import Actor
from domain.errors import Unauthenticated
from resolvers.services import Services
from storage.sessions import is_open
from storage.store import Store


async def authenticate(services: Services, headers: Mapping[str, str]) -> SignedIn | None:
    """None without an Authorization header. Raises Unauthenticated for anything but a valid bearer token."""
    header = headers.get("authorization")
    if header is None:
        return None
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise Unauthenticated("The Authorization header must be `Bearer` and an access token.")
    claims = services.tokens.read(token.strip(), services.clock())
    return SignedIn(await services.callers.of(claims), claims.expires_at)


async def check_session(store: Store, actor: Actor) -> None:
    """Raises Unauthenticated where the actor's session has ended since it was looked at."""
    if not await is_open(store, actor.session_id, actor.person_id):
        raise Unauthenticated("The session has ended.")

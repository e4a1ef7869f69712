"""Authorization header -> Actor, for HTTP requests and WebSocket connection_init payloads; and Firebase ID tokens."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import firebase_admin
from firebase_admin import auth, credentials
from google.auth.credentials import AnonymousCredentials

from api.operations import SignedIn
from domain.access import Actor
from domain.errors import Unauthenticated, Unavailable
from resolvers.services import Services, VerifyFirebase
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


class _NoCredential(credentials.Base):
    """Checking a token needs the project's name and public keys only, so no service account is asked for."""

    def get_credential(self) -> AnonymousCredentials:
        return AnonymousCredentials()  # type: ignore[no-untyped-call]


def firebase_verifier(project_id: str) -> VerifyFirebase:
    """Checks ID tokens of the project by firebase-admin's rules; only a verified e-mail address counts."""
    name = f"sign-in {project_id}"
    try:
        app = firebase_admin.get_app(name)  # type: ignore[no-untyped-call]
    except ValueError:
        app = firebase_admin.initialize_app(_NoCredential(), {"projectId": project_id}, name)  # type: ignore[no-untyped-call]

    async def verify(id_token: str) -> str | None:
        try:
            claims = await asyncio.to_thread(auth.verify_id_token, id_token, app)
        except auth.CertificateFetchError as unreachable:
            raise Unavailable(5, "The keys of the token's issuer cannot be fetched right now.") from unreachable
        except (auth.InvalidIdTokenError, ValueError):
            return None
        email = claims.get("email")
        return email if isinstance(email, str) and claims.get("email_verified") is True else None

    return verify

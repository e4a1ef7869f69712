"""Firebase ID tokens of people who sign in; api/__main__.py loads this only where a project is set."""

from __future__ import annotations

import asyncio

import firebase_admin
from firebase_admin import auth, credentials
from google.auth.credentials import AnonymousCredentials

from domain.errors import Unavailable
from resolvers.services import VerifyFirebase


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

"""Passwords and signed-in phones for tests: what a person needs to come in through the front door."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
from argon2 import PasswordHasher

from api.app import EdgeSettings, create_app
from api.limits import Limits
from domain.people import Person
from resolvers.services import Services
from storage.credentials import save_password
from tests.support.client import ApiClient, new_key

PASSWORD = "correct horse battery"
CHEAP = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
"""Real argon2id, at a cost that a loaded test machine does not feel."""

SESSION = """__typename
  ... on Session { accessToken accessTokenExpiresAt refreshToken person { id email state } }
  ... on Refusal { code message }
  ... on InvalidInput { field }"""
SIGN_IN = f"""mutation ($key: String!, $input: SignInInput!) {{
  signIn(clientKey: $key, input: $input) {{ {SESSION} ... on TooManyAttempts {{ retryAfterS }} }}
}}"""
REFRESH = f"""mutation ($key: String!, $token: String!, $device: ID) {{
  refreshSession(clientKey: $key, refreshToken: $token, deviceId: $device) {{ {SESSION} }}
}}"""
SIGN_OUT = """mutation ($key: String!) { signOut(clientKey: $key) {
  __typename ... on SignedOut { signedOutAt } ... on Refusal { code }
} }"""
ME = "{ me { id name } }"


async def give_password(services: Services, person: Person, hasher: PasswordHasher = CHEAP) -> None:
    """Lets the person sign in with PASSWORD."""
    await save_password(services.store, person.org_id, person.id, hasher.hash(PASSWORD), services.clock())


@asynccontextmanager
async def another_server(services: Services) -> AsyncIterator[ApiClient]:
    """A caller of the same program on other services, in this process."""
    transport = httpx.ASGITransport(create_app(services, EdgeSettings(limits=Limits())))
    async with httpx.AsyncClient(transport=transport, base_url="http://another.test") as http:
        yield ApiClient(http)


@dataclass
class Phone:
    """An app that signs in and refreshes."""

    api: ApiClient
    device_id: str | None = None

    async def sign_in(self, email: str, password: str = PASSWORD, key: str | None = None) -> dict[str, Any]:
        """The answer of `signIn`."""
        given = {"email": email, "password": password, "deviceId": self.device_id}
        answer: dict[str, Any] = await self.api.first(SIGN_IN, key=key or new_key(), input=given)
        return answer

    async def refresh(self, token: str, key: str | None = None, device_id: str | None = None) -> dict[str, Any]:
        """The answer of `refreshSession`."""
        answer: dict[str, Any] = await self.api.first(
            REFRESH, key=key or new_key(), token=token, device=device_id or self.device_id
        )
        return answer

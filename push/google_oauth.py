"""Access tokens for a Google service account by the JWT-bearer grant (RFC 7523); used by push/fcm.py.

The exchange goes through httpx on the event loop, because the refresh of the vendor's library blocks it and ignores
proxies; `token_uri` is taken from the key file, so a stand-in can play Google.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import jwt
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from domain.deliveries import Outcome, SendResult
from push.answers import json_object, retry_after_s

SCOPE = "https://www.googleapis.com/auth/firebase.messaging"
_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_ASSERTION_S = 3_600
_EARLY_S = 60.0
"""A token is replaced this long before it expires, so that none expires on its way."""


@dataclass(frozen=True, slots=True)
class ServiceAccount:
    """What a service account's key file says; the key never shows in `repr`."""

    project_id: str
    client_email: str
    private_key: RSAPrivateKey = field(repr=False)
    private_key_id: str | None
    token_uri: str

    @classmethod
    def from_file(cls, path: Path) -> ServiceAccount:
        """Reads the JSON key file; ValueError, without any of its content, if it is not one."""
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise ValueError(f"{path} cannot be read as JSON ({type(error).__name__})") from None
        if not isinstance(content, dict) or content.get("type") != "service_account":
            raise ValueError(f"{path} is not the key file of a service account")
        needed = ("project_id", "client_email", "private_key", "token_uri")
        missing = [name for name in needed if not isinstance(content.get(name), str) or not content[name]]
        if missing:
            raise ValueError(f"{path} lacks {', '.join(missing)}")
        key_id = content.get("private_key_id")
        return cls(
            project_id=content["project_id"],
            client_email=content["client_email"],
            private_key=_rsa_key(path, content["private_key"]),
            private_key_id=key_id if isinstance(key_id, str) else None,
            token_uri=content["token_uri"],
        )

    def assertion(self, issued_at: int) -> str:
        """The signed claim (RS256) that buys a token; `issued_at` in Unix seconds."""
        claims = {
            "iss": self.client_email,
            "scope": SCOPE,
            "aud": self.token_uri,
            "iat": issued_at,
            "exp": issued_at + _ASSERTION_S,
        }
        headers = {"kid": self.private_key_id} if self.private_key_id else None
        return jwt.encode(claims, self.private_key, algorithm="RS256", headers=headers)


def _rsa_key(path: Path, pem: str) -> RSAPrivateKey:
    try:
        key = load_pem_private_key(pem.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None
    if isinstance(key, RSAPrivateKey):
        return key
    raise ValueError(f"{path} holds no RSA key that can sign")


class AccessTokens:
    """The current access token of one service account, fetched once however many messages wait for it."""

    def __init__(
        self, account: ServiceAccount, client: httpx.AsyncClient, clock: Callable[[], datetime], timeout_s: float
    ) -> None:
        self._account = account
        self._client = client
        self._clock = clock
        self._timeout_s = timeout_s
        self._token: str | None = None
        self._fresh_until = 0.0
        self._refresh: asyncio.Task[str | SendResult] | None = None

    async def get(self) -> str | SendResult:
        """A token with at least a minute to live, or why there is none (RETRY or CONFIG: nothing has been sent)."""
        if self._token is not None and asyncio.get_running_loop().time() < self._fresh_until:
            return self._token
        if self._refresh is None or self._refresh.done():
            self._refresh = asyncio.create_task(self._fetch())
        # Shielded: a cancelled send must not take the refresh away from the others that wait for it.
        return await asyncio.shield(self._refresh)

    def forget(self, token: str) -> None:
        """Drops the token that was refused, unless a newer one is already here."""
        if self._token == token:
            self._token = None

    async def close(self) -> None:
        """Stops a refresh that is still running."""
        if self._refresh is not None and not self._refresh.done():
            self._refresh.cancel()
            await asyncio.gather(self._refresh, return_exceptions=True)

    async def _fetch(self) -> str | SendResult:
        started = asyncio.get_running_loop().time()
        now = self._clock()
        form = {"grant_type": _GRANT, "assertion": self._account.assertion(int(now.timestamp()))}
        try:
            async with asyncio.timeout(self._timeout_s):
                answer = await self._client.post(self._account.token_uri, data=form)
        except (httpx.UnsupportedProtocol, httpx.InvalidURL) as error:
            return SendResult(Outcome.CONFIG, detail=f"oauth: token_uri: {type(error).__name__}")
        except (httpx.HTTPError, TimeoutError) as error:
            # A lost answer is no ambiguity here: only the message itself can be told twice.
            return SendResult(Outcome.RETRY, detail=f"oauth: {type(error).__name__}")
        content = json_object(answer)
        if content is None:
            return SendResult(
                Outcome.RETRY, f"oauth: HTTP {answer.status_code} without JSON", retry_after_s(answer, now)
            )
        if answer.is_success:
            return self._keep(content, started)
        if answer.status_code in {408, 429} or answer.is_server_error:
            return SendResult(Outcome.RETRY, f"oauth: HTTP {answer.status_code}", retry_after_s(answer, now))
        code = content.get("error")
        reason = code if isinstance(code, str) else "refused"
        return SendResult(Outcome.CONFIG, detail=f"oauth: HTTP {answer.status_code} {reason[:60]}")

    def _keep(self, content: dict[str, Any], started: float) -> str | SendResult:
        token, lifetime_s = content.get("access_token"), content.get("expires_in")
        if not isinstance(token, str) or not token or not token.isascii() or not isinstance(lifetime_s, int | float):
            return SendResult(Outcome.RETRY, detail="oauth: an answer without access_token and expires_in")
        self._token = token
        self._fresh_until = started + lifetime_s - _EARLY_S
        return token

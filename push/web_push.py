"""Web Push to browsers (RFC 8030) with VAPID (RFC 8292) and encrypted messages (push/web_push_encryption.py).

The console subscribes with the public key that `webPush` tells; its service worker shows what it gets under `tag`.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import httpx
import jwt
import orjson

from domain.bindings import is_endpoint
from domain.deliveries import Outcome, SendResult
from domain.notices import Priority
from push.answers import retry_after_s
from push.channel import Message
from push.posting import THROTTLED_S, open_client, post
from push.vapid import VapidKey
from push.web_push_encryption import PLAIN_BYTES, encrypt

_TOKEN_LIFE = timedelta(hours=12)
_RENEWED_BEFORE = timedelta(hours=1)
_GONE = {httpx.codes.NOT_FOUND, httpx.codes.GONE}
_OURS = {httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN}


class WebPushChannel:
    """Sends to subscribed browsers at the push services that are allowed."""

    name = "web_push"

    def __init__(
        self,
        key: VapidKey,
        contact: str,
        clock: Callable[[], datetime],
        *,
        services: tuple[str, ...],
        timeout_s: float,
    ) -> None:
        self._key = key
        self._contact = contact
        self._clock = clock
        self._services = services
        self._timeout_s = timeout_s
        self._client = open_client(timeout_s)
        self._tokens: dict[str, tuple[str, datetime]] = {}

    async def send(self, message: Message) -> SendResult:
        """One attempt."""
        bound = message.bound
        if bound is None or bound.public_key is None or bound.secret is None:
            return SendResult(Outcome.POISON, "no subscription to send to")
        if not is_endpoint(bound.address, self._services):
            # The list may have become shorter since the browser was bound.
            return SendResult(Outcome.DEAD_TARGET, "the endpoint lies at no allowed push service")
        plain = _payload(message)
        if len(plain) > PLAIN_BYTES:
            return SendResult(Outcome.POISON, f"{len(plain)} bytes, the limit is {PLAIN_BYTES}")
        try:
            body = encrypt(plain, bound.public_key, bound.secret)
        except ValueError:
            return SendResult(Outcome.DEAD_TARGET, "the subscription's keys are none")
        headers = {
            "Authorization": f"vapid t={self._token(bound.address)}, k={self._key.public}",
            "Content-Encoding": "aes128gcm",
            "Content-Type": "application/octet-stream",
            "TTL": str(message.ttl_s),
            "Urgency": "normal" if message.priority is Priority.NORMAL else "high",
            "Topic": _topic(message.collapse_id),
        }
        answer = await post(self._client, bound.address, self._timeout_s, content=body, headers=headers)
        return answer if isinstance(answer, SendResult) else read_answer(answer, self._clock())

    async def close(self) -> None:
        """Closes the connections."""
        await self._client.aclose()

    def _token(self, endpoint: str) -> str:
        """The signed claim for the service of this endpoint, made anew in its last hour."""
        parts = urlsplit(endpoint)
        audience, now = f"{parts.scheme}://{parts.netloc}", self._clock()
        token, until = self._tokens.get(audience, ("", now))
        if until - now <= _RENEWED_BEFORE:
            until = now + _TOKEN_LIFE
            claims = {"aud": audience, "exp": int(until.timestamp()), "sub": self._contact}
            token = jwt.encode(claims, self._key.private_key, algorithm="ES256")
            self._tokens[audience] = (token, until)
        return token


def _payload(message: Message) -> bytes:
    return orjson.dumps(
        {
            "title": message.title,
            "body": message.body,
            "tag": message.collapse_id,
            "lang": message.locale,
            "data": message.data,
        }
    )


def _topic(collapse_id: str) -> str:
    """Of two messages that wait for a browser under one topic only the newer one arrives. At most 32 characters."""
    return base64.urlsafe_b64encode(hashlib.sha256(collapse_id.encode()).digest()[:24]).decode()


def read_answer(answer: httpx.Response, now: datetime) -> SendResult:
    """What a push service's answer means."""
    status = answer.status_code
    detail = f"HTTP {status}"
    wait_s = retry_after_s(answer, now)
    if answer.is_success:
        return SendResult(Outcome.ACCEPTED, provider_message_id=_message_id(answer))
    if status in _GONE:
        return SendResult(Outcome.DEAD_TARGET, detail)
    if status in _OURS:
        return SendResult(Outcome.CONFIG, detail)
    if status == httpx.codes.TOO_MANY_REQUESTS:
        return SendResult(Outcome.HELD, detail, THROTTLED_S if wait_s is None else wait_s)
    if status == httpx.codes.REQUEST_TIMEOUT or answer.is_server_error or answer.is_redirect:
        return SendResult(Outcome.RETRY, detail, wait_s)
    return SendResult(Outcome.POISON, detail)


def _message_id(answer: httpx.Response) -> str | None:
    """What the service calls the message: the end of its Location, which is a right to cancel it and so is hashed."""
    location = answer.headers.get("location")
    return hashlib.sha256(location.encode()).hexdigest()[:32] if location else None

"""A strict loopback push service for browsers (RFC 8030), and the browser behind it, which can read what arrives."""

from __future__ import annotations

import base64
import json
import re
import secrets
import time
from dataclasses import dataclass, field
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDH,
    SECP256R1,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from push.web_push_encryption import decoded, derive
from tests.support.loopback import LoopbackServer

_TOPIC = re.compile(r"[A-Za-z0-9_-]{1,32}")
_URGENCIES = {"very-low", "low", "normal", "high"}


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


@dataclass(frozen=True)
class Browser:
    """A subscription with its private half."""

    endpoint: str
    key: EllipticCurvePrivateKey
    auth: bytes = field(default_factory=lambda: secrets.token_bytes(16))

    @property
    def p256dh(self) -> str:
        """What the page hands to the server."""
        return _text(self.key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint))

    def read(self, body: bytes) -> bytes:
        """Decrypts as RFC 8291 says. Raises ValueError or InvalidTag."""
        salt, size, length = body[:16], int.from_bytes(body[16:20], "big"), body[20]
        sender, record = body[21 : 21 + length], body[21 + length :]
        if length != 65 or len(record) > size:
            raise ValueError("not one record of a sender on P-256")
        secret = self.key.exchange(ECDH(), EllipticCurvePublicKey.from_encoded_point(SECP256R1(), sender))
        keying = derive(secret, self.auth, b"WebPush: info\x00" + decoded(self.p256dh) + sender, 32)
        key = derive(keying, salt, b"Content-Encoding: aes128gcm\x00", 16)
        nonce = derive(keying, salt, b"Content-Encoding: nonce\x00", 12)
        padded = AESGCM(key).decrypt(nonce, record, None).rstrip(b"\x00")
        if padded[-1:] != b"\x02":
            raise ValueError("the last record ends with 2")
        return padded[:-1]


@dataclass(frozen=True)
class Shown:
    """What a browser got."""

    browser: Browser
    message: dict[str, Any]
    headers: dict[str, str]


class WebPushService(LoopbackServer):
    """The service with its subscriptions. `answers` are statuses to answer instead, by endpoint, once each."""

    def __init__(self) -> None:
        super().__init__()
        self.reset()

    def reset(self) -> None:
        """No subscriptions, nothing shown."""
        self.browsers: dict[str, Browser] = {}
        self.shown: list[Shown] = []
        self.answers: dict[str, list[tuple[int, dict[str, str]]]] = {}
        self.public_key: str | None = None

    def subscribe(self) -> Browser:
        """A new browser."""
        endpoint = f"{self.base_url}/wpush/{secrets.token_urlsafe(24)}"
        self.browsers[endpoint] = Browser(endpoint, generate_private_key(SECP256R1()))
        return self.browsers[endpoint]

    def routes(self) -> list[Route]:
        """Subscriptions, messages and the control."""
        return [
            Route("/wpush/{name}", self._push, methods=["POST"]),
            Route("/subscribe", self._subscribe, methods=["POST"]),
            Route("/ledger", self._ledger, methods=["GET"]),
        ]

    async def _push(self, request: Request) -> Response:
        browser = self.browsers.get(f"{self.base_url}{request.url.path}")
        if browser is None:
            return Response(status_code=404)
        planned = self.answers.get(browser.endpoint)
        if planned:
            status, extra = planned.pop(0)
            return Response(status_code=status, headers=extra)
        headers, body = request.headers, await request.body()
        if not headers.get("ttl", "").isdigit() or headers.get("content-encoding") != "aes128gcm":
            return Response("TTL and Content-Encoding are required", status_code=400)
        if headers.get("urgency", "normal") not in _URGENCIES or not _TOPIC.fullmatch(headers.get("topic", "x")):
            return Response("Urgency or Topic", status_code=400)
        if len(body) > 4_096:
            return Response(status_code=413)
        if not self._is_ours(headers.get("authorization", "")):
            return Response(status_code=403)
        self.shown.append(Shown(browser, json.loads(browser.read(body)), dict(headers)))
        return Response(status_code=201, headers={"location": f"{self.base_url}/m/{secrets.token_urlsafe(16)}"})

    def _is_ours(self, authorization: str) -> bool:
        found = re.fullmatch(r"vapid t=([^,]+), ?k=([A-Za-z0-9_-]+)", authorization)
        if found is None or (self.public_key is not None and found[2] != self.public_key):
            return False
        key = EllipticCurvePublicKey.from_encoded_point(SECP256R1(), decoded(found[2]))
        try:
            claims = jwt.decode(found[1], key, algorithms=["ES256"], audience=self.base_url)
        except jwt.PyJWTError:
            return False
        return claims["exp"] - time.time() <= 86_400 and str(claims["sub"]).startswith(("mailto:", "https:"))

    async def _subscribe(self, request: Request) -> Response:
        browser = self.subscribe()
        keys = {"p256dh": browser.p256dh, "auth": _text(browser.auth)}
        return JSONResponse({"endpoint": browser.endpoint, "keys": keys})

    async def _ledger(self, request: Request) -> Response:
        entries = [{"endpoint": each.browser.endpoint, "message": each.message} for each in self.shown]
        return JSONResponse({"entries": entries})


def keys_of(browser: Browser) -> dict[str, str]:
    """What `bindChannel` is given beside the endpoint."""
    return {"publicKey": browser.p256dh, "secret": _text(browser.auth)}

"""A strict loopback Google: OAuth tokens and FCM's HTTP v1 `messages:send`, with faults on demand and a ledger.

In tests `FcmServer` runs it on a thread; `python -m tests.support.fcm_server --port P --credentials FILE` runs it as a
process for worker tests and the demo. Control over HTTP: POST /faults, POST /reset, GET /ledger.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import secrets
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from tests.support.fcm_faults import ERRORS, OAUTH, Fault, FaultKind, google_error
from tests.support.fcm_schema import violations
from tests.support.loopback import LoopbackServer

PROJECT = "fieldbeat-test"
EMAIL = f"push@{PROJECT}.example"
SCOPES = {"https://www.googleapis.com/auth/firebase.messaging", "https://www.googleapis.com/auth/cloud-platform"}
_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_PAGE = "<!doctype html><title>502 Bad Gateway</title><h1>502 Bad Gateway</h1>"


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the ledger: a request to send, whether it was accepted, and what was answered."""

    target: str
    msg_key: str | None
    accepted: bool
    answer: str
    message: dict[str, Any] | None
    at_s: float = field(default_factory=time.time)
    """When it came, by the clock of this machine."""


class FcmServer(LoopbackServer):
    """The state behind the endpoints, and the thread that serves them."""

    def __init__(self, token_lifetime_s: float = 3_600) -> None:
        super().__init__()
        self.token_lifetime_s = token_lifetime_s
        self.faults: list[Fault] = []
        self.ledger: list[Entry] = []
        self.token_requests = 0
        self.issued: dict[str, float] = {}
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self._key_id = secrets.token_hex(20)
        self._credentials: Path | None = None

    # -- used by tests -------------------------------------------------------------------------------------------

    def listening(self) -> None:
        """Writes the key file it was asked for."""
        if self._credentials is not None:
            self.write_credentials(self._credentials)

    def keep_credentials_in(self, path: Path | None) -> FcmServer:
        """Where `serve` writes the key file."""
        self._credentials = path
        return self

    def reset(self) -> None:
        """No faults, an empty ledger, no token issued."""
        self.faults.clear()
        self.ledger.clear()
        self.issued.clear()
        self.token_requests = 0

    def fail(self, kind: FaultKind, target: str | None = None, **rest: Any) -> None:
        """Adds a fault; the first that applies wins."""
        self.faults.append(Fault(kind, target, **rest))

    def accepted(self) -> list[Entry]:
        """The messages that were taken, in order."""
        return [entry for entry in self.ledger if entry.accepted]

    def write_credentials(self, path: Path, **changes: Any) -> Path:
        """Writes the service account's key file, with `changes` over its fields."""
        pem = self._key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        content = {
            "type": "service_account",
            "project_id": PROJECT,
            "private_key_id": self._key_id,
            "private_key": pem.decode(),
            "client_email": EMAIL,
            "client_id": "100000000000000000001",
            "token_uri": f"{self.base_url}/token",
        }
        path.write_text(json.dumps(content | changes), encoding="utf-8")
        path.chmod(0o600)
        return path

    # -- endpoints -----------------------------------------------------------------------------------------------

    async def _token(self, request: Request) -> Response:
        self.token_requests += 1
        fault = self._fault(OAUTH)
        if fault is not None:
            answer = await self._fail(request, fault)
            if answer is not None:
                return answer
        form = dict(parse_qsl((await request.body()).decode()))
        if form.get("grant_type") != _GRANT:
            return JSONResponse({"error": "unsupported_grant_type"}, status_code=400)
        try:
            claims = self._verified(form.get("assertion", ""))
        except jwt.PyJWTError as error:
            body = {"error": "invalid_grant", "error_description": f"Invalid JWT: {error}"}
            return JSONResponse(body, status_code=400)
        if not SCOPES & set(str(claims.get("scope", "")).split()):
            return JSONResponse({"error": "invalid_scope"}, status_code=400)
        token = f"ya29.{secrets.token_urlsafe(48)}"
        self.issued[token] = time.monotonic() + self.token_lifetime_s
        return JSONResponse({"access_token": token, "expires_in": int(self.token_lifetime_s), "token_type": "Bearer"})

    def _verified(self, assertion: str) -> dict[str, Any]:
        claims: dict[str, Any] = jwt.decode(
            assertion,
            self._key.public_key(),
            algorithms=["RS256"],
            audience=f"{self.base_url}/token",
            issuer=EMAIL,
            leeway=10,
            options={"require": ["iss", "aud", "iat", "exp"]},
        )
        if jwt.get_unverified_header(assertion).get("kid", self._key_id) != self._key_id:
            raise jwt.InvalidKeyError("unknown key id")
        if claims["exp"] - claims["iat"] > 3_600:
            raise jwt.InvalidTokenError("the claim is for more than an hour")
        return claims

    async def _send(self, request: Request) -> Response:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme != "Bearer" or self.issued.get(token, 0.0) < time.monotonic():
            return google_error(*ERRORS[FaultKind.UNAUTHENTICATED])
        if request.path_params["project"] != PROJECT:
            return google_error(*ERRORS[FaultKind.WRONG_PROJECT])
        if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
            return google_error(400, "INVALID_ARGUMENT", None, "Content-Type must be application/json")
        try:
            body = json.loads(await request.body())
        except ClientDisconnect:
            return Response(status_code=499)
        except ValueError:
            return google_error(400, "INVALID_ARGUMENT", None, "Invalid JSON payload received.")
        found = violations(body)
        if found:
            self.ledger.append(Entry("", None, accepted=False, answer="invalid", message=None))
            return google_error(400, "INVALID_ARGUMENT", "INVALID_ARGUMENT", found[0][1], found)
        message = body["message"]
        target = next(str(message[name]) for name in ("fid", "token", "topic", "condition") if name in message)
        key = message.get("data", {}).get("msg_key")
        fault = self._fault(target)
        if fault is not None and fault.kind is not FaultKind.SLOW:
            taken = fault.kind in {FaultKind.ANSWER_LOST, FaultKind.NO_NAME}
            self.ledger.append(Entry(target, key, accepted=taken, answer=fault.kind, message=message))
            answer = await self._fail(request, fault)
            if answer is not None:
                return answer
        if fault is not None:
            await asyncio.sleep(fault.delay_s)
        self.ledger.append(Entry(target, key, accepted=True, answer="accepted", message=message))
        return JSONResponse({"name": f"projects/{PROJECT}/messages/0:{secrets.token_hex(8)}"})

    def _fault(self, target: str) -> Fault | None:
        fault = next((entry for entry in self.faults if entry.hits(target)), None)
        if fault is not None and fault.times is not None:
            fault.times -= 1
        return fault

    async def _fail(self, request: Request, fault: Fault) -> Response | None:
        match fault.kind:
            case FaultKind.HTML:
                answer: Response = HTMLResponse(_PAGE, status_code=502)
            case FaultKind.HTML_OK:
                answer = HTMLResponse(_PAGE)
            case FaultKind.NO_NAME:
                answer = JSONResponse({})
            case FaultKind.INVALID_GRANT:
                answer = JSONResponse({"error": "invalid_grant", "error_description": "revoked"}, status_code=400)
            case FaultKind.BAD_TOKEN_FIELD | FaultKind.INVALID_FIELD:
                where = "message.token" if fault.kind is FaultKind.BAD_TOKEN_FIELD else "message.android.ttl"
                text = "Request contains an invalid argument."
                answer = google_error(400, "INVALID_ARGUMENT", "INVALID_ARGUMENT", text, [(where, f"Invalid {where}")])
            case FaultKind.RESET | FaultKind.ANSWER_LOST:
                self.cut(request)
                answer = Response(status_code=500)
            case FaultKind.HANG:
                await self.hang(request)
                answer = Response(status_code=500)
            case FaultKind.SLOW:
                await asyncio.sleep(fault.delay_s)
                return None
            case _:
                answer = google_error(*ERRORS[fault.kind])
        if fault.retry_after is not None:
            answer.headers["retry-after"] = fault.retry_after
        return answer

    async def _ledger(self, request: Request) -> Response:
        return JSONResponse({"token_requests": self.token_requests, "entries": [asdict(row) for row in self.ledger]})

    async def _faults(self, request: Request) -> Response:
        try:
            asked = await request.json()
            self.fail(FaultKind(asked.pop("kind")), **asked)
        except (ValueError, KeyError, TypeError, AttributeError, ClientDisconnect) as error:
            return JSONResponse({"error": f"{type(error).__name__}: {error}"}, status_code=400)
        return JSONResponse({"faults": len(self.faults)})

    async def _reset(self, request: Request) -> Response:
        self.reset()
        return JSONResponse({})

    def routes(self) -> list[Route]:
        """Google's two endpoints and the control."""
        return [
            Route("/token", self._token, methods=["POST"]),
            Route("/v1/projects/{project}/messages:send", self._send, methods=["POST"]),
            Route("/ledger", self._ledger, methods=["GET"]),
            Route("/faults", self._faults, methods=["POST"]),
            Route("/reset", self._reset, methods=["POST"]),
        ]


def main() -> None:
    """Serves until interrupted, with the key file beside it if one is asked for."""
    parser = argparse.ArgumentParser(description="Loopback stand-in for FCM and Google's token endpoint")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--credentials", type=Path, help="where to write the service account's key file")
    asked = parser.parse_args()
    FcmServer().keep_credentials_in(asked.credentials).serve(asked.port)


if __name__ == "__main__":
    main()

"""The limit: Starlette, Motor and orjson written by hand for exactly the measured operations, without GraphQL.

It has the duties of ours, listed in docs/performance.md: token, person and session, scope, limits of body and time,
request ids, masked errors, metrics, gzip. With TOKEN_ONLY=1 it does not look at person and session.
"""

from __future__ import annotations

import asyncio
import os
import re
import time
import uuid
from collections.abc import Mapping
from typing import Any

import jwt
import orjson
import structlog
import uvicorn
from prometheus_client import CONTENT_TYPE_LATEST, Counter, Histogram, generate_latest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from benchmarks.peers.hand_written_answers import ANSWERS, DATABASE, Caller, InvalidVariableError
from benchmarks.peers.signed_in import claims_of, keys_from
from benchmarks.serving_data import OPERATIONS, TEAM

KEYS = keys_from(os.environ["SIGNING_KEYS"])
TOKEN_ONLY = os.environ.get("TOKEN_ONLY") == "1"
MAX_BODY_BYTES = 1_000_000
BODY_S, OPERATION_S = 15.0, 30.0
REQUESTS = Counter("requests", "Requests by operation and outcome.", ["operation", "code"])
SECONDS = Histogram("seconds", "Time until the answer.", ["operation"])
NAMES = {text: name for name, text in OPERATIONS.items()}
MEDIA_TYPES = ("application/graphql-response+json", "application/json", "application/*", "*/*")
REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{1,64}")
LOG = structlog.get_logger("handwritten")


class RefusedError(Exception):
    """An answer with a status and a code instead of data."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code = status, code


async def _caller(headers: Mapping[str, str]) -> Caller:
    try:
        claims = claims_of(headers, KEYS)
        org, person_id, session_id = claims["org"], claims["sub"], claims["sid"]
    except (jwt.PyJWTError, KeyError) as error:
        raise RefusedError(401, "UNAUTHENTICATED", "The access token is not valid.") from error
    if TOKEN_ONLY:
        return Caller(org, person_id, TEAM, is_rep=True)
    person, session = await asyncio.gather(
        DATABASE.collection("people").find_one({"_id": person_id}),
        DATABASE.collection("sessions").find_one({"_id": session_id}),
    )
    if person is None or person["org_id"] != org or person["state"] != "ACTIVE":
        raise RefusedError(401, "UNAUTHENTICATED", "The account behind this token is not active.")
    if session is None or session["owner_id"] != person_id or session["state"] != "ACTIVE":
        raise RefusedError(401, "UNAUTHENTICATED", "The session behind this token has ended.")
    return Caller(org, person_id, person["team_id"], person["role"] == "REP")


async def _body(request: Request) -> bytes:
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise RefusedError(415, "UNSUPPORTED_MEDIA_TYPE", "Send the request as application/json.")
    chunks: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(BODY_S):
            async for chunk in request.stream():
                size += len(chunk)
                if size > MAX_BODY_BYTES:
                    raise RefusedError(413, "BODY_TOO_LARGE", f"A body may have {MAX_BODY_BYTES} bytes.")
                chunks.append(chunk)
    except TimeoutError as error:
        raise RefusedError(408, "BODY_TIMEOUT", "The body did not arrive in time.") from error
    return b"".join(chunks)


def _asked(body: bytes) -> tuple[str, Mapping[str, Any]]:
    try:
        asked = orjson.loads(body)
        name, variables = NAMES[asked["query"]], asked.get("variables") or {}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise RefusedError(400, "BAD_REQUEST", "The request is not one of the known operations.") from error
    if not isinstance(variables, dict):
        raise RefusedError(400, "BAD_REQUEST", "`variables` must be an object.")
    return name, variables


async def _answer(request: Request) -> tuple[str, dict[str, Any]]:
    name, variables = _asked(await _body(request))
    caller = await _caller(request.headers)
    try:
        async with asyncio.timeout(OPERATION_S):
            return name, await ANSWERS[name](caller, variables)
    except InvalidVariableError as error:
        raise RefusedError(400, "BAD_INPUT", str(error)) from error
    except TimeoutError as error:
        raise RefusedError(503, "TIMEOUT", "The operation took too long.") from error


def _media_type(accept: str | None) -> str:
    if accept is None:
        return MEDIA_TYPES[0]
    for item in accept.split(","):
        kind = item.partition(";")[0].strip().lower()
        if kind in MEDIA_TYPES:
            return kind if kind in MEDIA_TYPES[:2] else MEDIA_TYPES[0]
    raise RefusedError(406, "NOT_ACCEPTABLE", "The answer is JSON.")


async def serve(request: Request) -> Response:
    """The answer of POST /graphql, whatever happens."""
    began = time.perf_counter()
    given = request.headers.get("x-request-id", "")
    request_id = given if REQUEST_ID.fullmatch(given) else uuid.uuid4().hex
    name, status, code, media_type = "unknown", 200, "OK", "application/json"
    with structlog.contextvars.bound_contextvars(request_id=request_id):
        try:
            media_type = _media_type(request.headers.get("accept"))
            name, data = await _answer(request)
            body = orjson.dumps({"data": data})
        except ClientDisconnect:
            return Response(status_code=400)
        except RefusedError as refusal:
            status, code = refusal.status, refusal.code
            body = orjson.dumps({"errors": [{"message": str(refusal), "extensions": {"code": code}}]})
        except Exception:
            LOG.exception("unexpected error")
            status, code = 500, "INTERNAL"
            extensions = {"code": code, "requestId": request_id}
            body = orjson.dumps({"errors": [{"message": "Something went wrong.", "extensions": extensions}]})
    REQUESTS.labels(name, code).inc()
    SECONDS.labels(name).observe(time.perf_counter() - began)
    headers = {
        "x-request-id": request_id,
        "cache-control": "no-store",
        "vary": "Accept",
        "x-content-type-options": "nosniff",
        "content-type": f"{media_type}; charset=utf-8",
    }
    return Response(body, status, headers)


async def ready(_: Request) -> Response:
    """Whether the records can be read."""
    await DATABASE.ping()
    return Response("ok")


async def metrics(_: Request) -> Response:
    """The counts."""
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


app = Starlette(
    routes=[Route("/graphql", serve, methods=["POST"]), Route("/readyz", ready), Route("/metrics", metrics)],
    middleware=[Middleware(GZipMiddleware, minimum_size=1_000, compresslevel=5)],
)

if __name__ == "__main__":
    uvicorn.run(app, port=int(os.environ["PORT"]), log_level="warning", access_log=False, server_header=False)

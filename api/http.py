"""GraphQL over HTTP: one ASGI endpoint that answers every request, whatever its bytes, with a GraphQL response.

Mounted by api/app.py, e.g. `Route("/graphql", endpoint=GraphQLOverHTTP(...))`.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, Callable, Mapping
from random import getrandbits
from typing import Any, Final
from urllib.parse import parse_qsl

import orjson
import structlog
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send

from api.decoding import Parameters, decode_json, read_parameters
from api.errors import BAD_REQUEST, EdgeError, render
from api.leaving import WhileClientStays
from api.limits import Limits
from api.negotiation import (
    EVENT_STREAM,
    GRAPHQL_RESPONSE,
    JSON,
    MULTIPART,
    is_json_utf8,
    response_type,
    stream_type,
    takes_gzip,
)
from api.operations import Answer, Authenticate, Call, Found, Operations, first_code
from api.responses import send_answer
from api.streams import FRAMINGS, Opened, Streams, opened

BODY_TOO_LARGE: Final = "BODY_TOO_LARGE"
METHOD_NOT_ALLOWED: Final = "METHOD_NOT_ALLOWED"
NOT_ACCEPTABLE: Final = "NOT_ACCEPTABLE"
UNSUPPORTED_MEDIA_TYPE: Final = "UNSUPPORTED_MEDIA_TYPE"
BODY_TIMEOUT: Final = "BODY_TIMEOUT"

_STATUS: Final = {
    "UNAUTHENTICATED": 401,
    "FORBIDDEN": 403,
    "RATE_LIMITED": 429,
    "INTERNAL": 500,
    "UNAVAILABLE": 503,
    "TIMEOUT": 503,
}
"""Statuses of answers without `data` whatever the media type; other errors are 400, or 200 as plain JSON."""
_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9._:-]{1,64}")
_GET_PARAMETERS: Final = frozenset({"query", "documentId", "id", "operationName", "variables", "extensions"})
_DRAINED_BODIES: Final = 4
"""So many times the largest body is read and dropped before 413, so that the client gets to read the answer."""


class _ProtocolError(Exception):
    """A request that is no well-formed GraphQL request, with the status that says so."""

    def __init__(self, status: int, error: EdgeError, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(error.message)
        self.status = status
        self.error = error
        self.headers = dict(headers or {})


class GraphQLOverHTTP:
    """The endpoint.

    A mutation whose root fields are all in `public_mutations` (signing in, refreshing) is run as anonymous whatever
    the Authorization header holds. `body_timeout_s` is the time a client has to send its body. Subscriptions are
    answered through `streams`, and so is whatever a client asks for that takes nothing but a stream. `tell` makes
    headers for the answers to a signed-in caller.
    """

    def __init__(
        self,
        operations: Operations,
        authenticate: Authenticate,
        limits: Limits,
        *,
        public_mutations: frozenset[str] = frozenset(),
        body_timeout_s: float = 15.0,
        streams: Streams,
        tell: Callable[[Any], Mapping[str, str]] = lambda _actor: {},
    ) -> None:
        self._operations = operations
        self._streams = streams
        self._tell = tell
        self._authenticate = authenticate
        self._limits = limits
        self._public = public_mutations | {"__typename"}
        self._body_timeout_s = body_timeout_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = headers_of(scope)
        request_id = request_id_from(headers)
        accept = headers.get("accept")
        media_type, stream_kind = response_type(accept), stream_type(accept)
        extra: dict[str, str] = {}
        # Not unbound at the end: each request is a task of its own.
        structlog.contextvars.bind_contextvars(request_id=request_id)
        try:
            if media_type is None and stream_kind is None:
                message = f"The answer is {GRAPHQL_RESPONSE} or {JSON}, or {EVENT_STREAM} for subscriptions."
                raise _ProtocolError(406, EdgeError(NOT_ACCEPTABLE, message))
            parameters = await self._parameters(scope, receive, headers)
            answer = await self._run(scope, receive, headers, parameters, request_id, extra)
            if isinstance(answer, Opened):
                refusal = await answer.refusal(self._streams.settings.first_answer_s)
                if refusal is None:
                    await self._stream(answer, stream_kind, receive, send)
                    return
                answer = refusal
            status = _status(answer, media_type)
            if media_type is None and status == 200:
                await self._stream(opened(_once(answer), request_id, None), stream_kind, receive, send)
                return
        except ClientDisconnect:
            return
        except _ProtocolError as problem:
            status, extra = problem.status, problem.headers
            answer = {"errors": render([problem.error], request_id)}
        body, status = _encoded(answer, status, request_id)
        about = _headers(answer, status, request_id, media_type or JSON) | extra
        await send_answer(send, status, about, body, takes_gzip=takes_gzip(headers.get("accept-encoding")))

    async def _stream(self, subscription: Opened, kind: str | None, receive: Receive, send: Send) -> None:
        framing = FRAMINGS[kind or EVENT_STREAM]
        headers = {
            **_headers({"data": None}, 200, subscription.request_id, framing.content_type),
            "x-accel-buffering": "no",
        }
        await self._streams.serve(subscription, framing, headers, receive, send)

    async def _run(
        self,
        scope: Scope,
        receive: Receive,
        headers: Mapping[str, str],
        parameters: Parameters,
        request_id: str,
        extra: dict[str, str],
    ) -> Answer | Opened:
        found = self._operations.find(parameters)
        if isinstance(found, list):
            return {"errors": render(found, request_id)}
        operation = found.operation
        is_subscription = operation.kind == "subscription"
        if is_subscription and stream_type(headers.get("accept")) is None:
            message = (
                f"Subscriptions are served over WebSocket (graphql-transport-ws), or by HTTP as {EVENT_STREAM} or "
                f"{MULTIPART}; subscriptionSpec=1.0, which `Accept` must name."
            )
            return {"errors": render([EdgeError(BAD_REQUEST, message)], request_id)}
        if operation.kind == "mutation" and scope["method"] == "GET":
            raise _ProtocolError(405, EdgeError(METHOD_NOT_ALLOWED, "Mutations are sent by POST."), {"allow": "POST"})
        signed_in = None
        if not self._is_public(found):
            try:
                signed_in = await self._authenticate(headers)
            except Exception as error:
                return {"errors": render([error], request_id)}
        if signed_in is not None:
            extra.update(self._tell(signed_in.actor))
        call = Call(
            actor=signed_in.actor if signed_in else None,
            request_id=request_id,
            transport="stream" if is_subscription else "http",
            kind=operation.kind,
            operation_name=operation.name,
            headers=headers,
            client_host=scope["client"][0] if scope.get("client") else None,
        )
        variables = parameters.variables
        if is_subscription:
            answers = self._operations.subscribe(found, variables, call)
            return opened(answers, request_id, signed_in.expires_at if signed_in else None)
        if operation.kind == "mutation":  # whose client may leave without knowing whether it was done
            return await self._operations.execute(found, variables, call)
        with WhileClientStays(receive):
            return await self._operations.execute(found, variables, call)

    def _is_public(self, found: Found) -> bool:
        return found.operation.kind == "mutation" and found.operation.root_fields <= self._public

    async def _parameters(self, scope: Scope, receive: Receive, headers: Mapping[str, str]) -> Parameters:
        if scope["method"] not in {"GET", "POST"}:
            raise _ProtocolError(
                405, EdgeError(METHOD_NOT_ALLOWED, "Use GET for queries or POST."), {"allow": "GET, POST"}
            )
        try:
            if scope["method"] == "GET":
                return read_parameters(_query_string(scope["query_string"]))
            _check_body_headers(headers)
            body = await self._body(receive, headers)
            return read_parameters(decode_json(body))
        except EdgeError as error:
            raise _ProtocolError(400, error) from error

    async def _body(self, receive: Receive, headers: Mapping[str, str]) -> bytes:
        limit = self._limits.max_body_bytes
        declared = headers.get("content-length", "0")
        # The server in front has checked that the header is a number.
        length = int(declared) if declared.isdecimal() and len(declared) < 19 else limit + 1
        waiting = "expect" in headers
        if length > limit * _DRAINED_BODIES or (length > limit and waiting):
            raise self._too_large({"connection": "close"})
        try:
            async with asyncio.timeout(self._body_timeout_s):
                return await self._read(receive, limit)
        except TimeoutError as error:
            raise _ProtocolError(
                408, EdgeError(BODY_TIMEOUT, "The body did not arrive in time."), {"connection": "close"}
            ) from error

    async def _read(self, receive: Receive, limit: int) -> bytes:
        chunks: list[bytes] = []
        size = 0
        more = True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise ClientDisconnect
            chunk = message.get("body", b"")
            more = message.get("more_body", False)
            size += len(chunk)
            if size <= limit:
                chunks.append(chunk)
            elif size > limit * _DRAINED_BODIES:
                raise self._too_large({"connection": "close"})
            else:
                chunks.clear()
        if size > limit:
            raise self._too_large()
        return b"".join(chunks)

    def _too_large(self, headers: Mapping[str, str] | None = None) -> _ProtocolError:
        limit = self._limits.max_body_bytes
        return _ProtocolError(413, EdgeError(BODY_TOO_LARGE, f"A body may have {limit} bytes.", limit=limit), headers)


def headers_of(scope: Scope) -> dict[str, str]:
    """Lower-case names; of a header that comes twice the first."""
    return {name.decode("latin-1"): value.decode("latin-1") for name, value in reversed(scope["headers"])}


def request_id_from(headers: Mapping[str, str]) -> str:
    """The client's `x-request-id` where it is a plain short token, else a new one."""
    given = headers.get("x-request-id", "")
    # Told apart, not kept secret: no need to ask the system for each.
    return given if _REQUEST_ID.fullmatch(given) else f"{getrandbits(128):032x}"


def _query_string(raw: bytes) -> dict[str, Any]:
    try:
        pairs = parse_qsl(raw.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=50)
    except ValueError as error:
        raise EdgeError(BAD_REQUEST, "The query string is not well-formed.") from error
    known = [(name, value) for name, value in pairs if name in _GET_PARAMETERS]
    values: dict[str, Any] = dict(known)
    if len(values) != len(known):
        raise EdgeError(BAD_REQUEST, "A parameter is given twice.")
    for name in ("variables", "extensions"):
        if name in values:
            values[name] = decode_json(values[name])
    return values


def _check_body_headers(headers: Mapping[str, str]) -> None:
    if not is_json_utf8(headers.get("content-type")):
        message = f"Send the request as {JSON} in UTF-8."
        raise _ProtocolError(415, EdgeError(UNSUPPORTED_MEDIA_TYPE, message), {"accept-post": JSON})
    if headers.get("content-encoding", "identity").strip().lower() != "identity":
        message = "Compressed bodies are not read."
        raise _ProtocolError(415, EdgeError(UNSUPPORTED_MEDIA_TYPE, message), {"accept-encoding": "identity"})


async def _once(answer: Answer) -> AsyncGenerator[Answer, None]:
    yield answer


def _status(answer: Answer, media_type: str | None) -> int:
    if "data" in answer:
        return 200
    return _STATUS.get(first_code(answer), 400 if media_type == GRAPHQL_RESPONSE else 200)


def _encoded(answer: Answer, status: int, request_id: str) -> tuple[bytes, int]:
    try:
        return orjson.dumps(answer), status
    except TypeError as error:  # a scalar let through what JSON cannot hold
        return orjson.dumps({"errors": render([error], request_id)}), 500


def _headers(answer: Answer, status: int, request_id: str, content_type: str) -> dict[str, str]:
    headers = {
        "content-type": content_type if ";" in content_type else f"{content_type}; charset=utf-8",
        "x-request-id": request_id,
        "cache-control": "no-store",
        "vary": "Accept, Accept-Encoding",
        "x-content-type-options": "nosniff",
    }
    if status == 401:
        headers["www-authenticate"] = 'Bearer error="invalid_token"'
    if "data" not in answer:
        retry_after = answer["errors"][0]["extensions"].get("retryAfterSeconds")
        if isinstance(retry_after, int):
            headers["retry-after"] = str(retry_after)
    return headers

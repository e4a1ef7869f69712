"""Answers of what is served beside GraphQL: errors as there, JSON with stable codes; for api/files.py and the like."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final
from urllib.parse import parse_qsl

import orjson
from starlette.types import Send

from api.errors import BAD_REQUEST, EdgeError, render
from api.http import BODY_TIMEOUT, BODY_TOO_LARGE, METHOD_NOT_ALLOWED
from domain.refusals import InvalidInput, Refusal, RetryLater

_STATUS: Final = {
    "UNAUTHENTICATED": 401,
    "FORBIDDEN": 403,
    "NOT_FOUND": 404,
    METHOD_NOT_ALLOWED: 405,
    BODY_TIMEOUT: 408,
    "KEY_REUSED": 409,
    "ID_TAKEN": 409,
    BODY_TOO_LARGE: 413,
    "UNSUPPORTED_MEDIA_TYPE": 415,
    "RATE_LIMITED": 429,
    "INTERNAL": 500,
    "RETRY_LATER": 503,
    "UNAVAILABLE": 503,
}
"""Other codes are 400."""


def parameters_of(query: bytes, known: Collection[str]) -> dict[str, str]:
    """Those parameters of a query string that are known. Raises EdgeError where it is malformed or one comes twice."""
    try:
        pairs = parse_qsl(query.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=20)
    except ValueError as error:
        raise EdgeError(BAD_REQUEST, "The query string is not well-formed.") from error
    values = {name: value for name, value in pairs if name in known}
    if len(values) != sum(name in known for name, _ in pairs):
        raise EdgeError(BAD_REQUEST, "A parameter is given twice.")
    return values


def as_error(refusal: Refusal) -> EdgeError:
    """The error with the refusal's code and facts."""
    facts: dict[str, Any] = {"retryable": refusal.passing}
    if isinstance(refusal, InvalidInput):
        facts["field"] = refusal.field
    if isinstance(refusal, RetryLater):
        facts["retryAfterSeconds"] = refusal.retry_after_s
    return EdgeError(refusal.code, refusal.message, **facts)


async def send_error(send: Send, error: Exception, request_id: str, *, close: bool = False) -> None:
    """What went wrong, masked where it is nothing the caller did; `close`: of the connection nothing more is read."""
    rendered = render([error], request_id)
    facts = rendered[0]["extensions"]
    status = _STATUS.get(facts["code"], 400)
    headers = {"x-request-id": request_id}
    if close:
        headers["connection"] = "close"
    if status == 401:
        headers["www-authenticate"] = 'Bearer error="invalid_token"'
    if isinstance(facts.get("retryAfterSeconds"), int):
        headers["retry-after"] = str(facts["retryAfterSeconds"])
    await send_json(send, status, headers, orjson.dumps({"errors": rendered}))


async def send_json(send: Send, status: int, headers: Mapping[str, str], body: bytes) -> None:
    """A whole answer in JSON that nobody keeps."""
    about = {"content-type": "application/json; charset=utf-8", "cache-control": "no-store"}
    await start(send, status, {**about, **headers, "content-length": str(len(body))})
    await send({"type": "http.response.body", "body": body})


async def start(send: Send, status: int, headers: Mapping[str, str]) -> None:
    """Status and headers; the body follows."""
    safe = {**headers, "x-content-type-options": "nosniff"}
    raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in safe.items()]
    await send({"type": "http.response.start", "status": status, "headers": raw})

"""What an answer of the server may be, whatever it was sent; for tests/fuzz."""

from __future__ import annotations

import json
import re

from tests.fuzz.http_cases import Case
from tests.fuzz.socket_cases import closings
from tests.support.leaks import leaked, problem_with

MEDIA_TYPES = ("application/json", "application/graphql-response+json")
OUR_FAULT = {1011, 4500}
"""Close codes that say the server failed."""


def problem(case: Case, received: bytes) -> str | None:
    """What is wrong with the bytes that came back; None where nothing is."""
    if not received:
        return None if case.silent else "no answer"
    head, _, body = _without_interim(received).partition(b"\r\n\r\n")
    status = int(head.split(b" ", 2)[1]) if head.startswith(b"HTTP/1.1 ") else 0
    if status == 101:
        return _problem_on_socket(received)
    if status >= 500 or status == 0:
        return f"status {status}"
    media_type = re.search(rb"(?im)^content-type: ([^;\r\n]*)", head)
    if media_type is None or media_type[1].decode() not in MEDIA_TYPES:
        seen = leaked(body.decode("utf-8", "replace")) if status >= 400 else None
        return seen or (None if case.plain else f"{status} {media_type and media_type[1]!r}")
    length = re.search(rb"(?im)^content-length: (\d+)", head)
    if length is not None and (rest := body[int(length[1]) :]).startswith(b"HTTP/1.1 "):
        return problem(case, rest) or problem(case, received[: -len(rest)])
    if not body and case.plain:  # HEAD
        return None
    try:
        answer = json.loads(body)
    except ValueError as error:
        return f"no JSON: {error}"
    # Health and metrics are no GraphQL.
    return None if case.plain and isinstance(answer, dict) and set(answer) == {"status"} else problem_with(answer)


def _problem_on_socket(received: bytes) -> str | None:
    texts, codes = closings(received)
    if OUR_FAULT & set(codes):
        return f"closed with {codes}"
    for text in texts:
        message = json.loads(text)
        payload = message.get("payload")
        wrong = None
        if message["type"] == "next":
            wrong = problem_with(payload)
        elif message["type"] == "error":
            wrong = problem_with({"errors": payload})
        if wrong is not None:
            return f"{wrong}: {text[:300]}"
    return None


def _without_interim(received: bytes) -> bytes:
    while received.startswith(b"HTTP/1.1 100"):
        received = received.partition(b"\r\n\r\n")[2]
    return received

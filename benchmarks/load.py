"""Sends prepared requests over keep-alive connections and asks nothing of the servers that a client would not ask.

Raw sockets on uvloop: about 20 us a request here, so that the servers are what is measured. Used by the benchmarks.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import cast

import orjson

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_CHUNKED = re.compile(rb"\r\ntransfer-encoding: *chunked", re.IGNORECASE)
_LIMIT_S = 120


@dataclass(frozen=True, slots=True)
class Request:
    """What goes over the wire, and bytes that every right answer holds."""

    wire: bytes
    expected: bytes = b'"data"'


def post(path: str, token: str, body: object, expected: bytes = b'"data"') -> Request:
    """A POST of JSON with a bearer token; no compression is asked for, so that nobody compresses."""
    content = orjson.dumps(body)
    head = (
        f"POST {path} HTTP/1.1\r\nhost: benchmark\r\nauthorization: Bearer {token}\r\naccept: application/json\r\n"
        f"content-type: application/json\r\ncontent-length: {len(content)}\r\n\r\n"
    )
    return Request(head.encode() + content, expected)


class AnswerError(Exception):
    """A server answered something else than the expected 200."""


class _Connection(asyncio.Protocol):
    """One keep-alive connection that sends the next request when an answer is complete."""

    def __init__(
        self, waiting: Iterator[tuple[int, Request]], answers: list[bytes], done: asyncio.Future[None]
    ) -> None:
        self._waiting, self._answers, self._done = waiting, answers, done
        self._buffer = bytearray()
        self._transport: asyncio.Transport | None = None
        self._number, self._expected = 0, b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are no asyncio.Transport by class.
        self._transport = cast("asyncio.Transport", transport)
        self._send()

    def _send(self) -> None:
        assert self._transport is not None
        following = next(self._waiting, None)
        if following is None:
            self._transport.close()
            if not self._done.done():
                self._done.set_result(None)
            return
        self._number, request = following
        self._expected = request.expected
        self._transport.write(request.wire)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        body = self._complete()
        if body is None:
            return
        if not self._buffer.startswith(b"HTTP/1.1 200") or b'"errors"' in body or self._expected not in body:
            self._fail(AnswerError(bytes(self._buffer[:1500]).decode(errors="replace")))
            return
        self._answers[self._number] = body
        self._buffer.clear()
        self._send()

    def _complete(self) -> bytes | None:
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return None
        length = _LENGTH.search(self._buffer, 0, end)
        if length is not None:
            whole = end + 4 + int(length[1])
            return bytes(self._buffer[end + 4 : whole]) if len(self._buffer) >= whole else None
        if _CHUNKED.search(self._buffer, 0, end) and self._buffer.endswith(b"0\r\n\r\n"):
            return _joined(bytes(self._buffer[end + 4 :]))
        return None

    def connection_lost(self, exc: Exception | None) -> None:
        self._fail(exc or AnswerError("the server closed the connection"))

    def _fail(self, reason: Exception) -> None:
        if not self._done.done():
            self._done.set_exception(reason)
        if self._transport is not None:
            self._transport.abort()


def _joined(chunks: bytes) -> bytes:
    parts: list[bytes] = []
    at = 0
    while True:
        end = chunks.index(b"\r\n", at)
        size = int(chunks[at:end], 16)
        if size == 0:
            return b"".join(parts)
        parts.append(chunks[end + 2 : end + 2 + size])
        at = end + 4 + size


async def send_all(port: int, requests: Sequence[Request], connections: int) -> list[bytes]:
    """The bodies of all answers, in order. Raises AnswerError for the first that is not the expected 200."""
    loop = asyncio.get_running_loop()
    answers = [b""] * len(requests)
    waiting = iter(enumerate(requests))
    finished: list[asyncio.Future[None]] = []
    for _ in range(min(connections, len(requests))):
        done: asyncio.Future[None] = loop.create_future()
        finished.append(done)
        await loop.create_connection(partial(_Connection, waiting, answers, done), "127.0.0.1", port)
    async with asyncio.timeout(_LIMIT_S):
        await asyncio.gather(*finished)
    return answers

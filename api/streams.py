"""Subscriptions over plain HTTP, for networks that let no WebSocket through; api/http.py hands over opened ones.

Two framings: `text/event-stream` by the distinct connections mode of GraphQL over SSE, and `multipart/mixed` with
`subscriptionSpec=1.0` as Apollo's clients ask for it. One stream is one connection; leaving it ends the subscription.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import orjson
import structlog
from starlette.types import Receive, Send

from api.errors import EdgeError, render
from api.negotiation import EVENT_STREAM, MULTIPART
from api.operations import Answer
from domain.errors import Unauthenticated

SHUTTING_DOWN: Final = "SHUTTING_DOWN"
_LONGEST_SLEEP_S: Final = 30.0
"""The clock is asked again at least this often: it may run ahead of the event loop's."""

_log = structlog.get_logger("api")


@dataclass(frozen=True, slots=True)
class StreamSettings:
    """How patient the server is with one stream, seconds."""

    keep_alive_s: float = 10.0
    send_timeout_s: float = 10.0
    """A client that takes nothing for so long has left."""
    first_answer_s: float = 0.5
    """So long the first answer is waited for before the stream begins: a refusal is then an ordinary HTTP answer."""


@dataclass(frozen=True, slots=True)
class Framing:
    """How answers are written into the body of one kind of stream."""

    content_type: str
    opening: bytes
    keep_alive: bytes
    ending: bytes
    event: Callable[[Answer], bytes]
    failure: Callable[[list[dict[str, Any]]], bytes]
    """Errors that end the stream."""


def _sse(answer: Answer) -> bytes:
    return b"event: next\ndata: " + orjson.dumps(answer) + b"\n\n"


def _part(content: dict[str, Any]) -> bytes:
    return b"\r\nContent-Type: application/json\r\n\r\n" + orjson.dumps(content) + b"\r\n--graphql"


FRAMINGS: Final[Mapping[str, Framing]] = {
    EVENT_STREAM: Framing(
        content_type=f"{EVENT_STREAM}; charset=utf-8",
        opening=b":\n\n",
        keep_alive=b":\n\n",
        ending=b"event: complete\ndata:\n\n",
        event=_sse,
        failure=lambda errors: _sse({"errors": errors}),
    ),
    # A part is complete for the client when the delimiter behind it arrives, so each is sent with the part before.
    MULTIPART: Framing(
        content_type=f'{MULTIPART}; boundary="graphql"; subscriptionSpec="1.0"',
        opening=b"\r\n--graphql",
        keep_alive=_part({}),
        ending=b"--\r\n",
        event=lambda answer: _part({"payload": answer}),
        failure=lambda errors: _part({"payload": None, "errors": errors}),
    ),
}


@dataclass(slots=True)
class Opened:
    """A subscription whose answers begin with those of `first`."""

    answers: AsyncGenerator[Answer, None]
    first: asyncio.Future[Answer | None]
    request_id: str
    expires_at: datetime | None

    async def refusal(self, patience_s: float) -> Answer | None:
        """The error that came in place of the first event, where it came that soon."""
        try:
            await asyncio.wait({self.first}, timeout=patience_s)
        except asyncio.CancelledError:
            await self.close()
            raise
        answer = self.first.result() if self.first.done() else None
        if answer is None or "data" in answer:
            return None
        await self.close()
        return answer

    async def close(self) -> None:
        """Ends the source, whether or not an answer was taken."""
        self.first.cancel()
        await asyncio.gather(self.first, return_exceptions=True)
        await self.answers.aclose()


def opened(answers: AsyncGenerator[Answer, None], request_id: str, expires_at: datetime | None) -> Opened:
    """Starts waiting for the first answer."""
    return Opened(answers, asyncio.ensure_future(anext(answers, None)), request_id, expires_at)


class Streams:
    """Serves opened subscriptions. `clock` gives aware UTC; it decides when a token has ended."""

    def __init__(self, clock: Callable[[], datetime], settings: StreamSettings | None = None) -> None:
        self.settings = settings or StreamSettings()
        self._clock = clock
        self._running: set[_Stream] = set()

    async def serve(
        self, subscription: Opened, framing: Framing, headers: Mapping[str, str], receive: Receive, send: Send
    ) -> None:
        """Writes until the source ends, the client leaves, the token ends or the server does."""
        stream = _Stream(subscription, framing, send, self.settings, self._clock)
        self._running.add(stream)
        try:
            await stream.serve(headers, receive)
        finally:
            self._running.discard(stream)

    def end_all(self) -> None:
        """Tells every client to subscribe again elsewhere; called when the server is about to stop."""
        for stream in self._running:
            stream.end([EdgeError(SHUTTING_DOWN, "The server is about to stop: subscribe again.")])


class _Stream:
    def __init__(
        self,
        subscription: Opened,
        framing: Framing,
        send: Send,
        settings: StreamSettings,
        clock: Callable[[], datetime],
    ) -> None:
        self._subscription = subscription
        self._framing = framing
        self._send = send
        self._settings = settings
        self._clock = clock
        self._sending = asyncio.Lock()
        self._ended: asyncio.Future[bytes | None] = asyncio.get_running_loop().create_future()
        """What to write last; None where nobody reads it."""

    async def serve(self, headers: Mapping[str, str], receive: Receive) -> None:
        raw = [(name.encode(), value.encode()) for name, value in headers.items()]
        await self._send({"type": "http.response.start", "status": 200, "headers": raw})
        work = (self._pump(), self._beat(), self._await_leave(receive), self._await_expiry())
        tasks = [asyncio.create_task(each) for each in work]
        try:
            last = await self._ended
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        if last is not None:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._settings.send_timeout_s):
                    await self._send({"type": "http.response.body", "body": last + self._framing.ending})

    def end(self, errors: list[Exception] | None) -> None:
        """Ends it in order, with the errors where there are any."""
        rendered = render(errors, self._subscription.request_id) if errors else []
        self._end(self._framing.failure(rendered) if rendered else b"")

    def _end(self, last: bytes | None) -> None:
        if not self._ended.done():
            self._ended.set_result(last)

    async def _pump(self) -> None:
        subscription = self._subscription
        try:
            await self._write(self._framing.opening)
            answer = await subscription.first
            while answer is not None:
                if "data" not in answer:
                    self._end(self._framing.failure(answer["errors"]))
                    return
                await self._write(self._framing.event(answer))
                # Neither a ready source nor a send that finds room suspends: see api/ws.py.
                await asyncio.sleep(0)
                answer = await anext(subscription.answers, None)
            self._end(b"")
        except Exception as error:  # such as a scalar that let through what JSON cannot hold
            self.end([error])
        finally:
            await subscription.close()

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(self._settings.keep_alive_s)
            await self._write(self._framing.keep_alive)

    async def _await_leave(self, receive: Receive) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        self._end(None)

    async def _await_expiry(self) -> None:
        expires_at = self._subscription.expires_at
        if expires_at is None:
            return
        # The time that passes is the clock's, which no event announces.
        while (left := (expires_at - self._clock()).total_seconds()) > 0:  # noqa: ASYNC110
            await asyncio.sleep(min(left, _LONGEST_SLEEP_S))
        self.end([Unauthenticated("The token has expired.")])

    async def _write(self, body: bytes) -> None:
        try:
            async with asyncio.timeout(self._settings.send_timeout_s), self._sending:
                await self._send({"type": "http.response.body", "body": body, "more_body": True})
        except TimeoutError:
            self._end(None)

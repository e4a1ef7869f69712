"""GraphQL over WebSocket by the graphql-transport-ws protocol; mounted by api/app.py with `WebSocketRoute`.

Close codes: 4400 message not of the protocol, 4401 no acknowledged connection or its token has ended, 4403 token
refused, 4406 other subprotocol, 4408 no connection_init in time, 4409 id in use, 4429 second connection_init, 4500 our
fault, 1013 the client reads too slowly; the server's own shutdown sends 1012.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import orjson
import structlog
from starlette.datastructures import Headers
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect

from api.errors import EdgeError, render
from api.frames import SUBPROTOCOL, Close, Complete, ConnectionInit, Ping, Subscribe, read_message
from api.http import request_id_from
from api.operations import Answer, Authenticate, Call, Found, Operations, SignedIn, first_code
from domain.errors import FELL_BEHIND, CallerError
from resolvers.shared_events import SharedAnswer

TOO_MANY_ACTIVE_OPERATIONS: Final = "TOO_MANY_ACTIVE_OPERATIONS"
_UNAUTHENTICATED: Final = "UNAUTHENTICATED"
_TOO_SLOW: Final = "The client reads too slowly"
_LONGEST_SLEEP_S: Final = 30.0
"""The clock is asked again at least this often: it may run ahead of the event loop's."""
_CLOSING_S: Final = 1.0
_CLOSED: Final = (WebSocketDisconnect, RuntimeError)
"""What starlette and uvicorn say of a socket that is closed already; it depends on who closed it and when."""

_log = structlog.get_logger("api")


@dataclass(frozen=True, slots=True)
class SocketSettings:
    """How patient the server is with one socket (seconds) and what it allows."""

    init_timeout_s: float = 10.0
    send_timeout_s: float = 10.0
    """A message that the client's connection does not take for so long ends the socket. Until then the source of the
    subscription is not asked for more, so nothing piles up here."""
    ping_every_s: float | None = 25.0
    max_operations: int = 100
    """Operations running at once; one more is answered with an `error` message and TOO_MANY_ACTIVE_OPERATIONS."""
    origins: frozenset[str] | None = None
    """Origins browsers may connect from; None allows all. Clients that send no Origin are not browsers."""


class GraphQLTransportWs:
    """The ASGI endpoint. `clock` gives aware UTC; it decides when a token has ended."""

    def __init__(
        self,
        operations: Operations,
        authenticate: Authenticate,
        clock: Callable[[], datetime],
        settings: SocketSettings | None = None,
    ) -> None:
        self._operations = operations
        self._authenticate = authenticate
        self._clock = clock
        self._settings = settings or SocketSettings()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        socket = WebSocket(scope, receive, send)
        origin = socket.headers.get("origin")
        origins = self._settings.origins
        if origins is not None and origin is not None and origin not in origins:
            await socket.close()
            return
        with contextlib.suppress(WebSocketDisconnect):
            if SUBPROTOCOL not in scope.get("subprotocols", ()):
                await socket.accept()
                await socket.close(4406, "Subprotocol not acceptable")
                return
            await socket.accept(SUBPROTOCOL)
            connection = _Connection(socket, self._operations, self._authenticate, self._clock, self._settings)
            await connection.serve()


class _Connection:
    def __init__(
        self,
        socket: WebSocket,
        operations: Operations,
        authenticate: Authenticate,
        clock: Callable[[], datetime],
        settings: SocketSettings,
    ) -> None:
        self._socket = socket
        self._operations = operations
        self._authenticate = authenticate
        self._clock = clock
        self._settings = settings
        self._request_id = request_id_from(socket.headers)
        self._started = 0
        self._headers: Headers = socket.headers
        self._signed_in: SignedIn | None = None
        self._init_seen = False
        self._acknowledged = False
        self._attendants: list[asyncio.Task[None]] = []
        self._active: dict[str, asyncio.Task[None]] = {}
        """Operations whose answers the client still wants."""
        self._running: dict[asyncio.Task[None], bool] = {}
        """All tasks of operations; True: run to the end even if nobody wants the answer (mutations)."""
        self._sending = asyncio.Lock()
        self._ended: asyncio.Future[Close | None] = asyncio.get_running_loop().create_future()

    async def serve(self) -> None:
        """Runs until either side ends the socket; returns when nothing of it is left running."""
        self._attendants = [asyncio.create_task(work) for work in (self._read(), self._await_init(), self._ping())]
        try:
            end = await self._ended
        finally:
            self._end(None)
            for task in self._attendants:
                task.cancel()
            for task, must_finish in self._running.items():
                if not must_finish:
                    task.cancel()
        if end is not None:
            with contextlib.suppress(TimeoutError, *_CLOSED):
                async with asyncio.timeout(_CLOSING_S):
                    await self._socket.close(end.code, end.reason.encode()[:123].decode(errors="ignore"))
        await asyncio.gather(*self._attendants, *self._running, return_exceptions=True)

    def _end(self, close: Close | None) -> None:
        if not self._ended.done():
            self._ended.set_result(close)

    async def _read(self) -> None:
        try:
            while True:
                message = await self._socket.receive()
                if message["type"] == "websocket.disconnect":
                    self._end(None)
                    return
                await self._handle(message.get("text"))
        except Close as close:
            self._end(close)
        except Exception:
            _log.exception("unexpected error on a socket", request_id=self._request_id)
            self._end(Close(4500, "Internal server error"))

    async def _handle(self, text: str | None) -> None:
        match read_message(text):
            case ConnectionInit() as init:
                if self._init_seen:
                    raise Close(4429, "Too many initialisation requests")
                self._init_seen = True
                self._attendants.append(asyncio.create_task(self._acknowledge(init)))
            case Ping(payload):
                await self._send({"type": "pong"} if payload is None else {"type": "pong", "payload": payload})
            case Subscribe() as subscribe:
                await self._subscribe(subscribe)
            case Complete(operation_id):
                task = self._active.pop(operation_id, None)
                if task is not None and not self._running.get(task, True):
                    task.cancel()
            case _:
                pass

    async def _await_init(self) -> None:
        await asyncio.sleep(self._settings.init_timeout_s)
        if not self._init_seen:
            self._end(Close(4408, "Connection initialisation timeout"))

    async def _ping(self) -> None:
        if self._settings.ping_every_s is not None:
            while True:
                await asyncio.sleep(self._settings.ping_every_s)
                await self._send({"type": "ping"})

    async def _acknowledge(self, init: ConnectionInit) -> None:
        if init.authorization is not None:
            kept = [(name, value) for name, value in self._headers.items() if name != "authorization"]
            self._headers = Headers(dict([*kept, ("authorization", init.authorization)]))
        try:
            self._signed_in = await self._authenticate(self._headers)
        except CallerError as error:
            self._end(Close(4403, error.message))
            return
        except Exception:
            _log.exception("authentication failed unexpectedly", request_id=self._request_id)
            self._end(Close(4500, "Internal server error"))
            return
        self._acknowledged = True
        await self._send({"type": "connection_ack"})
        await self._await_expiry()

    async def _await_expiry(self) -> None:
        expires_at = self._signed_in.expires_at if self._signed_in else None
        if expires_at is None:
            return
        # The time that passes is the clock's, which no event announces.
        while (left := (expires_at - self._clock()).total_seconds()) > 0:  # noqa: ASYNC110
            await asyncio.sleep(min(left, _LONGEST_SLEEP_S))
        self._end(Close(4401, "The token has expired"))

    async def _subscribe(self, message: Subscribe) -> None:
        if not self._acknowledged:
            raise Close(4401, "Unauthorized")
        if message.id in self._active:
            raise Close(4409, f"Subscriber for {message.id} already exists")
        self._started += 1
        request_id = f"{self._request_id}-{self._started}"
        if len(self._running) >= self._settings.max_operations:
            limit = self._settings.max_operations
            text = f"A socket may run {limit} operations at once."
            await self._send_errors(message.id, render([EdgeError(TOO_MANY_ACTIVE_OPERATIONS, text)], request_id))
            return
        found = self._operations.find(message.parameters)
        if isinstance(found, list):
            await self._send_errors(message.id, render(found, request_id))
            return
        operation = found.operation
        call = Call(
            actor=self._signed_in.actor if self._signed_in else None,
            request_id=request_id,
            transport="websocket",
            kind=operation.kind,
            operation_name=operation.name,
            headers=self._headers,
            client_host=self._socket.client.host if self._socket.client else None,
        )
        work = self._operate(message.id, found, message.parameters.variables, call)
        task = self._active[message.id] = asyncio.create_task(work)
        self._running[task] = operation.kind == "mutation"
        task.add_done_callback(self._running.pop)

    async def _operate(self, operation_id: str, found: Found, variables: dict[str, Any], call: Call) -> None:
        with structlog.contextvars.bound_contextvars(request_id=call.request_id):
            try:
                if await self._answers(operation_id, found, variables, call) and self._is_wanted(operation_id):
                    del self._active[operation_id]
                    await self._send({"id": operation_id, "type": "complete"})
            except Exception:
                _log.exception("unexpected error on a socket", request_id=call.request_id)
                self._end(Close(4500, "Internal server error"))

    async def _answers(self, operation_id: str, found: Found, variables: dict[str, Any], call: Call) -> bool:
        """Sends all answers; False if an error ended them."""
        if found.operation.kind != "subscription":
            return await self._next(operation_id, await self._operations.execute(found, variables, call), call)
        async with contextlib.aclosing(self._operations.subscribe(found, variables, call)) as answers:
            async for answer in answers:
                if not await self._next(operation_id, answer, call):
                    return False
                # Neither a ready source nor a send that finds room suspends: without this one socket could hold
                # the event loop, and never learn that its client has left.
                await asyncio.sleep(0)
        return True

    async def _next(self, operation_id: str, answer: Answer, call: Call) -> bool:
        """Sends one answer; False if it was the last."""
        if not self._is_wanted(operation_id):
            return False
        if "data" in answer:
            try:
                payload = answer.json if isinstance(answer, SharedAnswer) else orjson.dumps(answer)
            except TypeError as error:  # a scalar let through what JSON cannot hold
                answer = {"errors": render([error], call.request_id)}
            else:
                head = b'{"id":' + orjson.dumps(operation_id) + b',"type":"next","payload":'
                await self._send_text((head + payload + b"}").decode())
                return True
        if call.actor is not None and first_code(answer) == _UNAUTHENTICATED:
            self._end(Close(4401, "The session has ended"))
            return False
        if first_code(answer) == FELL_BEHIND:
            self._end(Close(1013, _TOO_SLOW))
            return False
        del self._active[operation_id]
        await self._send_errors(operation_id, answer["errors"])
        return False

    def _is_wanted(self, operation_id: str) -> bool:
        return self._active.get(operation_id) is asyncio.current_task()

    async def _send_errors(self, operation_id: str, errors: list[dict[str, Any]]) -> None:
        await self._send({"id": operation_id, "type": "error", "payload": errors})

    async def _send(self, message: dict[str, Any]) -> None:
        await self._send_text(orjson.dumps(message).decode())

    async def _send_text(self, text: str) -> None:
        if self._ended.done():
            return
        try:
            async with asyncio.timeout(self._settings.send_timeout_s), self._sending:
                await self._socket.send_text(text)
        except TimeoutError:
            self._end(Close(1013, _TOO_SLOW))
        except _CLOSED:
            self._end(None)

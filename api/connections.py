"""uvicorn's HTTP protocol with patience that ends: how many connections there are and how long a head may take.

api/__main__.py serves with it. Slow bodies are api/http.py's matter, slow readers api/ws.py's and api/streams.py's.
"""

from __future__ import annotations

import asyncio
import socket
from dataclasses import dataclass
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from api.metrics import Tally

_PROBES: Final = ((socket.TCP_KEEPIDLE, 60), (socket.TCP_KEEPINTVL, 15), (socket.TCP_KEEPCNT, 4))
"""A peer that has gone without a word is noticed after two minutes; the system's own answer is two hours."""
_TOO_LATE: Final = (
    b"HTTP/1.1 408 Request Timeout\r\ncontent-type: text/plain; charset=utf-8\r\n"
    b"content-length: 37\r\nconnection: close\r\n\r\nThe request did not arrive in time.\r\n"
)
_FULL: Final = (
    b"HTTP/1.1 503 Service Unavailable\r\ncontent-type: text/plain; charset=utf-8\r\nretry-after: 1\r\n"
    b"content-length: 38\r\nconnection: close\r\n\r\nThe server has too many connections.\r\n"
)


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """For all connections of a process, WebSockets and streams included."""

    most: int = 10_000
    head_timeout_s: float = 10.0
    """From the connection, or from the first byte after an answer, to the end of a request's head."""


class PatientProtocol(HttpToolsProtocol):
    """One connection until it is closed or becomes a WebSocket; `limits` and `tally` are the process's."""

    def __init__(self, limits: ConnectionLimits, tally: Tally, **uvicorns: Any) -> None:
        super().__init__(**uvicorns)
        self._limits = limits
        self._tally = tally
        self._deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begins to wait for a head, or closes a connection too many."""
        super().connection_made(transport)
        self._tally.connections = len(self.connections)
        if len(self.connections) > self._limits.most:
            self._tally.refused_connection("connections")
            transport.write(_FULL)
            transport.close()
            return
        peer = transport.get_extra_info("socket")
        if peer is not None and peer.family in {socket.AF_INET, socket.AF_INET6}:
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            for option, value in _PROBES:
                peer.setsockopt(socket.IPPROTO_TCP, option, value)
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forgets the connection."""
        super().connection_lost(exc)
        self._tally.connections = len(self.connections)
        self._head_is_here()

    def data_received(self, data: bytes) -> None:
        """Reads on; what ends a connection's idle time without being a whole head has a deadline too."""
        super().data_received(data)
        if self._deadline is None and self._is_idle() and not self.transport.is_closing():
            self._await_head()

    def on_headers_complete(self) -> None:
        """A request begins."""
        self._head_is_here()
        super().on_headers_complete()

    def _is_idle(self) -> bool:
        # A connection that has become a WebSocket belongs to another protocol.
        return self.transport.get_protocol() is self and (self.cycle is None or self.cycle.response_complete)

    def _await_head(self) -> None:
        self._deadline = self.loop.call_later(self._limits.head_timeout_s, self._give_up)

    def _head_is_here(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _give_up(self) -> None:
        self._deadline = None
        if self._is_idle() and not self.transport.is_closing():
            self._tally.refused_connection("head")
            self.transport.write(_TOO_LATE)
            self.transport.close()

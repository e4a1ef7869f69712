"""A provider's stand-in on a loopback port: served from a thread for tests or in the foreground for an operator."""

from __future__ import annotations

import asyncio
import socket
import struct
import sys
import threading
import time
from typing import ClassVar, Self, cast

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import Route
from uvicorn.protocols.http.h11_impl import H11Protocol

_HANG_S = 60.0


class Connections(H11Protocol):
    """Remembers the transport of each client, because only the transport can reset a connection."""

    open: ClassVar[dict[tuple[str, int], asyncio.Transport]] = {}

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.open[cast("tuple[str, int]", transport.get_extra_info("peername")[:2])] = transport

    def connection_lost(self, exc: Exception | None) -> None:
        for peer in [peer for peer, kept in self.open.items() if kept is self.transport]:
            del self.open[peer]
        super().connection_lost(exc)


class LoopbackServer:
    """What every stand-in shares; it says its `routes`."""

    def __init__(self) -> None:
        self.base_url = ""
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None

    def routes(self) -> list[Route]:
        """What it answers."""
        raise NotImplementedError

    def start(self, port: int = 0) -> Self:
        """Serves on a loopback port (0: a free one) from a thread until `stop`."""
        listener = self._bind(port)
        self._thread = threading.Thread(target=self._run, args=(listener,), daemon=True)
        self._thread.start()
        until = time.monotonic() + 10
        while self._server is None or not self._server.started:
            if time.monotonic() > until:
                raise RuntimeError("the stand-in did not start")
            time.sleep(0.01)
        return self

    def stop(self) -> None:
        """Ends the thread; requests that still hang are dropped."""
        if self._server is not None and self._thread is not None:
            self._server.force_exit = True
            self._server.should_exit = True
            self._thread.join(timeout=5)

    def serve(self, port: int) -> None:
        """Serves in this process until a signal ends it; prints the base URL once it listens."""
        listener = self._bind(port)
        self.listening()
        sys.stdout.write(f"{self.base_url}\n")
        sys.stdout.flush()
        self._run(listener)

    def listening(self) -> None:
        """Called by `serve` when the base URL is known."""

    @staticmethod
    def cut(request: Request) -> None:
        """Resets the connection of the client."""
        if request.client is None:
            return
        transport = Connections.open.get((request.client.host, request.client.port))
        if transport is not None:
            # No linger: the kernel answers with RST instead of an orderly end.
            transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            transport.abort()

    @staticmethod
    async def hang(request: Request) -> None:
        """Says nothing until the client goes away."""
        until = time.monotonic() + _HANG_S
        while time.monotonic() < until:
            await asyncio.sleep(0.05)
            if await request.is_disconnected():
                return

    def _bind(self, port: int) -> socket.socket:
        # The protocol is named because asyncio turns Nagle's delay (40 ms an answer) off only where it reads TCP.
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        listener.listen(2_048)
        self.base_url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        return listener

    def _run(self, listener: socket.socket) -> None:
        config = uvicorn.Config(
            Starlette(routes=self.routes()),
            loop="asyncio",
            http=Connections,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=1,
        )
        self._server = uvicorn.Server(config)
        self._server.run(sockets=[listener])
        listener.close()

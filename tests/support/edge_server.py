"""Runs an ASGI app on a real server in a thread of its own, on a free loopback port."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import uvicorn
from starlette.types import ASGIApp

from api.socket_protocol import SocketProtocol


@dataclass(frozen=True)
class Running:
    """Where the server listens."""

    port: int
    server: uvicorn.Server

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/graphql"

    @property
    def ws_url(self) -> str:
        return f"ws://127.0.0.1:{self.port}/graphql"


@contextmanager
def serving(app: ASGIApp) -> Iterator[Running]:
    """Listens until the block ends."""
    # With the protocol named, the event loop turns TCP_NODELAY on; without it each answer waits 40 ms.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    config = uvicorn.Config(
        app,
        log_level="critical",
        lifespan="off",
        ws=SocketProtocol,
        ws_max_size=1_000_000,
        timeout_graceful_shutdown=3,
        server_header=False,
    )
    server = uvicorn.Server(config)
    started = threading.Event()

    async def serve() -> None:
        serving_task = asyncio.create_task(server.serve([listener]))
        while not server.started:  # noqa: ASYNC110 - the server has no event for it
            await asyncio.sleep(0.005)
        started.set()
        await serving_task

    thread = threading.Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    try:
        assert started.wait(5)
        yield Running(listener.getsockname()[1], server)
    finally:
        server.should_exit = True
        thread.join(10)
        listener.close()

"""A TCP proxy before the database that can drop every connection and let none in, for tests of what breaks then.

It runs on a loop of its own, because a driver that closes blocks the one it is called from.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit


class Wire:
    """The connections through it; `uri` is the database as seen behind it."""

    def __init__(self, host: str, port: int) -> None:
        self._host, self._port = host, port
        self._open: set[asyncio.StreamWriter] = set()
        self._lets_in = True
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self.uri = ""
        self.dropped = 0

    def start(self) -> None:
        """Listens on a free port."""
        self._thread.start()
        listening = asyncio.run_coroutine_threadsafe(asyncio.start_server(self._carry, "127.0.0.1", 0), self._loop)
        self._server = listening.result(10)
        port = self._server.sockets[0].getsockname()[1]
        self.uri = f"mongodb://127.0.0.1:{port}/?directConnection=true"

    def stop(self) -> None:
        """Drops all connections and ends the thread."""
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def cut(self) -> None:
        """Drops all connections at once and lets none in until `mend`."""
        asyncio.run_coroutine_threadsafe(self._cut(), self._loop).result(10)

    async def _cut(self) -> None:
        self._lets_in = False
        self.dropped += len(self._open)
        for writer in self._open:
            writer.transport.abort()

    async def _end(self) -> None:
        await self._cut()
        self._server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        if others:
            await asyncio.wait(others, timeout=5)

    def mend(self) -> None:
        """Lets connections in again."""
        self._lets_in = True

    async def _carry(self, near: asyncio.StreamReader, near_writer: asyncio.StreamWriter) -> None:
        if not self._lets_in:
            near_writer.transport.abort()
            return
        far, far_writer = await asyncio.open_connection(self._host, self._port)
        ends = {near_writer, far_writer}
        self._open |= ends
        try:
            await asyncio.gather(_pour(near, far_writer), _pour(far, near_writer))
        finally:
            self._open -= ends
            for writer in ends:
                writer.close()
                with suppress(OSError):
                    await writer.wait_closed()


async def _pour(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while part := await source.read(65_536):
            sink.write(part)
            await sink.drain()
    sink.transport.abort()


@contextmanager
def a_wire(mongo_uri: str) -> Iterator[Wire]:
    """A way to the database that can be cut. The driver is told to go no other way."""
    parts = urlsplit(mongo_uri)
    assert parts.hostname is not None
    assert parts.port is not None
    wire = Wire(parts.hostname, parts.port)
    wire.start()
    try:
        yield wire
    finally:
        wire.stop()

"""Connections over real sockets: heads that never end, connections too many, and those who keep to the rules."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from functools import partial
from typing import Any, cast

import pytest

from api.connections import ConnectionLimits, PatientProtocol
from api.metrics import Tally
from tests.support.api_server import running
from tests.support.tiny_schema import TinyApp

LIMITS = ConnectionLimits(most=4, head_timeout_s=0.5)
BODY = b'{"query":"{ greeting }"}'
REQUEST = (
    b"POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(BODY)
) + BODY


@pytest.fixture
async def tally() -> Tally:
    return Tally()


@pytest.fixture
async def port(tally: Tally) -> AsyncIterator[int]:
    http = cast("Any", partial(PatientProtocol, LIMITS, tally))
    async with running(TinyApp().build(), http=http, timeout_keep_alive=30) as url:
        yield int(url.rpartition(":")[2])


Opened = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Open = Callable[[], Awaitable[Opened]]


@pytest.fixture
async def opened(port: int) -> AsyncIterator[Open]:
    connections: list[Opened] = []

    async def open_one() -> Opened:
        connections.append(await asyncio.open_connection("127.0.0.1", port))
        return connections[-1]

    yield open_one
    for _, writer in connections:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()


async def all_of(reader: asyncio.StreamReader) -> bytes:
    return await asyncio.wait_for(reader.read(), 5)


async def answer_of(reader: asyncio.StreamReader) -> bytes:
    return await asyncio.wait_for(reader.readuntil(b"}}"), 5)


async def trickle(writer: asyncio.StreamWriter, text: bytes) -> None:
    for byte in text:
        if writer.is_closing():
            return
        writer.write(bytes([byte]))
        await asyncio.sleep(0.05)


@pytest.mark.parametrize("sent", [b"", b"\r\n", b"POST /graphql HTTP/1.1\r\nx-a: "], ids=["nothing", "blank", "half"])
async def test_a_head_that_does_not_end_is_not_waited_for(opened: Open, tally: Tally, sent: bytes) -> None:
    reader, writer = await opened()
    writer.write(sent)
    assert (await all_of(reader)).startswith(b"HTTP/1.1 408 ")
    assert tally.connections == 0


async def test_a_head_byte_by_byte_does_not_buy_time(opened: Open) -> None:
    reader, writer = await opened()
    sending = asyncio.create_task(trickle(writer, b"GET / HTTP/1.1\r\n" + b"x-long: 1\r\n" * 50))
    assert (await all_of(reader)).startswith(b"HTTP/1.1 408 ")
    sending.cancel()


async def test_a_second_head_that_does_not_end_is_not_waited_for(opened: Open) -> None:
    reader, writer = await opened()
    writer.write(REQUEST)
    assert b'"greeting"' in await answer_of(reader)
    writer.write(b"POST /gr")
    assert (await all_of(reader)).startswith(b"HTTP/1.1 408 ")


async def test_a_connection_may_rest_between_requests(opened: Open, tally: Tally) -> None:
    reader, writer = await opened()
    for _ in range(2):
        writer.write(REQUEST)
        assert b'"greeting"' in await answer_of(reader)
        await asyncio.sleep(2 * LIMITS.head_timeout_s)
    assert tally.connections == 1


async def test_connections_too_many_are_closed_and_others_served(opened: Open) -> None:
    some = [await opened() for _ in range(LIMITS.most)]
    for reader, writer in some:
        writer.write(REQUEST)
        await answer_of(reader)
    reader, _ = await opened()
    assert (await all_of(reader)).startswith(b"HTTP/1.1 503 ")
    some[0][1].write(REQUEST)
    assert b'"greeting"' in await answer_of(some[0][0])
    some[1][1].close()
    await asyncio.sleep(0.1)
    reader, writer = await opened()
    writer.write(REQUEST)
    assert b'"greeting"' in await answer_of(reader)

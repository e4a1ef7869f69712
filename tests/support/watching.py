"""One subscription over a real WebSocket, as a test reads its events."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from tests.support.client import ApiClient


@dataclass(frozen=True)
class Watch:
    """One socket with one subscription to `field`."""

    socket: ClientConnection
    field: str

    async def message(self, within_s: float = 10) -> dict[str, Any]:
        """The next message that is no ping."""
        async with asyncio.timeout(within_s):
            while True:
                message: dict[str, Any] = json.loads(await self.socket.recv())
                if message["type"] != "ping":
                    return message

    async def event(self) -> dict[str, Any]:
        """The next event."""
        message = await self.message()
        assert message["type"] == "next", message
        assert "errors" not in message["payload"], message
        event: dict[str, Any] = message["payload"]["data"][self.field]
        return event

    async def rest(self) -> list[str]:
        """The types of what comes until the server closes the socket."""
        types = []
        while True:
            try:
                types.append((await self.message())["type"])
            except ConnectionClosed:
                return types

    async def stays_quiet(self, for_s: float = 1.0) -> None:
        """Nothing arrives for a while."""
        with pytest.raises(TimeoutError):
            await self.message(for_s)


@asynccontextmanager
async def watching(api_url: str, client: ApiClient, query: str, field: str, **variables: Any) -> AsyncIterator[Watch]:
    """A subscription that has begun."""
    url = api_url.replace("http", "ws") + "/graphql"
    async with connect(url, subprotocols=[Subprotocol("graphql-transport-ws")]) as socket:
        payload = {"authorization": f"Bearer {client.token}"} if client.token else {}
        await socket.send(json.dumps({"type": "connection_init", "payload": payload}))
        watch = Watch(socket, field)
        assert (await watch.message())["type"] == "connection_ack"
        operation = {"query": query, "variables": variables}
        await socket.send(json.dumps({"id": field, "type": "subscribe", "payload": operation}))
        yield watch

"""A subscription to the team map over a real WebSocket; for the tests of what arrives on it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from tests.support.client import ApiClient
from tests.support.field_day import WATCH

QUIET_S = 1.5


@dataclass(frozen=True)
class Watch:
    """One socket with one subscription."""

    socket: ClientConnection

    async def message(self, within_s: float = 30) -> dict[str, Any]:
        """The next message that is no ping."""
        async with asyncio.timeout(within_s):
            while True:
                message: dict[str, Any] = json.loads(await self.socket.recv())
                if message["type"] != "ping":
                    return message

    async def event(self, within_s: float = 30) -> dict[str, Any]:
        """The next event."""
        message = await self.message(within_s)
        assert message["type"] == "next", message
        assert "errors" not in message["payload"], message
        event: dict[str, Any] = message["payload"]["data"]["teamMapChanged"]
        return event

    async def code(self) -> str:
        """The code of the error that ends the subscription."""
        message = await self.message()
        assert message["type"] in {"error", "next"}, message
        errors = message["payload"] if message["type"] == "error" else message["payload"]["errors"]
        code: str = errors[0]["extensions"]["code"]
        return code

    async def stays_quiet(self) -> None:
        """Nothing arrives for a while."""
        with pytest.raises(TimeoutError):
            await self.message(QUIET_S)


@asynccontextmanager
async def watching(api_url: str, client: ApiClient, document: str = WATCH, **variables: Any) -> AsyncIterator[Watch]:
    """A subscription to the map."""
    url = api_url.replace("http", "ws") + "/graphql"
    async with connect(url, subprotocols=[Subprotocol("graphql-transport-ws")]) as socket:
        payload = {"authorization": f"Bearer {client.token}"} if client.token else {}
        await socket.send(json.dumps({"type": "connection_init", "payload": payload}))
        watch = Watch(socket)
        assert (await watch.message())["type"] == "connection_ack"
        operation = {"query": document, "variables": variables}
        await socket.send(json.dumps({"id": "map", "type": "subscribe", "payload": operation}))
        yield watch

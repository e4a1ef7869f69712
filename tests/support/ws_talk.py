"""One WebSocket as a test speaks through it; for tests/api/over_websocket."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection
from websockets.typing import Subprotocol

from api.ws import SocketSettings
from tests.support.tiny_schema import SECRET

PROTOCOL = Subprotocol("graphql-transport-ws")
INIT = {"type": "connection_init"}
ACK = {"type": "connection_ack"}
HANDSHAKE = (
    "GET /graphql HTTP/1.1",
    "Host: x",
    "Upgrade: websocket",
    "Connection: Upgrade",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
)
PATIENCE = SocketSettings(
    init_timeout_s=0.4, send_timeout_s=0.4, ping_every_s=None, max_operations=5, origins=frozenset({"https://console"})
)


class Talk:
    """One socket, messages as values."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection

    def send(self, *messages: Any) -> None:
        for message in messages:
            self.connection.send(json.dumps(message))

    def receive(self) -> Any:
        text = self.connection.recv(timeout=5)
        assert SECRET not in str(text)
        return json.loads(text)

    def subscribe(self, operation_id: str, query: str, **payload: Any) -> None:
        self.send({"id": operation_id, "type": "subscribe", "payload": {"query": query, **payload}})

    def received_until_closed(self) -> tuple[int, str, list[Any]]:
        """The close code, its reason, and the messages before it."""
        messages = []

        def receive_all() -> None:
            while True:
                messages.append(self.receive())

        with pytest.raises(ConnectionClosed) as closed:
            receive_all()
        end = closed.value.rcvd
        assert end is not None
        return end.code, end.reason, messages

    def close_code(self) -> int:
        return self.received_until_closed()[0]

    def is_open(self) -> bool:
        self.send({"type": "ping"})
        return bool(self.receive() == {"type": "pong"})


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 40  # a reader is given up after ten seconds, on a busy machine later
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)

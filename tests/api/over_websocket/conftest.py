"""A tiny schema behind the real WebSocket edge."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from websockets.sync.client import connect

from api.limits import Limits
from tests.support.edge_server import Running, serving
from tests.support.tiny_schema import TinyApp
from tests.support.ws_talk import ACK, INIT, PATIENCE, PROTOCOL, Talk


@pytest.fixture(scope="module")
def app() -> TinyApp:
    return TinyApp(limits=Limits(max_cost=1_000), settings=PATIENCE, timeout_s=0.5)


@pytest.fixture(scope="module")
def server(app: TinyApp) -> Iterator[Running]:
    with serving(app.build()) as running:
        yield running


@pytest.fixture
def opened(server: Running) -> Iterator[Callable[..., Talk]]:
    """Opens sockets, by default with an acknowledged connection."""
    with contextlib.ExitStack() as connections:

        def open_socket(init: Any = INIT, **options: Any) -> Talk:
            connecting = connect(server.ws_url, subprotocols=[PROTOCOL], close_timeout=0.2, **options)
            talk = Talk(connections.enter_context(connecting))
            if init is not None:
                talk.send(init)
                assert talk.receive() == ACK
            return talk

        yield open_socket

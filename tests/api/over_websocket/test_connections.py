"""graphql-transport-ws on a real server: handshake, malformed messages, close codes, tokens."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable
from typing import Any

import pytest
from structlog.testing import capture_logs
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Subprotocol

from api.ws import SocketSettings
from tests.support.edge_server import Running, serving
from tests.support.tiny_schema import SECRET, TinyApp
from tests.support.ws_talk import ACK, HANDSHAKE, INIT, PATIENCE, PROTOCOL, Talk, wait_for


def test_the_server_speaks_graphql_transport_ws(opened: Callable[..., Talk]) -> None:
    talk = opened()
    assert talk.connection.subprotocol == PROTOCOL
    talk.subscribe("1", "{ greeting }")
    assert talk.receive() == {"id": "1", "type": "next", "payload": {"data": {"greeting": "Hello, world!"}}}
    assert talk.receive() == {"id": "1", "type": "complete"}


@pytest.mark.parametrize("offered", [None, ["graphql-ws"], ["soap", "mqtt"]])
def test_other_subprotocols_are_closed_with_4406(server: Running, offered: list[str] | None) -> None:
    lines = [*HANDSHAKE]
    if offered:
        lines.append(f"Sec-WebSocket-Protocol: {', '.join(offered)}")
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as connection:
        connection.sendall("\r\n".join([*lines, "", ""]).encode())
        received = b""
        while b"acceptable" not in received:
            received += connection.recv(4096)
    head, _, closing = received.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 101")
    assert b"sec-websocket-protocol" not in head.lower()
    assert closing[2:4] == (4406).to_bytes(2, "big")


def test_ours_is_chosen_among_several(server: Running) -> None:
    with connect(server.ws_url, subprotocols=[Subprotocol("graphql-ws"), PROTOCOL]) as connection:
        assert connection.subprotocol == PROTOCOL


def test_browsers_connect_from_allowed_origins_only(opened: Callable[..., Talk]) -> None:
    assert opened(origin="https://console").is_open()
    with pytest.raises(InvalidStatus, match="403"):
        opened(origin="https://evil")


MALFORMED = [
    "[]", "null", "42", '"x"', "true", "{", "", "NaN", "{}", '{"type": null}', '{"type": 1}', '{"type": "start"}',
    '{"type": "next", "id": "1", "payload": {}}', '{"type": "connection_ack"}', '{"type": "error"}',
    '{"type": "subscribe"}', '{"type": "subscribe", "id": "1"}', '{"type": "subscribe", "id": "1", "payload": null}',
    '{"type": "subscribe", "id": "1", "payload": []}', '{"type": "subscribe", "id": 1, "payload": {"query": "{a}"}}',
    '{"type": "subscribe", "id": "", "payload": {"query": "{a}"}}',
    '{"type": "subscribe", "payload": {"query": "{a}"}}',
    '{"type": "subscribe", "id": "1", "payload": {}}', '{"type": "subscribe", "id": "1", "payload": {"query": 1}}',
    '{"type": "subscribe", "id": "1", "payload": {"query": "{a}", "variables": []}}',
    '{"type": "subscribe", "id": "1", "payload": {"query": "{a}", "variables": "x"}}',
    '{"type": "subscribe", "id": "1", "payload": {"query": "{a}", "operationName": 1}}',
    '{"type": "subscribe", "id": "1", "payload": {"query": "{a}", "extensions": 1}}',
    '{"type": "complete"}', '{"type": "complete", "id": 7}', '{"type": "ping", "payload": 1}',
    '{"type": "pong", "payload": []}', '{"type": "connection_init", "payload": "x"}',
    '{"type": "connection_init", "payload": {"Authorization": 1}}', "[" * 5_000,
    '{"type": "ping", "payload": {"x": ' + "9" * 4_500 + "}}", '{"type": "ping", "payload": {"x": "\\ud800"}}',
]  # fmt: skip


@pytest.mark.parametrize("text", MALFORMED, ids=lambda text: text[:60] or "empty")
@pytest.mark.parametrize("acknowledged", [False, True])
def test_malformed_messages_are_closed_with_4400(opened: Callable[..., Talk], text: str, acknowledged: bool) -> None:
    talk = opened(INIT if acknowledged else None)
    talk.connection.send(text)
    code, reason, messages = talk.received_until_closed()
    assert (code, messages) == (4400, [])
    assert reason


def test_binary_messages_are_closed_with_4400(opened: Callable[..., Talk]) -> None:
    talk = opened(None)
    talk.connection.send(json.dumps(INIT).encode())
    assert talk.close_code() == 4400


def test_without_init_the_socket_is_closed_with_4408(opened: Callable[..., Talk]) -> None:
    talk = opened(None)
    started = time.monotonic()
    code, reason, _ = talk.received_until_closed()
    assert (code, reason) == (4408, "Connection initialisation timeout")
    assert 0.2 < time.monotonic() - started < 3


def test_an_acknowledged_socket_outlives_the_init_timeout(opened: Callable[..., Talk]) -> None:
    talk = opened()
    time.sleep(PATIENCE.init_timeout_s + 0.2)
    assert talk.is_open()


@pytest.mark.parametrize("init", [INIT, {**INIT, "payload": {"Authorization": "Bearer good"}}])
def test_a_second_init_is_closed_with_4429(opened: Callable[..., Talk], init: Any) -> None:
    talk = opened(init)
    talk.send(init)
    assert talk.close_code() == 4429
    talk = opened(None)
    talk.send(init, init)
    assert talk.close_code() == 4429


def test_an_operation_before_the_acknowledgement_is_closed_with_4401(opened: Callable[..., Talk]) -> None:
    talk = opened(None)
    talk.subscribe("1", "{ greeting }")
    assert talk.received_until_closed() == (4401, "Unauthorized", [])
    talk = opened(None)
    # Authentication takes a moment here: the acknowledgement is not out yet.
    talk.send({**INIT, "payload": {"Authorization": "Bearer good"}})
    talk.subscribe("1", "{ greeting }")
    assert talk.received_until_closed() == (4401, "Unauthorized", [])


def test_pings_are_answered_with_their_payload(opened: Callable[..., Talk]) -> None:
    talk = opened(None)
    talk.send({"type": "ping"})
    assert talk.receive() == {"type": "pong"}
    talk.send({"type": "ping", "payload": {"at": 1}}, {"type": "pong"}, {"type": "pong", "payload": {"x": None}})
    assert talk.receive() == {"type": "pong", "payload": {"at": 1}}
    talk.send(INIT)
    assert talk.receive() == ACK
    assert talk.is_open()


def test_the_server_pings_if_set() -> None:
    app = TinyApp(settings=SocketSettings(ping_every_s=0.05)).build()
    with serving(app) as running, connect(running.ws_url, subprotocols=[PROTOCOL]) as connection:
        assert Talk(connection).receive() == {"type": "ping"}


@pytest.mark.parametrize(
    "payload",
    [
        {"Authorization": "Bearer good"},
        {"authorization": "Bearer good"},
        {"headers": {"authorization": "Bearer good"}},
        {"headers": {"Authorization": "Bearer good", "x": 1}, "other": []},
    ],
)
def test_the_token_comes_in_the_init_payload(opened: Callable[..., Talk], payload: Any) -> None:
    talk = opened({**INIT, "payload": payload})
    talk.subscribe("1", "{ whoami }")
    assert talk.receive()["payload"] == {"data": {"whoami": "ann"}}


def test_a_token_in_the_handshake_counts_and_the_payload_wins(opened: Callable[..., Talk]) -> None:
    talk = opened(additional_headers={"Authorization": "Bearer good"})
    talk.subscribe("1", "{ whoami }")
    assert talk.receive()["payload"] == {"data": {"whoami": "ann"}}
    talk = opened(None, additional_headers={"Authorization": "Bearer good"})
    talk.send({**INIT, "payload": {"Authorization": "Bearer wrong"}})
    assert talk.close_code() == 4403


def test_without_a_token_the_caller_is_anonymous(opened: Callable[..., Talk]) -> None:
    talk = opened({**INIT, "payload": None})
    talk.subscribe("1", "{ whoami greeting }")
    payload = talk.receive()["payload"]
    assert payload["data"] == {"whoami": None, "greeting": "Hello, world!"}
    assert payload["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    assert talk.receive()["type"] == "complete"


@pytest.mark.parametrize(("token", "code"), [("Bearer wrong", 4403), ("", 4403), ("Bearer crash", 4500)])
def test_a_bad_token_is_not_acknowledged(opened: Callable[..., Talk], token: str, code: int) -> None:
    talk = opened(None)
    with capture_logs():
        talk.send({**INIT, "payload": {"Authorization": token}})
        closed, reason, messages = talk.received_until_closed()
    assert (closed, messages) == (code, [])
    assert SECRET not in reason


def test_the_socket_ends_with_its_token(opened: Callable[..., Talk], app: TinyApp) -> None:
    closed_before = app.tally.closed_streams
    talk = opened({**INIT, "payload": {"Authorization": "Bearer short"}})
    talk.subscribe("1", "subscription { count(to: 1000, everyS: 0.1) }")
    started = time.monotonic()
    code, reason, messages = talk.received_until_closed()
    assert (code, reason) == (4401, "The token has expired")
    assert 0.3 < time.monotonic() - started < 3
    assert messages
    wait_for(lambda: app.tally.closed_streams == closed_before + 1)


def test_a_revoked_session_ends_the_socket(opened: Callable[..., Talk], app: TinyApp) -> None:
    talk = opened({**INIT, "payload": {"Authorization": "Bearer good"}})
    talk.subscribe("1", "subscription { count(to: 1000, everyS: 0.05) }")
    assert talk.receive()["type"] == "next"
    app.revoked = True
    try:
        assert talk.close_code() == 4401
    finally:
        app.revoked = False

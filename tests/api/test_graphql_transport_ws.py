"""graphql-transport-ws on a real server: handshake, messages, close codes, tokens, contexts, slow readers."""

from __future__ import annotations

import contextlib
import json
import socket
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from structlog.testing import capture_logs
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

from api.limits import Limits
from api.ws import SocketSettings
from tests.support.edge_server import Running, serving
from tests.support.tiny_schema import SECRET, TinyApp

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


@pytest.fixture(scope="module")
def app() -> TinyApp:
    return TinyApp(limits=Limits(max_cost=1_000), settings=PATIENCE, timeout_s=0.5)


@pytest.fixture(scope="module")
def server(app: TinyApp) -> Iterator[Running]:
    with serving(app.build()) as running:
        yield running


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


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 3
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


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


def test_events_come_in_order_and_end_with_complete(opened: Callable[..., Talk]) -> None:
    talk = opened()
    talk.subscribe("s", "subscription S($to: Int!) { count(to: $to) }", variables={"to": 3}, operationName="S")
    for number in (1, 2, 3):
        assert talk.receive() == {"id": "s", "type": "next", "payload": {"data": {"count": number}}}
    assert talk.receive() == {"id": "s", "type": "complete"}


def test_each_event_has_a_context_of_its_own(opened: Callable[..., Talk]) -> None:
    talk = opened()
    talk.subscribe("s", "subscription { contexts(times: 3) { contextNumber again: contextNumber } }")
    rows = [talk.receive()["payload"]["data"]["contexts"] for _ in range(3)]
    assert all(row["contextNumber"] == row["again"] for row in rows)
    assert len({row["again"] for row in rows}) == 3


def test_operations_run_side_by_side(opened: Callable[..., Talk]) -> None:
    talk = opened()
    talk.subscribe("slow", "{ slow(seconds: 0.2) }")
    talk.subscribe("quick", "{ greeting }")
    order = [(message["id"], message["type"]) for message in (talk.receive() for _ in range(4))]
    assert order == [("quick", "next"), ("quick", "complete"), ("slow", "next"), ("slow", "complete")]


def test_mutations_run_over_the_socket(opened: Callable[..., Talk], app: TinyApp) -> None:
    before = app.tally.bumps
    talk = opened()
    talk.subscribe("m", "mutation { bump }")
    assert talk.receive()["payload"] == {"data": {"bump": before + 1}}


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("{", "GRAPHQL_PARSE_FAILED"),
        ("{ nothing }", "GRAPHQL_VALIDATION_FAILED"),
        ("query Q($n: Int!) { items(first: $n) { id } }", "BAD_INPUT"),
        ("{ items(first: 100) { items(first: 100) { id } } }", "TOO_COMPLEX"),
        ("subscription { ticks { items(first: 100) { items(first: 100) { id } } } }", "TOO_COMPLEX"),
        ("query A { greeting } query B { greeting }", "OPERATION_RESOLUTION_FAILURE"),
        ("subscription { refuses }", "FORBIDDEN"),
        ("{ slow(seconds: 5) }", "TIMEOUT"),
    ],
)
def test_errors_end_the_operation_but_not_the_socket(opened: Callable[..., Talk], query: str, code: str) -> None:
    talk = opened()
    talk.subscribe("1", query)
    message = talk.receive()
    assert (message["id"], message["type"]) == ("1", "error")
    assert [error["extensions"]["code"] for error in message["payload"]] == [code]
    assert isinstance(message["payload"][0]["extensions"]["retryable"], bool)
    talk.subscribe("1", "{ greeting }")
    assert [talk.receive()["type"], talk.receive()["type"]] == ["next", "complete"]


def test_variables_that_make_it_too_costly_are_refused(opened: Callable[..., Talk]) -> None:
    talk = opened()
    query = "query Q($n: Int!) { items(first: $n) { items(first: $n) { id } } }"
    talk.subscribe("1", query, variables={"n": 100})
    assert talk.receive()["payload"][0]["extensions"]["code"] == "TOO_COMPLEX"
    talk.subscribe("1", query, variables={"n": 2})
    assert talk.receive()["type"] == "next"


def test_a_stream_that_breaks_ends_with_a_masked_error(opened: Callable[..., Talk]) -> None:
    talk = opened()
    with capture_logs() as logs:
        talk.subscribe("1", "subscription { breaks(after: 1) }")
        assert talk.receive()["payload"] == {"data": {"breaks": 0}}
        message = talk.receive()
    assert message["type"] == "error"
    assert message["payload"][0]["extensions"]["code"] == "INTERNAL"
    assert message["payload"][0]["extensions"]["requestId"] == logs[0]["request_id"]
    assert talk.is_open()


def test_a_value_json_cannot_hold_ends_the_operation(opened: Callable[..., Talk]) -> None:
    talk = opened()
    with capture_logs():
        talk.subscribe("1", '{ raw(kind: "huge") }')
        assert talk.receive()["payload"][0]["extensions"]["code"] == "INTERNAL"
    assert talk.is_open()


def test_an_id_in_use_is_closed_with_4409(opened: Callable[..., Talk]) -> None:
    talk = opened()
    talk.subscribe("one", "subscription { count(to: 100, everyS: 0.1) }")
    talk.subscribe("one", "{ greeting }")
    assert talk.received_until_closed()[:2] == (4409, "Subscriber for one already exists")
    talk = opened()
    long_id = "x" * 5_000
    talk.subscribe(long_id, "subscription { count(to: 100, everyS: 0.1) }")
    talk.subscribe(long_id, "{ greeting }")
    assert talk.close_code() == 4409


def test_complete_stops_the_stream_and_frees_the_id(opened: Callable[..., Talk], app: TinyApp) -> None:
    closed_before = app.tally.closed_streams
    talk = opened()
    talk.subscribe("1", "subscription { count(to: 1000, everyS: 0.02) }")
    assert talk.receive()["type"] == "next"
    talk.send({"id": "1", "type": "complete"}, {"id": "1", "type": "complete"}, {"id": "unknown", "type": "complete"})
    talk.send({"type": "ping"})
    while talk.receive()["type"] != "pong":
        pass
    time.sleep(0.1)
    assert talk.is_open()
    wait_for(lambda: app.tally.closed_streams == closed_before + 1)
    talk.subscribe("1", "{ greeting }")
    assert talk.receive()["payload"] == {"data": {"greeting": "Hello, world!"}}


def test_complete_cancels_a_query_and_hides_a_mutations_answer(opened: Callable[..., Talk], app: TinyApp) -> None:
    app.tally.cancelled.clear()
    before = app.tally.bumps
    talk = opened()
    talk.subscribe("q", "{ slow(seconds: 0.4) }")
    talk.subscribe("m", "mutation { bump(afterS: 0.2) }")
    assert talk.is_open()
    talk.send({"id": "q", "type": "complete"}, {"id": "m", "type": "complete"})
    wait_for(lambda: app.tally.cancelled == ["slow"])
    wait_for(lambda: app.tally.bumps == before + 1)
    assert talk.is_open()


def test_a_mutation_is_finished_though_the_client_leaves(opened: Callable[..., Talk], app: TinyApp) -> None:
    before = app.tally.bumps
    talk = opened()
    talk.subscribe("m", "mutation { bump(afterS: 0.2) }")
    assert talk.is_open()
    talk.connection.close()
    wait_for(lambda: app.tally.bumps == before + 1)


def test_streams_are_closed_when_the_client_leaves(opened: Callable[..., Talk], app: TinyApp) -> None:
    closed_before = app.tally.closed_streams
    for abrupt in (False, True):
        talk = opened()
        talk.subscribe("1", "subscription { count(to: 1000, everyS: 0.05) }")
        assert talk.receive()["type"] == "next"
        if abrupt:
            talk.connection.socket.shutdown(socket.SHUT_RDWR)
        talk.connection.close()
    wait_for(lambda: app.tally.closed_streams == closed_before + 2)


def test_operations_at_once_are_limited(opened: Callable[..., Talk]) -> None:
    talk = opened()
    for number in range(PATIENCE.max_operations + 1):
        talk.subscribe(str(number), "subscription { count(to: 2, everyS: 0.3) }")
    message = talk.receive()
    assert (message["id"], message["type"]) == ("5", "error")
    assert message["payload"][0]["extensions"]["code"] == "TOO_MANY_ACTIVE_OPERATIONS"
    assert message["payload"][0]["extensions"]["retryable"] is True
    talk.send({"id": "0", "type": "complete"})
    assert talk.receive()["type"] == "next"
    talk.subscribe("5", "{ greeting }")
    ids = {talk.receive()["id"] for _ in range(5)}
    assert "5" in ids


def test_a_reader_that_is_too_slow_is_dropped_and_not_buffered(server: Running, app: TinyApp) -> None:
    closed_before, before = app.tally.closed_streams, app.tally.bumps
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as connection:
        connection.sendall("\r\n".join([*HANDSHAKE, f"Sec-WebSocket-Protocol: {PROTOCOL}", "", ""]).encode())
        assert b"101" in connection.recv(4096)
        connection.sendall(frame(INIT))
        assert b"connection_ack" in connection.recv(4096)
        connection.sendall(frame({"id": "1", "type": "subscribe", "payload": {"query": "subscription { flood }"}}))
        wait_for(lambda: app.tally.closed_streams == closed_before + 1)
    # Each event has 100 kB: as many as the buffers of a loopback connection hold, and no more.
    assert app.tally.bumps - before < 200


def frame(message: Any) -> bytes:
    """A masked text frame of fewer than 126 bytes (the mask is zero)."""
    text = json.dumps(message).encode()
    assert len(text) < 126
    return bytes([0x81, 0x80 | len(text), 0, 0, 0, 0]) + text


def test_a_message_over_the_servers_limit_closes_the_socket(opened: Callable[..., Talk]) -> None:
    talk = opened()
    talk.connection.send('{"type": "ping", "payload": {"x": "' + "x" * 1_000_000 + '"}}')
    assert talk.close_code() == 1009


def test_a_shutdown_closes_sockets_and_streams() -> None:
    app = TinyApp()
    with serving(app.build()) as running, connect(running.ws_url, subprotocols=[PROTOCOL]) as connection:
        talk = Talk(connection)
        talk.send(INIT)
        assert talk.receive() == ACK
        talk.subscribe("1", "subscription { count(to: 1000, everyS: 0.05) }")
        assert talk.receive()["type"] == "next"
        running.server.should_exit = True
        assert talk.close_code() == 1012
    assert app.tally.closed_streams == 1

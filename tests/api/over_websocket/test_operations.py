"""graphql-transport-ws on a real server: events, contexts, cancelling, limits, slow readers."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable
from typing import Any

import pytest
from structlog.testing import capture_logs
from websockets.sync.client import connect

from tests.support.edge_server import serving
from tests.support.tiny_schema import TinyApp
from tests.support.ws_talk import ACK, HANDSHAKE, INIT, PATIENCE, PROTOCOL, Talk, wait_for


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


def flooded(port: int) -> socket.socket:
    """A socket whose client asks for more than it reads."""
    connection = socket.create_connection(("127.0.0.1", port), timeout=5)
    connection.sendall("\r\n".join([*HANDSHAKE, f"Sec-WebSocket-Protocol: {PROTOCOL}", "", ""]).encode())
    assert b"101" in connection.recv(4096)
    connection.sendall(frame(INIT))
    assert b"connection_ack" in connection.recv(4096)
    connection.sendall(frame({"id": "1", "type": "subscribe", "payload": {"query": "subscription { flood }"}}))
    return connection


def test_a_reader_that_is_too_slow_is_dropped_with_1013_and_not_buffered() -> None:
    app = TinyApp(settings=PATIENCE)
    with serving(app.build()) as running, flooded(running.port) as connection:
        wait_for(lambda: app.tally.closed_streams == 1)
        # Each event has 100 kB: as many as the buffers of a loopback connection hold, and no more.
        assert app.tally.bumps < 200
        # Long after the server has let go: the code lies behind what had been sent.
        time.sleep(1.5)
        received = b""
        while not received.endswith(b"reads too slowly"):
            received = received[-200:] + connection.recv(1 << 20)
        assert (1013).to_bytes(2, "big") + b"The client reads too slowly" in received


def test_a_reader_that_never_reads_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.socket_protocol._GIVEN_UP_S", 0.1)
    app = TinyApp(settings=PATIENCE)
    with serving(app.build()) as running, flooded(running.port):
        wait_for(lambda: app.tally.closed_streams == 1)
        wait_for(lambda: not running.server.server_state.connections)


def test_a_subscriber_who_fell_behind_is_closed_with_1013(opened: Callable[..., Talk]) -> None:
    talk = opened()
    talk.subscribe("1", "subscription { fallsBehind }")
    code, reason, messages = talk.received_until_closed()
    assert (code, reason) == (1013, "The client reads too slowly")
    assert [each["payload"] for each in messages] == [{"data": {"fallsBehind": 1}}]


def test_a_socket_that_was_closed_beneath_is_no_error() -> None:
    app = TinyApp().build()
    ended: list[Exception | None] = []

    async def closing_first(scope: Any, receive: Any, send: Any) -> None:
        async def sending(message: Any) -> None:
            if message["type"] == "websocket.close":
                # As the server itself does at a broken frame, at this very moment.
                await send(message)
            await send(message)

        try:
            await app(scope, receive, sending)
            ended.append(None)
        except Exception as error:
            ended.append(error)

    with serving(closing_first) as running, connect(running.ws_url, subprotocols=[PROTOCOL]) as connection:
        talk = Talk(connection)
        talk.send([])
        assert talk.close_code() == 4400
        wait_for(lambda: bool(ended))
    assert ended == [None]


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

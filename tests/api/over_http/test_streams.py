"""Subscriptions as event streams and as multipart answers on a real server."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from structlog.testing import capture_logs

from api.limits import Limits
from api.negotiation import EVENT_STREAM, MULTIPART, stream_type
from api.streams import StreamSettings
from tests.support.edge_server import Running, serving
from tests.support.http_calls import NEW, OLD, assert_answer, code
from tests.support.streams import COMPLETE, MULTI, SSE, reading
from tests.support.tiny_schema import SECRET, TinyApp
from tests.support.ws_talk import wait_for

SLOW = "subscription { count(to: 1000, everyS: 0.02) }"
QUIET = "subscription { count(to: 1, everyS: 30) }"


def raw_request(query: str, accept: str) -> bytes:
    body = json.dumps({"query": query})
    headers = ("Host: x", f"Accept: {accept}", f"Content-Type: {OLD}", f"Content-Length: {len(body)}")
    return "\r\n".join(("POST /graphql HTTP/1.1", *headers, "", body)).encode()


@pytest.fixture(scope="module")
def app() -> TinyApp:
    patience = StreamSettings(keep_alive_s=0.1, send_timeout_s=0.4, first_answer_s=0.1)
    return TinyApp(limits=Limits(max_cost=1_000), timeout_s=0.8, stream_settings=patience)


@pytest.fixture(scope="module")
def server(app: TinyApp) -> Iterator[Running]:
    with serving(app.build()) as running:
        yield running


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        (None, None),
        ("", None),
        ("*/*", None),
        ("text/*, multipart/*", None),
        (SSE, EVENT_STREAM),
        (f"{SSE}; charset=utf-8", EVENT_STREAM),
        (f"{SSE};q=0", None),
        (f"{OLD}, {SSE}", EVENT_STREAM),
        ("multipart/mixed", None),
        ("multipart/mixed; subscriptionSpec=1.1", None),
        ("multipart/mixed; deferSpec=20220824", None),
        ("multipart/mixed;boundary=graphql;subscriptionSpec=1.0,application/json;q=0.9", MULTIPART),
        ('Multipart/Mixed; boundary="graphql"; subscriptionspec="1.0"', MULTIPART),
        (f"{SSE}, multipart/mixed", EVENT_STREAM),
        (f"{MULTI}, {SSE}", MULTIPART),
        (f"{MULTI};q=0.5, {SSE}", EVENT_STREAM),
    ],
)
def test_a_stream_must_be_asked_for_by_name(accept: str | None, expected: str | None) -> None:
    assert stream_type(accept) == expected


@pytest.mark.parametrize("method", ["POST", "GET"])
@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        (SSE, "text/event-stream; charset=utf-8"),
        (MULTI, 'multipart/mixed; boundary="graphql"; subscriptionSpec="1.0"'),
        (f"{MULTI}, {NEW}, {OLD}", 'multipart/mixed; boundary="graphql"; subscriptionSpec="1.0"'),
    ],
)
def test_events_come_in_order_and_end_with_completion(
    client: httpx.Client, accept: str, content_type: str, method: str
) -> None:
    with reading(client, "subscription { count(to: 3) }", accept, method) as stream:
        headers = stream.response.headers
        assert (stream.response.status_code, headers["content-type"]) == (200, content_type)
        assert (headers["cache-control"], headers["x-accel-buffering"]) == ("no-store", "no")
        assert headers["x-request-id"]
        assert stream.rest() == [*(("next", {"data": {"count": number}}) for number in (1, 2, 3)), COMPLETE]


@pytest.mark.parametrize("accept", [SSE, MULTI])
def test_events_arrive_when_they_happen_and_life_is_shown_between(client: httpx.Client, accept: str) -> None:
    started = time.perf_counter()
    with reading(client, "subscription { count(to: 2, everyS: 0.35) }", accept) as stream:
        parts = []
        while (part := stream.part()) is not None and part != COMPLETE:
            parts.append((part[0], round(time.perf_counter() - started, 1)))
    assert [name for name, _ in parts].count("next") == 2
    assert [name for name, _ in parts].count("keep-alive") >= 4
    assert parts[0][1] < 0.3
    times = [when for name, when in parts if name == "next"]
    assert times[0] < 0.6 <= times[1]


@pytest.mark.parametrize("accept", [SSE, MULTI])
def test_each_event_has_a_context_of_its_own(client: httpx.Client, accept: str) -> None:
    with reading(client, "subscription { contexts(times: 3) { contextNumber } }", accept) as stream:
        numbers = [part[1]["data"]["contexts"]["contextNumber"] for part in stream.rest() if part != COMPLETE]
    assert len(set(numbers)) == 3


REFUSED_BEFORE = [
    pytest.param("subscription {", {}, 400, "GRAPHQL_PARSE_FAILED", id="not-a-document"),
    pytest.param("subscription { nothing }", {}, 400, "GRAPHQL_VALIDATION_FAILED", id="not-valid"),
    pytest.param("subscription S($n: Int!) { count(to: $n) }", {}, 400, "BAD_INPUT", id="variable-missing"),
    pytest.param(
        "subscription { ticks { items(first: 100) { items(first: 100) { id } } } }", {}, 400, "TOO_COMPLEX", id="cost"
    ),
    pytest.param("subscription { refuses }", {}, 403, "FORBIDDEN", id="refused-by-the-resolver"),
    pytest.param("subscription { breaks(after: 0) }", {}, 500, "INTERNAL", id="broken-at-once"),
    pytest.param(SLOW, {"authorization": "Bearer wrong"}, 401, "UNAUTHENTICATED", id="bad-token"),
    pytest.param(SLOW, {"authorization": "Bearer limited"}, 429, "RATE_LIMITED", id="rate-limited"),
]


@pytest.mark.parametrize(("query", "headers", "status", "expected"), REFUSED_BEFORE)
@pytest.mark.parametrize("accept", [f"{SSE}, {NEW}", f"{MULTI}, {NEW}"])
def test_errors_before_the_first_event_are_ordinary_answers(
    client: httpx.Client, accept: str, query: str, headers: dict[str, str], status: int, expected: str
) -> None:
    with capture_logs():
        response = client.post("/graphql", json={"query": query}, headers={"accept": accept, **headers})
    assert (response.status_code, code(response)) == (status, expected)


@pytest.mark.parametrize(("query", "headers", "status", "expected"), REFUSED_BEFORE)
@pytest.mark.parametrize("accept", [SSE, MULTI])
def test_a_client_of_streams_only_gets_request_errors_as_an_event(
    client: httpx.Client, accept: str, query: str, headers: dict[str, str], status: int, expected: str
) -> None:
    with capture_logs(), reading(client, query, accept, **headers) as stream:
        if status != 400:  # a status that clients act on
            stream.response.read()
            assert (stream.response.status_code, code(stream.response)) == (status, expected)
            return
        event, end = stream.rest()
    assert (stream.response.status_code, end) == (200, COMPLETE)
    assert event[0] == "next"
    assert [error["extensions"]["code"] for error in event[1]["errors"]] == [expected]
    assert "data" not in event[1]


def test_queries_and_mutations_are_one_event_for_a_client_of_event_streams(client: httpx.Client, app: TinyApp) -> None:
    with reading(client, "{ greeting }") as stream:
        assert stream.rest() == [("next", {"data": {"greeting": "Hello, world!"}}), COMPLETE]
    with reading(client, "mutation { bump }") as stream:
        assert stream.rest() == [("next", {"data": {"bump": app.tally.bumps}}), COMPLETE]
    response = client.post("/graphql", json={"query": "{ greeting }"}, headers={"accept": f"{SSE}, {NEW};q=0.1"})
    assert assert_answer(response) == {"data": {"greeting": "Hello, world!"}}
    assert client.get("/graphql?query=mutation{bump}", headers={"accept": SSE}).status_code == 405


@pytest.mark.parametrize(
    ("request_of", "status"),
    [
        ({"method": "POST", "content": b"{", "headers": {"content-type": OLD}}, 400),
        ({"method": "POST", "content": b"[]", "headers": {"content-type": OLD}}, 400),
        ({"method": "POST", "content": b"{}", "headers": {"content-type": "text/plain"}}, 415),
        ({"method": "PUT"}, 405),
        ({"method": "GET"}, 400),
    ],
)
def test_what_is_no_request_is_an_ordinary_answer(client: httpx.Client, request_of: Any, status: int) -> None:
    headers = {**request_of.get("headers", {}), "accept": SSE}
    response = client.request(**{"url": "/graphql", **request_of, "headers": headers})
    assert response.status_code == status
    assert_answer(response)


@pytest.mark.parametrize("accept", [NEW, OLD, "*/*"])
def test_without_asking_for_a_stream_there_is_none(client: httpx.Client, accept: str) -> None:
    response = client.post("/graphql", json={"query": SLOW}, headers={"accept": accept})
    assert code(response) == "BAD_REQUEST"
    assert "text/event-stream" in response.json()["errors"][0]["message"]


@pytest.mark.parametrize("accept", [SSE, MULTI])
@pytest.mark.parametrize("query", [SLOW, QUIET])
def test_a_client_that_leaves_ends_the_subscription(
    client: httpx.Client, app: TinyApp, accept: str, query: str
) -> None:
    before = app.tally.closed_streams
    with capture_logs() as logs, reading(client, query, accept) as stream:
        assert stream.part() is not None
    wait_for(lambda: app.tally.closed_streams == before + 1)
    assert logs == []


def test_a_client_that_leaves_before_the_stream_begins_ends_the_subscription(server: Running, app: TinyApp) -> None:
    before = app.tally.closed_streams
    request = raw_request(QUIET, SSE)
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as connection:
        connection.sendall(request)
        time.sleep(0.02)
    wait_for(lambda: app.tally.closed_streams == before + 1)


def test_a_query_whose_client_leaves_is_cancelled(app: TinyApp) -> None:
    app.tally.cancelled.clear()
    with serving(TinyApp(tally=app.tally).build()) as patient:
        with pytest.raises(httpx.ReadTimeout):
            httpx.post(patient.url, json={"query": "{ slow(seconds: 20) }"}, timeout=0.4)
        wait_for(lambda: app.tally.cancelled == ["slow"])
        bumps = app.tally.bumps
        with pytest.raises(httpx.ReadTimeout):
            httpx.post(patient.url, json={"query": "mutation { bump(afterS: 0.6) }"}, timeout=0.4)
        wait_for(lambda: app.tally.bumps == bumps + 1)


@pytest.mark.parametrize("accept", [SSE, MULTI])
@pytest.mark.parametrize("query", [SLOW, QUIET])
def test_the_end_of_the_token_ends_the_stream(client: httpx.Client, app: TinyApp, accept: str, query: str) -> None:
    before = app.tally.closed_streams
    with reading(client, query, accept, authorization="Bearer short") as stream:
        *events, last, end = stream.rest()
    assert all("data" in event[1] for event in events)
    assert last[1]["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    assert end == COMPLETE
    wait_for(lambda: app.tally.closed_streams == before + 1)


@pytest.mark.parametrize("accept", [SSE, MULTI])
def test_the_end_of_the_session_ends_the_stream(client: httpx.Client, app: TinyApp, accept: str) -> None:
    with reading(client, SLOW, accept, authorization="Bearer good") as stream:
        assert stream.answer() == ("next", {"data": {"count": 1}})
        app.revoked = True
        try:
            *_, last, end = stream.rest()
        finally:
            app.revoked = False
    assert last[1]["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    assert end == COMPLETE


@pytest.mark.parametrize("accept", [SSE, MULTI])
@pytest.mark.parametrize("query", ["subscription { breaks(after: 2) }"])
def test_a_stream_that_breaks_ends_with_a_masked_error(client: httpx.Client, accept: str, query: str) -> None:
    with capture_logs() as logs, reading(client, query, accept) as stream:
        *events, last, end = stream.rest()
    assert [event[1] for event in events] == [{"data": {"breaks": 0}}, {"data": {"breaks": 1}}]
    assert last[1]["errors"][0]["extensions"]["code"] == "INTERNAL"
    assert SECRET not in json.dumps(last)
    assert (end, len(logs)) == (COMPLETE, 1)


@pytest.mark.parametrize("accept", [SSE, MULTI])
def test_a_client_that_reads_nothing_is_left(server: Running, app: TinyApp, accept: str) -> None:
    before, produced = app.tally.closed_streams, app.tally.bumps
    request = raw_request("subscription { flood }", accept)
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as connection:
        connection.sendall(request)
        wait_for(lambda: app.tally.closed_streams == before + 1)
    assert app.tally.bumps - produced < 200, "nothing piles up while the client does not read"


@pytest.mark.parametrize("accept", [SSE, MULTI])
def test_the_end_of_the_server_is_announced(accept: str) -> None:
    app = TinyApp()
    with (
        serving(app.build()) as running,
        httpx.Client(base_url=f"http://127.0.0.1:{running.port}") as client,
        reading(client, SLOW, accept) as stream,
    ):
        assert stream.answer() == ("next", {"data": {"count": 1}})
        assert app.loop is not None
        app.loop.call_soon_threadsafe(app.streams.end_all)
        *_, last, end = stream.rest()
    assert last[1]["errors"][0]["extensions"] == {"code": "SHUTTING_DOWN", "retryable": True}
    assert end == COMPLETE

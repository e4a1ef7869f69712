"""GraphQL over HTTP on a real server: errors, tokens, contexts, size and time limits."""

from __future__ import annotations

import hashlib
import json
import socket
import time
from typing import Any

import httpx
import pytest
from structlog.testing import capture_logs

from tests.support.edge_server import Running
from tests.support.http_calls import NEW, OLD, TYPE_BY_NAME, TYPENAME, assert_answer, code, post, raw
from tests.support.tiny_schema import TinyApp


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        pytest.param({"query": "{"}, "GRAPHQL_PARSE_FAILED", id="556A-865D-D586-572B"),
        pytest.param({"query": ""}, "GRAPHQL_PARSE_FAILED", id="empty-document"),
        pytest.param({"query": "{ 8f31403d }"}, "GRAPHQL_PARSE_FAILED", id="name-begins-with-digit"),
        pytest.param({"query": "{ nothing }"}, "GRAPHQL_VALIDATION_FAILED", id="74FF-51FE-5E5B-FDE2"),
        pytest.param(
            {"query": "fragment F on Query { a: __typename }"}, "GRAPHQL_VALIDATION_FAILED", id="no-operation"
        ),
        pytest.param({"query": "type X { y: Int }"}, "GRAPHQL_VALIDATION_FAILED", id="type-definition"),
        pytest.param({**TYPENAME, "operationName": "No"}, "OPERATION_RESOLUTION_FAILURE", id="unknown-operation"),
        pytest.param(
            {"query": "query A { __typename } query B { __typename }"}, "OPERATION_RESOLUTION_FAILURE", id="which-one"
        ),
        pytest.param({**TYPE_BY_NAME, "variables": {}}, "BAD_INPUT", id="variable-missing"),
        pytest.param({**TYPE_BY_NAME, "variables": {"n": None}}, "BAD_INPUT", id="variable-null"),
        pytest.param({**TYPE_BY_NAME, "variables": {"n": {"a": [1]}}}, "BAD_INPUT", id="variable-of-other-type"),
        pytest.param({"query": "subscription { count(to: 1) }"}, "BAD_REQUEST", id="subscription"),
        pytest.param({"query": "{ items(first: 101) { id } }"}, "BAD_INPUT", id="page-too-large"),
    ],
)
def test_errors_before_execution_are_400_or_200_by_media_type(client: httpx.Client, body: Any, expected: str) -> None:
    for accept, status in ((NEW, 400), (OLD, 200)):
        response = post(client, body, accept=accept)
        assert (response.status_code, code(response)) == (status, expected)
        assert "data" not in response.json()


@pytest.mark.parametrize("accept", [NEW, OLD])
@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ('raises(kind: "forbidden")', ("FORBIDDEN", False)),
        ('raises(kind: "bad_input")', ("BAD_INPUT", False)),
        ('raises(kind: "rate_limited")', ("RATE_LIMITED", True)),
        ('raises(kind: "unavailable")', ("UNAVAILABLE", True)),
        ('raises(kind: "not_found")', ("NOT_FOUND", False)),
        ('raises(kind: "unexpected")', ("INTERNAL", False)),
        ('raises(kind: "leaky")', ("INTERNAL", False)),
        ("neverNull", ("INTERNAL", False)),
        ("notANumber", ("INTERNAL", False)),
        ("whoami", ("UNAUTHENTICATED", False)),
    ],
)
def test_field_errors_are_typed_masked_and_200(
    client: httpx.Client, accept: str, query: str, expected: tuple[str, bool]
) -> None:
    with capture_logs() as logs:
        response = post(client, {"query": f"{{ {query} }}"}, accept=accept, x_request_id="trace-1")
    assert response.status_code == 200
    (error,) = assert_answer(response)["errors"]
    extensions = error["extensions"]
    assert (extensions["code"], extensions["retryable"]) == expected
    assert error["path"] == [query.split("(", maxsplit=1)[0]]
    if expected[0] == "INTERNAL":
        assert error["message"] == "Something went wrong on our side."
        assert set(extensions) == {"code", "retryable", "requestId"}
        assert extensions["requestId"] == "trace-1"
        assert [(log["request_id"], log["exc_info"] is not None) for log in logs] == [("trace-1", True)]
    else:
        assert logs == []


def test_facts_of_a_known_error_are_shown(client: httpx.Client) -> None:
    answer = post(client, {"query": '{ a: raises(kind: "bad_input") b: raises(kind: "rate_limited") }'}).json()
    by_name = {error["path"][0]: error["extensions"] for error in answer["errors"]}
    assert by_name["a"]["field"] == "kind"
    assert by_name["b"]["retryAfterSeconds"] == 30
    assert answer["data"] == {"a": None, "b": None}


def test_a_null_for_an_argument_with_a_default_is_the_callers_fault(client: httpx.Client) -> None:
    body = {"query": "query Q($n: Int = 1) { mustHave(count: $n) }", "variables": {"n": None}}
    assert code(post(client, body)) == "BAD_INPUT"


@pytest.mark.parametrize(("value", "shown"), [("a1", "a code is made of letters"), ("crash", "could not be read")])
def test_errors_of_input_scalars_do_not_leak(client: httpx.Client, value: str, shown: str) -> None:
    with capture_logs():
        response = post(client, {"query": "query Q($c: Code!) { greetingOf(code: $c) }", "variables": {"c": value}})
        literal = post(client, {"query": f'{{ greetingOf(code: "{value}") }}'})
    assert code(response) == "BAD_INPUT"
    assert code(literal) == "GRAPHQL_VALIDATION_FAILED"
    assert shown in response.text
    assert shown in literal.text


@pytest.mark.parametrize("kind", ["huge", "surrogate", "object"])
def test_a_value_json_cannot_hold_is_a_masked_500(client: httpx.Client, kind: str) -> None:
    with capture_logs():
        response = post(client, {"query": f'{{ raw(kind: "{kind}") }}'})
    assert (response.status_code, code(response)) == (500, "INTERNAL")


def test_many_failures_of_one_answer_are_logged_briefly(client: httpx.Client) -> None:
    fields = " ".join(f'f{number}: raises(kind: "unexpected")' for number in range(20))
    with capture_logs() as logs:
        answer = assert_answer(post(client, {"query": f"{{ {fields} }}"}))
    assert len(answer["errors"]) == 20
    assert len(logs) == 6


@pytest.mark.parametrize("accept", [NEW, OLD])
def test_a_bad_token_is_401_with_json(client: httpx.Client, accept: str) -> None:
    response = post(client, {"query": "{ whoami }"}, authorization="Bearer wrong", accept=accept)
    assert (response.status_code, code(response)) == (401, "UNAUTHENTICATED")
    assert response.headers["www-authenticate"].startswith("Bearer")
    assert post(client, {"query": "{ whoami }"}, authorization="Bearer good").json() == {"data": {"whoami": "ann"}}


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ('mutation { signIn(name: "a") }', 200),
        ('mutation { __typename x: signIn(name: "a") }', 200),
        ('mutation { ...F ... { signIn(name: "b") } } fragment F on Mutation { a: signIn(name: "a") }', 200),
        ('mutation { signIn(name: "a") bump }', 401),
        ('mutation { signIn(name: "a") ...F } fragment F on Mutation { bump }', 401),
        ("{ __typename }", 401),
    ],
)
def test_only_public_mutations_ignore_a_bad_token(client: httpx.Client, app: TinyApp, query: str, status: int) -> None:
    before = app.tally.bumps
    assert post(client, {"query": query}, authorization="Bearer wrong").status_code == status
    assert app.tally.bumps == before


def test_a_rate_limited_or_failing_authentication_is_told_as_such(client: httpx.Client) -> None:
    response = post(client, TYPENAME, authorization="Bearer limited", accept=OLD)
    assert (response.status_code, code(response), response.headers["retry-after"]) == (429, "RATE_LIMITED", "7")
    with capture_logs():
        response = post(client, TYPENAME, authorization="Bearer crash")
    assert (response.status_code, code(response)) == (500, "INTERNAL")


def test_request_ids_of_clients_are_kept_only_if_sane(client: httpx.Client) -> None:
    body = {"query": "{ requestId }"}
    kept = post(client, body, x_request_id="abc-1.2:3")
    assert (kept.headers["x-request-id"], kept.json()["data"]["requestId"]) == ("abc-1.2:3", "abc-1.2:3")
    for given in ("a b", "x" * 65, "<script>", ""):
        made = post(client, body, x_request_id=given).headers["x-request-id"]
        assert made != given
        assert len(made) == 32


def test_each_operation_has_a_context_of_its_own(client: httpx.Client) -> None:
    numbers = [post(client, {"query": "{ contextNumber again: contextNumber }"}).json()["data"] for _ in range(3)]
    assert all(pair["contextNumber"] == pair["again"] for pair in numbers)
    assert len({pair["again"] for pair in numbers}) == 3


@pytest.mark.parametrize("accept", [NEW, OLD])
def test_an_operation_that_takes_too_long_is_cancelled(client: httpx.Client, app: TinyApp, accept: str) -> None:
    app.tally.cancelled.clear()
    started = time.perf_counter()
    response = post(client, {"query": "{ greeting slow(seconds: 5) }"}, accept=accept)
    assert time.perf_counter() - started < 2
    assert (response.status_code, code(response)) == (503, "TIMEOUT")
    assert response.json()["errors"][0]["extensions"]["retryable"] is True
    assert app.tally.cancelled == ["slow"]


def test_automatic_persisted_queries(client: httpx.Client) -> None:
    query = '{ greeting(name: "apq") }'
    extensions = {"persistedQuery": {"version": 1, "sha256Hash": hashlib.sha256(query.encode()).hexdigest()}}
    unknown = post(client, {"extensions": extensions}, accept=OLD)
    assert (unknown.status_code, code(unknown)) == (200, "PERSISTED_QUERY_NOT_FOUND")
    assert unknown.json()["errors"][0]["message"] == "PersistedQueryNotFound"
    assert code(post(client, {"query": "{ greeting }", "extensions": extensions})) == "BAD_REQUEST"
    assert code(post(client, {"extensions": extensions})) == "PERSISTED_QUERY_NOT_FOUND"
    expected = {"data": {"greeting": "Hello, apq!"}}
    assert post(client, {"query": query, "extensions": extensions}).json() == expected
    assert post(client, {"extensions": extensions}).json() == expected
    assert client.get("/graphql", params={"extensions": json.dumps(extensions)}).json() == expected


def test_a_body_over_the_limit_is_413_in_json(client: httpx.Client) -> None:
    for size in (20_001, 60_000):
        response = client.post("/graphql", content=b" " * size, headers={"content-type": OLD})
        assert (response.status_code, code(response)) == (413, "BODY_TOO_LARGE")
    padded = b'{"query":"{ __typename }"}' + b" " * (20_000 - 26)
    assert client.post("/graphql", content=padded, headers={"content-type": OLD}).status_code == 200


def test_a_chunked_body_over_the_limit_is_413_in_json(client: httpx.Client) -> None:
    response = client.post("/graphql", content=(b" " * 5_000 for _ in range(10)), headers={"content-type": OLD})
    assert (response.status_code, code(response)) == (413, "BODY_TOO_LARGE")


HEAD = b"POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"


def test_an_enormous_body_is_refused_before_it_is_read(server: Running) -> None:
    answer = raw(server, HEAD + b"Content-Length: 9999999999\r\n\r\n{")
    assert answer.startswith(b"HTTP/1.1 413")
    assert b"BODY_TOO_LARGE" in answer
    answer = raw(server, HEAD + b"Content-Length: 30000\r\nExpect: 100-continue\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 413")


def test_a_body_that_does_not_arrive_is_408_in_json(server: Running) -> None:
    answer = raw(server, HEAD + b'Content-Length: 100\r\n\r\n{"query"')
    assert answer.startswith(b"HTTP/1.1 408")
    assert b"BODY_TIMEOUT" in answer


def test_a_client_that_leaves_does_no_harm(server: Running, client: httpx.Client) -> None:
    with capture_logs() as logs:
        for _ in range(3):
            with socket.create_connection(("127.0.0.1", server.port), timeout=5) as connection:
                connection.sendall(HEAD + b'Content-Length: 100\r\n\r\n{"query"')
        time.sleep(0.05)
        assert post(client, TYPENAME).status_code == 200
    assert logs == []


def test_answers_are_not_to_be_stored(client: httpx.Client) -> None:
    response = post(client, TYPENAME)
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["vary"] == "Accept, Accept-Encoding"

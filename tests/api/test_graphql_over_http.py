"""GraphQL over HTTP on a real server: media types, statuses, malformed requests, errors, size and time limits.

The four-character ids are those of the public GraphQL-over-HTTP audits.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import socket
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from structlog.testing import capture_logs

from api.limits import Limits
from api.negotiation import response_type
from tests.support.edge_server import Running, serving
from tests.support.tiny_schema import SECRET, TinyApp

NEW = "application/graphql-response+json"
OLD = "application/json"
TYPENAME = {"query": "{ __typename }"}
TYPE_BY_NAME: dict[str, Any] = {
    "query": "query T($n: String!) { __type(name: $n) { name } }",
    "variables": {"n": "Item"},
}
BIG = Limits(max_body_bytes=20_000)


@pytest.fixture(scope="module")
def app() -> TinyApp:
    return TinyApp(limits=BIG, timeout_s=0.4, body_timeout_s=0.4)


@pytest.fixture(scope="module")
def server(app: TinyApp) -> Iterator[Running]:
    with serving(app.build()) as running:
        yield running


@pytest.fixture(scope="module")
def client(server: Running) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"http://127.0.0.1:{server.port}", headers={"accept": NEW}, timeout=5) as client:
        yield client


def post(client: httpx.Client, body: Any, **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.post("/graphql", content=json.dumps(body), headers={"content-type": OLD} | named)


def assert_answer(response: httpx.Response) -> dict[str, Any]:
    """Every answer is a GraphQL response in JSON, whose errors have a code and say whether to retry."""
    assert response.headers["content-type"] in {f"{NEW}; charset=utf-8", f"{OLD}; charset=utf-8"}
    assert response.headers["x-request-id"]
    answer: dict[str, Any] = json.loads(response.content.decode("utf-8"))
    assert set(answer) <= {"data", "errors", "extensions"}
    for error in answer.get("errors", ()):
        assert error["message"]
        assert error["extensions"]["code"].isupper()
        assert isinstance(error["extensions"]["retryable"], bool)
    assert SECRET not in response.text
    return answer


def code(response: httpx.Response) -> str:
    return str(assert_answer(response)["errors"][0]["extensions"]["code"])


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        pytest.param(NEW, NEW, id="22EB"),
        pytest.param(OLD, OLD, id="4655"),
        pytest.param("*/*", NEW, id="47DE-any-type"),
        pytest.param("application/*", NEW, id="any-application-type"),
        pytest.param(f"{NEW}; charset=utf-8, {OLD}; charset=utf-8", NEW, id="the-recommended-header"),
        pytest.param(f"{OLD}, {NEW}", OLD, id="first-of-equals"),
        pytest.param(f"{OLD};q=0.9, {NEW};q=0.8", OLD, id="quality-decides"),
        pytest.param(f"{NEW};q=0.8, */*;q=0.9", OLD, id="specific-range-lowers-quality"),
        pytest.param(f"{NEW};q=0, */*", OLD, id="quality-zero-excludes"),
        pytest.param("text/html, application/xhtml+xml, */*;q=0.8", NEW, id="a-browser"),
        pytest.param(f"text/html, {OLD.upper()}", OLD, id="case-does-not-matter"),
    ],
)
def test_the_answer_comes_in_the_type_the_client_prefers(client: httpx.Client, accept: str, expected: str) -> None:
    response = post(client, TYPENAME, accept=accept)
    assert response.status_code == 200
    assert response.headers["content-type"] == f"{expected}; charset=utf-8"
    assert assert_answer(response) == {"data": {"__typename": "Query"}}


def test_without_accept_the_graphql_type_is_assumed(server: Running) -> None:
    # 80D8 (after the watershed of 2025), over a raw socket: HTTP libraries add an Accept header of their own.
    lines = b"GET /graphql?query={__typename} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    answer = raw(server, lines).lower()
    assert answer.startswith(b"http/1.1 200")
    assert b"content-type: application/graphql-response+json; charset=utf-8" in answer


@pytest.mark.parametrize(
    "accept", ["text/html", "image/*", f"{OLD};q=0", f"{OLD}; charset=utf-16", "nonsense", f"{OLD};q=x", ";;,,"]
)
def test_other_types_are_not_acceptable(client: httpx.Client, accept: str) -> None:
    response = post(client, TYPENAME, accept=accept)
    assert (response.status_code, code(response)) == (406, "NOT_ACCEPTABLE")
    assert response_type(accept) is None


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(TYPENAME, id="34A2-13EE"),
        pytest.param({"query": "query Q { __typename }", "operationName": "Q"}, id="8161-B8B3"),
        pytest.param({**TYPENAME, "operationName": ""}, id="empty-name-is-none"),
        pytest.param({**TYPENAME, "variables": None}, id="94B0-0220"),
        pytest.param({**TYPENAME, "operationName": None}, id="94B1-0221"),
        pytest.param({**TYPENAME, "extensions": None}, id="94B2-0222"),
        pytest.param(TYPE_BY_NAME, id="2EA1-28B9"),
        pytest.param({**TYPENAME, "extensions": {"some": "value"}}, id="428F-1B7A"),
        pytest.param({**TYPENAME, "other": 1}, id="unknown-entries-are-ignored"),
    ],
)
@pytest.mark.parametrize("accept", [NEW, OLD])
def test_well_formed_requests_are_answered(client: httpx.Client, body: Any, accept: str) -> None:
    response = post(client, body, accept=accept)
    assert response.status_code == 200
    assert "errors" not in assert_answer(response)


NOT_WELL_FORMED = [
    pytest.param({"notquery": "{ __typename }"}, id="6610-17C5-34D6-3E36"),
    *(
        pytest.param({"query": value}, id=f"4F5{index}")
        for index, value in enumerate([{"obj": "ect"}, 0, False, ["array"], None])
    ),
    *(
        pytest.param({**TYPENAME, "operationName": value}, id=f"E3E{index}")
        for index, value in enumerate([{"obj": "ect"}, 0, False, ["array"]])
    ),
    *(
        pytest.param({**TYPENAME, "variables": value}, id=f"69B{index}")
        for index, value in enumerate(["string", 0, False, ["array"]])
    ),
    *(
        pytest.param({**TYPENAME, "extensions": value}, id=f"904{index}")
        for index, value in enumerate(["string", 0, False, ["array"]])
    ),
    pytest.param([TYPENAME, TYPENAME], id="batch"),
    pytest.param([], id="empty-batch"),
    *(pytest.param(value, id=f"json-{value!r}") for value in ["x", 42, None, True, 1.5]),
    pytest.param({"extensions": {"persistedQuery": "x"}}, id="persisted-query-not-an-object"),
    pytest.param({"extensions": {"persistedQuery": {"version": 1, "sha256Hash": "zz"}}}, id="hash-not-hex"),
    pytest.param({"extensions": {"persistedQuery": {"version": 2, "sha256Hash": "0" * 64}}}, id="other-version"),
]


@pytest.mark.parametrize("body", NOT_WELL_FORMED)
@pytest.mark.parametrize("accept", [NEW, OLD])
def test_requests_that_are_not_well_formed_get_400(client: httpx.Client, body: Any, accept: str) -> None:
    response = post(client, body, accept=accept)
    assert (response.status_code, code(response)) == (400, "BAD_REQUEST")
    assert "data" not in response.json()


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b'{ "not a JSON', id="2163-60AA"),
        pytest.param(b"", id="7267-no-body"),
        pytest.param(b"NONSENSE", id="nonsense"),
        pytest.param(b"\xff\xfe{}", id="not-utf-8"),
        pytest.param(b'{"query": "\xe4"}', id="latin-1"),
        pytest.param(b"\xef\xbb\xbf{}", id="byte-order-mark"),
        pytest.param(b'{"query": "{ __typename }", "variables": {"x": NaN}}', id="nan"),
        pytest.param(b'{"query": "{ __typename }", "variables": {"x": -Infinity}}', id="infinity"),
        pytest.param(b'{"query": "{ __typename }", "variables": {"x": 1e400}}', id="infinite-float"),
        pytest.param(b'{"query": "{ __typename }", "variables": {"x": ' + b"9" * 5000 + b"}}", id="5000-digits"),
        pytest.param(b'{"query": "{ __typename }", "variables": {"x": 18446744073709551616}}', id="65-bits"),
        pytest.param(b'{"query": "{ __typename }", "variables": {"x": "\\ud800"}}', id="lone-surrogate"),
        pytest.param(b'{"query": "\\udfff"}', id="lone-surrogate-in-the-document"),
        pytest.param(b"[" * 10_000, id="nested-and-open"),
        pytest.param(b'{"variables": ' + b"[" * 9_000 + b"]" * 9_000 + b"}", id="nested-deep"),
        pytest.param(b'{"query": "{ __typename }"} x', id="trailing-text"),
        pytest.param(b"query=%7B__typename%7D", id="form-as-json"),
    ],
)
@pytest.mark.parametrize("accept", [NEW, OLD])
def test_bodies_that_are_not_json_get_400(client: httpx.Client, body: bytes, accept: str) -> None:
    response = client.post("/graphql", content=body, headers={"content-type": OLD, "accept": accept})
    assert (response.status_code, code(response)) == (400, "BAD_REQUEST")


def test_long_digits_inside_strings_and_64_bit_integers_are_fine(client: httpx.Client) -> None:
    query = "query Q($n: String!) { greeting(name: $n) }"
    response = post(client, {"query": query, "variables": {"n": "9" * 400, "x": 2**64 - 1, "y": -(2**63)}})
    assert assert_answer(response) == {"data": {"greeting": f"Hello, {'9' * 400}!"}}


@pytest.mark.parametrize(
    ("content_type", "expected"),
    [
        pytest.param(OLD, 200, id="03D4-2C94-78D5"),
        pytest.param(f"{OLD}; charset=utf-8", 200, id="BF61"),
        pytest.param(f'{OLD}; charset="UTF-8"', 200, id="quoted-upper-case"),
        pytest.param("Application/JSON;charset=UTF-8", 200, id="any-case"),
        pytest.param(f"{OLD}; charset=iso-8859-1", 415, id="other-charset"),
        pytest.param("text/plain", 415, id="text"),
        pytest.param("application/x-www-form-urlencoded", 415, id="form"),
        pytest.param("application/graphql", 415, id="document-alone"),
        pytest.param("multipart/form-data; boundary=x", 415, id="multipart"),
        pytest.param("", 415, id="empty"),
        pytest.param(";;;", 415, id="nonsense"),
    ],
)
def test_only_json_in_utf_8_is_read(client: httpx.Client, content_type: str, expected: int) -> None:
    response = client.post("/graphql", content=b'{"query":"{ __typename }"}', headers={"content-type": content_type})
    assert response.status_code == expected
    assert_answer(response)


def test_9abe_a_post_without_content_type_is_refused(server: Running) -> None:
    answer = raw(server, b"POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}")
    assert answer.startswith(b"HTTP/1.1 415")
    assert b"UNSUPPORTED_MEDIA_TYPE" in answer


def test_compressed_bodies_are_refused(client: httpx.Client) -> None:
    headers = {"content-type": OLD, "content-encoding": "gzip"}
    response = client.post("/graphql", content=gzip.compress(b'{"query":"{ __typename }"}'), headers=headers)
    assert (response.status_code, code(response)) == (415, "UNSUPPORTED_MEDIA_TYPE")


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "PROPFIND"])
def test_other_methods_are_not_allowed(client: httpx.Client, method: str) -> None:
    response = client.request(method, "/graphql")
    assert response.status_code == 405
    assert response.headers["allow"] == "GET, POST"
    if method != "HEAD":
        assert code(response) == "METHOD_NOT_ALLOWED"


@pytest.mark.parametrize("accept", [NEW, OLD])
def test_queries_can_be_sent_by_get(client: httpx.Client, accept: str) -> None:
    # 5A70, D6D5, 6A70
    params = {"query": TYPE_BY_NAME["query"], "variables": json.dumps(TYPE_BY_NAME["variables"]), "operationName": ""}
    response = client.get("/graphql", params=params, headers={"accept": accept})
    assert (response.status_code, assert_answer(response)) == (200, {"data": {"__type": {"name": "Item"}}})


@pytest.mark.parametrize(
    "query_string",
    [
        pytest.param("", id="nothing"),
        pytest.param("query={__typename}&variables=7", id="variables-not-an-object"),
        pytest.param("query={__typename}&variables={", id="variables-not-json"),
        pytest.param("query={__typename}&extensions=[]", id="extensions-not-an-object"),
        pytest.param("query=%ff", id="not-utf-8"),
        pytest.param("query={__typename}&query={__typename}", id="twice"),
        pytest.param("&".join(f"a{number}=1" for number in range(200)), id="many-parameters"),
    ],
)
@pytest.mark.parametrize("accept", [NEW, OLD])
def test_a_get_that_is_not_well_formed_gets_400(client: httpx.Client, query_string: str, accept: str) -> None:
    response = client.get(f"/graphql?{query_string}", headers={"accept": accept})
    assert (response.status_code, code(response)) == (400, "BAD_REQUEST")


@pytest.mark.parametrize("accept", [NEW, OLD])
def test_9c48_mutations_by_get_are_not_allowed(client: httpx.Client, app: TinyApp, accept: str) -> None:
    for query in ("mutation { bump }", "query Q { __typename } mutation M { bump }"):
        name = "M" if "M" in query else ""
        response = client.get("/graphql", params={"query": query, "operationName": name}, headers={"accept": accept})
        assert (response.status_code, code(response)) == (405, "METHOD_NOT_ALLOWED")
        assert response.headers["allow"] == "POST"
    assert app.tally.bumps == 0


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


def raw(server: Running, request: bytes, pause_s: float = 0) -> bytes:
    """What the server sends back until it closes the connection."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as connection:
        connection.sendall(request)
        time.sleep(pause_s)
        received = b""
        while chunk := connection.recv(65536):
            received += chunk
        return received


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
    assert response.headers["vary"] == "Accept"

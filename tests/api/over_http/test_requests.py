"""GraphQL over HTTP on a real server: media types, statuses, malformed requests.

The four-character ids are those of the public GraphQL-over-HTTP audits.
"""

from __future__ import annotations

import gzip
import json
from typing import Any

import httpx
import pytest

from api.negotiation import response_type
from tests.support.edge_server import Running
from tests.support.http_calls import NEW, OLD, TYPE_BY_NAME, TYPENAME, assert_answer, code, post, raw
from tests.support.tiny_schema import TinyApp


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

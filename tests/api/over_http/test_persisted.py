"""Registered documents over HTTP and WebSocket: named by id or hash, and strangers' documents refused."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from websockets.sync.client import connect

from tests.support.edge_server import Running, serving
from tests.support.http_calls import NEW, OLD, assert_answer, code, post
from tests.support.tiny_schema import TinyApp
from tests.support.ws_talk import ACK, INIT, PROTOCOL, Talk

HELLO = "query Hello($name: String!) { greeting(name: $name) }"
COUNT = "subscription Count { count(to: 2) }"
BUMP = "mutation Bump { bump }"
REGISTERED = {"hello": HELLO, "count": COUNT, "bump": BUMP}
STRANGE = "{ __typename }"


def sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def apq(text: str) -> dict[str, Any]:
    return {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": sha(text)}}}


@pytest.fixture(scope="module", params=[False, True], ids=["any", "only"])
def strict_server(request: pytest.FixtureRequest) -> Iterator[tuple[Running, bool]]:
    with serving(TinyApp(registered=REGISTERED, registered_only=request.param).build()) as running:
        yield running, request.param


@pytest.fixture(scope="module")
def only(strict_server: tuple[Running, bool]) -> bool:
    return strict_server[1]


@pytest.fixture(scope="module")
def caller(strict_server: tuple[Running, bool]) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"http://127.0.0.1:{strict_server[0].port}", headers={"accept": NEW}) as client:
        yield client


def by_get(client: httpx.Client, body: dict[str, Any]) -> httpx.Response:
    nested = {name: json.dumps(value) for name, value in body.items() if isinstance(value, dict)}
    return client.get("/graphql", params={**body, **nested})


NAMES = [
    pytest.param({"documentId": "hello"}, id="documentId"),
    pytest.param({"id": "hello"}, id="id"),
    pytest.param({"documentId": sha(HELLO)}, id="hash"),
    pytest.param({"documentId": f"sha256:{sha(HELLO)}"}, id="prefixed-hash"),
    pytest.param({"documentId": "hello", "id": "other"}, id="documentId-goes-before-id"),
    pytest.param({"documentId": "hello", "operationName": "Hello"}, id="with-operation-name"),
    pytest.param(apq(HELLO), id="apollo"),
    pytest.param({"query": HELLO}, id="its-very-text"),
    pytest.param({"query": HELLO, "id": 7}, id="id-beside-a-query-is-ignored"),
    pytest.param({"query": HELLO, **apq(HELLO)}, id="text-and-hash"),
]


@pytest.mark.parametrize("send", [post, by_get])
@pytest.mark.parametrize("name", NAMES)
def test_a_registered_document_is_answered(caller: httpx.Client, send: Callable[..., Any], name: Any) -> None:
    response = send(caller, {**name, "variables": {"name": "you"}})
    assert (response.status_code, assert_answer(response)) == (200, {"data": {"greeting": "Hello, you!"}})


@pytest.mark.parametrize("send", [post, by_get])
@pytest.mark.parametrize(
    ("body", "otherwise"),
    [
        pytest.param({"query": STRANGE}, None, id="text"),
        pytest.param({"query": HELLO + " "}, "BAD_INPUT", id="text-with-a-space"),
        pytest.param({"documentId": "stranger"}, "PERSISTED_QUERY_NOT_FOUND", id="id"),
        pytest.param(apq("{ __typename }#"), "PERSISTED_QUERY_NOT_FOUND", id="hash"),
        pytest.param({"query": STRANGE, **apq(STRANGE)}, None, id="text-and-hash"),
        pytest.param(apq(STRANGE), None, id="hash-after-its-text"),
        pytest.param({"documentId": f"sha256:{sha(STRANGE)}"}, None, id="prefixed-hash-after-its-text"),
        pytest.param({"query": STRANGE, **apq(HELLO)}, "BAD_REQUEST", id="text-and-a-registered-hash"),
        pytest.param({"query": "{"}, "GRAPHQL_PARSE_FAILED", id="not-a-document"),
        pytest.param({"query": ""}, "GRAPHQL_PARSE_FAILED", id="empty"),
        pytest.param({"query": "{ __schema { types { name } } }"}, None, id="introspection"),
    ],
)
def test_strangers_documents_are_refused_where_only_registered_ones_count(
    caller: httpx.Client, only: bool, send: Callable[..., Any], body: Any, otherwise: str | None
) -> None:
    response = send(caller, body)
    expected = "PERSISTED_QUERY_ONLY" if only else otherwise
    assert response.status_code == (400 if expected else 200)
    assert (code(response) if expected else None) == expected
    if only:
        assert response.json()["errors"][0]["extensions"]["retryable"] is False
        as_json = caller.post("/graphql", json=body, headers={"accept": OLD})
        assert (as_json.status_code, code(as_json)) == (200, "PERSISTED_QUERY_ONLY")


@pytest.mark.parametrize("send", [post, by_get])
@pytest.mark.parametrize(
    "body",
    [
        pytest.param({"documentId": ""}, id="empty"),
        pytest.param({"id": ""}, id="empty-id"),
        pytest.param({"documentId": "hello", "query": HELLO}, id="beside-a-query"),
        pytest.param({}, id="nothing"),
    ],
)
def test_what_names_no_document_is_not_well_formed(caller: httpx.Client, send: Callable[..., Any], body: Any) -> None:
    response = send(caller, body)
    assert (response.status_code, code(response)) == (400, "BAD_REQUEST")


@pytest.mark.parametrize("value", [7, True, ["hello"], {"a": 1}])
@pytest.mark.parametrize("name", ["documentId", "id"])
def test_an_id_of_another_type_is_not_well_formed(caller: httpx.Client, name: str, value: Any) -> None:
    assert code(post(caller, {name: value})) == "BAD_REQUEST"


def test_a_registered_mutation_is_not_answered_by_get(caller: httpx.Client) -> None:
    assert by_get(caller, {"documentId": "bump"}).status_code == 405
    assert "errors" not in assert_answer(post(caller, {"documentId": "bump"}))


def test_the_socket_keeps_the_same_rules(strict_server: tuple[Running, bool]) -> None:
    running, only = strict_server
    with connect(running.ws_url, subprotocols=[PROTOCOL]) as connection:
        talk = Talk(connection)
        talk.send(INIT)
        assert talk.receive() == ACK
        for payload in ({"documentId": "count"}, {"id": "count"}, apq(COUNT), {"query": COUNT}):
            talk.send({"id": "1", "type": "subscribe", "payload": payload})
            assert [talk.receive()["type"] for _ in range(3)] == ["next", "next", "complete"]
        for payload in ({"documentId": "stranger"}, apq("{ a }"), {"query": "subscription { count(to: 1) }"}):
            talk.send({"id": "2", "type": "subscribe", "payload": payload})
            message = talk.receive()
            if only:
                assert message["type"] == "error"
                assert message["payload"][0]["extensions"]["code"] == "PERSISTED_QUERY_ONLY"
            elif message["type"] == "next":
                assert talk.receive()["type"] == "complete"
            else:
                assert message["payload"][0]["extensions"]["code"] == "PERSISTED_QUERY_NOT_FOUND"
        talk.send({"id": "3", "type": "subscribe", "payload": {"documentId": 7}})
        assert talk.close_code() == 4400

"""Requests to the HTTP edge and what every answer must look like; for tests/api/over_http."""

from __future__ import annotations

import json
import socket
import time
from typing import Any

import httpx

from api.limits import Limits
from tests.support.edge_server import Running
from tests.support.tiny_schema import SECRET

NEW = "application/graphql-response+json"
OLD = "application/json"
TYPENAME = {"query": "{ __typename }"}
TYPE_BY_NAME: dict[str, Any] = {
    "query": "query T($n: String!) { __type(name: $n) { name } }",
    "variables": {"n": "Item"},
}
BIG = Limits(max_body_bytes=20_000)


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


def raw(server: Running, request: bytes, pause_s: float = 0) -> bytes:
    """What the server sends back until it closes the connection."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as connection:
        connection.sendall(request)
        time.sleep(pause_s)
        received = b""
        while chunk := connection.recv(65536):
            received += chunk
        return received

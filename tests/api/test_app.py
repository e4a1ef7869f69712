"""What stands beside GraphQL: health, metrics, GraphiQL and CORS by setting, compression."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

import httpx
import pytest
import uvicorn
from starlette.applications import Starlette

from api.__main__ import ApiServer
from api.app import EdgeSettings, create_app
from api.limits import Limits
from resolvers.services import Services
from tests.conftest import START
from tests.support.client import ApiClient
from tests.support.field_day import tap
from tests.support.tiny_schema import TinyApp
from tests.support.world import World

BROWSER = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


@pytest.fixture
async def open_app(services: Services) -> AsyncIterator[httpx.AsyncClient]:
    """An application with everything that settings can switch on."""
    edge = EdgeSettings(Limits(), cors_origins=("https://console.example.test",), graphiql=True, metrics=True)
    app: Starlette = create_app(services, edge)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as http:
        yield http


async def test_health_and_readiness(shared_http: ApiClient) -> None:
    assert (await shared_http.http.get("/healthz")).json() == {"status": "ok"}
    assert (await shared_http.http.get("/readyz")).json() == {"status": "ok"}


async def test_metrics_are_prometheus_text(shared_http: ApiClient) -> None:
    answer = await shared_http.http.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    assert "process_cpu_seconds_total" in answer.text


async def test_graphiql_is_for_browsers_and_by_setting(open_app: httpx.AsyncClient, shared_http: ApiClient) -> None:
    page = await open_app.get("/graphql", headers=BROWSER)
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    asked = await open_app.get("/graphql", params={"query": "{ __typename }"}, headers=BROWSER)
    assert asked.json() == {"data": {"__typename": "Query"}}
    assert (await shared_http.http.get("/graphql", headers=BROWSER)).status_code == 400


async def test_cors_answers_only_the_named_origin(open_app: httpx.AsyncClient) -> None:
    asked = {"access-control-request-method": "POST", "access-control-request-headers": "authorization,content-type"}
    allowed = await open_app.options("/graphql", headers={**asked, "origin": "https://console.example.test"})
    assert allowed.headers["access-control-allow-origin"] == "https://console.example.test"
    asked["access-control-request-headers"] = "apollographql-client-name,authorization,last-event-id,traceparent"
    stream = await open_app.options("/graphql", headers={**asked, "origin": "https://console.example.test"})
    assert stream.status_code == 200
    assert "last-event-id" in stream.headers["access-control-allow-headers"]
    other = await open_app.options("/graphql", headers={**asked, "origin": "https://elsewhere.example.test"})
    assert "access-control-allow-origin" not in other.headers


async def test_long_answers_are_compressed(shared_http: ApiClient) -> None:
    query = "{ __schema { types { name fields { name description } } } }"
    answer = await shared_http.http.post("/graphql", json={"query": query}, headers={"accept-encoding": "gzip"})
    assert answer.headers["content-encoding"] == "gzip"


@pytest.mark.parametrize("accept", ["text/event-stream", "multipart/mixed; subscriptionSpec=1.0"])
async def test_streams_are_sent_at_once_and_end_with_the_session(world: World, accept: str) -> None:
    headers = {"accept": accept, "accept-encoding": "gzip", "authorization": f"Bearer {world.manager.api.token}"}
    query = "subscription { teamMapChanged { isFull } }"
    http = world.manager.api.http
    async with http.stream("POST", "/graphql", json={"query": query}, headers=headers) as response:
        assert "content-encoding" not in response.headers
        received = response.aiter_raw()
        text = ""
        while '"isFull":true' not in text:
            text += (await anext(received)).decode()  # would not come if it were held back for compression
        await world.manager.api.data('mutation { signOut(clientKey: "sign-out-1") { __typename } }')
        await tap(world.rep, "startShift", START)
        while "UNAUTHENTICATED" not in text:
            text += (await anext(received)).decode()


async def test_open_streams_do_not_hold_up_the_end_of_the_server() -> None:
    tiny = TinyApp()
    config = uvicorn.Config(
        tiny.build(), host="127.0.0.1", port=0, log_config=None, lifespan="off", timeout_graceful_shutdown=20
    )
    server = ApiServer(config, tiny.streams)
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn tells it by an attribute only
        await asyncio.sleep(0.01)
    url = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/graphql"
    query = "subscription { count(to: 1000, everyS: 0.05) }"
    async with (
        httpx.AsyncClient() as http,
        http.stream("POST", url, json={"query": query}, headers={"accept": "text/event-stream"}) as response,
    ):
        received = response.aiter_text()
        while '{"data":{"count":1}}' not in await anext(received):
            pass
        started = time.perf_counter()
        server.should_exit = True
        text = "".join([part async for part in received])
    await serving
    assert time.perf_counter() - started < 5
    assert "SHUTTING_DOWN" in text
    assert text.endswith("event: complete\ndata:\n\n")

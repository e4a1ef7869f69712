"""What stands beside GraphQL: health, metrics, GraphiQL and CORS by setting, compression."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest
from starlette.applications import Starlette

from api.app import EdgeSettings, create_app
from api.limits import Limits
from resolvers.services import Services
from tests.conftest import START
from tests.support.client import ApiClient
from tests.support.field_day import tap
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

"""A tiny schema behind the real HTTP edge."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from tests.support.edge_server import Running, serving
from tests.support.http_calls import BIG, NEW
from tests.support.tiny_schema import TinyApp


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

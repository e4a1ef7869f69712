"""Two more servers on the same database: one compiles every operation at once, the other none."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from api.app import EdgeSettings, create_app
from api.limits import Limits
from resolvers.services import Services
from tests.support.api_server import running
from tests.support.client import ApiClient


@pytest.fixture
async def compiling(services: Services) -> AsyncIterator[ApiClient]:
    """Answers by generated code from the first request on."""
    async with (
        running(create_app(services, EdgeSettings(Limits(), compile_at=1))) as url,
        ApiClient.connect(url) as client,
    ):
        yield client


@pytest.fixture
async def interpreting(services: Services) -> AsyncIterator[ApiClient]:
    """Answers by graphql-core alone."""
    async with (
        running(create_app(services, EdgeSettings(Limits(), compile_at=None))) as url,
        ApiClient.connect(url) as client,
    ):
        yield client

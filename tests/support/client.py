"""A GraphQL client over real HTTP, as an app would use one."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx

_keys = itertools.count()


def new_key() -> str:
    """A client key nobody used."""
    return f"test-key-{next(_keys):08d}"


@dataclass(frozen=True)
class ApiClient:
    """One caller."""

    http: httpx.AsyncClient
    token: str | None = None

    @classmethod
    @asynccontextmanager
    async def connect(cls, url: str) -> AsyncIterator[ApiClient]:
        """An anonymous caller of the server at `url`."""
        async with httpx.AsyncClient(base_url=url, timeout=30) as http:
            yield cls(http)

    def as_(self, token: str) -> ApiClient:
        """The same server, another caller."""
        return ApiClient(self.http, token)

    async def post(self, query: str, variables: dict[str, Any] | None = None) -> httpx.Response:
        """The raw response."""
        headers = {"authorization": f"Bearer {self.token}"} if self.token else {}
        return await self.http.post("/graphql", json={"query": query, "variables": variables or {}}, headers=headers)

    async def answer(self, query: str, **variables: Any) -> dict[str, Any]:
        """The whole JSON answer."""
        answer: dict[str, Any] = (await self.post(query, variables)).json()
        return answer

    async def data(self, query: str, **variables: Any) -> dict[str, Any]:
        """`data` of an answer that must not hold errors."""
        answer = await self.answer(query, **variables)
        assert "errors" not in answer, answer["errors"]
        data: dict[str, Any] = answer["data"]
        return data

    async def first(self, query: str, **variables: Any) -> Any:
        """The value of the only root field of an answer without errors."""
        return next(iter((await self.data(query, **variables)).values()))

    async def code(self, query: str, **variables: Any) -> str:
        """`extensions.code` of the first error, which must be there."""
        code: str = (await self.answer(query, **variables))["errors"][0]["extensions"]["code"]
        return code

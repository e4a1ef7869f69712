"""A signed-in rep's phone over HTTP that keeps its session and takes refusals as they come; for seed/at_work/rep.py."""

from __future__ import annotations

import asyncio
import secrets
from typing import Any

import httpx

from seed.demo_day.operations import REFRESH, SIGN_IN

_PAUSE_S = 2.0
_TRIES = 30


class GaveUpError(Exception):
    """The server has not answered for a minute, or does not take the phone any more."""


class Phone:
    """What it asks is asked again while the server is away; each mutation under one key."""

    def __init__(self, http: httpx.AsyncClient, email: str, password: str) -> None:
        self._http = http
        self._login = {"email": email, "password": password}
        self._token = ""
        self._refresh_token = ""

    async def ask(self, document: str, **variables: Any) -> Any:
        """The value of the first root field. Raises GaveUpError."""
        if not self._token:
            await self._sign_in()
        if "$key" in document:
            variables["key"] = f"at-work-{secrets.token_hex(12)}"
        for _ in range(_TRIES):
            answer = await self._post(document, variables)
            codes = {each["extensions"]["code"] for each in answer.get("errors", ())}
            if not codes:
                return next(iter(answer["data"].values()))
            if codes == {"UNAUTHENTICATED"}:
                await self._refresh()
            await asyncio.sleep(_PAUSE_S)
        raise GaveUpError(f"{document.split('(', 1)[0]} was answered {codes}")

    async def _sign_in(self) -> None:
        self._keep(await self._session(SIGN_IN, input=self._login))

    async def _refresh(self) -> None:
        session = await self._session(REFRESH, token=self._refresh_token)
        if session["__typename"] == "Session":
            self._keep(session)
        else:
            await self._sign_in()

    async def _session(self, document: str, **given: Any) -> dict[str, Any]:
        variables = {"key": f"at-work-{secrets.token_hex(12)}", **given}
        session: dict[str, Any] = next(iter((await self._post(document, variables))["data"].values()))
        return session

    def _keep(self, session: dict[str, Any]) -> None:
        if session["__typename"] != "Session":
            raise GaveUpError(f"The sign-in was answered {session}")
        self._token, self._refresh_token = session["accessToken"], session["refreshToken"]

    async def _post(self, document: str, variables: dict[str, Any]) -> dict[str, Any]:
        headers = {"authorization": f"Bearer {self._token}"} if self._token else {}
        for _ in range(_TRIES):
            try:
                answer = await self._http.post(
                    "/graphql", json={"query": document, "variables": variables}, headers=headers
                )
                found: dict[str, Any] = answer.json()
            except (httpx.HTTPError, ValueError):
                await asyncio.sleep(_PAUSE_S)
            else:
                return found
        raise GaveUpError("The server does not answer.")

"""One signed-in person's app: GraphQL over HTTP and over a WebSocket; for seed/demo_day/day.py."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import httpx
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

from seed.demo_day.operations import ME, REFRESH, SERVER_NOW, SIGN_IN, WATCH_MAP
from seed.demo_day.transcript import StepFailedError

_ANSWER_S = 30.0
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


def new_key() -> str:
    """A client key: one for each thing the user wants, the same again for each repetition."""
    return f"demo-{secrets.token_hex(12)}"


class Phone:
    """An app; `me` is the person signed in. Whatever answers with GraphQL errors raises StepFailedError."""

    def __init__(self, url: str, email: str, password: str) -> None:
        self._url = url
        trusts = urlsplit(url).hostname not in _LOOPBACK
        self._http = httpx.Client(base_url=url, timeout=_ANSWER_S, trust_env=trusts)
        self._token = ""
        self._refresh_token = ""
        self._keep(self.act(SIGN_IN, "Session", input={"email": email, "password": password}))
        self.me: dict[str, Any] = self.ask(ME)

    def close(self) -> None:
        """Closes its connections."""
        self._http.close()

    def refresh(self) -> None:
        """A new access token for the refresh token, as apps do when the old one is about to end."""
        self._keep(self.act(REFRESH, "Session", token=self._refresh_token))

    def _keep(self, session: dict[str, Any]) -> None:
        self._token, self._refresh_token = session["accessToken"], session["refreshToken"]

    def data(self, query: str, **variables: Any) -> dict[str, Any]:
        """`data` of the answer."""
        headers = {"authorization": f"Bearer {self._token}"} if self._token else {}
        try:
            answer = self._http.post("/graphql", json={"query": query, "variables": variables}, headers=headers)
            body: dict[str, Any] = answer.json()
        except (httpx.HTTPError, ValueError) as error:
            raise StepFailedError(f"{self._url} did not answer {_title(query)}: {error!r}") from error
        if answer.status_code != httpx.codes.OK or body.get("errors"):
            raise StepFailedError(f"{_title(query)} was answered with status {answer.status_code}: {body}")
        found: dict[str, Any] = body["data"]
        return found

    def ask(self, query: str, **variables: Any) -> Any:
        """The value of the first root field."""
        return next(iter(self.data(query, **variables).values()))

    def act(self, mutation: str, wanted: str, *, key: str | None = None, **variables: Any) -> dict[str, Any]:
        """The answer of a mutation, which must be of the type `wanted`."""
        answer: dict[str, Any] = self.ask(mutation, key=key or new_key(), **variables)
        if answer["__typename"] != wanted:
            raise StepFailedError(f"{_title(mutation)}\n  expected: {wanted}\n  seen:     {answer}")
        return answer

    def upload(self, content: bytes, **given: str) -> dict[str, Any]:
        """The file as it was stored, from POST /files."""
        headers = {"authorization": f"Bearer {self._token}", "idempotency-key": new_key()}
        try:
            answer = self._http.post("/files", params=given, content=content, headers=headers)
            body: dict[str, Any] = answer.json()
        except (httpx.HTTPError, ValueError) as error:
            raise StepFailedError(f"{self._url} did not answer POST /files: {error!r}") from error
        if answer.status_code != httpx.codes.CREATED:
            raise StepFailedError(f"POST /files was answered with status {answer.status_code}: {body}")
        stored: dict[str, Any] = body["data"]["file"]
        return stored

    def now(self) -> datetime:
        """The server's time, as an app learns it."""
        return datetime.fromisoformat(self.ask(SERVER_NOW)["serverNow"])

    @contextmanager
    def watching_map(self) -> Iterator[MapWatch]:
        """The team map as a stream (graphql-transport-ws)."""
        address = f"{self._url.replace('http', 'ws', 1)}/graphql"
        direct = {"proxy": None} if urlsplit(self._url).hostname in _LOOPBACK else {}
        with connect(address, subprotocols=[Subprotocol("graphql-transport-ws")], **direct) as socket:
            socket.send(_message("connection_init", payload={"authorization": f"Bearer {self._token}"}))
            watch = MapWatch(socket)
            watch.message("connection_ack")
            socket.send(_message("subscribe", id="map", payload={"query": WATCH_MAP}))
            yield watch


class MapWatch:
    """A running subscription."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket

    def message(self, wanted: str, within_s: float = 10.0) -> dict[str, Any]:
        """The next message that is no ping; StepFailedError where it is another or none comes."""
        deadline = time.monotonic() + within_s
        while True:
            try:
                message: dict[str, Any] = json.loads(self._socket.recv(max(0.0, deadline - time.monotonic())))
            except TimeoutError as error:
                raise StepFailedError(f"No `{wanted}` came over the WebSocket within {within_s:.0f} s.") from error
            if message["type"] == wanted:
                return message
            if message["type"] != "ping":
                raise StepFailedError(f"WebSocket\n  expected: {wanted}\n  seen:     {message}")

    def event(self) -> dict[str, Any]:
        """The next change of the map."""
        payload = self.message("next")["payload"]
        if payload.get("errors"):
            raise StepFailedError(f"The subscription answered {payload}")
        event: dict[str, Any] = payload["data"]["teamMapChanged"]
        return event


def _message(kind: str, **rest: Any) -> str:
    return json.dumps({"type": kind, **rest})


def _title(query: str) -> str:
    return query.split("(", 1)[0].split("{", 1)[0].strip()

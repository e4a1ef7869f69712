"""Streams of answers over HTTP as a test reads them: the parts one by one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx

SSE = "text/event-stream"
MULTI = "multipart/mixed; subscriptionSpec=1.0"
COMPLETE = ("complete", None)


@dataclass
class Reading:
    """One response whose body goes on."""

    response: httpx.Response
    chunks: Iterator[bytes]
    text: str = ""

    @property
    def is_sse(self) -> bool:
        return self.response.headers["content-type"].startswith(SSE)

    def raw(self, delimiter: str) -> str | None:
        """What comes before the next delimiter; None at the end."""
        while delimiter not in self.text:
            chunk = next(self.chunks, None)
            if chunk is None:
                return None
            self.text += chunk.decode()
        part, _, self.text = self.text.partition(delimiter)
        return part

    def part(self) -> tuple[str, Any] | None:
        """The next event or part, `keep-alive` included; None where the body ends without having completed."""
        return self._event() if self.is_sse else self._multipart()

    def answer(self) -> tuple[str, Any] | None:
        """The next part that is no sign of life."""
        while (part := self.part()) is not None and part[0] == "keep-alive":
            pass
        return part

    def rest(self) -> list[tuple[str, Any]]:
        """All that is left."""
        found = []
        while (part := self.answer()) is not None:
            found.append(part)
        assert self.text == ""
        return found

    def _event(self) -> tuple[str, Any] | None:
        block = self.raw("\n\n")
        if block is None:
            return None
        if block == ":":
            return "keep-alive", None
        name, data = block.split("\n")
        assert name.startswith("event: ")
        assert data.startswith("data:")
        if name == "event: complete":
            assert data == "data:"
            return COMPLETE
        return name.removeprefix("event: "), json.loads(data.removeprefix("data: "))

    def _multipart(self) -> tuple[str, Any] | None:
        part = self.raw("\r\n--graphql")
        if part == "":
            part = self.raw("\r\n--graphql")
        if part is None:
            if self.text == "--\r\n":
                self.text = ""
                return COMPLETE
            return None
        head, _, body = part.partition("\r\n\r\n")
        assert head.strip() == "Content-Type: application/json"
        content = json.loads(body)
        if content == {}:
            return "keep-alive", None
        return "next", content["payload"] if content["payload"] is not None else {"errors": content["errors"]}


@contextmanager
def reading(client: httpx.Client, query: str, accept: str = SSE, method: str = "POST", **headers: str) -> Iterator[Any]:
    """The response to the query, read as it comes."""
    sent: dict[str, Any] = {"json": {"query": query}} if method == "POST" else {"params": {"query": query}}
    with client.stream(method, "/graphql", headers={"accept": accept, **headers}, **sent) as response:
        yield Reading(response, response.iter_raw())

"""Other services through Apprise: only schemes that are allowed, and what it tells of each attempt."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any, ClassVar

import pytest

from domain.deliveries import Outcome
from push.apprise import AppriseChannel
from push.channel import Bound
from tests.push.conftest import make_message


class Desk(BaseHTTPRequestHandler):
    """Takes JSON and answers `status`."""

    got: ClassVar[list[dict[str, Any]]] = []
    status: ClassVar[int] = 200

    def do_POST(self) -> None:
        self.got.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
        self.send_response(self.status)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Says nothing."""


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    server = HTTPServer(("127.0.0.1", 0), Desk)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
async def channel() -> AsyncIterator[AppriseChannel]:
    Desk.got.clear()
    Desk.status = 200
    opened = AppriseChannel(frozenset({"json"}), timeout_s=5.0)
    yield opened
    await opened.close()


async def test_a_message_arrives(channel: AppriseChannel, port: int) -> None:
    message = make_message(target=None, bound=Bound(f"json://127.0.0.1:{port}/"))
    assert (await channel.send(message)).outcome is Outcome.ACCEPTED
    assert Desk.got[0]["message"].startswith("Overdue\nA lead is overdue.\nRef ")
    Desk.status = 500
    assert (await channel.send(message)).outcome is Outcome.RETRY


async def test_schemes_that_are_not_allowed(channel: AppriseChannel, port: int) -> None:
    for url in (f"jsons://127.0.0.1:{port}/", f"xml://127.0.0.1:{port}/", "syslog://", "json", ""):
        result = await channel.send(make_message(target=None, bound=Bound(url)))
        assert result.outcome is Outcome.DEAD_TARGET
    assert (await channel.send(make_message())).outcome is Outcome.DEAD_TARGET
    assert (await channel.send(make_message(target=None, bound=Bound("json://")))).outcome is Outcome.DEAD_TARGET
    assert Desk.got == []

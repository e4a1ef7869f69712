"""Robots of chat groups by webhook: what WeCom, DingTalk, Feishu and Lark have in common; push/registry.py makes them.

They answer HTTP 200 with a code when they refuse, so the code decides, never the status alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import httpx

from domain.deliveries import Outcome, SendResult
from push.answers import json_object, retry_after_s
from push.channel import Bound, Message
from push.plain_text import plain_text
from push.posting import THROTTLED_S, differs_from, open_client, post
from push.rooms import Limit, Rooms, room_key


@dataclass(frozen=True, slots=True)
class Request:
    """What is posted; `query` and `path` hold the robot's key."""

    path: str
    body: Mapping[str, Any]
    query: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Service:
    """How one service wants its messages and what its codes mean; a code that is not in the table is POISON.

    `code_field` and `text_field` are where the answer says so; `unsigned` are the codes of a signature that fails,
    `held_s` is how long the service shuts a robot out that sent too much.
    """

    name: str
    text_bytes: int
    request: Callable[[Bound, str, datetime], Request]
    codes: Mapping[int, Outcome]
    code_field: str
    text_field: str
    unsigned: frozenset[int] = frozenset()
    held_s: float = THROTTLED_S


class RobotChannel:
    """Sends to the robots of one service."""

    def __init__(
        self,
        service: Service,
        clock: Callable[[], datetime],
        *,
        base_url: str,
        rooms: Rooms,
        limit: Limit,
        timeout_s: float,
        link_base: str | None = None,
    ) -> None:
        self._service = service
        self._clock = clock
        self._base_url = base_url.rstrip("/")
        self._rooms = rooms
        self._limit = limit
        self._timeout_s = timeout_s
        self._link_base = link_base
        self._client = open_client(timeout_s)

    @property
    def name(self) -> str:
        """The name in deliveries and settings."""
        return self._service.name

    async def send(self, message: Message) -> SendResult:
        """One attempt, where the robot has room."""
        if message.bound is None:
            return SendResult(Outcome.POISON, "no robot to send to")
        wait_s = await self._rooms.take(room_key(self.name, message.bound.address), self._limit)
        if wait_s > 0:
            return SendResult(Outcome.HELD, "the robot has had its share", wait_s)
        now = self._clock()
        text = plain_text(message, self._service.text_bytes, self._link_base)
        request = self._service.request(message.bound, text, now)
        url = f"{self._base_url}{request.path}"
        answer = await post(self._client, url, self._timeout_s, json=request.body, params=request.query)
        if isinstance(answer, SendResult):
            return answer
        return read_answer(self._service, answer, now)

    async def close(self) -> None:
        """Closes the connections."""
        await self._client.aclose()


def read_answer(service: Service, answer: httpx.Response, now: datetime) -> SendResult:
    """What the service's answer means; an answer without its code came from something in between."""
    status = answer.status_code
    content = json_object(answer) or {}
    code = content.get(service.code_field)
    if type(code) is not int:
        wait_s = retry_after_s(answer, now)
        if status == httpx.codes.NOT_FOUND:
            return SendResult(Outcome.CONFIG, "HTTP 404 without a code: is the base URL right?")
        if status == httpx.codes.TOO_MANY_REQUESTS:
            return SendResult(Outcome.THROTTLED, "HTTP 429", THROTTLED_S if wait_s is None else wait_s)
        return SendResult(Outcome.RETRY, f"HTTP {status} without a code", wait_s)
    if code == 0:
        return SendResult(Outcome.ACCEPTED)
    detail = f"{code}: {' '.join(str(content.get(service.text_field, '')).split())[:120]}"
    outcome = service.codes.get(code, Outcome.POISON)
    if code in service.unsigned and differs_from(answer, now):
        return SendResult(Outcome.CONFIG, f"this machine's clock is wrong; {detail}")
    return SendResult(outcome, detail, service.held_s if outcome is Outcome.HELD else None)

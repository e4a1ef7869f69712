"""The company's WeCom app to one member; made by push/registry.py. Refusals come with HTTP 200 and an errcode.

A text that is sent again is the same text, and WeCom drops it within four hours, so that a lost answer shows nothing
twice. More than 30 messages a minute or 1,000 an hour it drops in silence: rooms hold them back.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Any

import httpx

from domain.deliveries import Outcome, SendResult
from push.answers import json_object, retry_after_s
from push.channel import Message
from push.plain_text import plain_text
from push.posting import THROTTLED_S, open_client, post
from push.registry import WecomAccount
from push.rooms import Limit, Rooms, room_key

TEXT_BYTES = 2_048
DUPLICATES_S = 14_400
"""The longest that WeCom remembers a text."""
_EARLY_S = 300.0
_STALE_TOKEN = frozenset({40014, 41001, 42001})
_CODES = {
    -1: Outcome.RETRY,  # the system is busy
    40001: Outcome.CONFIG,  # the secret is wrong
    40013: Outcome.CONFIG,  # the corp id is wrong
    40056: Outcome.CONFIG,  # the agent id is wrong
    48002: Outcome.CONFIG,  # the app may not do this
    60011: Outcome.CONFIG,  # the app may not see its members
    60020: Outcome.CONFIG,  # this server's address is not on the app's list
    301002: Outcome.CONFIG,  # the app is another agent's
    40003: Outcome.DEAD_TARGET,  # no such member
    60111: Outcome.DEAD_TARGET,  # no such member
    81013: Outcome.DEAD_TARGET,  # the member is unknown or does not see the app
    45009: Outcome.THROTTLED,  # the app calls too often
    45033: Outcome.THROTTLED,  # too many calls at once
}


class WecomAppChannel:
    """Sends as one app of one company. Safe to use from many tasks of one event loop at once."""

    name = "wecom_app"

    def __init__(
        self,
        account: WecomAccount,
        clock: Callable[[], datetime],
        *,
        base_url: str,
        rooms: Rooms,
        limit: Limit,
        timeout_s: float,
        link_base: str | None = None,
    ) -> None:
        self._account = account
        self._clock = clock
        self._base_url = base_url.rstrip("/")
        self._rooms = rooms
        self._limit = limit
        self._timeout_s = timeout_s
        self._link_base = link_base
        self._client = open_client(timeout_s)
        self._token: str | None = None
        self._fresh_until = 0.0
        self._refresh: asyncio.Task[str | SendResult] | None = None

    async def send(self, message: Message) -> SendResult:
        """One attempt within `timeout_s`, and as long again at most when a new access token is needed."""
        if message.bound is None:
            return SendResult(Outcome.POISON, "no member to send to")
        token = await self._access_token()
        if isinstance(token, SendResult):
            return token
        wait_s = await self._rooms.take(room_key(self.name, message.bound.address.lower()), self._limit)
        if wait_s > 0:
            return SendResult(Outcome.HELD, "the member has had their share", wait_s)
        url = f"{self._base_url}/cgi-bin/message/send"
        body = self._body(message, message.bound.address)
        answer = await post(self._client, url, self._timeout_s, json=body, params={"access_token": token})
        if isinstance(answer, SendResult):
            return answer
        content = json_object(answer) or {}
        if content.get("errcode") in _STALE_TOKEN and self._token == token:
            self._token = None
        return read_answer(answer, self._clock())

    async def close(self) -> None:
        """Closes the connections."""
        if self._refresh is not None and not self._refresh.done():
            self._refresh.cancel()
            await asyncio.gather(self._refresh, return_exceptions=True)
        await self._client.aclose()

    def _body(self, message: Message, user_id: str) -> dict[str, Any]:
        return {
            "touser": user_id,
            "msgtype": "text",
            "agentid": self._account.agent_id,
            "text": {"content": plain_text(message, TEXT_BYTES, self._link_base)},
            "enable_duplicate_check": 1,
            "duplicate_check_interval": DUPLICATES_S,
        }

    async def _access_token(self) -> str | SendResult:
        if self._token is not None and asyncio.get_running_loop().time() < self._fresh_until:
            return self._token
        if self._refresh is None or self._refresh.done():
            self._refresh = asyncio.create_task(self._fetch())
        # Shielded: a cancelled send must not take the token away from the others that wait for it.
        return await asyncio.shield(self._refresh)

    async def _fetch(self) -> str | SendResult:
        started = asyncio.get_running_loop().time()
        asked = {"corpid": self._account.corp_id, "corpsecret": self._account.secret}
        try:
            async with asyncio.timeout(self._timeout_s):
                answer = await self._client.get(f"{self._base_url}/cgi-bin/gettoken", params=asked)
        except (httpx.UnsupportedProtocol, httpx.InvalidURL) as error:
            return SendResult(Outcome.CONFIG, f"base URL: {type(error).__name__}")
        except (httpx.HTTPError, TimeoutError) as error:
            # A lost answer is no ambiguity here: only the message itself can be told twice.
            return SendResult(Outcome.RETRY, f"token: {type(error).__name__}")
        content = json_object(answer) or {}
        token, lifetime_s = content.get("access_token"), content.get("expires_in")
        if content.get("errcode") == 0 and isinstance(token, str) and token and isinstance(lifetime_s, int | float):
            self._token = token
            self._fresh_until = started + max(lifetime_s - _EARLY_S, lifetime_s / 2)
            return token
        refused = read_answer(answer, self._clock())
        certain = refused.outcome in {Outcome.CONFIG, Outcome.THROTTLED}
        outcome = refused.outcome if certain else Outcome.RETRY
        return SendResult(outcome, f"token: {refused.detail}", refused.retry_after_s)


def read_answer(answer: httpx.Response, now: datetime) -> SendResult:
    """What WeCom's answer means; without an errcode it came from something in between."""
    status = answer.status_code
    content = json_object(answer) or {}
    code = content.get("errcode")
    if type(code) is not int:
        wait_s = retry_after_s(answer, now)
        if status == httpx.codes.NOT_FOUND:
            return SendResult(Outcome.CONFIG, "HTTP 404 without a code: is the base URL right?")
        return SendResult(Outcome.RETRY, f"HTTP {status} without a code", wait_s)
    if code == 0:
        lost = next((name for name in ("invaliduser", "unlicenseduser") if content.get(name)), None)
        if lost is not None:
            return SendResult(Outcome.DEAD_TARGET, lost)
        message_id = content.get("msgid")
        return SendResult(Outcome.ACCEPTED, provider_message_id=message_id if isinstance(message_id, str) else None)
    if code in _STALE_TOKEN:
        return SendResult(Outcome.RETRY, f"{code}: the access token is stale")
    outcome = _CODES.get(code, Outcome.POISON)
    return SendResult(outcome, str(code), THROTTLED_S if outcome is Outcome.THROTTLED else None)

"""One HTTP request to a provider, and what its failing means, in every channel's words; for the channels but FCM."""

from __future__ import annotations

import asyncio
import ssl
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import cache
from typing import Any

import httpx

from domain.deliveries import Outcome, SendResult

THROTTLED_S = 60.0
"""The wait after a refusal for too many messages that names none."""
_CONNECTIONS = 50
_CLOCK_MAY_DIFFER = timedelta(minutes=10)
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)
_OUR_MISTAKE = (httpx.UnsupportedProtocol, httpx.LocalProtocolError, httpx.InvalidURL)


@cache
def _trust_store() -> ssl.SSLContext:
    return httpx.create_ssl_context()


def open_client(timeout_s: float) -> httpx.AsyncClient:
    """Connections of one channel. Proxies come from the environment; redirects are not followed, nothing is retried."""
    return httpx.AsyncClient(
        timeout=httpx.Timeout(timeout_s, pool=timeout_s / 2),
        limits=httpx.Limits(max_connections=_CONNECTIONS, max_keepalive_connections=_CONNECTIONS),
        follow_redirects=False,
        verify=_trust_store(),
    )


async def post(client: httpx.AsyncClient, url: str, timeout_s: float, **given: Any) -> httpx.Response | SendResult:
    """The answer to one POST, or why there is none. The result never holds the URL: it may carry a key."""
    try:
        async with asyncio.timeout(timeout_s):
            return await client.post(url, **given)
    except _NOT_SENT as error:
        return SendResult(Outcome.RETRY, f"not connected: {type(error).__name__}")
    except _OUR_MISTAKE as error:
        return SendResult(Outcome.CONFIG, f"base URL: {type(error).__name__}")
    except (httpx.HTTPError, TimeoutError) as error:
        return SendResult(Outcome.AMBIGUOUS, f"no answer: {type(error).__name__}")


def differs_from(answer: httpx.Response, now: datetime) -> bool:
    """Whether our clock is so far from the provider's that signatures fail."""
    try:
        there = parsedate_to_datetime(answer.headers.get("date", ""))
    except (ValueError, IndexError):
        return False
    return there.tzinfo is not None and abs(there - now) > _CLOCK_MAY_DIFFER

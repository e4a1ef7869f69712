"""Reads what a provider's HTTP answer says in every channel's words: its JSON object, if it is one, and Retry-After."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

_SECONDS = re.compile(r"[0-9]{1,9}")


def json_object(answer: httpx.Response) -> dict[str, Any] | None:
    """The body as a JSON object; None for HTML, an empty body or any other JSON."""
    try:
        content = answer.json()
    except (ValueError, RecursionError):
        return None
    return content if isinstance(content, dict) else None


def retry_after_s(answer: httpx.Response, now: datetime) -> float | None:
    """Retry-After (RFC 9110, 10.2.3) in seconds from `now` (aware UTC), never negative; None if absent or malformed."""
    value = answer.headers.get("retry-after", "").strip()
    if _SECONDS.fullmatch(value):
        return float(value)
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, IndexError):
        return None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (aware - now).total_seconds())

"""Media types: which one to answer in and whether a body is one we read; used by api/http.py only."""

from __future__ import annotations

from email.message import Message
from functools import lru_cache
from typing import Final

GRAPHQL_RESPONSE: Final = "application/graphql-response+json"
JSON: Final = "application/json"
EVENT_STREAM: Final = "text/event-stream"
MULTIPART: Final = "multipart/mixed"
_HEADERS: Final = 256
"""So many different headers are remembered: the clients of one server send few."""
_OFFERED: Final = (GRAPHQL_RESPONSE, JSON)


@lru_cache(_HEADERS)
def response_type(accept: str | None) -> str | None:
    """The media type to answer in; None where the client takes neither of ours.

    The highest quality wins, the more specific range decides a type's quality (RFC 9110, 12.5.1), and on a tie the
    GraphQL type is preferred unless the client listed a plain JSON range first by name.
    """
    if accept is None or not accept.strip():
        return GRAPHQL_RESPONSE
    ranges = [parsed for item in accept.split(",") if (parsed := _media_range(item)) is not None]
    best: tuple[float, int, str] | None = None
    for offered in _OFFERED:
        fitting = [
            (_specificity(kind), quality, -order)
            for order, (kind, quality) in enumerate(ranges)
            if kind in (offered, "application/*", "*/*")
        ]
        if not fitting:
            continue
        specificity, quality, order = max(fitting)
        rank = order if specificity == 2 else -len(ranges)
        if quality > 0 and (best is None or (quality, rank) > best[:2]):
            best = (quality, rank, offered)
    return best[2] if best else None


@lru_cache(_HEADERS)
def stream_type(accept: str | None) -> str | None:
    """The media type to send the answers of a subscription in; None where the client names none that we send.

    Only a range that names the type counts: a client that takes anything does not expect an answer without end.
    """
    best: tuple[float, str] | None = None
    for item in (accept or "").split(","):
        parsed = _media_range(item)
        if parsed is None or parsed[1] == 0 or (best is not None and parsed[1] <= best[0]):
            continue
        kind, quality = parsed
        if kind == EVENT_STREAM or (kind == MULTIPART and _parsed(item)[1].get("subscriptionspec") == "1.0"):
            best = (quality, kind)
    return best[1] if best else None


@lru_cache(_HEADERS)
def is_json_utf8(content_type: str | None) -> bool:
    """Whether a request body of this type is JSON in UTF-8."""
    kind, parameters = _parsed(content_type or "")
    return kind == JSON and parameters.get("charset", "utf-8").lower() in {"utf-8", "utf8"}


@lru_cache(_HEADERS)
def takes_gzip(accept_encoding: str | None) -> bool:
    """Whether an answer may be compressed by gzip: a coding with the quality 0 is refused (RFC 9110, 12.5.3)."""
    qualities = dict(
        parsed for item in (accept_encoding or "").split(",") if (parsed := _media_range(item)) is not None
    )
    return qualities.get("gzip", qualities.get("*", 0)) > 0


def _media_range(text: str) -> tuple[str, float] | None:
    kind, parameters = _parsed(text)
    if parameters.get("charset", "utf-8").lower() not in {"utf-8", "utf8"}:
        return None
    try:
        quality = float(parameters.get("q", "1"))
    except ValueError:
        return None
    return (kind, quality) if 0 <= quality <= 1 else None


def _specificity(kind: str) -> int:
    return 0 if kind == "*/*" else 1 if kind.endswith("/*") else 2


def _parsed(text: str) -> tuple[str, dict[str, str]]:
    message = Message()
    message["content-type"] = text.strip()
    pairs = message.get_params(failobj=[])
    if not pairs:
        return "", {}
    return pairs[0][0].lower(), {name.lower(): value for name, value in pairs[1:] if isinstance(value, str)}

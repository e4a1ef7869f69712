"""The edge between aware UTC of the domain and naive UTC of documents; called by every codec in storage."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import overload


@overload
def stored_time(value: datetime) -> datetime: ...
@overload
def stored_time(value: None) -> None: ...
def stored_time(value: datetime | None) -> datetime | None:
    """Aware time -> naive UTC cut to milliseconds, as BSON keeps it. Raises ValueError for a naive time."""
    if value is None:
        return None
    if value.tzinfo is None:
        raise ValueError("a time without a zone reached storage")
    utc = value if value.tzinfo is UTC else value.astimezone(UTC)
    return utc.replace(microsecond=utc.microsecond // 1000 * 1000, tzinfo=None)


@overload
def aware(value: datetime) -> datetime: ...
@overload
def aware(value: None) -> None: ...
def aware(value: datetime | None) -> datetime | None:
    """Naive UTC of a document -> aware UTC."""
    return None if value is None else value.replace(tzinfo=UTC)

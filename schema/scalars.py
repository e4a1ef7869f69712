"""Scalars and enum descriptions shared by all nouns; schema/root.py hands SCALARS to Strawberry."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from functools import lru_cache
from typing import Any, Final, TypeVar

import strawberry
from graphql import GraphQLError
from strawberry.schema.types.scalar import DEFAULT_SCALAR_REGISTRY
from strawberry.types.scalar import ScalarDefinition

E = TypeVar("E", bound=type[Enum])


_DAYS: Final = 4_096
_MINUTES: Final = [f"T{minute // 60:02}:{minute % 60:02}:" for minute in range(24 * 60)]
_SECONDS: Final = [f"{second:02}." for second in range(60)]
_MILLISECONDS: Final = [f"{millisecond:03}Z" for millisecond in range(1_000)]


@lru_cache(_DAYS)
def _day(ordinal: int) -> str:
    return date.fromordinal(ordinal).isoformat()


def format_time(value: datetime) -> str:
    """RFC 3339 in UTC with milliseconds; documents hold naive UTC."""
    utc = value if value.tzinfo is None else value.astimezone(UTC)
    # Put together from tables: half of what an answer is made of is times, and `isoformat` takes four times as long.
    return (
        f"{_day(utc.toordinal())}{_MINUTES[utc.hour * 60 + utc.minute]}"
        f"{_SECONDS[utc.second]}{_MILLISECONDS[utc.microsecond // 1_000]}"
    )


def parse_time(value: Any) -> datetime:
    """Aware UTC cut to milliseconds. Raises GraphQLError for anything else than RFC 3339 with an offset."""
    try:
        parsed = datetime.fromisoformat(value)
        if parsed.tzinfo is None or not 1970 <= parsed.year <= 2200:
            raise ValueError("a zone is missing or the year is out of range")
        utc = parsed.astimezone(UTC)
    except (TypeError, ValueError, OverflowError) as broken:
        raise GraphQLError("DateTime must be RFC 3339 with an offset, such as 2026-11-23T09:30:00Z.") from broken
    return utc.replace(microsecond=utc.microsecond // 1000 * 1000)


DATE_TIME = strawberry.scalar(
    name="DateTime",
    description="An instant: RFC 3339 with an offset; answered in UTC with milliseconds.",
    specified_by_url="https://scalars.graphql.org/andimarek/date-time",
    serialize=format_time,
    parse_value=parse_time,
)
DATE = replace(
    DEFAULT_SCALAR_REGISTRY[date],
    description="A day without a zone: YYYY-MM-DD.",
    specified_by_url="https://scalars.graphql.org/andimarek/local-date",
)
DECIMAL = replace(
    DEFAULT_SCALAR_REGISTRY[Decimal],
    description="An exact decimal number as text, such as money.",
    specified_by_url="https://www.w3.org/TR/xmlschema-2/#decimal",
)
SCALARS: dict[object, ScalarDefinition] = {datetime: DATE_TIME, date: DATE, Decimal: DECIMAL}


def described_enum(enum: E, description: str, title: str | None = None, **values: str) -> E:
    """Registers a domain enum with a sentence for each value; `title` where its own name says too little.

    Raises KeyError where a value has no sentence.
    """
    registered = strawberry.enum(enum, name=title, description=description)
    for value in registered.__strawberry_definition__.values:  # type: ignore[attr-defined]
        value.description = values[value.name]
    return registered

"""Values of the right shape for any input type, whatever the rules; from a seeded generator, so that runs repeat."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLScalarType,
    is_required_input_field,
)

_ALPHABETS = (
    "abcXYZ019 _-.",
    "$.{}[]()\"'`\\/%;<>&|*?^+",
    "\x00\x01\x07\x1b\x7f\x85\u200b\u202e\ufeff",
    "äßñçéİıſﬁ",
    "漢字かなضصשם",
    "😀🏴👨‍👩‍👧",
    "\ud800\udfff\udc00",
)
_OFFSETS = ("Z", "z", "", "+00:00", "-14:00", "+14:00", "+23:59", "+24:00")


def text(random: Random) -> str:
    """Up to 60 characters of one or two kinds, now and then very many."""
    alphabet = "".join(random.sample(_ALPHABETS, random.randint(1, 2)))
    length = random.choice((0, 1, 2, 8, 30, 60, 60, 60, 5_000))
    return "".join(random.choices(alphabet, k=length))


def date(random: Random) -> str:
    """Mostly a day that exists."""
    year = random.choice((1, 1969, 1970, 2026, 2026, 2027, 2200, 2201, 9999))
    return f"{year:04d}-{random.randint(1, 12):02d}-{random.randint(1, 31):02d}"


def date_time(random: Random) -> str:
    """Mostly a moment that exists."""
    second = random.choice((0, 59, 60))
    fraction = random.choice(("", ".0", ".123", ".123456", ".1234567890"))
    hour, minute = random.randint(0, 24), random.randint(0, 59)
    return f"{date(random)}T{hour:02d}:{minute:02d}:{second:02d}{fraction}{random.choice(_OFFSETS)}"


def scalar(name: str, random: Random, ids: Mapping[str, str]) -> Any:
    """A value for a scalar; an id is often one of `ids`, of whatever kind."""
    if random.random() < 0.1:
        return text(random)
    match name:
        case "ID":
            return random.choice([*ids.values(), text(random)])
        case "Int":
            return random.choice((0, 1, -1, 5, 100, 2**31 - 1, -(2**31), random.randint(-(2**33), 2**33)))
        case "Float":
            return random.choice((0.0, -0.0, 1e308, 5e-324, 90, 180, random.uniform(-200, 200), random.gauss(0, 1e9)))
        case "Boolean":
            return random.random() < 0.5
        case "DateTime":
            return date_time(random)
        case "Date":
            return date(random)
        case "Decimal":
            return random.choice(("0", "-1", "12.50", "1e9", "0.005", f"{random.uniform(-1e12, 1e12):.4f}"))
    return text(random)


def anything(kind: GraphQLInputType, random: Random, ids: Mapping[str, str]) -> Any:
    """Any value that has the type's shape."""
    if isinstance(kind, GraphQLNonNull):
        kind = kind.of_type
    elif random.random() < 0.15:
        return None
    if isinstance(kind, GraphQLList):
        return [anything(kind.of_type, random, ids) for _ in range(random.choice((0, 1, 1, 2, 5)))]
    if isinstance(kind, GraphQLEnumType):
        return random.choice(list(kind.values))
    if isinstance(kind, GraphQLInputObjectType):
        return {
            name: anything(each.type, random, ids)
            for name, each in kind.fields.items()
            if is_required_input_field(each) or random.random() < 0.4
        }
    assert isinstance(kind, GraphQLScalarType)
    return scalar(kind.name, random, ids)

"""Completes scalars and enums strictly: what graphql-core would not answer as it is, is handed over."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from inspect import isawaitable
from typing import Any

from graphql import GraphQLEnumType, GraphQLLeafType, Undefined

from execution.declarations import Handover

_TEXTS = frozenset({"String", "ID"})
_INT = (-(2**31), 2**31 - 1)
_PLAIN_TYPES = frozenset({str, int, float, bool, datetime, Decimal, dict, list})
_MOST_REMEMBERED = 1_000


def inline_check(kind: GraphQLLeafType, value: str) -> str | None:
    """An expression that is true where the value at the name `value` is its own completed form."""
    if kind.name in _TEXTS:
        return f"type({value}) is str"
    if kind.name == "Boolean":
        return f"{value} is True or {value} is False"
    if kind.name == "Int":
        return f"type({value}) is int and {_INT[0]} <= {value} <= {_INT[1]}"
    return None


def completer(kind: GraphQLLeafType) -> Callable[[Any], Any]:
    """Completes any value but None."""
    return _enum(kind) if isinstance(kind, GraphQLEnumType) else _scalar(kind)


def must_be_plain(value: Any) -> None:
    """Raises Handover for what graphql-core does not complete at once: exceptions, awaitables, nothing."""
    if value is None or value is Undefined or isinstance(value, Exception) or isawaitable(value):
        raise Handover


def _scalar(kind: GraphQLLeafType) -> Callable[[Any], Any]:
    serialize = kind.coerce_output_value

    def complete(value: Any) -> Any:
        if type(value) not in _PLAIN_TYPES:
            must_be_plain(value)
        completed = serialize(value)
        if completed is None or completed is Undefined:
            raise Handover
        return completed

    return complete


def _enum(kind: GraphQLEnumType) -> Callable[[Any], Any]:
    serialize = kind.coerce_output_value
    known: dict[str, str] = {}

    def complete(value: Any) -> Any:
        if type(value) is str and value in known:
            return known[value]
        must_be_plain(value)
        completed = serialize(value)
        if type(value) is str and len(known) < _MOST_REMEMBERED:
            known[value] = completed
        return completed

    return complete

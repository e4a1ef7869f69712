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
    if kind.name == "Float":
        # Not of infinity and NaN, which graphql-core refuses.
        return f"type({value}) is float and {value} - {value} == 0"
    return None


def completer(kind: GraphQLLeafType) -> Callable[[Any], Any]:
    """Completes any value but None."""
    return EnumCompleter(kind) if isinstance(kind, GraphQLEnumType) else _scalar(kind)


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


class EnumCompleter:
    """Completes the values of one enum; `known` has those seen before."""

    def __init__(self, kind: GraphQLEnumType) -> None:
        self._serialize = kind.coerce_output_value
        self.known: dict[str, str] = {}

    def __call__(self, value: Any) -> Any:
        """Raises Handover, GraphQLError."""
        must_be_plain(value)
        completed = self._serialize(value)
        if type(value) is str and len(self.known) < _MOST_REMEMBERED:
            self.known[value] = completed
        return completed

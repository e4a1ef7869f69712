"""Frozen domain values <-> documents: `id` is `_id`, times are naive UTC in milliseconds, points are GeoJSON.

Used by the storage module of each noun; a noun with another shape writes its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum
from functools import cache
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from domain.places import Point
from storage.driver import Decimal128, Document
from storage.times import stored_time

V = TypeVar("V")


def encode(value: Any) -> Document:
    """The document of a frozen dataclass; empty optional values are left out so that partial indexes stay small."""
    document: Document = {}
    for each in fields(value):
        plain = _plain(getattr(value, each.name))
        if plain is not None:
            document["_id" if each.name == "id" else each.name] = plain
    return document


def _plain(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime):
        return stored_time(value)
    if isinstance(value, Decimal):
        return Decimal128(value)
    if isinstance(value, Point):
        return {"type": "Point", "coordinates": [value.longitude, value.latitude]}
    if isinstance(value, tuple | list | frozenset | set):
        return [_plain(each) for each in (sorted(value) if isinstance(value, frozenset | set) else value)]
    if isinstance(value, Mapping):
        return {key: _plain(each) for key, each in value.items()}
    if is_dataclass(value):
        return encode(value)
    return value


def decode(kind: type[V], document: Mapping[str, Any]) -> V:
    """The dataclass `kind` from its document; a value that is missing takes the field's default, else None."""
    given: dict[str, Any] = {}
    for name, hint in _hints(cast("Any", kind)).items():
        stored_name = "_id" if name == "id" else name
        if stored_name in document:
            given[name] = _typed(hint, document[stored_name])
        elif name in _required(cast("Any", kind)):
            given[name] = None
    return kind(**given)


@cache
def _hints(kind: type[Any]) -> dict[str, Any]:
    hints = get_type_hints(kind)
    return {each.name: hints[each.name] for each in fields(kind)}


@cache
def _required(kind: type[Any]) -> frozenset[str]:
    return frozenset(each.name for each in fields(kind) if each.default is MISSING and each.default_factory is MISSING)


def _typed(hint: Any, value: Any) -> Any:
    if value is None:
        return None
    origin, args = get_origin(hint), get_args(hint)
    if origin in {Union, UnionType}:
        return _typed(next(each for each in args if each is not NoneType), value)
    if origin is tuple:
        return tuple(_typed(args[0], each) for each in value)
    if origin is frozenset:
        return frozenset(_typed(args[0], each) for each in value)
    if origin is not None and issubclass(origin, Mapping):
        return {key: _typed(args[1], each) for key, each in value.items()}
    return _single(hint, value)


def _single(hint: Any, value: Any) -> Any:
    if isinstance(value, datetime):
        return value.replace(tzinfo=UTC)
    if isinstance(value, Decimal128):
        return value.to_decimal()
    if hint is Point:
        longitude, latitude = value["coordinates"]
        return Point(latitude, longitude)
    if isinstance(hint, type) and issubclass(hint, Enum):
        return hint(value)
    if is_dataclass(hint) and isinstance(hint, type):
        return decode(hint, value)
    return value

"""Frozen domain values <-> documents: `id` is `_id`, times are naive UTC in milliseconds, points are GeoJSON.

Used by the storage module of each noun; a noun with another shape writes its own. How each type and field is changed is
found out once: a check-in changes some 150 values.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum
from functools import cache, partial
from types import NoneType, UnionType
from typing import Any, Final, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from domain.places import Point
from storage.driver import Decimal128, Document
from storage.times import stored_time

V = TypeVar("V")
_Change = Callable[[Any], Any]
_AS_THEY_ARE: Final = frozenset({str, int, float, bool})
_ABSENT: Final = object()


def encode(value: Any) -> Document:
    """The document of a frozen dataclass; empty optional values are left out so that partial indexes stay small."""
    document: Document = {}
    for name, stored_name in _stored_names(cast("Any", type(value))):
        plain = _plain(getattr(value, name))
        if plain is not None:
            document[stored_name] = plain
    return document


@cache
def _stored_names(kind: type[Any]) -> tuple[tuple[str, str], ...]:
    return tuple((each.name, "_id" if each.name == "id" else each.name) for each in fields(kind))


def _plain(value: Any) -> Any:
    kind = type(value)
    if kind in _AS_THEY_ARE or value is None:
        return value
    write = _writer(cast("Any", kind))
    return value if write is None else write(value)


@cache
def _writer(kind: type[Any]) -> _Change | None:
    """What makes a value of this type storable; None where it is already."""
    if issubclass(kind, Enum):
        return lambda value: value.value
    if issubclass(kind, datetime):
        return stored_time
    if issubclass(kind, Decimal):
        return Decimal128
    if issubclass(kind, Point):
        return lambda value: {"type": "Point", "coordinates": [value.longitude, value.latitude]}
    if issubclass(kind, frozenset | set):
        return lambda value: [_plain(each) for each in sorted(value)]
    if issubclass(kind, tuple | list):
        return lambda value: [_plain(each) for each in value]
    if issubclass(kind, Mapping):
        return lambda value: {key: _plain(each) for key, each in value.items()}
    return encode if is_dataclass(kind) else None


def decode(kind: type[V], document: Mapping[str, Any]) -> V:
    """The dataclass `kind` from its document; a value that is missing takes the field's default, else None."""
    given: dict[str, Any] = {}
    for name, stored_name, required, read in _readers(cast("Any", kind)):
        value = document.get(stored_name, _ABSENT)
        if value is not _ABSENT:
            given[name] = value if read is None or value is None else read(value)
        elif required:
            given[name] = None
    return kind(**given)


@cache
def _readers(kind: type[Any]) -> tuple[tuple[str, str, bool, _Change | None], ...]:
    """Of each field: name, stored name, whether it has no default, and what makes its value from the stored one."""
    hints = get_type_hints(kind)
    names = dict(_stored_names(cast("Any", kind)))
    return tuple(
        (
            each.name,
            names[each.name],
            each.default is MISSING and each.default_factory is MISSING,
            _reader(hints[each.name]),
        )
        for each in fields(kind)
    )


def _reader(hint: Any) -> _Change | None:
    """What makes a value of this type from a stored one that is not None; None where it is one already."""
    hint = getattr(hint, "__supertype__", hint)
    origin, args = get_origin(hint), get_args(hint)
    if origin in {Union, UnionType}:
        return _reader(next(each for each in args if each is not NoneType))
    if origin is tuple or origin is frozenset:
        return partial(_collected, origin, _reader(args[0]))
    if origin is not None and issubclass(origin, Mapping):
        return partial(_mapped, _reader(args[1]))
    if not isinstance(hint, type):
        return _by_value
    if issubclass(hint, Enum):
        return partial(_member, {each.value: each for each in hint}, hint)
    if hint is Point:
        return _point
    if is_dataclass(hint):
        return partial(decode, hint)
    return None if hint in _AS_THEY_ARE else _by_value


def _collected(kind: type[Any], read: _Change | None, value: Any) -> Any:
    return kind(value if read is None else [None if each is None else read(each) for each in value])


def _mapped(read: _Change | None, value: Any) -> Any:
    return {key: each if read is None or each is None else read(each) for key, each in value.items()}


def _member(members: Mapping[Any, Enum], kind: type[Enum], value: Any) -> Enum:
    return members.get(value) or kind(value)


def _point(value: Any) -> Point:
    longitude, latitude = value["coordinates"]
    return Point(latitude, longitude)


def _by_value(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.replace(tzinfo=UTC)
    return value.to_decimal() if isinstance(value, Decimal128) else value

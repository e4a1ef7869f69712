"""Documents by declaration and chance: mostly what the schema expects, now and then of wrong types, null or missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from random import Random
from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLScalarType,
    GraphQLSchema,
    GraphQLUnionType,
)

from domain.refusals import InvalidInput, NotFound, RetryLater, VersionConflict
from schema.fields import READING, Computed, Placed, Related, RelatedList, Stored

_KEYS = ("per_1", "per_2", "tea_1", "acc_1", "led_1", "led_2", "vis_1")
_MORNING = datetime(2026, 11, 23, 9, 30, 0, 123000)  # noqa: DTZ001 - documents hold naive UTC
_HOSTILE: Sequence[Any] = (
    *(None, 0, -1, 2**31, 2**70, 1.5, float("nan"), float("inf"), True, "", "x", b"x", [], {}, [None], [1, "x"]),
    *({"a": 1}, _MORNING.replace(year=1), _MORNING, Decimal("1E+3"), object(), ValueError("stored"), ("t",)),
)
_REFUSALS = (NotFound("led_1"), InvalidInput("name", "is odd"), RetryLater(5), VersionConflict("led_1", 3))


class HostileDocuments:
    """Values for root fields and, by collection and key, documents for relations; the same for the same seed."""

    def __init__(self, schema: GraphQLSchema, seed: int, hostile: float) -> None:
        self._schema = schema
        self._seed = seed
        self._hostile = hostile
        self._types = _types_by_collection(schema)

    def root(self, name: str, kind: GraphQLOutputType) -> Any:
        """What a root field answers."""
        return self._value(Random(f"{self._seed} {name}"), kind, 0)

    async def by_keys(
        self, collection: str, keys: Sequence[str], *, on: str = "_id", projection: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """Four of five keys name a document; only what is projected is in it."""
        return self._by_keys(collection, keys, on, projection)

    def known(self, collection: str, keys: Sequence[str], *, on: str = "_id") -> dict[str, Any] | None:
        """Half of the collections are known."""
        if Random(f"{self._seed} {collection}").random() < 0.5:
            return None
        return self._by_keys(collection, keys, on, None)

    def _by_keys(
        self, collection: str, keys: Sequence[str], on: str, projection: Mapping[str, Any] | None
    ) -> dict[str, Any]:
        found = {}
        for key in keys:
            random = Random(f"{self._seed} {collection} {key}")
            if random.random() < 0.8:
                document = self._document(random, self._types[collection], 1)
                document[on] = key
                found[key] = _projected(document, projection)
        return found

    async def children(
        self,
        collection: str,
        parents: Sequence[str],
        *,
        on: str,
        first: int,
        order: str = "-_id",
        where: Mapping[str, Any] | None = None,
        projection: Mapping[str, Any] | None = None,
    ) -> dict[str, list[Any]]:
        """Up to `first` documents for most parents."""
        found = {}
        for parent in parents:
            random = Random(f"{self._seed} {collection} {on} {order} {where} {parent}")
            count = min(first, random.randint(0, 3))
            rows = [self._document(random, self._types[collection], 1) for _ in range(count)]
            if rows:
                found[parent] = [_projected(row, projection) for row in rows]
        return found

    def _value(self, random: Random, kind: GraphQLOutputType, depth: int) -> Any:
        if random.random() < self._hostile:
            return random.choice(_HOSTILE)
        if isinstance(kind, GraphQLNonNull):
            return self._value(random, kind.of_type, depth)
        if random.random() < 0.1:
            return None
        if isinstance(kind, GraphQLList):
            rows = [self._value(random, kind.of_type, depth + 1) for _ in range(random.randint(0, 3))]
            return tuple(rows) if random.random() < 0.1 else rows
        if isinstance(kind, GraphQLUnionType | GraphQLInterfaceType):
            possible = list(self._schema.get_possible_types(kind))
            records = [each for each in possible if any(READING in f.extensions for f in each.fields.values())]
            if not records or random.random() < 0.2:
                return random.choice(_REFUSALS)
            chosen = random.choice(records)
            document = self._document(random, chosen, depth)
            if isinstance(kind, GraphQLInterfaceType) or random.random() < 0.1:
                document["__typename"] = chosen.name
            return document
        if isinstance(kind, GraphQLObjectType):
            return self._document(random, kind, depth)
        return _leaf(random, kind)

    def _document(self, random: Random, kind: GraphQLObjectType, depth: int) -> dict[str, Any]:
        document: dict[str, Any] = {"_id": random.choice(_KEYS)}
        if depth > 5:
            return document
        for each in kind.fields.values():
            reading = each.extensions.get(READING)
            if isinstance(reading, Stored):
                _put(document, reading.path, self._value(random, each.type, depth + 1))
            elif isinstance(reading, Related):
                _put(document, reading.key, self._key(random))
            elif isinstance(reading, Computed):
                for need in reading.needs:
                    _put(document, need, self._plausible(random))
            elif isinstance(reading, Placed):
                point = {"type": "Point", "coordinates": [121.4, 31.2]}
                _put(document, reading.path, random.choice((None, point, point, {"coordinates": []})))
            elif isinstance(reading, RelatedList):
                document["_id"] = self._key(random) or "led_1"
        return document

    def _key(self, random: Random) -> Any:
        return random.choice(_HOSTILE) if random.random() < self._hostile else random.choice((*_KEYS, None))

    def _plausible(self, random: Random) -> Any:
        return random.choice((None, "text", 3, _MORNING, [], {}, True))


def _types_by_collection(schema: GraphQLSchema) -> dict[str, GraphQLObjectType]:
    found: dict[str, GraphQLObjectType] = {}
    for kind in schema.type_map.values():
        if isinstance(kind, GraphQLObjectType):
            for each in kind.fields.values():
                reading = each.extensions.get(READING)
                if isinstance(reading, Related | RelatedList):
                    target: Any = each.type
                    while not isinstance(target, GraphQLObjectType):
                        target = target.of_type
                    found[reading.collection] = target
    return found


def _leaf(random: Random, kind: GraphQLOutputType) -> Any:
    if isinstance(kind, GraphQLEnumType):
        chosen = random.choice(list(kind.values.values())).value
        return getattr(chosen, "value", chosen)
    assert isinstance(kind, GraphQLScalarType)
    return random.choice(_LEAVES.get(kind.name, ("x",)))


_LEAVES: dict[str, tuple[Any, ...]] = {
    "Int": (0, 7, 2**31 - 1, 3.0),
    "Float": (0.0, 1.25, 7, -3.5),
    "Boolean": (True, False),
    "ID": ("led_1", "per_1"),
    "String": ("text", "客户", "\x00", ""),
    "DateTime": (_MORNING, _MORNING.replace(year=1970)),
    "Decimal": (Decimal("12.50"), Decimal("1E+3")),
}


def _put(document: dict[str, Any], path: str, value: Any) -> None:
    *steps, last = path.split(".")
    for step in steps:
        inner = document.get(step)
        if not isinstance(inner, dict):
            inner = document[step] = {}
        document = inner
    document[last] = value


def _projected(document: dict[str, Any], projection: Mapping[str, Any] | None) -> dict[str, Any]:
    if projection is None:
        return document
    kept: dict[str, Any] = {}
    for path in projection:
        value: Any = document
        for step in path.split("."):
            if not isinstance(value, dict) or step not in value:
                break
            value = value[step]
        else:
            _put(kept, path, value)
    return kept

"""Calls root resolvers directly: arguments are converted by functions made once from their Strawberry types.

Installed by schema/fields.py `bind`; both ways of executing an operation go through here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING
from typing import Any

import strawberry
from graphql import GraphQLObjectType
from strawberry.types.base import (
    StrawberryList,
    StrawberryMaybe,
    StrawberryObjectDefinition,
    StrawberryOptional,
    get_object_definition,
)
from strawberry.types.field import StrawberryField
from strawberry.types.lazy_type import LazyType

Convert = Callable[[Any], Any]


def bind_roots(schema: strawberry.Schema, definition: StrawberryObjectDefinition, root: GraphQLObjectType) -> None:
    """Gives each field of Query or Mutation its calling function. Raises TypeError where Strawberry would do more."""
    for field in definition.fields:
        name = schema.config.name_converter.get_graphql_name(field)
        if field.permission_classes or field.extensions:
            raise TypeError(f"{definition.name}.{name}: permission classes and extensions would be passed over")
        root.fields[name].resolve = _call(schema, field)


def _call(schema: strawberry.Schema, field: StrawberryField) -> Callable[..., Any]:
    assert field.base_resolver is not None
    resolver: Any = field.base_resolver.wrapped_func
    naming = schema.config.name_converter
    takes: dict[str, tuple[str, Convert | None]] = {}
    for argument in field.arguments:
        takes[naming.from_argument(argument)] = (argument.python_name, _converter(schema, argument.type))

    def call(source: Any, info: Any, **arguments: Any) -> Any:
        given: dict[str, Any] = {}
        for name, value in arguments.items():
            python_name, convert = takes[name]
            given[python_name] = value if convert is None or value is None else convert(value)
        return resolver(source, info=strawberry.Info(_raw_info=info, _field=field), **given)

    return call


def _converter(schema: strawberry.Schema, kind: Any) -> Convert | None:
    """None where the coerced value is what the resolver takes. Never called with None."""
    if isinstance(kind, StrawberryMaybe):
        raise TypeError("Maybe arguments are not bound")
    if isinstance(kind, StrawberryOptional):
        return _converter(schema, kind.of_type)
    if isinstance(kind, LazyType):
        return _converter(schema, kind.resolve_type())
    if isinstance(kind, StrawberryList):
        return _list(_converter(schema, kind.of_type))
    definition = get_object_definition(kind)
    return None if definition is None else _input(schema, kind, definition)


def _list(item: Convert | None) -> Convert:
    def convert(values: Iterable[Any]) -> list[Any]:
        # A copy in any case: a default is the same object in every call.
        return list(values) if item is None else [None if each is None else item(each) for each in values]

    return convert


def _input(schema: strawberry.Schema, kind: type, definition: StrawberryObjectDefinition) -> Convert:
    naming = schema.config.name_converter
    fields = {
        naming.from_field(each): (each.python_name, _converter(schema, each.resolve_type(type_definition=definition)))
        for each in definition.fields
    }
    without_default = [
        each.python_name
        for each in definition.fields
        if each.default_value is MISSING and each.default_factory is MISSING
    ]

    def convert(value: Mapping[str, Any]) -> Any:
        # As Strawberry does: a nullable field that was left out and has no default is null.
        given: dict[str, Any] = dict.fromkeys(without_default)
        for name, part in value.items():
            python_name, change = fields[name]
            given[python_name] = part if change is None or part is None else change(part)
        return kind(**given)

    return convert

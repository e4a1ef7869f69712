"""Checks variables with functions made once from their types; what they refuse, graphql-core words as errors."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLScalarType,
    GraphQLSchema,
    Undefined,
    VariableDefinitionNode,
    is_required_input_field,
)
from graphql.execution.get_variable_signature import GraphQLVariableSignature, get_variable_signature
from graphql.utilities.coerce_input_value import coerce_default_value

from execution.declarations import NotCompilable

Coerce = Callable[[Any], Any]
_AS_THEY_ARE = frozenset({"String", "ID"})


class Invalid(Exception):  # noqa: N818 - it steers, graphql-core words the error
    """A value does not fit its type."""


def compile_variables(
    schema: GraphQLSchema, definitions: Sequence[VariableDefinitionNode]
) -> Callable[[Mapping[str, Any]], dict[str, Any]]:
    """Raw values -> coerced ones, as graphql-core's. The function raises Invalid; the compiler NotCompilable."""
    checks = [_variable(schema, each) for each in definitions]

    def coerce(raw: Mapping[str, Any]) -> dict[str, Any]:
        coerced: dict[str, Any] = {}
        for name, check, default, is_required in checks:
            value = raw.get(name, Undefined)
            if value is not Undefined:
                coerced[name] = check(value)
            elif default is not Undefined:
                coerced[name] = default
            elif is_required:
                raise Invalid
        return coerced

    return coerce


def _variable(schema: GraphQLSchema, definition: VariableDefinitionNode) -> tuple[str, Coerce, Any, bool]:
    signature = get_variable_signature(schema, definition)
    if not isinstance(signature, GraphQLVariableSignature):
        raise NotCompilable
    try:
        default = coerce_default_value(signature)
    except TypeError as broken:
        raise NotCompilable from broken
    if isinstance(default, list | dict):
        # Would be the same object in every call.
        raise NotCompilable
    check = _coercer(signature.type, ())
    return signature.name, check, default, isinstance(signature.type, GraphQLNonNull)


def _coercer(kind: GraphQLInputType, within: tuple[str, ...]) -> Coerce:
    if isinstance(kind, GraphQLNonNull):
        return _not_null(_coercer(kind.of_type, within))
    if isinstance(kind, GraphQLList):
        return _list(_coercer(kind.of_type, within))
    if isinstance(kind, GraphQLInputObjectType):
        if kind.name in within:
            # How deep its values nest is for graphql-core to bound.
            raise NotCompilable
        return _object(kind, (*within, kind.name))
    if isinstance(kind, GraphQLEnumType):
        return _enum(kind)
    return _scalar(kind)


def _not_null(inner: Coerce) -> Coerce:
    def coerce(value: Any) -> Any:
        if value is None:
            raise Invalid
        return inner(value)

    return coerce


def _list(item: Coerce) -> Coerce:
    def coerce(value: Any) -> Any:
        if value is None:
            return None
        if isinstance(value, list | tuple):
            return [item(each) for each in value]
        return [item(value)]

    return coerce


def _scalar(kind: GraphQLScalarType) -> Coerce:
    parse = kind.coerce_input_value

    def coerce(value: Any) -> Any:
        if value is None:
            return None
        try:
            return parse(value)
        except Exception as refused:
            raise Invalid from refused

    def coerce_text(value: Any) -> Any:
        return value if type(value) is str else coerce(value)

    return coerce_text if kind.name in _AS_THEY_ARE else coerce


def _enum(kind: GraphQLEnumType) -> Coerce:
    values = {name: kind.coerce_input_value(name) for name in kind.values}

    def coerce(value: Any) -> Any:
        if value is None:
            return None
        if type(value) is not str or value not in values:
            raise Invalid
        return values[value]

    return coerce


def _object(kind: GraphQLInputObjectType, within: tuple[str, ...]) -> Coerce:
    fields = []
    for name, field in kind.fields.items():
        default = coerce_default_value(field)
        fields.append(
            (name, field.out_name or name, _coercer(field.type, within), default, is_required_input_field(field))
        )
    known, out_type, is_one_of = frozenset(kind.fields), kind.out_type, kind.is_one_of

    def coerce(value: Any) -> Any:
        if value is None:
            return None
        if not isinstance(value, dict) or not known.issuperset(value):
            raise Invalid
        coerced: dict[str, Any] = {}
        for name, out_name, check, default, is_required in fields:
            if name in value:
                coerced[out_name] = check(value[name])
            elif is_required:
                raise Invalid
            elif default is not Undefined:
                coerced[out_name] = default
        if is_one_of and (len(value) != 1 or len(coerced) != 1 or None in coerced.values()):
            raise Invalid
        return out_type(coerced)

    return coerce

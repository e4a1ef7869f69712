"""Arguments of one field as a function of the coerced variables, evaluated once per run and not per document."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from graphql import (
    ArgumentNode,
    FieldNode,
    GraphQLArgument,
    GraphQLError,
    GraphQLField,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLNonNull,
    Node,
    ObjectValueNode,
    Undefined,
    ValueNode,
    VariableNode,
    Visitor,
    is_required_argument,
    is_required_input_field,
    visit,
)
from graphql.execution.values import VariableValues, get_argument_values
from graphql.utilities.coerce_input_value import coerce_default_value, coerce_input_literal

from execution.declarations import Handover, NotCompilable

Arguments = Callable[[VariableValues], dict[str, Any]]
"""Coerced variables (with their sources) -> keyword arguments. Raises Handover."""
_Part = Callable[[dict[str, Any]], Any]
"""Coerced variables -> the value of one literal; Undefined for a variable without a value. Raises Handover."""


class _Shared(Exception):  # noqa: N818 - it steers, nothing went wrong
    """A value of every call's own is needed, or something rare: graphql-core makes it."""


def compile_arguments(field: GraphQLField, node: FieldNode) -> Arguments | dict[str, Any]:
    """The arguments themselves where no variable is in them. Raises NotCompilable."""
    given = {each.name.value: each for each in node.arguments or ()}
    if not any(_has_variable(each) for each in given.values()):
        try:
            return get_argument_values(field, node, VariableValues({}, {}))
        except GraphQLError as broken:
            raise NotCompilable from broken
    try:
        return _by_name(field, node, given)
    except _Shared:
        return _by_graphql_core(field, node)


def needs_sources(arguments: Arguments | dict[str, Any]) -> bool:
    """Whether the function wants to know where the variables came from, which only graphql-core tells."""
    return callable(arguments) and getattr(arguments, "needs_sources", False)


def _by_graphql_core(field: GraphQLField, node: FieldNode) -> Arguments:
    def evaluate(variables: VariableValues) -> dict[str, Any]:
        try:
            return get_argument_values(field, node, variables)
        except GraphQLError as broken:
            raise Handover from broken

    evaluate.needs_sources = True  # type: ignore[attr-defined]
    return evaluate


def _by_name(field: GraphQLField, node: FieldNode, given: dict[str, ArgumentNode]) -> Arguments:
    fixed: dict[str, Any] = {}
    named: list[tuple[str, str, Any, bool, bool]] = []
    made: list[tuple[str, _Part]] = []
    literals = FieldNode(name=node.name, arguments=tuple(each for each in given.values() if not _has_variable(each)))
    for name, argument in field.args.items():
        value = given[name].value if name in given else None
        out_name = argument.out_name or name
        if isinstance(value, VariableNode):
            required = is_required_argument(argument)
            not_null = isinstance(argument.type, GraphQLNonNull)
            named.append((out_name, value.name.value, _default(argument), required, not_null))
        elif value is not None and _has_variable(value):
            made.append((out_name, _part(value, argument.type)))
        else:
            part = GraphQLField(field.type, args={name: argument})
            try:
                fixed.update(get_argument_values(part, literals, VariableValues({}, {})))
            except GraphQLError as broken:
                raise NotCompilable from broken

    def evaluate(variables: VariableValues) -> dict[str, Any]:
        coerced = variables.coerced
        arguments = dict(fixed)
        for out_name, variable, default, required, not_null in named:
            value = coerced.get(variable, Undefined)
            if value is Undefined:
                if required:
                    raise Handover
                if default is not Undefined:
                    arguments[out_name] = default
            elif value is None and not_null:
                raise Handover
            else:
                arguments[out_name] = value
        for out_name, part in made:
            arguments[out_name] = part(coerced)
        return arguments

    return evaluate


def _part(node: ValueNode, kind: GraphQLInputType) -> _Part:
    """A literal, as `coerce_input_literal` of graphql-core takes it. Raises _Shared, NotCompilable."""
    if isinstance(kind, GraphQLNonNull):
        kind = kind.of_type
    if isinstance(kind, GraphQLInputObjectType) and isinstance(node, ObjectValueNode) and not kind.is_one_of:
        return _object(node, kind)
    if _has_variable(node):
        raise _Shared
    value = coerce_input_literal(node, kind)
    if value is Undefined:
        raise NotCompilable
    return _constant(value)


def _object(node: ObjectValueNode, kind: GraphQLInputObjectType) -> _Part:
    given = {each.name.value: each.value for each in node.fields}
    if not given.keys() <= kind.fields.keys():
        raise NotCompilable
    parts = [(field.out_name or name, _field(field, given.get(name))) for name, field in kind.fields.items()]
    out_type = kind.out_type

    def make(coerced: dict[str, Any]) -> Any:
        values = ((out_name, part(coerced)) for out_name, part in parts)
        return out_type({out_name: value for out_name, value in values if value is not Undefined})

    return make


def _field(field: GraphQLInputField, node: ValueNode | None) -> _Part:
    """The value of a field in an object literal; Undefined where it is left out."""
    required, default = is_required_input_field(field), _default(field)
    if node is None:
        if required:
            raise NotCompilable
        return _constant(default)
    if not isinstance(node, VariableNode):
        return _part(node, field.type)
    name, not_null = node.name.value, isinstance(field.type, GraphQLNonNull)
    otherwise = _constant(default)

    def read(coerced: dict[str, Any]) -> Any:
        value = coerced.get(name, Undefined)
        if value is Undefined and not required:
            return otherwise(coerced)
        if value is Undefined or (value is None and not_null):
            raise Handover
        return value

    return read


def _constant(value: Any) -> _Part:
    if isinstance(value, list | dict):
        raise _Shared
    return lambda _: value


def _default(argument: GraphQLArgument | GraphQLInputField) -> Any:
    try:
        return coerce_default_value(argument)
    except TypeError as broken:
        raise NotCompilable from broken


def _has_variable(node: Node) -> bool:
    finder = _VariableFinder()
    visit(node, finder)
    return finder.found


class _VariableFinder(Visitor):
    def __init__(self) -> None:
        super().__init__()
        self.found = False

    def enter_variable(self, *_: Any) -> None:
        self.found = True

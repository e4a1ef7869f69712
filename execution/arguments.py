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
    GraphQLNonNull,
    Undefined,
    VariableNode,
    Visitor,
    is_required_argument,
    visit,
)
from graphql.execution.values import VariableValues, get_argument_values
from graphql.utilities.coerce_input_value import coerce_default_value

from execution.declarations import Handover, NotCompilable

Arguments = Callable[[VariableValues], dict[str, Any]]
"""Coerced variables (with their sources) -> keyword arguments. Raises Handover."""


def compile_arguments(field: GraphQLField, node: FieldNode) -> Arguments | dict[str, Any]:
    """The arguments themselves where no variable is in them. Raises NotCompilable."""
    given = {each.name.value: each for each in node.arguments or ()}
    if not any(_has_variable(each) for each in given.values()):
        try:
            return get_argument_values(field, node, VariableValues({}, {}))
        except GraphQLError as broken:
            raise NotCompilable from broken
    if any(_has_variable(each) and not isinstance(each.value, VariableNode) for each in given.values()):
        return _by_graphql_core(field, node)
    return _by_name(field, node, given)


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
    literals = FieldNode(
        name=node.name, arguments=tuple(each for each in given.values() if not isinstance(each.value, VariableNode))
    )
    for name, argument in field.args.items():
        value = given[name].value if name in given else None
        out_name = argument.out_name or name
        if isinstance(value, VariableNode):
            required = is_required_argument(argument)
            not_null = isinstance(argument.type, GraphQLNonNull)
            named.append((out_name, value.name.value, _default(argument), required, not_null))
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
        return arguments

    return evaluate


def _default(argument: GraphQLArgument) -> Any:
    try:
        return coerce_default_value(argument)
    except TypeError as broken:
        raise NotCompilable from broken


def _has_variable(node: ArgumentNode) -> bool:
    finder = _VariableFinder()
    visit(node, finder)
    return finder.found


class _VariableFinder(Visitor):
    def __init__(self) -> None:
        super().__init__()
        self.found = False

    def enter_variable(self, *_: Any) -> None:
        self.found = True

"""Compares schemas and reads deprecation reasons; for tests/architecture/test_schema_changes.py."""

from __future__ import annotations

import re
from collections.abc import Iterator

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    find_breaking_changes,
    find_dangerous_changes,
)
from graphql.utilities import DangerousChangeType

REASON = re.compile(r"Use (nothing|[A-Za-z]\w*(?:\.\w+)?) instead\. Goes after (20\d\d-\d\d-\d\d)\.")


def breaking_changes(old: GraphQLSchema, new: GraphQLSchema) -> list[str]:
    """What an app written for `old` may stumble over; another default is behaviour that changes without a word."""
    breaking = [each.description for each in find_breaking_changes(old, new)]
    silent = DangerousChangeType.ARG_DEFAULT_VALUE_CHANGE
    return sorted(breaking + [each.description for each in find_dangerous_changes(old, new) if each.type is silent])


def members(schema: GraphQLSchema) -> Iterator[tuple[str, str | None]]:
    """The path of everything that can be deprecated, and its reason."""
    for name, kind in schema.type_map.items():
        if name.startswith("__"):
            continue
        if isinstance(kind, GraphQLEnumType):
            yield from ((f"{name}.{key}", value.deprecation_reason) for key, value in kind.values.items())
        if isinstance(kind, GraphQLInputObjectType):
            yield from ((f"{name}.{key}", each.deprecation_reason) for key, each in kind.fields.items())
        if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType):
            for key, field in kind.fields.items():
                yield f"{name}.{key}", field.deprecation_reason
                yield from ((f"{name}.{key}({arg})", each.deprecation_reason) for arg, each in field.args.items())


def problems_with_deprecations(schema: GraphQLSchema) -> list[str]:
    """Reasons that do not say what to use instead and until when."""
    known = {path for path, _ in members(schema)} | set(schema.type_map) | {"nothing"}
    found = []
    for path, reason in members(schema):
        if reason is None:
            continue
        match = REASON.fullmatch(reason)
        if match is None:
            found.append(f"{path}: {reason!r} is not of the form in docs/deprecation.md")
        elif match[1] not in known:
            found.append(f"{path}: the schema holds no {match[1]}")
    return found

"""The schema as a contract: committed, described to the last argument, and made of declared fields only."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLUnionType,
    is_introspection_type,
    is_specified_scalar_type,
)

from resolvers.once import refusal_kinds
from schema.root import build_schema

ROOT = Path(__file__).parents[2]
SCHEMA = build_schema()
TYPES = {
    name: graphql_type
    for name, graphql_type in SCHEMA._schema.type_map.items()
    if not is_introspection_type(graphql_type) and not is_specified_scalar_type(graphql_type)
}


def object_type(name: str) -> GraphQLObjectType:
    found = TYPES[name]
    assert isinstance(found, GraphQLObjectType)
    return found


def test_the_committed_schema_is_the_schema() -> None:
    committed = (ROOT / "schema.graphql").read_text(encoding="utf-8")
    assert committed == SCHEMA.as_str() + "\n", "run `make schema` and look at the difference"


def test_everything_is_described() -> None:
    missing: list[str] = []
    for name, graphql_type in TYPES.items():
        if not graphql_type.description:
            missing.append(name)
        if isinstance(graphql_type, GraphQLEnumType):
            missing += [f"{name}.{value}" for value, it in graphql_type.values.items() if not it.description]
        if isinstance(graphql_type, GraphQLObjectType | GraphQLInterfaceType | GraphQLInputObjectType):
            missing += [f"{name}.{field}" for field, it in graphql_type.fields.items() if not it.description]
        if isinstance(graphql_type, GraphQLObjectType | GraphQLInterfaceType):
            missing += [
                f"{name}.{field}({argument})"
                for field, it in graphql_type.fields.items()
                for argument, given in it.args.items()
                if not given.description
            ]
    assert missing == []


@pytest.mark.parametrize("root", ["Query", "Mutation"])
def test_root_fields_are_nullable_so_that_one_failure_does_not_empty_the_screen(root: str) -> None:
    assert [name for name, field in object_type(root).fields.items() if isinstance(field.type, GraphQLNonNull)] == []


def test_every_refusal_of_the_domain_has_its_type() -> None:
    for kind in refusal_kinds():
        shown = TYPES.get(kind.__name__)
        assert isinstance(shown, GraphQLObjectType), kind.__name__
        assert [each.name for each in shown.interfaces] == ["Refusal"]
        facts = {re.sub(r"_(.)", lambda m: m[1].upper(), name) for name in (each.name for each in fields(kind))}
        facts = {"recordId" if name == "id" else name for name in facts}  # see tests/clients/test_naming.py
        assert set(shown.fields) == facts | {"code", "message"}, kind.__name__
        assert kind.code == kind.code.upper()


def test_every_union_of_outcomes_holds_one_record_and_the_common_refusals() -> None:
    for field in object_type("Mutation").fields.values():
        assert isinstance(field.type, GraphQLUnionType), field
        members = {each.name for each in field.type.types}
        assert {"InvalidInput", "KeyReused", "RetryLater"} <= members, field

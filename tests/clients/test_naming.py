"""Names that code generators for Kotlin, Swift and TypeScript and the caches of clients can use as they are."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLScalarType,
    get_named_type,
    is_introspection_type,
    is_specified_scalar_type,
)

from schema.root import build_schema

TYPES = {
    name: each
    for name, each in build_schema()._schema.type_map.items()
    if not is_introspection_type(each) and not is_specified_scalar_type(each)
}
OBJECTS = {name: each for name, each in TYPES.items() if isinstance(each, GraphQLObjectType)}

KEYWORDS = set(
    re.findall(
        r"\w+",
        # Kotlin
        "as break class continue do else false for fun if in interface is null object package return super this throw "
        "true try typealias typeof val var when while "
        # Swift
        "Any as associatedtype break case catch class continue default defer deinit do else enum extension fallthrough "
        "false fileprivate for func guard if import in init inout internal is let nil operator precedencegroup private "
        "protocol public repeat rethrows return self Self static struct subscript super switch throw throws true try "
        "typealias var where while",
    )
)
FIELD_CLASHES = {"__data", "_", "copy", "equals", "fragments", "hash", "hashCode", "hashValue", "toString", "typename"}
"""Members that generated selection sets and data classes have of their own."""
TYPE_CLASHES = {
    *("Any", "Array", "Boolean", "Companion", "DataDict", "Dictionary", "Double", "Error", "Fragments", "Int", "List"),
    *(
        "Map",
        "Object",
        "Optional",
        "Protocol",
        "Result",
        "Schema",
        "Selection",
        "SelectionSet",
        "Self",
        "Set",
        "String",
    ),
    *("Type", "Unit", "Void", "Data", "Builder", "Adapter", "Date_"),
}
KOTLIN_ENUM_CLASHES = {
    *("Companion", "KNOWN__", "UNKNOWN__", "entries", "knownEntries", "knownValues", "name", "ordinal", "rawValue"),
    *("safeValueOf", "type", "valueOf", "values"),
}
SWIFT_ENUM_CLASHES = {"allCases", "description", "hashValue", "init", "rawValue", "self", "type"}


def members() -> Iterator[tuple[str, str]]:
    """Type and name of every field, input field and argument."""
    for name, each in TYPES.items():
        if isinstance(each, GraphQLObjectType | GraphQLInterfaceType | GraphQLInputObjectType):
            for field, definition in each.fields.items():
                yield name, field
                for argument in getattr(definition, "args", {}):
                    yield f"{name}.{field}", argument


def camel(value: str) -> str:
    """The name of an enum value in Swift."""
    first, *others = value.lower().split("_")
    return first + "".join(each.capitalize() for each in others)


def test_no_name_is_a_keyword_or_a_member_of_generated_code() -> None:
    assert [f"{owner}.{name}" for owner, name in members() if name in KEYWORDS | FIELD_CLASHES] == []
    assert sorted(TYPES.keys() & (KEYWORDS | TYPE_CLASHES)) == []


def test_names_are_written_as_generators_expect() -> None:
    assert [f"{owner}.{name}" for owner, name in members() if not re.fullmatch(r"[a-z][A-Za-z0-9]*", name)] == []
    assert [name for name in TYPES if not re.fullmatch(r"[A-Z][A-Za-z0-9]*", name)] == []


def test_no_names_differ_only_by_case() -> None:
    assert [name for name, count in Counter(name.lower() for name in TYPES).items() if count > 1] == []
    owned = Counter((owner, name.lower()) for owner, name in members())
    assert [each for each, count in owned.items() if count > 1] == []


def test_enum_values_are_written_in_capitals_and_clash_with_nothing() -> None:
    for name, each in TYPES.items():
        if isinstance(each, GraphQLEnumType):
            assert all(re.fullmatch(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)*", value) for value in each.values), name
            assert not each.values.keys() & (KEYWORDS | KOTLIN_ENUM_CLASHES), name
            assert not {camel(value) for value in each.values} & (KEYWORDS | SWIFT_ENUM_CLASHES), name
            assert len({camel(value).lower() for value in each.values}) == len(each.values), name
            assert all(value.description for value in each.values.values()), name


def test_no_type_is_called_as_generators_call_what_belongs_to_another() -> None:
    suffixed = {f"{name}{suffix}" for name in TYPES for suffix in ("Fields", "Impl", "Query", "Mutation", "Selections")}
    assert sorted(suffixed & TYPES.keys()) == []


def test_every_scalar_says_where_it_is_specified() -> None:
    scalars = [each for each in TYPES.values() if isinstance(each, GraphQLScalarType)]
    assert [each.name for each in scalars if not (each.specified_by_url or "").startswith("https://")] == []
    assert len(scalars) >= 3


def test_only_a_node_has_an_id_so_that_a_cache_takes_nothing_for_another_record() -> None:
    with_id = {name for name, each in OBJECTS.items() if "id" in each.fields}
    nodes = {name for name, each in OBJECTS.items() if "Node" in {one.name for one in each.interfaces}}
    assert with_id == nodes
    assert {str(OBJECTS[name].fields["id"].type) for name in nodes} == {"ID!"}
    node = OBJECTS["Query"].fields["node"]
    assert (str(node.type), {name: str(arg.type) for name, arg in node.args.items()}) == ("Node", {"id": "ID!"})


def test_connections_are_relays_to_the_letter() -> None:
    connections = {name: each for name, each in OBJECTS.items() if name.endswith("Connection")}
    assert len(connections) >= 5
    for name, each in connections.items():
        assert str(each.fields["pageInfo"].type) == "PageInfo!"
        edge = get_named_type(each.fields["edges"].type)
        assert isinstance(edge, GraphQLObjectType)
        assert edge.name == f"{name.removesuffix('Connection')}Edge"
        assert str(each.fields["edges"].type) == f"[{edge.name}!]!"
        assert str(edge.fields["cursor"].type) == "String!"
        assert get_named_type(edge.fields["node"].type).name == name.removesuffix("Connection")
    info = {name: str(field.type) for name, field in OBJECTS["PageInfo"].fields.items()}
    assert info == {
        "hasNextPage": "Boolean!",
        "hasPreviousPage": "Boolean!",
        "startCursor": "String",
        "endCursor": "String",
    }
    for owner in OBJECTS.values():
        for name, field in owner.fields.items():
            if get_named_type(field.type).name in connections:
                assert get_named_type(field.args["first"].type).name == "Int", name
                assert str(field.args["after"].type) == "String", name


@pytest.mark.parametrize("word", ["estimatedvalue", "price", "amount", "cost", "revenue"])
def test_money_is_no_binary_number(word: str) -> None:
    found = [
        f"{name}.{field}"
        for name, each in TYPES.items()
        if isinstance(each, GraphQLObjectType | GraphQLInterfaceType | GraphQLInputObjectType)
        for field, definition in each.fields.items()
        if word in field.lower() and get_named_type(definition.type).name in {"Int", "Float"}
    ]
    assert found == []


def test_no_time_is_a_number() -> None:
    found = [
        f"{name}.{field}"
        for name, each in TYPES.items()
        if isinstance(each, GraphQLObjectType | GraphQLInterfaceType | GraphQLInputObjectType)
        for field, definition in each.fields.items()
        if re.search(r"(At|Time|Now|Date|Until|Since)$", field)
        and get_named_type(definition.type).name in {"Int", "Float"}
    ]
    assert found == []


def test_lists_hold_no_nulls() -> None:
    found = [
        f"{name}.{field}"
        for name, each in OBJECTS.items()
        for field, definition in each.fields.items()
        if re.search(r"[^!]\]", str(definition.type))
    ]
    assert found == []
    assert all(isinstance(each.fields["id"].type, GraphQLNonNull) for each in OBJECTS.values() if "id" in each.fields)

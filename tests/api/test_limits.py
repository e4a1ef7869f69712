"""The limits on documents: what is counted and how, and that known attacks are answered quickly with a typed error."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from graphql import GraphQLError, GraphQLSchema, get_introspection_query
from hypothesis import given, settings
from hypothesis import strategies as st

from api.documents import Documents, Prepared
from api.limits import Limits, worst_cost
from tests.support.edge_server import Running, serving
from tests.support.tiny_schema import TinyApp, tiny_schema

SCHEMA: GraphQLSchema = tiny_schema()


def documents(**limits: Any) -> Documents:
    return Documents(SCHEMA, Limits(**limits), size=4)


def codes(outcome: Prepared | list[GraphQLError]) -> set[str]:
    return set() if isinstance(outcome, Prepared) else {str((e.extensions or {})["code"]) for e in outcome}


def cost(query: str) -> int:
    prepared = documents(max_cost=10**9).prepare(query)
    assert isinstance(prepared, Prepared), prepared
    return worst_cost(SCHEMA, prepared.document, prepared.operations[0].node, Limits())[0]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("{ greeting }", 1),
        ("{ greeting a: greeting }", 2),
        ("{ item { id tags } }", 3),
        ("{ items(first: 5) { id } }", 1 + 5),
        ("{ items { id } }", 1 + 10),
        ("{ items(first: 5) { items(first: 20) { id } } }", 1 + 5 * (1 + 20)),
        ("{ item { page(first: 5) { total edges { node { id } } } } }", 1 + 1 + 2 + 5 * 2),
        ("{ item { page { edges { node { id } } } } }", 1 + 1 + 1 + 10 * 2),
        ("{ item { page(first: 5, last: 7) { ...E } } } fragment E on ItemConnection { edges { node { id } } }", 17),
        ("{ ...F ...F } fragment F on Query { items(first: 3) { id } }", 2 * 4),
        ("query Q($n: Int!) { items(first: $n) { id } }", 1 + 100),
        ("{ items(first: 0) { id } }", 1),
    ],
)
def test_cost_multiplies_by_the_sizes_of_lists(query: str, expected: int) -> None:
    assert cost(query) == expected


@pytest.mark.parametrize(
    ("limits", "query", "expected"),
    [
        ({"max_depth": 3}, "{ item { items { id } } }", set()),
        ({"max_depth": 3}, "{ item { items { items { id } } } }", {"TOO_DEEP"}),
        ({"max_depth": 3}, "{ item { ...F } } fragment F on Item { items { ...G } } fragment G on Item { id }", set()),
        (
            {"max_depth": 3},
            "{ item { ...F } } fragment F on Item { items { ...G } } fragment G on Item { items { id } }",
            {"TOO_DEEP"},
        ),
        ({"max_depth": 2}, "{ item { ...F items { ...F } } } fragment F on Item { id }", {"TOO_DEEP"}),
        ({"max_aliases": 2}, "{ a: greeting b: greeting }", set()),
        ({"max_aliases": 2}, "{ a: greeting b: greeting c: greeting }", {"TOO_MANY_ALIASES"}),
        ({"max_aliases": 2}, "{ greeting greeting greeting greeting }", {"TOO_MANY_ALIASES"}),
        ({"max_aliases": 2}, "{ ...F ...F ...F } fragment F on Query { a: greeting }", {"TOO_MANY_ALIASES"}),
        ({"max_directives": 1}, "{ greeting @skip(if: true) }", set()),
        ({"max_directives": 1}, "{ greeting @skip(if: true) @include(if: true) }", {"TOO_MANY_DIRECTIVES"}),
        (
            {"max_directives": 1},
            "{ ...F ...F } fragment F on Query { greeting @skip(if: true) }",
            {"TOO_MANY_DIRECTIVES"},
        ),
        ({"max_operations": 1}, "query A { greeting } query B { greeting }", {"TOO_MANY_OPERATIONS"}),
        ({"max_cost": 100}, "{ items(first: 10) { items(first: 10) { id } } }", {"TOO_COMPLEX"}),
        ({"max_cost": 111}, "{ items(first: 10) { items(first: 10) { id } } }", set()),
        ({}, "{ items(first: 100) { id } }", set()),
        ({}, "{ items(first: 101) { id } }", {"BAD_INPUT"}),
        ({}, "{ items(first: -1) { id } }", {"BAD_INPUT"}),
        ({}, "{ items(first: " + "9" * 5000 + ") { id } }", {"BAD_INPUT"}),
        ({}, "{ item { items(first: 101) { id } } }", {"BAD_INPUT"}),
        ({}, "{ items(first: null) { id } }", {"GRAPHQL_VALIDATION_FAILED"}),
        ({"max_tokens": 5}, "{ a b c d }", {"DOCUMENT_TOO_LARGE"}),
        ({"max_document_chars": 20}, "{ greeting } # a comment that is long", {"DOCUMENT_TOO_LARGE"}),
        ({}, "#\n" * 2_001 + "{ greeting }", {"DOCUMENT_TOO_LARGE"}),
        ({}, "{ ...F } fragment F on Query { ...F }", {"GRAPHQL_VALIDATION_FAILED"}),
        ({}, "{ item { ...F } } fragment F on Item { items { ...F } }", {"GRAPHQL_VALIDATION_FAILED"}),
        ({}, "{ ...Nowhere }", {"GRAPHQL_VALIDATION_FAILED"}),
        ({}, "mutation { nothing { here } }", {"GRAPHQL_VALIDATION_FAILED"}),
        ({}, get_introspection_query(), set()),
        ({"introspection": False}, "{ __schema { types { name } } }", {"GRAPHQL_VALIDATION_FAILED"}),
        ({"introspection": False}, '{ __type(name: "Item") { name } }', {"GRAPHQL_VALIDATION_FAILED"}),
        ({"introspection": False}, "{ __typename }", set()),
    ],
)
def test_limits(limits: dict[str, Any], query: str, expected: set[str]) -> None:
    assert codes(documents(**limits).prepare(query)) == expected


@pytest.mark.parametrize(("suggestions", "shown"), [(True, True), (False, False)])
def test_suggestions_are_a_setting(suggestions: bool, shown: bool) -> None:
    outcome = documents(suggestions=suggestions).prepare("{ greetin }")
    assert isinstance(outcome, list)
    assert ("Did you mean" in outcome[0].message) is shown


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({"n": 100, "m": 1}, set()),
        ({"n": 10, "m": 10}, set()),
        ({"n": 100, "m": 100}, {"TOO_COMPLEX"}),
        ({"n": 101, "m": 1}, {"BAD_INPUT"}),
        ({"n": -1, "m": 1}, {"BAD_INPUT"}),
        ({}, set()),
    ],
)
def test_page_sizes_in_variables_are_checked_with_their_values(variables: dict[str, int], expected: set[str]) -> None:
    prepared_by = documents(max_cost=1_000)
    prepared = prepared_by.prepare("query Q($n: Int! $m: Int!) { items(first: $n) { items(first: $m) { id } } }")
    assert isinstance(prepared, Prepared)
    (operation,) = prepared.operations
    assert operation.may_exceed
    assert codes(prepared_by.check_variables(prepared, operation, variables)) == expected


def test_documents_are_prepared_once_and_the_oldest_dropped() -> None:
    kept = documents()
    first = kept.prepare("{ greeting }")
    assert kept.prepare("{ greeting }") is first
    for number in range(3):
        kept.prepare(f"{{ a{number}: greeting }}")
    assert kept.prepare("{ greeting }") is first
    for number in range(4):
        kept.prepare(f"{{ b{number}: greeting }}")
    assert kept.prepare("{ greeting }") is not first
    long = '{ greeting(name: "' + "x" * 30_000 + '") }'
    assert isinstance(kept.prepare(long), Prepared)
    assert kept.prepare(long) is not kept.prepare(long)


def doubled_fragments(levels: int) -> str:
    parts = [f"fragment F{n} on Query {{ ...F{n + 1} ...F{n + 1} }}" for n in range(levels)]
    return f"{{ ...F0 }} {' '.join(parts)} fragment F{levels} on Query {{ greeting }}"


def doubled_nested(levels: int) -> str:
    parts = [
        f"fragment F{n} on Item {{ a: items {{ ...F{n + 1} }} b: items {{ ...F{n + 1} }} }}" for n in range(levels)
    ]
    return f"{{ item {{ ...F0 }} }} {' '.join(parts)} fragment F{levels} on Item {{ id }}"


ATTACKS = {
    "doubled fragment spreads": (doubled_fragments(18), "TOO_COMPLEX"),
    "doubled fragment spreads, as many as fit": (doubled_fragments(170), "TOO_DEEP"),
    "doubled nested fragments": (doubled_nested(8), "TOO_MANY_ALIASES"),
    "doubled nested fragments, too deep": (doubled_nested(60), "TOO_DEEP"),
    "nested lists, depth 10": ("{" + "items{" * 9 + "id" + "}" * 10, "TOO_COMPLEX"),
    "nested lists, depth 30": ("{" + "items{" * 30 + "id" + "}" * 31, "TOO_DEEP"),
    "nested fields, depth 600": ("{" + "item{" * 600 + "id" + "}" * 601, "TOO_DEEP"),
    "nested inline fragments": ("{" + "...{" * 400 + "greeting" + "}" * 401, "TOO_DEEP"),
    "nested list literal": ("{ greeting(name: " + "[" * 900 + "]" * 900 + ") }", "TOO_DEEP"),
    "token bomb of 1 MB": ("{" + "a " * 499_000 + "}", "DOCUMENT_TOO_LARGE"),
    "tokens up to the document's length": ("{" + "a " * 49_000 + "}", "DOCUMENT_TOO_LARGE"),
    "string bomb": ('{ greeting(name: "' + "x" * 990_000 + '") }', "DOCUMENT_TOO_LARGE"),
    "alias flood": ("{" + " ".join(f"a{n}: greeting" for n in range(600)) + "}", "TOO_MANY_ALIASES"),
    "field flood": ("{" + "greeting " * 1_900 + "}", "TOO_MANY_ALIASES"),
    "repeated objects": ("{" + "item{id} " * 490 + "}", "TOO_MANY_ALIASES"),
    "directive flood": ("{ greeting " + "@skip(if: false) " * 280 + "}", "TOO_MANY_DIRECTIVES"),
    "unknown fields": ("{" + " ".join(f"greetin{n}" for n in range(1_900)) + "}", "GRAPHQL_VALIDATION_FAILED"),
    "operation flood": (" ".join(f"query Q{n} {{ greeting }}" for n in range(300)), "TOO_MANY_OPERATIONS"),
    "fragments side by side": (
        "{" + " ".join(f"...F{n}" for n in range(150)) + "}"
        + " ".join(f"fragment F{n} on Query {{ item {{ id }} }}" for n in range(150)),
        None,
    ),
    "fragment cycle": (
        "{ ...A } fragment A on Query { ...B } fragment B on Query { ...A ...A }",
        "GRAPHQL_VALIDATION_FAILED",
    ),
    "aliased introspection": (
        "{" + " ".join(f"a{n}: __schema {{ types {{ fields {{ args {{ name }} }} }} }}" for n in range(50)) + "}",
        "TOO_MANY_ALIASES",
    ),
    "aliases within introspection": (
        "{ __schema {" + " ".join(f"a{n}: types {{ fields {{ name }} }}" for n in range(20)) + "} }",
        "TOO_MANY_ALIASES",
    ),
    "many pages of one fragment": (
        "{ item {" + " ".join(f"p{n}: page(first: {n}) {{ ...F }}" for n in range(60)) + "} }"
        + "fragment F on ItemConnection {" + " ".join(f"edges {{ node {{ x{n}: id }} }}" for n in range(100)) + "}",
        "TOO_MANY_ALIASES",
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    with serving(TinyApp().build()) as running:
        yield running


@pytest.mark.parametrize("name", ATTACKS)
def test_attacks_are_answered_at_once(server: Running, name: str) -> None:
    query, expected = ATTACKS[name]
    httpx.post(server.url, json={"query": "{ __typename }"})
    # Of the processor, the server being a thread of ours: others at work on the machine do not count.
    started = time.process_time()
    response = httpx.post(server.url, json={"query": query}, timeout=20)
    used_s = time.process_time() - started
    found = {error["extensions"]["code"] for error in response.json().get("errors", ())}
    assert found == ({expected} if expected else set())
    assert response.status_code == (400 if expected else 200)
    assert used_s < 2


NAMES = st.sampled_from(["A", "B", "C", "D", "Nowhere"])
SELECTIONS = st.recursive(
    st.one_of(st.sampled_from(["id", "tags", "x: id", "nothing", "__typename"]), NAMES.map(lambda name: f"...{name}")),
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: f"items(first: 3) {{ {' '.join(parts)} }}"),
        st.lists(inner, min_size=1, max_size=3).map(
            lambda parts: f"page {{ edges {{ node {{ {' '.join(parts)} }} }} }}"
        ),
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: f"... on Item {{ {' '.join(parts)} }}"),
    ),
    max_leaves=12,
)


@settings(max_examples=80, deadline=1_000, derandomize=True)
@given(st.lists(SELECTIONS, min_size=5, max_size=5))
def test_any_document_is_prepared_or_refused_with_codes(bodies: list[str]) -> None:
    root, *fragments = bodies
    text = f"{{ item {{ {root} }} }} " + " ".join(
        f"fragment {name} on Item {{ {body} }}" for name, body in zip("ABCD", fragments, strict=True)
    )
    assert codes(documents().prepare(text)) <= {
        "GRAPHQL_VALIDATION_FAILED", "TOO_DEEP", "TOO_COMPLEX", "TOO_MANY_ALIASES"
    }  # fmt: skip

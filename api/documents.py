"""Parses and validates each document once; the HTTP and WebSocket edges ask here for every request."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLSchema,
    GraphQLSyntaxError,
    InlineFragmentNode,
    NoSchemaIntrospectionCustomRule,
    OperationDefinitionNode,
    SelectionSetNode,
    parse,
    specified_rules,
    validate,
)

from api.errors import OPERATION_NOT_FOUND, PARSE_FAILED, VALIDATION_FAILED, EdgeError, coded
from api.limits import DOCUMENT_TOO_LARGE, TOO_DEEP, Limits, check_document, check_variables, worst_cost

OperationKind = Literal["query", "mutation", "subscription"]

_LONGEST_KEPT: Final = 20_000
"""Longer texts are parsed each time, so that the cache stays small whatever clients send."""
_MAX_VALIDATION_ERRORS: Final = 20


@dataclass(frozen=True, slots=True)
class Operation:
    """One valid operation of a document."""

    name: str | None
    kind: OperationKind
    node: OperationDefinitionNode
    root_fields: frozenset[str]
    page_variables: frozenset[str]
    """Variables that give a page size."""
    may_exceed: bool
    """Whether some values of those variables make the operation too costly."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A parsed and valid document."""

    document: DocumentNode
    operations: tuple[Operation, ...]

    def select(self, name: str | None) -> Operation:
        """The operation to run; raises EdgeError where the name does not decide it."""
        if name is None:
            if len(self.operations) == 1:
                return self.operations[0]
            message = "The document holds several operations: say which in `operationName`."
            raise EdgeError(OPERATION_NOT_FOUND, message if self.operations else "The document holds no operation.")
        for operation in self.operations:
            if operation.name == name:
                return operation
        raise EdgeError(OPERATION_NOT_FOUND, "The document holds no operation of the name in `operationName`.")


class Documents:
    """Prepared documents by their text, the least recently used dropped beyond `size`.

    Also remembers up to `size` texts by hash for automatic persisted queries; only valid documents get in.
    """

    def __init__(self, schema: GraphQLSchema, limits: Limits, size: int = 1_000) -> None:
        self.schema = schema
        self.limits = limits
        self._size = size
        self._prepared: OrderedDict[str, Prepared] = OrderedDict()
        self._texts: OrderedDict[str, str] = OrderedDict()
        self._rules = (*specified_rules, *(() if limits.introspection else (NoSchemaIntrospectionCustomRule,)))

    def prepare(self, query: str) -> Prepared | list[GraphQLError]:
        """The document, or the errors of parsing, limits or validation, each with its code."""
        known = self._prepared.get(query)
        if known is not None:
            self._prepared.move_to_end(query)
            return known
        try:
            document = self._parse(query)
        except EdgeError as error:
            return [error]
        # Limits first: some of the validation rules are quadratic in what the limits bound.
        errors = check_document(self.schema, document, self.limits)
        if not errors:
            errors = validate(
                self.schema,
                document,
                self._rules,
                max_errors=_MAX_VALIDATION_ERRORS,
                hide_suggestions=not self.limits.suggestions,
            )
        if errors:
            return list(coded(errors, VALIDATION_FAILED))
        prepared = Prepared(document, tuple(self._operations(document)))
        if len(query) <= _LONGEST_KEPT:
            self._prepared[query] = prepared
            if len(self._prepared) > self._size:
                self._prepared.popitem(last=False)
        return prepared

    def check_variables(
        self, prepared: Prepared, operation: Operation, variables: Mapping[str, Any]
    ) -> list[GraphQLError]:
        """Refusals that depend on the coerced variables; costs nothing where no page size is a variable."""
        given = [variables.get(name) for name in operation.page_variables]
        in_range = all(size is None or 0 <= size <= self.limits.max_page for size in given)
        if in_range and not operation.may_exceed:
            return []
        return check_variables(self.schema, prepared.document, operation.node, self.limits, variables)

    def remember(self, sha256: str, query: str) -> bool:
        """Keeps the text of a prepared document under its hash; False if the hash is not that of the text."""
        if hashlib.sha256(query.encode()).hexdigest() != sha256.lower():
            return False
        if query in self._prepared:
            self._texts[sha256.lower()] = query
            self._texts.move_to_end(sha256.lower())
            if len(self._texts) > self._size:
                self._texts.popitem(last=False)
        return True

    def recall(self, sha256: str) -> str | None:
        """The text kept under the hash."""
        query = self._texts.get(sha256.lower())
        if query is not None:
            self._texts.move_to_end(sha256.lower())
        return query

    def _parse(self, query: str) -> DocumentNode:
        limits = self.limits
        if len(query) > limits.max_document_chars:
            message = f"A document may have {limits.max_document_chars} characters."
            raise EdgeError(DOCUMENT_TOO_LARGE, message, limit=limits.max_document_chars)
        try:
            return parse(query, max_lexical_tokens=limits.max_tokens, max_comments=limits.max_tokens)
        except GraphQLSyntaxError as error:
            if "nested too deeply" in error.message:
                raise EdgeError(TOO_DEEP, "The document is nested too deeply.") from error
            if "Parsing aborted" in error.message:
                message = f"A document may have {limits.max_tokens} tokens."
                raise EdgeError(DOCUMENT_TOO_LARGE, message, limit=limits.max_tokens) from error
            raise coded([error], PARSE_FAILED)[0] from error
        except GraphQLError as error:
            raise coded([error], PARSE_FAILED)[0] from error

    def _operations(self, document: DocumentNode) -> list[Operation]:
        fragments = {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}
        operations = []
        for node in document.definitions:
            if not isinstance(node, OperationDefinitionNode):
                continue
            names: set[str] = set()
            _root_fields(node.selection_set, fragments, names, set())
            cost, page_variables = worst_cost(self.schema, document, node, self.limits)
            operations.append(
                Operation(
                    name=node.name.value if node.name else None,
                    kind=node.operation.value,
                    node=node,
                    root_fields=frozenset(names),
                    page_variables=page_variables,
                    may_exceed=cost > self.limits.max_cost,
                )
            )
        return operations


def _root_fields(
    selections: SelectionSetNode,
    fragments: Mapping[str, FragmentDefinitionNode],
    names: set[str],
    entered: set[str],
) -> None:
    for selection in selections.selections:
        if isinstance(selection, FieldNode):
            names.add(selection.name.value)
        elif isinstance(selection, InlineFragmentNode):
            _root_fields(selection.selection_set, fragments, names, entered)
        else:
            name = selection.name.value  # type: ignore[attr-defined]
            if name not in entered:
                entered.add(name)
                _root_fields(fragments[name].selection_set, fragments, names, entered)

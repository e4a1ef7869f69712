"""Parses and validates each document once; the HTTP and WebSocket edges ask here for every request."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import isfinite
from typing import Any, Final, Literal

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLSchema,
    GraphQLSyntaxError,
    InlineFragmentNode,
    IntValueNode,
    NoSchemaIntrospectionCustomRule,
    OperationDefinitionNode,
    SelectionSetNode,
    parse,
    specified_rules,
    validate,
)

from api.decoding import Parameters
from api.errors import BAD_REQUEST, OPERATION_NOT_FOUND, PARSE_FAILED, VALIDATION_FAILED, EdgeError, coded
from api.limits import (
    DOCUMENT_TOO_LARGE,
    TOO_DEEP,
    Limits,
    actual_cost,
    check_document,
    check_variables,
    worst_cost,
)
from api.persisted import PersistedDocumentsError, Registered
from storage.recent import Recent

OperationKind = Literal["query", "mutation", "subscription"]

PERSISTED_QUERY_NOT_FOUND: Final = "PERSISTED_QUERY_NOT_FOUND"
PERSISTED_QUERY_ONLY: Final = "PERSISTED_QUERY_ONLY"

_LONGEST_KEPT: Final = 20_000
"""Longer texts are parsed each time, so that the cache stays small whatever clients send."""
_MAX_VALIDATION_ERRORS: Final = 20
_COSTS_KEPT: Final = 64
"""So many assignments of page sizes of one operation are remembered with their cost."""


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Operation:
    """One valid operation of a document. It is its own key: who keeps something beside it keeps it weakly."""

    name: str | None
    kind: OperationKind
    node: OperationDefinitionNode
    root_fields: frozenset[str]
    page_variables: frozenset[str]
    """Variables that give a page size."""
    may_exceed: bool
    """Whether some values of those variables make the operation too costly."""
    page_defaults: tuple[tuple[str, int | None], ...] = ()
    """The same variables with the size that each has by default."""
    costs: dict[tuple[int | None, ...], int] = field(default_factory=dict, compare=False, repr=False)
    """Costs by the values of those variables, filled as they are asked for."""


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
    """Prepared documents by their text, the least recently used dropped beyond `size` of them or `max_chars` in all.

    Also remembers texts by hash for automatic persisted queries, as many again; only valid documents get in.
    `registered` are texts by id that are prepared now and never dropped (PersistedDocumentsError: one is not valid);
    with `registered_only` nothing else is answered.
    """

    def __init__(
        self,
        schema: GraphQLSchema,
        limits: Limits,
        size: int = 1_000,
        *,
        max_chars: int = 1_000_000,  # a parsed document takes 130 to 280 bytes for each character of its text
        registered: Mapping[str, str] | None = None,
        registered_only: bool = False,
    ) -> None:
        self.schema = schema
        self.limits = limits
        self._recent: Recent[str, Prepared] = Recent(size, max_chars)
        self._texts: Recent[str, str] = Recent(size, max_chars)
        self._rules = (*specified_rules, *(() if limits.introspection else (NoSchemaIntrospectionCustomRule,)))
        self._registered_only = registered_only
        self._registered = Registered(registered or {}, self._prepare)
        if registered_only and not registered:
            raise PersistedDocumentsError("Only registered documents are to be answered, but none is registered.")

    def find(self, parameters: Parameters) -> Prepared | list[GraphQLError]:
        """The document a request means, by its text, id or hash, or the errors to answer with."""
        query = parameters.query
        if query is None:
            given = parameters.document_id or ""
            registered = self._registered.by_id(given)
            if registered is not None:
                return registered
            text = self._texts.get(given.removeprefix("sha256:"))
            if self._registered_only:
                return [_registered_only()]
            if text is None:
                return [EdgeError(PERSISTED_QUERY_NOT_FOUND, "PersistedQueryNotFound")]
            return self.prepare(text)
        prepared = self.prepare(query)
        if parameters.document_id is not None and not isinstance(prepared, list):
            if hashlib.sha256(query.encode()).hexdigest() != parameters.document_id:
                return [EdgeError(BAD_REQUEST, "The persisted query's hash is not the SHA-256 of `query`.")]
            if query in self._recent:
                self._texts.put(parameters.document_id, query, len(query))
        return prepared

    def prepare(self, query: str) -> Prepared | list[GraphQLError]:
        """The document, or the errors of parsing, limits or validation, each with its code."""
        known = self._registered.by_text(query) or self._recent.get(query)
        if known is not None:
            return known
        if self._registered_only:
            return [_registered_only()]
        prepared = self._prepare(query)
        if isinstance(prepared, Prepared) and len(query) <= _LONGEST_KEPT:
            self._recent.put(query, prepared, len(query))
        return prepared

    def _prepare(self, query: str) -> Prepared | list[GraphQLError]:
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
        return Prepared(document, tuple(self._operations(document)))

    def check_variables(
        self, prepared: Prepared, operation: Operation, variables: Mapping[str, Any]
    ) -> list[GraphQLError]:
        """Refusals that depend on the coerced variables; costs nothing where no page size is a variable."""
        given = [variables.get(name) for name in operation.page_variables]
        in_range = all(size is None or 0 <= size <= self.limits.max_page for size in given)
        if in_range and not operation.may_exceed:
            return []
        return check_variables(self.schema, prepared.document, operation.node, self.limits, variables)

    def cost(self, prepared: Prepared, operation: Operation, variables: Mapping[str, Any]) -> int:
        """Cost of one run with these variables as the client sent them; sizes out of range count as the nearest."""
        if not operation.page_defaults and operation.costs:
            return operation.costs[()]
        largest = self.limits.max_page
        sizes = tuple([_page_size(variables.get(name, size), largest) for name, size in operation.page_defaults])
        cost = operation.costs.get(sizes)
        if cost is None:
            given = {name: size for (name, _), size in zip(operation.page_defaults, sizes, strict=True)}
            cost = actual_cost(self.schema, prepared.document, operation.node, self.limits, given)
            if len(operation.costs) >= _COSTS_KEPT:
                operation.costs.clear()
            operation.costs[sizes] = cost
        return cost

    def knows(self, query: str) -> bool:
        """Whether the text is prepared already, so that `prepare` costs nothing."""
        return query in self._recent or self._registered.by_text(query) is not None

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
                    page_defaults=_page_defaults(node, page_variables),
                )
            )
        return operations


def _registered_only() -> EdgeError:
    return EdgeError(PERSISTED_QUERY_ONLY, "This server answers documents only that its operator has registered.")


def _page_defaults(node: OperationDefinitionNode, names: frozenset[str]) -> tuple[tuple[str, int | None], ...]:
    defaults = {
        variable.variable.name.value: int(variable.default_value.value[:12])
        for variable in node.variable_definitions or ()
        if isinstance(variable.default_value, IntValueNode)
    }
    return tuple((name, defaults.get(name)) for name in sorted(names))


def _page_size(value: object, largest: int) -> int | None:
    """What coercion makes of a page size, as far as the cost goes."""
    if not isinstance(value, int | float) or not isfinite(value):
        return None
    return min(max(int(value), 0), largest)


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

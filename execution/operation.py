"""One operation of a valid document, compiled; api/compiled.py holds one for each operation it has seen before."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from graphql import (
    DocumentNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    VariableNode,
    Visitor,
    visit,
)
from graphql.execution.values import VariableValues, get_variable_values

from execution.arguments import needs_sources
from execution.declarations import Declare, Fetch, NotCompilable, projection_of
from execution.fetching import Levels, State, side_by_side
from execution.replay import Raised, Recorded
from execution.selections import Root, Selections
from execution.variables import Invalid, compile_variables

_MOST_CONDITIONS = 4
"""Boolean variables behind `@include` and `@skip`: each doubles the number of variants."""


class Context(Protocol):
    """What the caller hands to resolvers."""

    @property
    def fetch(self) -> Fetch:
        """Reads on behalf of the caller. May raise: the run is handed over."""


@dataclass(slots=True)
class RunInfo:
    """What resolvers see instead of graphql-core's info."""

    context: Any
    variable_values: VariableValues
    projections: Mapping[str, Mapping[str, int]]
    """Which paths of the documents a root field answers with are wanted, by type name; absent: all."""


class CompiledOperation:
    """Runs one operation. Raises NotCompilable where it has to stay on graphql-core."""

    def __init__(
        self, schema: GraphQLSchema, declare: Declare, document: DocumentNode, operation: OperationDefinitionNode
    ) -> None:
        self._schema = schema
        self._declare = declare
        self._operation = operation
        self._fragments = {
            node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)
        }
        if operation.operation is OperationType.SUBSCRIPTION:
            raise NotCompilable
        self._conditions = _condition_names(document)
        if len(self._conditions) > _MOST_CONDITIONS:
            raise NotCompilable
        self._coerce = compile_variables(schema, operation.variable_definitions or ())
        self._variants: dict[tuple[Any, ...], _Variant | None] = {}
        if not self._conditions:
            self._variants[()] = self._variant({})

    def coerce(self, raw: Mapping[str, Any]) -> dict[str, Any] | None:
        """The coerced variables; None where one does not fit its type, and graphql-core must say how."""
        try:
            return self._coerce(raw)
        except (Invalid, RecursionError):
            return None

    async def run(self, raw: Mapping[str, Any], coerced: dict[str, Any], context: Any) -> dict[str, Any] | Recorded:
        """The answer's `data`, or what graphql-core needs to finish the run."""
        key = tuple(coerced.get(name) for name in self._conditions)
        if key not in self._variants:
            try:
                self._variants[key] = self._variant(
                    {name: coerced[name] for name in self._conditions if name in coerced}
                )
            except (NotCompilable, GraphQLError):
                self._variants[key] = None
        variant = self._variants[key]
        if variant is None:
            return Recorded()
        variables = VariableValues({}, coerced)
        if variant.needs_sources:
            full = get_variable_values(self._schema, self._operation.variable_definitions or (), dict(raw))
            if isinstance(full, list):
                return Recorded()
            variables = full
        return await variant.run(variables, context)

    def _variant(self, conditions: dict[str, Any]) -> _Variant:
        root_type = self._schema.get_root_type(self._operation.operation)
        if root_type is None:
            raise NotCompilable
        selections = Selections(self._schema, self._declare, self._fragments, self._operation, conditions)
        roots = selections.roots(root_type)
        if self._operation.operation is OperationType.MUTATION and len(roots) != 1:
            # Each must be answered before the next begins, also where one is handed over.
            raise NotCompilable
        return _Variant(selections, roots, self._operation.name.value if self._operation.name else "")


class _Variant:
    """The generated functions for one set of conditions."""

    def __init__(self, selections: Selections, roots: list[Root], label: str) -> None:
        functions = selections.source.compiled(label)
        self._levels = Levels(selections.sites, functions)
        self._places = selections.places
        self._arguments = selections.arguments
        self._roots = [_CompiledRoot(root, functions) for root in roots]
        given = [root.arguments for root in roots]
        given += [*selections.arguments.values(), *(site.arguments for site in selections.sites)]
        self.needs_sources = any(needs_sources(each) for each in given)

    async def run(self, variables: VariableValues, context: Any) -> dict[str, Any] | Recorded:
        recorded = Recorded()
        try:
            values = await side_by_side([root.call(variables, context, recorded) for root in self._roots])
            state: State = [None] * self._places
            state[0] = RunInfo(context, variables, {})
            for place, arguments in self._arguments.items():
                state[place] = arguments(variables)
            self._levels.clear(state)
            for root, value in zip(self._roots, values, strict=True):
                if root.collect is not None:
                    root.collect(value, state)
            if self._levels.count:
                await self._levels.fill(context.fetch, state, variables)
            return {root.name: root.build(value, state) for root, value in zip(self._roots, values, strict=True)}
        except Exception:
            # Whatever it was: graphql-core meets it again with the same outcomes and reports it.
            return recorded


class _CompiledRoot:
    """One root field."""

    def __init__(self, root: Root, functions: Mapping[str, Any]) -> None:
        self.name = root.name
        self.build: Callable[[Any, State], Any] = functions[root.build]
        self.collect: Callable[[Any, State], None] | None = functions[root.collect] if root.collect else None
        assert root.definition.resolve is not None
        self._resolve = root.definition.resolve
        self._arguments = root.arguments
        self._projections = {name: projection_of(paths) for name, paths in root.paths.items() if paths is not None}

    async def call(self, variables: VariableValues, context: Any, recorded: Recorded) -> Any:
        """Calls the resolver once and keeps what came of it."""
        given = self._arguments
        arguments = given(variables) if callable(given) else given
        info: Any = RunInfo(context, variables, self._projections)  # type: ignore[arg-type]
        try:
            value = self._resolve(None, info, **arguments)
            if hasattr(value, "__await__"):
                recorded.awaited.add(self.name)
                value = await value
        except Exception as error:
            recorded.outcomes[self.name] = Raised(error)
            raise
        recorded.outcomes[self.name] = value
        return value


def _condition_names(document: DocumentNode) -> list[str]:
    finder = _ConditionFinder()
    visit(document, finder)
    return sorted(finder.names)


class _ConditionFinder(Visitor):
    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def enter_directive(self, node: Any, *_: Any) -> None:
        if node.name.value in {"include", "skip"}:
            self.names.update(each.value.name.value for each in node.arguments if isinstance(each.value, VariableNode))

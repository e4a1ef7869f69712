"""What one document may ask for: nesting, aliases, directives, operations and a cost in which list sizes multiply.

Called by api/documents.py before validation, so it must be linear in the document and hold for invalid ones too: the
weight of a fragment is computed once, a fragment that contains itself weighs nothing (validation reports it).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLArgument,
    GraphQLError,
    GraphQLField,
    GraphQLNamedType,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
    Undefined,
    VariableNode,
    get_named_type,
    is_interface_type,
    is_introspection_type,
    is_list_type,
    is_non_null_type,
    is_object_type,
)

from api.errors import BAD_INPUT, EdgeError

TOO_DEEP: Final = "TOO_DEEP"
TOO_MANY_ALIASES: Final = "TOO_MANY_ALIASES"
TOO_MANY_DIRECTIVES: Final = "TOO_MANY_DIRECTIVES"
TOO_MANY_OPERATIONS: Final = "TOO_MANY_OPERATIONS"
TOO_COMPLEX: Final = "TOO_COMPLEX"
DOCUMENT_TOO_LARGE: Final = "DOCUMENT_TOO_LARGE"

PAGE_ARGUMENTS: Final = ("first", "last", "limit")
_NESTING_PER_DEPTH: Final = 4
"""Selection sets and spreads may nest this many times deeper than fields: bounds our own recursion."""
_INTROSPECTION_LIST_SIZE: Final = 5
"""Low, so that the introspection query of the usual tools passes."""
_INTROSPECTION_ALIASES: Final = 10
"""Each `__schema` or `__type`, and each alias within, counts as so many aliases: their real lists are long, and the
tools need no aliases there."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Numbers an operator sets; each refusal names its code in `extensions.code`."""

    max_tokens: int = 2_000
    max_document_chars: int = 100_000
    max_operations: int = 10
    max_depth: int = 12
    max_aliases: int = 60
    """Aliases plus response names repeated within one selection set, counted at every use of a fragment."""
    max_directives: int = 40
    max_cost: int = 20_000
    """One per field, multiplied by the sizes of the lists around it."""
    max_page: int = 100
    default_list_size: int = 10
    """Assumed for a list without a page argument, and for a page argument that is left out."""
    max_body_bytes: int = 2_000_000
    introspection: bool = True
    suggestions: bool = True


@dataclass(frozen=True, slots=True)
class Weight:
    """What a selection set holds. Its cost is `fixed + per_item * n`, where n is the page size of the connection it
    belongs to: lists directly below a field with a page argument (`edges`, `nodes`) have that field's size."""

    fixed: int = 0
    per_item: int = 0
    depth: int = 0
    nesting: int = 0
    aliases: int = 0
    directives: int = 0

    def cost(self, page: int) -> int:
        """Cost of the selections, `page` items each."""
        return self.fixed + self.per_item * page


def check_document(schema: GraphQLSchema, document: DocumentNode, limits: Limits) -> list[GraphQLError]:
    """Refusals that hold whatever the variables are; page sizes given by variables count as one item."""
    operations = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
    if len(operations) > limits.max_operations:
        message = f"A document may hold {limits.max_operations} operations."
        return [EdgeError(TOO_MANY_OPERATIONS, message, limit=limits.max_operations)]
    scales = _Scales(schema, document, limits, variables=None, unknown_page=1)
    try:
        for operation in operations:
            _check_weight(scales.weigh(operation), operation, limits)
    except EdgeError as error:
        return [error]
    return []


def worst_cost(
    schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode, limits: Limits
) -> tuple[int, frozenset[str]]:
    """Cost with every page given by a variable at `max_page`, and the names of those variables."""
    scales = _Scales(schema, document, limits, variables=None, unknown_page=limits.max_page)
    weight = scales.weigh(operation)
    return weight.cost(limits.default_list_size), frozenset(scales.page_variables)


def actual_cost(
    schema: GraphQLSchema,
    document: DocumentNode,
    operation: OperationDefinitionNode,
    limits: Limits,
    sizes: Mapping[str, int | None],
) -> int:
    """Cost of a valid operation with the page sizes that its variables give (each within the limits), at least 1."""
    weight = _Scales(schema, document, limits, sizes, unknown_page=limits.default_list_size).weigh(operation)
    return max(1, weight.cost(limits.default_list_size))


def check_variables(
    schema: GraphQLSchema,
    document: DocumentNode,
    operation: OperationDefinitionNode,
    limits: Limits,
    variables: Mapping[str, Any],
) -> list[GraphQLError]:
    """Refusals that depend on the coerced variables: page sizes out of range, cost."""
    try:
        weight = _Scales(schema, document, limits, variables, unknown_page=limits.default_list_size).weigh(operation)
        _check_weight(weight, operation, limits)
    except EdgeError as error:
        return [error]
    return []


def _check_weight(weight: Weight, operation: OperationDefinitionNode, limits: Limits) -> None:
    counted = (
        (TOO_MANY_ALIASES, weight.aliases, limits.max_aliases, "aliases or repeated fields"),
        (TOO_MANY_DIRECTIVES, weight.directives, limits.max_directives, "directives"),
        (TOO_COMPLEX, weight.cost(limits.default_list_size), limits.max_cost, "of cost"),
    )
    for code, value, limit, noun in counted:
        if value > limit:
            shown = value if value < 10**15 else "far more"
            message = f"An operation may hold {limit} {noun}; this one holds {shown}."
            raise EdgeError(code, message, operation, limit=limit)


class _Scales:
    """Weighs the operations of one document under one assignment of page sizes."""

    def __init__(
        self,
        schema: GraphQLSchema,
        document: DocumentNode,
        limits: Limits,
        variables: Mapping[str, Any] | None,
        unknown_page: int,
    ) -> None:
        self._schema = schema
        self._limits = limits
        self._variables = variables
        self._unknown_page = unknown_page
        self._fragments = {
            node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)
        }
        self._weighed: dict[str, Weight] = {}
        self._open: set[str] = set()
        self.page_variables: set[str] = set()

    def weigh(self, operation: OperationDefinitionNode) -> Weight:
        """Raises EdgeError as soon as something nests too deep or a page size is out of range."""
        root = self._schema.get_root_type(operation.operation)
        inner = self._selections(operation.selection_set, root, 1, 1)
        own = sum(len(variable.directives or ()) for variable in operation.variable_definitions or ())
        return _plus_directives(inner, len(operation.directives or ()) + own)

    def _selections(
        self, selections: SelectionSetNode, parent: GraphQLNamedType | None, depth: int, nesting: int
    ) -> Weight:
        parts = []
        seen: set[str] = set()
        repeated = 0
        for selection in selections.selections:
            parts.append(self._selection(selection, parent, depth, nesting))
            if isinstance(selection, FieldNode):
                key = (selection.alias or selection.name).value
                repeated += selection.alias is not None or key in seen
                seen.add(key)
        return Weight(
            fixed=sum(part.fixed for part in parts),
            per_item=sum(part.per_item for part in parts),
            depth=max((part.depth for part in parts), default=0),
            nesting=1 + max((part.nesting for part in parts), default=0),
            aliases=repeated + sum(part.aliases for part in parts),
            directives=sum(part.directives for part in parts),
        )

    def _selection(self, selection: SelectionNode, parent: GraphQLNamedType | None, depth: int, nesting: int) -> Weight:
        self._must_fit(depth - 1, nesting, selection)
        if isinstance(selection, FieldNode):
            weight = self._field(selection, parent, depth, nesting)
        elif isinstance(selection, InlineFragmentNode):
            condition = selection.type_condition
            inner = self._schema.get_type(condition.name.value) if condition else parent
            weight = self._selections(selection.selection_set, inner, depth, nesting + 1)
        else:
            assert isinstance(selection, FragmentSpreadNode)
            weight = self._fragment(selection, depth, nesting)
        return _plus_directives(weight, len(selection.directives or ()))

    def _fragment(self, spread: FragmentSpreadNode, depth: int, nesting: int) -> Weight:
        name = spread.name.value
        known = self._weighed.get(name)
        if known is None:
            fragment = self._fragments.get(name)
            if fragment is None or name in self._open:
                return Weight()
            self._open.add(name)
            parent = self._schema.get_type(fragment.type_condition.name.value)
            inner = self._selections(fragment.selection_set, parent, depth, nesting + 1)
            known = self._weighed[name] = _plus_directives(inner, len(fragment.directives or ()))
            self._open.discard(name)
        self._must_fit(depth - 1 + known.depth, nesting + known.nesting, spread)
        return known

    def _field(self, field: FieldNode, parent: GraphQLNamedType | None, depth: int, nesting: int) -> Weight:
        self._must_fit(depth, nesting, field)
        definition = self._definition(field, parent)
        if field.selection_set is None:
            if definition is not None:
                self._page(field, definition)
            return Weight(fixed=1, depth=1)
        named = get_named_type(definition.type) if definition is not None else None
        is_introspection = named is not None and is_introspection_type(named)
        is_entry = is_introspection and parent is not None and not is_introspection_type(parent)
        # Introspection nests deep by nature; a rule of graphql-core bounds it.
        inner = self._selections(field.selection_set, named, depth + (not is_introspection), nesting + 1)
        default = _INTROSPECTION_LIST_SIZE if is_introspection else self._limits.default_list_size
        page = self._page(field, definition) if definition is not None else None
        lists = _list_depth(definition) if definition is not None else 0
        fixed, per_item = 1, 0
        if lists == 0:
            fixed += inner.cost(page if page is not None else default)
        elif page is not None:
            fixed += inner.cost(default) * page * default ** (lists - 1)
        else:
            per_item = inner.cost(default) * default ** (lists - 1)
        return Weight(
            fixed=fixed,
            per_item=per_item,
            depth=1 if is_introspection else 1 + inner.depth,
            nesting=inner.nesting,
            aliases=_INTROSPECTION_ALIASES * (1 + inner.aliases) if is_entry else inner.aliases,
            directives=inner.directives,
        )

    def _definition(self, field: FieldNode, parent: GraphQLNamedType | None) -> GraphQLField | None:
        if parent is None or not (is_object_type(parent) or is_interface_type(parent)):
            return None
        return self._schema.get_field(parent, field.name.value)

    def _page(self, field: FieldNode, definition: GraphQLField) -> int | None:
        """The largest page the field asks for; None where it has no page argument."""
        sizes = [
            self._page_argument(field, name, argument)
            for name in PAGE_ARGUMENTS
            if (argument := definition.args.get(name)) is not None and get_named_type(argument.type).name == "Int"
        ]
        given = [size for size in sizes if size is not None]
        return max(given) if given else self._limits.default_list_size if sizes else None

    def _page_argument(self, field: FieldNode, name: str, argument: GraphQLArgument) -> int | None:
        node = next((a for a in field.arguments or () if a.name.value == name), None)
        size: Any = _default(argument)
        if node is not None and isinstance(node.value, VariableNode):
            variable = node.value.name.value
            self.page_variables.add(variable)
            if self._variables is None:
                return self._unknown_page
            size = self._variables.get(variable, size)
        elif node is not None:
            literal = node.value
            # int() refuses thousands of digits with an exception; anything of that length is too large anyway.
            size = None if not isinstance(literal, IntValueNode) else int(literal.value[:12])
        if isinstance(size, int) and not 0 <= size <= self._limits.max_page:
            message = f"`{name}` must be between 0 and {self._limits.max_page}."
            raise EdgeError(BAD_INPUT, message, node or field, field=name, limit=self._limits.max_page)
        return size if isinstance(size, int) else None

    def _must_fit(self, depth: int, nesting: int, node: SelectionNode) -> None:
        limit = self._limits.max_depth
        if depth > limit or nesting > limit * _NESTING_PER_DEPTH:
            raise EdgeError(TOO_DEEP, f"Fields may nest {limit} deep.", node, limit=limit)


def _plus_directives(weight: Weight, count: int) -> Weight:
    if not count:
        return weight
    return Weight(
        weight.fixed, weight.per_item, weight.depth, weight.nesting, weight.aliases, weight.directives + count
    )


def _default(argument: GraphQLArgument) -> Any:
    if argument.default_value is not Undefined:
        return argument.default_value
    default = argument.default
    literal = default.literal if default is not None else None
    if isinstance(literal, IntValueNode):
        return int(literal.value)
    return default.value if default is not None else None


def _list_depth(definition: GraphQLField) -> int:
    lists = 0
    kind: Any = definition.type
    while is_list_type(kind) or is_non_null_type(kind):
        lists += is_list_type(kind)
        kind = kind.of_type
    return lists

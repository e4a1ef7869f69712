"""Operations that were seen before, compiled; api/operations.py asks here first and runs the rest on graphql-core.

Translates the declarations of schema/fields.py into those of execution/ and gives it the caller's reads.
"""

from __future__ import annotations

from weakref import WeakKeyDictionary

from graphql import DocumentNode, GraphQLError, GraphQLObjectType, GraphQLSchema

from api.documents import Operation
from execution import declarations
from execution.declarations import Declaration, NotCompilable
from execution.operation import CompiledOperation
from execution.replay import install
from schema.fields import MAX_CHILDREN, READING, Computed, Placed, Related, RelatedList, Stored


class CompiledOperations:
    """One per schema. An operation leaves it together with its document (api/documents.py).

    It is compiled at its run number `compile_at`: that costs as much as a few runs, so a document that never comes
    again is not worth it.
    """

    def __init__(self, schema: GraphQLSchema, compile_at: int) -> None:
        self._schema = schema
        self._compile_at = compile_at
        self._seen: WeakKeyDictionary[Operation, int] = WeakKeyDictionary()
        self._compiled: WeakKeyDictionary[Operation, CompiledOperation | None] = WeakKeyDictionary()
        install(schema)

    def find(self, document: DocumentNode, operation: Operation) -> CompiledOperation | None:
        """The compiled operation; None at first sight and for what has to stay on graphql-core."""
        try:
            return self._compiled[operation]
        except KeyError:
            pass
        seen = self._seen[operation] = self._seen.get(operation, 0) + 1
        if seen < self._compile_at:
            return None
        del self._seen[operation]
        try:
            compiled = CompiledOperation(self._schema, declare, document, operation.node)
        except (NotCompilable, GraphQLError):
            compiled = None
        self._compiled[operation] = compiled
        return compiled


def declare(kind: GraphQLObjectType, name: str) -> Declaration | None:
    """How a field is read, from its declaration in the schema."""
    field = kind.fields[name]
    reading = field.extensions.get(READING)
    if reading is None:
        # Fields of refusals: attributes of a value that is no document.
        return declarations.Resolved() if field.resolve is not None else None
    if isinstance(reading, Stored) and reading.visible is None:
        return declarations.Value(reading.path, reading.default)
    if isinstance(reading, Related):
        return declarations.One(reading.collection, reading.key, reading.on)
    if isinstance(reading, RelatedList):
        return declarations.Many(reading.collection, reading.on, reading.order, reading.where, MAX_CHILDREN)
    if isinstance(reading, Computed):
        return declarations.Resolved(reading.needs)
    if isinstance(reading, Stored | Placed):
        return declarations.Resolved((reading.path, *(reading.visible.needs if reading.visible else ())))
    return None

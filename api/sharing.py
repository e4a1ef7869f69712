"""Which operations answer alike for everybody whose reads are bounded alike; asked by api/operations.py for shared
events (resolvers/shared_events.py).
"""

from __future__ import annotations

from weakref import WeakKeyDictionary

from graphql import DocumentNode, FieldNode, GraphQLSchema, TypeInfo, TypeInfoVisitor, Visitor, visit

from api.documents import Operation
from domain.access import Reach
from schema.fields import READING, Computed, Placed, Related, RelatedList, Stored
from storage.reach import REACH


class SharableOperations:
    """One per schema; what was found of an operation is kept with it."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self._schema = schema
        self._found: WeakKeyDictionary[Operation, bool] = WeakKeyDictionary()

    def __contains__(self, asked: tuple[DocumentNode, Operation]) -> bool:
        document, operation = asked
        found = self._found.get(operation)
        if found is None:
            found = self._found[operation] = not is_personal(self._schema, document)
        return found


def is_personal(schema: GraphQLSchema, document: DocumentNode) -> bool:
    """Whether any field of the document depends on who asks beyond the bounds of their reads."""
    types = TypeInfo(schema)
    looking = _Looking(types)
    visit(document, TypeInfoVisitor(types, looking))
    return looking.personal


class _Looking(Visitor):
    def __init__(self, types: TypeInfo) -> None:
        super().__init__()
        self._types = types
        self.personal = False

    def enter_field(self, _node: FieldNode, *_: object) -> None:
        """Looks at the field's declaration."""
        field = self._types.get_field_def()
        match None if field is None else field.extensions.get(READING):
            case Computed(wants=wants):
                self.personal |= "actor" in wants
            case Stored(visible=rule) | Placed(visible=rule):
                self.personal |= rule is not None
            case Related(collection=collection) | RelatedList(collection=collection):
                self.personal |= REACH[collection] is Reach.PERSONAL
            case _:
                pass

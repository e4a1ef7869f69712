"""Hands a run over to graphql-core without calling any root resolver twice.

`install` is called once per schema; a run that is handed over executes with `root_value=Recorded(...)`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from graphql import GraphQLObjectType, GraphQLResolveInfo, GraphQLSchema


@dataclass(slots=True)
class Recorded:
    """What the root fields answered or raised, by response name; a field that is missing here was not called yet."""

    outcomes: dict[str, Any] = field(default_factory=dict)
    awaited: set[str] = field(default_factory=set)
    """Those whose resolver was waited for: they answer later this time too, or errors would come in another order."""

    def take(self, name: str) -> Any:
        """The recorded value. Raises the recorded exception, or KeyError where the field was not called."""
        outcome = self.outcomes[name]
        if isinstance(outcome, Raised):
            raise outcome.error
        return outcome


@dataclass(frozen=True, slots=True)
class Raised:
    """A root field ended with this exception."""

    error: Exception


def install(schema: GraphQLSchema) -> None:
    """Makes the root fields of queries and mutations answer from a Recorded root value where one is given."""
    for root in (schema.query_type, schema.mutation_type):
        if isinstance(root, GraphQLObjectType):
            for field in root.fields.values():
                if field.resolve is not None:
                    field.resolve = _replaying(field.resolve)


async def _later(recorded: Recorded, name: str) -> Any:
    return recorded.take(name)


def _replaying(resolve: Callable[..., Any]) -> Callable[..., Any]:
    def read(source: Any, info: GraphQLResolveInfo[Any], **arguments: Any) -> Any:
        if source.__class__ is Recorded:
            name = info.path.key
            if name in source.outcomes:
                return _later(source, name) if name in source.awaited else source.take(name)
            source = None
        return resolve(source, info, **arguments)

    return read

"""How a field of an object type is read, as the compiler needs to know it; a caller's `Declare` answers one of these.

A field that is none of these cannot be compiled, and its operations run on graphql-core.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from graphql import GraphQLObjectType

Document = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Value:
    """The value at a dotted path of the document, `default` where it is absent or null."""

    path: str
    default: Any = None


@dataclass(frozen=True, slots=True)
class Resolved:
    """What the field's own resolver says: a plain function of the source, `info.context` and the arguments.

    `paths` are what it reads of a document; None: unknown, so documents are fetched whole.
    """

    paths: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class One:
    """The document of another collection whose `on` equals this document's text at `key`; null where there is none."""

    collection: str
    key: str
    on: str


@dataclass(frozen=True, slots=True)
class Many:
    """Documents of another collection whose `on` is this document's `_id`; the argument `first` is 1 to `most`."""

    collection: str
    on: str
    order: str
    where: tuple[tuple[str, Any], ...]
    most: int


Declaration = Value | Resolved | One | Many
Declare = Callable[[GraphQLObjectType, str], Declaration | None]
"""Object type and field name -> how it is read; None where it cannot be compiled."""


class Fetch(Protocol):
    """Reads on behalf of one caller; what the caller may not see is left out."""

    def known(self, collection: str, keys: Sequence[str], *, on: str) -> Mapping[str, Document] | None:
        """Documents by the value at `on` where no read is needed for any of them; else None."""

    def by_keys(
        self, collection: str, keys: Sequence[str], *, on: str, projection: Mapping[str, Any] | None
    ) -> Coroutine[Any, Any, Mapping[str, Document]]:
        """Documents by the value at `on`."""

    def children(
        self,
        collection: str,
        parents: Sequence[str],
        *,
        on: str,
        first: int,
        order: str,
        where: Mapping[str, Any] | None,
        projection: Mapping[str, Any] | None,
    ) -> Coroutine[Any, Any, Mapping[str, Sequence[Document]]]:
        """The first documents of each parent in `order`."""


class NotCompilable(Exception):  # noqa: N818 - it steers, nothing went wrong
    """The operation is left to graphql-core."""


class Handover(Exception):  # noqa: N818 - it steers, nothing went wrong
    """Something in this run is not as expected: graphql-core must say what."""


def projection_of(paths: set[str] | None) -> dict[str, int] | None:
    """An inclusion projection without paths inside others, which a database refuses; None: whole documents."""
    if paths is None:
        return None
    kept = [path for path in paths if not any(path.startswith(f"{other}.") for other in paths)]
    return dict.fromkeys(sorted({"_id", *kept}), 1)

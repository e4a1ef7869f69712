"""Relay connections over storage pages; every root list returns `Connection[Noun]`."""

from collections.abc import Callable
from typing import Annotated, Any, Generic, TypeVar

import strawberry

from domain.errors import BadInput
from schema.fields import stored
from storage.driver import Document
from storage.reads import Page, PageRequest

N = TypeVar("N")
MAX_PAGE = 100

First = Annotated[int, strawberry.argument(description="How many at the most, 1 to 100.")]
After = Annotated[str | None, strawberry.argument(description="Continue behind this cursor of the same list.")]
ClientKey = Annotated[
    str,
    strawberry.argument(
        description="Made by the client, 8 to 100 characters, new for each intention; repeating it repeats the answer."
    ),
]


@strawberry.type(description="Where a page stands in its list (Relay).")
class PageInfo:
    has_next_page: bool = stored("hasNextPage", "Whether more follow.")
    has_previous_page: bool = stored("hasPreviousPage", "Whether the page began behind a cursor.")
    start_cursor: str | None = stored("startCursor", "Cursor of the first edge.")
    end_cursor: str | None = stored("endCursor", "Cursor of the last edge; pass it as `after`.")


@strawberry.type(description="One record of a page and its cursor (Relay).")
class Edge(Generic[N]):
    node: N | None = stored("node", "The record.")
    cursor: str = stored("cursor", "Opaque position in this list and order.")


@strawberry.type(description="One page of a list (Relay).")
class Connection(Generic[N]):
    edges: list[Edge[N]] = stored("edges", "The records with their cursors.")
    nodes: list[N] = stored("nodes", "The records alone.")
    page_info: PageInfo = stored("pageInfo", "Whether and where to go on.")


def page_request(first: int, after: str | None, order: str = "-_id") -> PageRequest:
    """Checked page arguments. Raises BadInput."""
    if not 1 <= first <= MAX_PAGE:
        raise BadInput("first", f"must be 1 to {MAX_PAGE}")
    return PageRequest(first, after, order)


class _Parts(dict[str, Any]):
    """The parts of a connection, each made when it is first asked for: cursors cost more than the rest of a page."""

    __slots__ = ("page",)

    def __init__(self, page: Page) -> None:
        super().__init__(nodes=page.documents)
        self.page = page

    def __missing__(self, part: str) -> Any:
        self[part] = made = _MADE[part](self.page)
        return made

    def get(self, part: str, default: Any = None) -> Any:
        """As for any document."""
        return self[part] if part in self or part in _MADE else default


def _edges(page: Page) -> list[Document]:
    return [{"node": node, "cursor": page.cursor(index)} for index, node in enumerate(page.documents)]


def _page_info(page: Page) -> Document:
    last = len(page.documents) - 1
    return {
        "hasNextPage": page.has_next,
        "hasPreviousPage": page.has_previous,
        "startCursor": page.cursor(0) if last >= 0 else None,
        "endCursor": page.cursor(last) if last >= 0 else None,
    }


_MADE: dict[str, Callable[[Page], Any]] = {"edges": _edges, "pageInfo": _page_info}


def as_connection(page: Page) -> Document:
    """A storage page in the shape of Connection, to be read by `[]` and `get`."""
    return _Parts(page)

"""Relay connections over storage pages; every root list returns `Connection[Noun]`."""

from typing import Annotated, Generic, TypeVar

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


def as_connection(page: Page) -> Document:
    """A storage page in the shape of Connection."""
    return {
        "edges": [{"node": node, "cursor": cursor} for node, cursor in zip(page.documents, page.cursors, strict=True)],
        "nodes": page.documents,
        "pageInfo": {
            "hasNextPage": page.has_next,
            "hasPreviousPage": page.has_previous,
            "startCursor": page.cursors[0] if page.cursors else None,
            "endCursor": page.cursors[-1] if page.cursors else None,
        },
    }

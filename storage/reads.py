"""Reads of any collection under a Scope: one, by keys, children of many parents, pages. Nothing reads around it."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import orjson

from domain.access import Scope
from domain.errors import BadInput
from storage.driver import Document
from storage.known import KNOWN
from storage.reach import matches, scope_filter
from storage.store import Store


@dataclass(frozen=True, slots=True)
class PageRequest:
    """Which page of a list: `first` documents after an opaque cursor, in one stored order that ends with `_id`."""

    first: int
    after: str | None = None
    order: str = "-_id"
    """A stored path, with a leading minus for descending; ties are broken by `_id` the same way."""


@dataclass(frozen=True, slots=True)
class Page:
    """Documents of one page and whether more follow."""

    documents: list[Document]
    has_next: bool
    has_previous: bool
    order: str
    rows: list[Document]
    """The stored documents, which the cursors come from; `documents` may show something else of each."""

    def cursor(self, index: int) -> str:
        """Where the page's document at `index` stands. Made when asked for: most clients look at none or at one."""
        path, _ = _order(self.order)
        row = self.rows[index]
        return encode_cursor(self.order, value_at(row, path), row["_id"])


@dataclass(frozen=True, slots=True)
class Reads:
    """Reads on behalf of one Scope.

    A `projection` names the dotted paths that the caller needs (`{"name": 1}`); what a read needs for its own work is
    added, so documents may hold more. Without one they are whole. Documents may be shared with other callers (see
    storage/known.py): never change one.
    """

    store: Store
    scope: Scope
    _kept: dict[str, dict[str, Document]] = field(default_factory=dict, repr=False, compare=False)
    """What the caller has just saved, by collection and id."""

    def keep(self, saved: Iterable[tuple[str, Document]]) -> None:
        """Documents as they were just committed, with their collections: `known` and `by_keys` need not read them."""
        for collection, document in saved:
            self._kept.setdefault(collection, {})[document["_id"]] = document

    async def find(
        self, collection: str, document_id: str, projection: Mapping[str, Any] | None = None
    ) -> Document | None:
        """The document, or None where it does not exist or lies outside the scope."""
        query = scope_filter(collection, self.scope)
        if collection in KNOWN:
            known = (await self.store.whole(collection, [document_id])).get(document_id)
            return known if known is not None and matches(known, query) else None
        if "_id" in query and not matches({"_id": document_id}, {"_id": query.pop("_id")}):
            return None
        # The id first: some servers choose the index by the order of the conditions.
        return await self.store[collection].find_one({"_id": document_id} | query, _with(projection, ()))

    def known(self, collection: str, keys: Sequence[str], *, on: str = "_id") -> dict[str, Document] | None:
        """As `by_keys`, where no read is needed for any of the keys; else None."""
        kept = self._kept.get(collection, {})
        if on != "_id" or not (kept or collection in KNOWN):
            return None
        found: dict[str, Document] = {}
        for key in keys:
            document = kept.get(key) or (self.store.known.get(collection, key) if collection in KNOWN else None)
            if document is None:
                return None
            found[key] = document
        query = scope_filter(collection, self.scope)
        return {key: document for key, document in found.items() if matches(document, query)}

    async def by_keys(
        self, collection: str, keys: Sequence[str], *, on: str = "_id", projection: Mapping[str, Any] | None = None
    ) -> dict[str, Document]:
        """Documents in scope by a unique key: one read for any number of keys."""
        if not keys:
            return {}
        kept = self.known(collection, keys, on=on) if self._kept else None
        if kept is not None:
            return kept
        query = scope_filter(collection, self.scope)
        if on == "_id" and collection in KNOWN:
            known = await self.store.whole(collection, keys)
            return {key: document for key, document in known.items() if matches(document, query)}
        wanted: Document = {"$in": list(keys)}
        if on in query:
            # The scope has a condition on the key itself: it is applied to what was found.
            needed = _with(projection, (on, *query))
            found = await self.store[collection].find({on: wanted}, projection=needed, limit=len(keys))
            return {document[on]: document for document in found if matches(document, query)}
        needed = _with(projection, (on,))
        found = await self.store[collection].find({on: wanted, **query}, projection=needed, limit=len(keys))
        return {document[on]: document for document in found}

    async def children(
        self,
        collection: str,
        parents: Sequence[str],
        *,
        on: str,
        first: int,
        order: str = "-_id",
        where: Mapping[str, Any] | None = None,
        projection: Mapping[str, Any] | None = None,
    ) -> dict[str, list[Document]]:
        """For each parent its first `first` children in `order`: one read for all parents."""
        if not parents:
            return {}
        sort = _sorting(order)
        # Scope goes inside the grouping read: a parent's page must be filled from what the caller may see.
        allowed = scope_filter(collection, self.scope)
        if on in allowed:
            parents = [each for each in parents if matches({on: each}, {on: allowed[on]})]
            if not parents:
                return {}
        match = {**(where or {}), **allowed, on: {"$in": list(parents)}}
        needed = _with(projection, (on,))
        if len(parents) == 1:
            rows = await self.store[collection].find(match, order=sort, limit=first, projection=needed)
            return {parents[0]: rows}
        pipeline: list[Document] = [
            {"$match": match},
            {"$sort": dict(sort)},
            *([{"$project": needed}] if needed is not None else []),
            {"$group": {"_id": f"${on}", "rows": {"$push": "$$ROOT"}}},
            {"$project": {"rows": {"$slice": ["$rows", first]}}},
        ]
        grouped = await self.store[collection].aggregate(pipeline)
        return {row["_id"]: row["rows"] for row in grouped}

    async def list(
        self,
        collection: str,
        where: Mapping[str, Any],
        *,
        order: str = "-_id",
        limit: int,
        projection: Mapping[str, Any] | None = None,
    ) -> list[Document]:
        """At most `limit` documents in scope."""
        query = _narrowed(scope_filter(collection, self.scope), where)
        needed = _with(projection, ())
        return await self.store[collection].find(query, order=_sorting(order), limit=limit, projection=needed)

    async def counts(
        self, collection: str, where: Mapping[str, Any], *, by: Sequence[str], limit: int
    ) -> Sequence[tuple[Document, int]]:
        """How many documents in scope have which values at these paths: at most `limit` groups, in no order."""
        pipeline: list[Document] = [
            {"$match": _narrowed(scope_filter(collection, self.scope), where)},
            {"$group": {"_id": {path: f"${path}" for path in by}, "count": {"$sum": 1}}},
            {"$limit": limit},
        ]
        return [(row["_id"], row["count"]) for row in await self.store[collection].aggregate(pipeline)]

    async def page(
        self,
        collection: str,
        where: Mapping[str, Any],
        request: PageRequest,
        projection: Mapping[str, Any] | None = None,
    ) -> Page:
        """One page. Raises BadInput for a cursor that this list did not hand out."""
        path, direction = _order(request.order)
        query = _narrowed(scope_filter(collection, self.scope), where)
        if request.after is not None:
            query = {"$and": [query, _after(path, direction, decode_cursor(request.after, request.order))]}
        found = await self.store[collection].find(
            query, order=_sorting(request.order), limit=request.first + 1, projection=_with(projection, (path,))
        )
        has_next = len(found) > request.first
        if has_next:
            found.pop()
        return Page(found, has_next, request.after is not None, request.order, found)


def value_at(document: Mapping[str, Any], path: str) -> Any:
    """The value at a dotted path, None where a step is missing."""
    value: Any = document
    for step in path.split("."):
        if not isinstance(value, Mapping):
            return None
        value = value.get(step)
    return value


def _order(order: str) -> tuple[str, int]:
    return (order[1:], -1) if order.startswith("-") else (order, 1)


def _sorting(order: str) -> list[tuple[str, int]]:
    path, direction = _order(order)
    return [(path, direction)] if path == "_id" else [(path, direction), ("_id", direction)]


def _with(projection: Mapping[str, Any] | None, needed: Iterable[str]) -> dict[str, Any] | None:
    """The projection and what a read needs itself. A server refuses a path beside one above or below it."""
    if projection is None:
        return None
    paths: dict[str, Any] = {**projection, "_id": 1}
    for path in needed:
        if path in paths or any(path.startswith(f"{each}.") for each in paths):
            continue
        for below in [each for each in paths if each.startswith(f"{path}.")]:
            del paths[below]
        paths[path] = 1
    return paths


def _narrowed(allowed: Document, where: Mapping[str, Any]) -> Document:
    """A caller's filter must never replace a condition of the scope: clashing keys are joined by `$and`."""
    query = {**allowed, **{key: value for key, value in where.items() if key not in allowed}}
    clashing = {key: value for key, value in where.items() if key in allowed and value != allowed[key]}
    if clashing:
        query["$and"] = [*query.get("$and", []), clashing]
    return query


def encode_cursor(order: str, value: Any, document_id: str) -> str:
    """An opaque cursor: the order it belongs to, the sort value and the id."""
    if isinstance(value, datetime):
        value = {"t": int(value.replace(tzinfo=UTC).timestamp() * 1000)}
    return base64.urlsafe_b64encode(orjson.dumps([order, value, document_id])).decode().rstrip("=")


def decode_cursor(cursor: str, order: str) -> tuple[Any, str]:
    """Sort value and id. Raises BadInput where the cursor is not one of this order."""
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        made_for, value, document_id = orjson.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
        if isinstance(value, dict):
            value = datetime.fromtimestamp(value["t"] / 1000, UTC).replace(tzinfo=None)
    except (binascii.Error, ValueError, TypeError, KeyError, OverflowError, UnicodeError) as broken:
        raise BadInput("after", "is not a cursor of this list") from broken
    if (
        made_for != order
        or not isinstance(document_id, str)
        or not isinstance(value, str | int | float | datetime | None)
    ):
        raise BadInput("after", "is not a cursor of this list")
    return value, document_id


def _after(path: str, direction: int, position: tuple[Any, str]) -> Document:
    value, document_id = position
    step = "$gt" if direction > 0 else "$lt"
    if path == "_id":
        return {"_id": {step: document_id}}
    if value is None:
        # Missing values sort first ascending and last descending.
        rest: list[Document] = [{path: {"$ne": None}}] if direction > 0 else []
        return {"$or": [*rest, {path: None, "_id": {step: document_id}}]}
    later: list[Document] = [{path: {step: value}}, {path: value, "_id": {step: document_id}}]
    if direction < 0:
        later.append({path: None})
    return {"$or": later}


def unique(keys: Iterable[str]) -> list[str]:
    """Keys in first-seen order without repeats."""
    return list(dict.fromkeys(keys))

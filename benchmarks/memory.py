"""A dict server behind the driver door: what storage.driver offers, over documents in this process, for memory mode.

It answers exactly the queries that the measured operations make and raises on any other, so no read is answered in a
way a database would not. Reads hand out the stored documents themselves and ignore projections: they cost next to
nothing, which leaves the cost of the GraphQL layer to measure.
"""

from __future__ import annotations

import asyncio
import gc
import pickle
from bisect import bisect_left, insort
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from storage.driver import Document, DuplicateKeyError, Order

T = TypeVar("T")
Entry = tuple[Any, str]
LISTS: dict[str, tuple[str, ...]] = {"leads": ("_id", "sla_due_at"), "visits": ("scheduled_at",)}
"""The paths by which an owner's documents are kept in order; ties go by `_id`."""
_EVER = datetime.min  # noqa: DTZ901 - documents hold naive times
SMALL = 100
"""Collections up to this size may be looked through."""


class UnknownQueryError(Exception):
    """A query the dict server was not made for."""


def _fits(document: Mapping[str, Any], query: Mapping[str, Any]) -> bool:
    for path, wanted in query.items():
        if path.startswith("$") or "." in path:
            raise UnknownQueryError(f"{path} in {query}")
        value = document.get(path)
        if isinstance(wanted, dict):
            if not all(_holds(step, value, bound) for step, bound in wanted.items()):
                return False
        elif value != wanted:
            return False
    return True


def _fitting(documents: list[Document], query: Mapping[str, Any]) -> list[Document]:
    """Those that fit, by as little work as it takes: this stands for a database that is not measured."""
    for path, wanted in query.items():
        if isinstance(wanted, dict) and wanted.keys() == {"$in"}:
            among = wanted["$in"]
            documents = [each for each in documents if each.get(path) in among]
        elif isinstance(wanted, dict) or path.startswith("$") or "." in path:
            documents = [each for each in documents if _fits(each, {path: wanted})]
        else:
            documents = [each for each in documents if each.get(path) == wanted]
    return documents


def _holds(step: str, value: Any, bound: Any) -> bool:
    if step == "$in":
        return value in bound
    if step == "$ne":
        return bool(value != bound)
    if step not in {"$gte", "$gt", "$lt", "$lte"}:
        raise UnknownQueryError(step)
    if value is None:
        return False
    return bool({"$gte": value >= bound, "$gt": value > bound, "$lt": value < bound, "$lte": value <= bound}[step])


class MemoryCollection:
    """One collection: documents by `_id`, an owner's documents in the declared orders, the owner's open visit."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._documents: dict[str, Document] = {}
        self._lists: dict[str, dict[tuple[str, str], list[Entry]]] = {path: {} for path in LISTS.get(name, ())}
        self._open: dict[tuple[str, str], str] = {}

    def fill(self, documents: Iterable[Document]) -> None:
        """Takes over many documents at once."""
        for document in documents:
            self._documents[document["_id"]] = document
            for path, lists in self._lists.items():
                lists.setdefault(_owner(document), []).append((document[path], document["_id"]))
        for lists in self._lists.values():
            for entries in lists.values():
                entries.sort()

    async def find_one(
        self, query: Mapping[str, Any], projection: Mapping[str, Any] | None = None, order: Order | None = None
    ) -> Document | None:
        """As storage.driver."""
        key = query.get("_id")
        if isinstance(key, str):
            document = self._documents.get(key)
            return document if document is not None and (len(query) == 1 or _fits(document, query)) else None
        if self._name == "visits" and query.get("state") == "OPEN" and query.keys() == {"org_id", "owner_id", "state"}:
            opened = self._open.get((query["org_id"], query["owner_id"]))
            return self._documents[opened] if opened is not None else None
        found = await self.find(query, limit=1, projection=projection, order=order)
        return found[0] if found else None

    async def find(
        self,
        query: Mapping[str, Any],
        *,
        limit: int,
        projection: Mapping[str, Any] | None = None,  # noqa: ARG002
        order: Order | None = None,
    ) -> list[Document]:
        """As storage.driver."""
        keys = query.get("_id")
        if isinstance(keys, dict) and keys.keys() == {"$in"}:
            rest = {path: wanted for path, wanted in query.items() if path != "_id"}
            held = self._documents
            found = _fitting([held[each] for each in keys["$in"] if each in held], rest)
            if order is not None and len(found) > 1:
                raise UnknownQueryError(f"order of {query}")
            return found[:limit]
        path, way = order[0] if order else ("", 1)
        if path in self._lists and isinstance(query.get("owner_id"), str):
            return self._listed(query, path, way, limit)
        if len(self._documents) > SMALL:
            raise UnknownQueryError(f"{self._name}: {query} by {order}")
        found = _fitting(list(self._documents.values()), query)
        for path, way in reversed(order or ()):
            found.sort(key=lambda each: each[path], reverse=way < 0)
        return found[:limit]

    def _listed(self, query: Mapping[str, Any], path: str, way: int, limit: int) -> list[Document]:
        entries = self._lists[path].get((query["org_id"], query["owner_id"]), [])
        rest = {key: wanted for key, wanted in query.items() if key not in {"org_id", "owner_id"}}
        start, end = 0, len(entries)
        between = rest.pop(path, None)
        if between is not None:
            if not between.keys() <= {"$gte", "$gt", "$lt"}:
                raise UnknownQueryError(f"{path}: {between}")
            # Ids are ASCII, so this bound lies behind every entry of the same time.
            after = (between["$gt"], "\uffff") if "$gt" in between else (between.get("$gte", _EVER),)
            start = bisect_left(entries, after)
            end = bisect_left(entries, (between["$lt"],)) if "$lt" in between else end
        found: list[Document] = []
        for number in range(start, end) if way > 0 else range(end - 1, start - 1, -1):
            document = self._documents[entries[number][1]]
            if not rest or _fits(document, rest):
                found.append(document)
                if len(found) == limit:
                    break
        return found

    async def insert_one(self, document: Document) -> None:
        """Raises DuplicateKeyError."""
        if document["_id"] in self._documents:
            raise DuplicateKeyError("taken", 11000, {"keyValue": {"_id": document["_id"]}})
        self._documents[document["_id"]] = document
        for path, lists in self._lists.items():
            insort(lists.setdefault(_owner(document), []), (document[path], document["_id"]))
        self._note_open(document)

    async def insert_many(self, documents: Sequence[Document], *, ordered: bool = True) -> None:
        """As storage.driver."""
        if not ordered:
            raise UnknownQueryError("insert_many without order")
        for each in documents:
            await self.insert_one(each)

    async def replace_one(self, query: Mapping[str, Any], document: Document, *, upsert: bool = False) -> int:
        """As storage.driver, by `_id`, where no listed path changes."""
        found = await self.find_one({"_id": query["_id"]})
        if upsert or found is None or not _fits(found, query):
            if upsert:
                raise UnknownQueryError("upsert")
            return 0
        if any(document[path] != found[path] for path in self._lists):
            raise UnknownQueryError(f"{self._name}: a document that moves in a list")
        self._note_open(document)
        self._documents[document["_id"]] = document
        return 1

    async def update_one(
        self, query: Mapping[str, Any], change: Mapping[str, Mapping[str, Any]], *, upsert: bool = False
    ) -> int:
        """As storage.driver, where a sum that may not be there yet grows."""
        if not upsert or query.keys() != {"_id"} or change.keys() != {"$inc", "$setOnInsert"}:
            raise UnknownQueryError(f"{self._name}: {query} {change}")
        found = self._documents.setdefault(query["_id"], {**query, **change["$setOnInsert"]})
        for path, amount in change["$inc"].items():
            found[path] = found.get(path, 0) + amount
        return 1

    def _note_open(self, document: Document) -> None:
        if self._name == "visits" and document["state"] == "OPEN":
            if self._open.setdefault(_owner(document), document["_id"]) != document["_id"]:
                raise DuplicateKeyError("open", 11000, {"keyValue": {"org_id": "", "owner_id": ""}})
        elif self._name == "visits" and self._open.get(_owner(document)) == document["_id"]:
            del self._open[_owner(document)]

    def __iter__(self) -> Iterator[Document]:
        return iter(self._documents.values())


def _owner(document: Mapping[str, Any]) -> tuple[str, str]:
    return document["org_id"], document["owner_id"]


class MemoryDatabase:
    """One database; a transaction runs its body once, since one process has no one to conflict with."""

    def __init__(self) -> None:
        self._collections: dict[str, MemoryCollection] = {}

    def collection(self, name: str, _session: Any = None, _note: Any = None) -> MemoryCollection:
        """As storage.driver."""
        found = self._collections.get(name)
        if found is None:
            found = self._collections[name] = MemoryCollection(name)
        return found

    async def ping(self) -> None:
        """Always there."""

    async def transaction(self, body: Callable[[Any], Awaitable[T]]) -> T:
        """As storage.driver."""
        return await body(self)

    @asynccontextmanager
    async def watch(
        self,
        pipeline: Sequence[Mapping[str, Any]],  # noqa: ARG002
        *,
        full_document: bool = True,  # noqa: ARG002
    ) -> AsyncIterator[AsyncIterator[Document]]:
        """A change stream in which nothing happens: the operations write nothing that anybody follows."""
        yield _silence()

    async def close(self) -> None:
        """Nothing to close."""


async def _silence() -> AsyncIterator[Document]:
    await asyncio.Event().wait()
    yield {}


def load_memory(path: Path) -> MemoryDatabase:
    """The dict server with the collections of a pickle made by benchmarks/serving.py."""
    database = MemoryDatabase()
    collections: dict[str, list[Document]] = pickle.loads(path.read_bytes())
    for name, documents in collections.items():
        database.collection(name).fill(documents)
    # The records would be in another process: the garbage collector is not to walk over them.
    gc.collect()
    gc.freeze()
    return database

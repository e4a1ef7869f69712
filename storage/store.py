"""All collections of one database, plain or inside a transaction; wiring makes it, resolvers and workers hold it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

from storage.driver import Collection, Database, Document
from storage.known import KNOWN, Known

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Store:
    """The database as the program sees it. `store[name]` is a collection under the running transaction, if any."""

    database: Database
    session: Any = None
    known: Known = field(default_factory=Known)
    """What this process knows without reading; true for it while a ChangeFeed on the store runs."""
    _written: list[tuple[str, object]] = field(default_factory=list)
    """Collection and id of what the running transaction wrote."""

    def __getitem__(self, name: str) -> Collection:
        if name not in KNOWN:
            return self.database.collection(name, self.session)
        return self.database.collection(name, self.session, partial(self._note, name))

    def _note(self, collection: str, document_id: object) -> None:
        if self.session is None:
            self.known.changed(collection, document_id)
        else:
            self._written.append((collection, document_id))

    async def whole(self, collection: str, document_ids: Sequence[str]) -> dict[str, Document]:
        """Whole documents of one of KNOWN by id, without a scope; from the process where it knows them."""

        async def read(missing: Sequence[str]) -> list[Document]:
            if len(missing) == 1:
                found = await self[collection].find_one({"_id": missing[0]})
                return [] if found is None else [found]
            return await self[collection].find({"_id": {"$in": list(missing)}}, limit=len(missing))

        if self.session is not None:  # which sees what it wrote and a snapshot of the rest
            return {document["_id"]: document for document in await read(document_ids)}
        return await self.known.through(collection, document_ids, read)

    async def transaction(self, body: Callable[[Store], Awaitable[T]]) -> T:
        """Runs `body(store)` with snapshot reads and majority writes; may run it again after a write conflict."""
        if self.session is not None:
            return await body(self)
        written: list[tuple[str, object]] = []
        try:
            return await self.database.transaction(
                lambda session: body(Store(self.database, session, self.known, written))
            )
        finally:
            for collection, document_id in written:
                self.known.changed(collection, document_id)

    def watch(
        self, pipeline: Sequence[Mapping[str, Any]], *, full_document: bool = True
    ) -> AbstractAsyncContextManager[AsyncIterator[Document]]:
        """A change stream over all collections."""
        return self.database.watch(pipeline, full_document=full_document)

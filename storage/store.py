"""All collections of one database, plain or inside a transaction; wiring makes it, resolvers and workers hold it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, TypeVar

from storage.driver import Collection, Database, Document

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Store:
    """The database as the program sees it. `store[name]` is a collection under the running transaction, if any."""

    database: Database
    session: Any = None

    def __getitem__(self, name: str) -> Collection:
        return self.database.collection(name, self.session)

    async def transaction(self, body: Callable[[Store], Awaitable[T]]) -> T:
        """Runs `body(store)` with snapshot reads and majority writes; may run it again after a write conflict."""
        if self.session is not None:
            return await body(self)
        return await self.database.transaction(lambda session: body(Store(self.database, session)))

    def watch(
        self, pipeline: Sequence[Mapping[str, Any]], *, full_document: bool = True
    ) -> AbstractAsyncContextManager[AsyncIterator[Document]]:
        """A change stream over all collections."""
        return self.database.watch(pipeline, full_document=full_document)

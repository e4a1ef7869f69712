"""The only file that names a Mongo driver: Motor by default, PyMongo's own asyncio client when asked.

`connect` gives a Database whose few methods behave the same on both; storage/store.py is its only caller.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractContextManager, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal, TypeVar

import pymongo
from bson.codec_options import CodecOptions
from bson.decimal128 import Decimal128
from motor.frameworks.asyncio import run_on_executor
from motor.motor_asyncio import AsyncIOMotorClient, AsyncIOMotorClientSession
from pymongo import AsyncMongoClient, IndexModel, UpdateOne
from pymongo.errors import (
    BulkWriteError,
    ConnectionFailure,
    DuplicateKeyError,
    InvalidOperation,
    OperationFailure,
    PyMongoError,
)
from pymongo.monitoring import CommandListener
from pymongo.read_concern import ReadConcern
from pymongo.write_concern import WriteConcern

Document = dict[str, Any]
Order = Sequence[tuple[str, int]]
T = TypeVar("T")
_FIRST_BATCH = 101
"""What a server sends at once where nobody says how much."""
DriverName = Literal["motor", "pymongo"]

__all__ = [
    "BulkWriteError",
    "Collection",
    "CommandListener",
    "ConnectionFailure",
    "Database",
    "Decimal128",
    "Document",
    "DriverName",
    "DuplicateKeyError",
    "IndexModel",
    "InvalidOperation",
    "OperationFailure",
    "Order",
    "PyMongoError",
    "UpdateOne",
    "connect",
]


@dataclass(frozen=True, slots=True)
class Collection:
    """One collection, bound to a session inside a transaction. Every list read has a limit."""

    raw: Any
    session: Any = None
    awaits_cursors: bool = False
    note: Callable[[object], None] | None = None
    """Told after each write, even one that failed: the id of the document, None where it may be any."""

    async def find_one(
        self, query: Mapping[str, Any], projection: Mapping[str, Any] | None = None, order: Order | None = None
    ) -> Document | None:
        """The first match or None."""
        if self.awaits_cursors:
            found: Document | None = await self.raw.find_one(query, projection, sort=order, session=self.session)
            return found
        plain, session = self._plain()
        return await self._in_thread(partial(plain.find_one, query, projection, sort=order, session=session))

    async def find(
        self,
        query: Mapping[str, Any],
        *,
        limit: int,
        projection: Mapping[str, Any] | None = None,
        order: Order | None = None,
    ) -> list[Document]:
        """At most `limit` matches in `order`."""
        # One more than the limit, or the server keeps the cursor open and is asked again for nothing.
        batch = limit + 1 if limit > _FIRST_BATCH else 0
        options = {"sort": order, "limit": limit, "batch_size": batch}
        if self.awaits_cursors:
            found: list[Document] = await self.raw.find(query, projection, session=self.session, **options).to_list()
            return found
        plain, session = self._plain()
        return await self._in_thread(lambda: plain.find(query, projection, session=session, **options).to_list())

    async def aggregate(self, pipeline: Sequence[Mapping[str, Any]]) -> list[Document]:
        """All rows of a pipeline; the pipeline holds its own limits."""
        if self.awaits_cursors:
            rows: list[Document] = await (await self.raw.aggregate(list(pipeline), session=self.session)).to_list()
            return rows
        plain, session = self._plain()
        return await self._in_thread(lambda: plain.aggregate(list(pipeline), session=session).to_list())

    def _plain(self) -> tuple[Any, Any]:
        """Motor's collection and session as PyMongo has them."""
        return self.raw.delegate, None if self.session is None else self.session.delegate

    async def _in_thread(self, read: Callable[[], T]) -> T:
        """Motor's own way into a thread, once for a whole read: its cursors go there and back for each step."""
        result: T = await run_on_executor(asyncio.get_running_loop(), read)  # type: ignore[no-untyped-call]
        return result

    async def count(self, query: Mapping[str, Any], *, limit: int) -> int:
        """How many match, counted no further than `limit`."""
        counted: int = await self.raw.count_documents(query, limit=limit, session=self.session)
        return counted

    async def _noted(self, write: Awaitable[T], document_id: object = None) -> T:
        try:
            return await write
        finally:
            if self.note is not None:
                self.note(document_id)

    async def insert_one(self, document: Document) -> None:
        """Raises DuplicateKeyError."""
        await self._noted(self.raw.insert_one(document, session=self.session), document.get("_id"))

    async def insert_many(self, documents: Sequence[Document], *, ordered: bool = True) -> None:
        """Raises BulkWriteError; nothing happens for an empty sequence."""
        if documents:
            await self._noted(self.raw.insert_many(documents, ordered=ordered, session=self.session))

    async def update_one(
        self, query: Mapping[str, Any], change: Mapping[str, Any] | Sequence[Mapping[str, Any]], *, upsert: bool = False
    ) -> int:
        """Number of documents matched by the guard in `query` (or inserted): 0 or 1."""
        updating = self.raw.update_one(query, change, upsert=upsert, session=self.session)
        result = await self._noted(updating, query.get("_id"))
        return int(result.matched_count) or int(result.upserted_id is not None)

    async def update_many(self, query: Mapping[str, Any], change: Mapping[str, Any]) -> int:
        """Number of documents matched."""
        result = await self._noted(self.raw.update_many(query, change, session=self.session))
        return int(result.matched_count)

    async def replace_one(self, query: Mapping[str, Any], document: Document, *, upsert: bool = False) -> int:
        """Number of documents matched by the guard in `query` (or inserted): 0 or 1."""
        replacing = self.raw.replace_one(query, document, upsert=upsert, session=self.session)
        result = await self._noted(replacing, query.get("_id"))
        return int(result.matched_count) or int(result.upserted_id is not None)

    async def bulk_update(self, updates: Sequence[UpdateOne]) -> int:
        """Unordered conditional updates in one round trip; number of documents modified or inserted."""
        if not updates:
            return 0
        result = await self._noted(self.raw.bulk_write(list(updates), ordered=False, session=self.session))
        return int(result.modified_count) + int(result.upserted_count)

    async def delete_many(self, query: Mapping[str, Any]) -> int:
        """Number of documents deleted."""
        result = await self._noted(self.raw.delete_many(query, session=self.session))
        return int(result.deleted_count)

    async def create_indexes(self, indexes: Sequence[IndexModel]) -> None:
        """Creates what is missing."""
        if indexes:
            await self.raw.create_indexes(list(indexes))

    async def index_names(self) -> set[str]:
        """Names of the indexes that exist."""
        return set(await self.raw.index_information())


@dataclass(frozen=True, slots=True)
class Database:
    """One database of one client."""

    client: Any
    raw: Any
    awaits_cursors: bool
    _collections: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)
    """The driver's collections by name: it makes a new one each time it is asked, for as much as a small read."""

    def collection(self, name: str, session: Any = None, note: Callable[[object], None] | None = None) -> Collection:
        """The collection, inside the transaction of `session` where one is given; `note` is told of each write."""
        raw = self._collections.get(name)
        if raw is None:
            raw = self._collections[name] = self.raw[name]
        return Collection(raw, session, self.awaits_cursors, note)

    async def ping(self) -> None:
        """Raises PyMongoError where the server does not answer."""
        await self.client.admin.command("ping")

    async def transaction(self, body: Callable[[Any], Awaitable[T]]) -> T:
        """Runs `body(session)` in a transaction, again by the driver's rules when it hit a transient error."""
        try:
            async with self._session() as session:
                result: T = await session.with_transaction(
                    body, read_concern=ReadConcern("snapshot"), write_concern=WriteConcern("majority")
                )
                return result
        except InvalidOperation:
            # Who is cancelled while a thread ends the transaction ends it again: why they were cancelled counts.
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise asyncio.CancelledError from None
            raise

    @asynccontextmanager
    async def _session(self) -> AsyncIterator[Any]:
        if self.awaits_cursors:
            async with self.client.start_session(causal_consistency=True) as session:
                yield session
            return
        # Motor goes into a thread to begin and to end one, for as much as a read, though neither asks the server.
        session = AsyncIOMotorClientSession(self.client.delegate.start_session(causal_consistency=True), self.client)
        try:
            yield session
        finally:
            unfinished: bool = session.delegate.in_transaction
            if unfinished:
                await session.end_session()
            else:
                session.delegate.end_session()

    @asynccontextmanager
    async def watch(
        self, pipeline: Sequence[Mapping[str, Any]], *, full_document: bool = True
    ) -> AsyncIterator[AsyncIterator[Document]]:
        """A change stream over the database, open on the server when the block begins and while it runs."""
        mode = "updateLookup" if full_document else None
        opened = self.raw.watch(list(pipeline), full_document=mode)
        stream = await opened if self.awaits_cursors else opened
        async with stream:
            # Motor asks the server only at the first look; what is written before that would be missed.
            first = None if self.awaits_cursors else await stream.try_next()
            yield stream if first is None else _led_by(first, stream)

    async def drop(self) -> None:
        """Deletes the database; tests and benchmarks only."""
        await self.client.drop_database(self.raw.name)

    async def close(self) -> None:
        """Closes the client's sockets."""
        closing = self.client.close()
        if closing is not None:
            await closing


async def _led_by(first: Document, rest: AsyncIterator[Document]) -> AsyncIterator[Document]:
    yield first
    async for each in rest:
        yield each


def time_limit(seconds: float) -> AbstractContextManager[None]:
    """Within it, whatever is asked of the database ends by then, on the server too; PyMongoError where it is cut off.

    It holds for what the running task awaits and for tasks that are begun in it.
    """
    return pymongo.timeout(seconds)


def connect(
    uri: str,
    database: str,
    *,
    driver: DriverName = "motor",
    listeners: Sequence[CommandListener] = (),
    pool_size: int = 100,
) -> Database:
    """A lazy connection. Datetimes inside documents are naive UTC: decoding aware ones costs most of a read."""
    options: dict[str, Any] = {
        "event_listeners": list(listeners),
        "maxPoolSize": pool_size,
        "tz_aware": False,
        "w": "majority",
        "appname": "fieldbeat",
        "serverSelectionTimeoutMS": 10_000,
    }
    awaits_cursors = driver == "pymongo"
    client: Any = AsyncMongoClient(uri, **options) if awaits_cursors else AsyncIOMotorClient(uri, **options)
    codec: CodecOptions[Document] = CodecOptions(document_class=dict, tz_aware=False)
    return Database(client, client.get_database(database, codec_options=codec), awaits_cursors)

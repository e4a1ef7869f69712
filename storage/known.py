"""Whole documents of rarely changing collections, kept in the process while a change stream says that they are true.

Held by storage/store.py, which reads through it and reports this process's own writes; storage/changes.py reports those
of others. docs/decisions/0010 says how stale an answer can be.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence

from storage.driver import Document
from storage.recent import Recent

KNOWN = frozenset({"coaching_rules", "organizations", "people", "sessions", "synonyms", "teams"})
"""The collections of which documents are kept: asked for by nearly every request, written seldom."""
MAX_DOCUMENTS = 20_000
"""Of one collection; those not asked for longest are forgotten."""
MAX_AGE_S = 60.0
"""After so long a document is read again even if no change was told: a stream may hang without an error."""

Read = Callable[[Sequence[str]], Awaitable[list[Document]]]


class Known:
    """Documents by id, as they were last read and, since then, not written. They belong to everybody: never change one.

    Nothing is kept until `begin` and after `end`; without a change stream it is as if it were not there.
    """

    def __init__(self, monotonic_s: Callable[[], float] = time.monotonic) -> None:
        self._monotonic_s = monotonic_s
        self._follows = False
        self._kept: dict[str, Recent[str, tuple[Document, float]]] = {each: Recent(MAX_DOCUMENTS) for each in KNOWN}
        self._versions: Counter[str] = Counter()

    def begin(self) -> None:
        """Every change from now on will be told."""
        self.forget()
        self._follows = True

    def end(self) -> None:
        """Changes may be missed from now on."""
        self._follows = False
        self.forget()

    def forget(self) -> None:
        """Drops all documents."""
        for collection in KNOWN:
            self.changed(collection)

    def changed(self, collection: str, document_id: object = None) -> None:
        """The document was or may have been written; without an id, any of the collection."""
        if collection not in KNOWN:
            return
        self._versions[collection] += 1
        if isinstance(document_id, str):
            self._kept[collection].drop(document_id)
        else:
            self._kept[collection].clear()

    def version(self, collection: str) -> int:
        """A number that differs after each change of the collection; -1 while changes are not told."""
        return self._versions[collection] if self._follows else -1

    def get(self, collection: str, document_id: str) -> Document | None:
        """The document where it is known; None says nothing about whether it exists."""
        entry = self._kept[collection].get(document_id)
        if entry is None or self._monotonic_s() - entry[1] > MAX_AGE_S:
            return None
        return entry[0]

    async def through(self, collection: str, document_ids: Sequence[str], read: Read) -> dict[str, Document]:
        """Those documents that exist, by id; `read` is asked once for those that are not known."""
        found: dict[str, Document] = {}
        missing: list[str] = []
        for document_id in document_ids:
            document = self.get(collection, document_id)
            if document is None:
                missing.append(document_id)
            else:
                found[document_id] = document
        if missing:
            read_at, version = self._monotonic_s(), self.version(collection)
            documents = await read(missing)
            # What was written during the read may have come too late for it: then it is used once and not kept.
            keeps = self._follows and version == self.version(collection)
            for document in documents:
                found[document["_id"]] = document
                if keeps:
                    self._kept[collection].put(document["_id"], (document, read_at))
        return found

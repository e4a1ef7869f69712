"""Keeps a process's search index in step with the stored articles: loads all once, then follows each `rev` counter."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from typing import Protocol

import structlog

from domain.articles import Article, ArticleChanges
from domain.ids import OrgId
from knowledge.index import ArticleIndex

_log = structlog.get_logger(__name__)


class ArticleSource(Protocol):
    """Where articles are stored."""

    async def changes(self, after: Mapping[OrgId, int]) -> ArticleChanges:
        """Every organization's counter, and each article, in any state, with `after[org] < rev <= counter`.

        An organization missing in `after` counts as 0; of those, articles not published may be left out. The counters
        are read before the articles: a counter seen means that all changes up to it are committed, so none is missed.
        """


class IndexFollower:
    """One per process. Run `run()` as a task and serve once `is_ready`, or await `catch_up()` first."""

    def __init__(self, source: ArticleSource, index: ArticleIndex, *, interval_s: float = 5.0) -> None:
        self._source = source
        self._index = index
        self._interval_s = interval_s
        self._revs: Mapping[OrgId, int] | None = None
        self._wake = asyncio.Event()
        self._turn = asyncio.Lock()

    @property
    def is_ready(self) -> bool:
        """Whether the index has been loaded; later failures of the source leave it true."""
        return self._revs is not None

    def wake(self) -> None:
        """Look for changes now instead of at the next interval; for the publisher and the change stream."""
        self._wake.set()

    async def catch_up(self) -> int:
        """Bring the index to the source's present state; the number of articles read. Raises what the source raises."""
        async with self._turn:
            known = self._revs
            changes = await self._source.changes(known or {})
            # A counter only falls when the database was replaced: what is indexed may not exist there.
            if known and any(changes.revs.get(org_id, 0) < rev for org_id, rev in known.items()):
                _log.warning("article_counter_fell_back")
                known = None
                changes = await self._source.changes({})
            if known is None:
                await self._build(changes.articles)
            elif changes.articles:
                await asyncio.to_thread(self._index.apply, changes.articles)
            self._revs = dict(changes.revs)
            return len(changes.articles)

    async def run(self) -> None:
        """Catch up at every interval and wake-up until cancelled; a failure is logged and tried again."""
        while True:
            self._wake.clear()
            try:
                await self.catch_up()
            except Exception:
                _log.exception("article_index_behind", retry_in_s=self._interval_s, is_ready=self.is_ready)
            try:
                async with asyncio.timeout(self._interval_s):
                    await self._wake.wait()
            except TimeoutError:
                continue

    async def _build(self, articles: tuple[Article, ...]) -> None:
        began = time.perf_counter()
        await asyncio.to_thread(self._index.replace_all, articles)
        _log.info("article_index_loaded", articles=len(articles), seconds=round(time.perf_counter() - began, 3))

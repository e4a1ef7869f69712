"""Keeps a process's search index in step with the stored articles by the `rev` counter of each organization."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Protocol

import structlog

from domain.articles import Article, ArticleCounters
from domain.ids import OrgId
from knowledge.index import ArticleIndex
from knowledge.position import Position

AT_ONCE = 500
"""Articles of one commit: what an end in the middle of much work loses, and how soon a reader sees some of it."""
_log = structlog.get_logger(__name__)


class ArticleSource(Protocol):
    """Where articles are stored."""

    async def counters(self) -> ArticleCounters:
        """Every organization's counter; one that is seen means that all changes up to it are committed."""

    def changed(self, org_id: OrgId, after: int, last: int) -> AsyncIterator[Sequence[Article]]:
        """Each article, in any state, with `after < rev <= last`, by `rev` and in portions."""


class IndexFollower:
    """One per process. Run `run()` as a task, or await `catch_up()`; the index answers with what it has meanwhile."""

    def __init__(self, source: ArticleSource, index: ArticleIndex, *, interval_s: float = 5.0) -> None:
        self._source = source
        self._index = index
        self._interval_s = interval_s
        self._wake = asyncio.Event()
        self._turn = asyncio.Lock()
        self._caught_up = asyncio.Event()

    @property
    def is_whole(self) -> bool:
        """Whether the index has had every published article; until then a search that finds nothing says nothing."""
        return self._index.position.is_whole

    def wake(self) -> None:
        """Look for changes now instead of at the next interval; for the publisher and the change stream."""
        self._wake.set()

    async def wait(self, longest_s: float) -> None:
        """Until it caught up for the first time since the process began, but not longer than that."""
        try:
            async with asyncio.timeout(longest_s):
                await self._caught_up.wait()
        except TimeoutError:
            _log.info("article_index_behind_at_the_start", waited_s=longest_s, is_whole=self.is_whole)

    async def catch_up(self) -> int:
        """Bring the index to the source's present state; the number of articles read. Raises what the source raises."""
        async with self._turn:
            began = time.perf_counter()
            if self._index.is_suspect and await asyncio.to_thread(self._index.mend):
                _log.warning("article_index_was_damaged")
            counters = await self._source.counters()
            if _is_other(self._index.position, counters):
                _log.warning("article_index_begins_anew", build=counters.build)
                await asyncio.to_thread(self._index.begin_anew, counters.build)
            count = await self._take(counters.revs)
            if not self.is_whole:
                await asyncio.to_thread(self._index.finish)
                took_s = round(time.perf_counter() - began, 3)
                _log.info("article_index_loaded", articles=count, seconds=took_s)
            self._caught_up.set()
            return count

    async def run(self) -> None:
        """Catch up at every interval and wake-up until cancelled; a failure is logged and tried again."""
        while True:
            self._wake.clear()
            try:
                await self.catch_up()
            except Exception:
                _log.exception("article_index_behind", retry_in_s=self._interval_s, is_whole=self.is_whole)
            try:
                async with asyncio.timeout(self._interval_s):
                    await self._wake.wait()
            except TimeoutError:
                continue

    async def _take(self, revs: Mapping[OrgId, int]) -> int:
        """Puts what is missing up to `revs` into the index, AT_ONCE articles or so at a time."""
        count, waiting, reached = 0, list[Article](), dict[OrgId, int]()

        async def put() -> None:
            await asyncio.to_thread(self._index.apply, tuple(waiting), dict(reached))
            waiting.clear()
            reached.clear()

        for org_id, last in revs.items():
            after = self._index.position.revs.get(org_id, 0)
            if last <= after:
                continue
            async for portion in self._source.changed(org_id, after, last):
                count += len(portion)
                waiting += portion
                if portion:
                    reached[org_id] = portion[-1].rev
                if len(waiting) >= AT_ONCE:
                    await put()
            reached[org_id] = last
        if reached:
            await put()
        return count


def _is_other(position: Position, counters: ArticleCounters) -> bool:
    """Whether the content must come anew: somebody asked for it, or it is that of another database.

    A counter only falls when the database was replaced: what is indexed may not exist there.
    """
    return position.build != counters.build or any(
        counters.revs.get(org_id, 0) < rev for org_id, rev in position.revs.items()
    )

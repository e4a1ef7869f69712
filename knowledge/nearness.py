"""Which articles of an organization are nearest to a question by meaning; held by resolvers/services.py.

The vectors of an organization are read when somebody of it first searches, and follow its publications from then on.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

import numpy as np
import structlog

from domain.article_vectors import ArticleVectors
from domain.articles import ArticleLanguage
from domain.ids import ArticleId, OrgId
from knowledge.meaning import MODEL, MOST_PASSAGES, Meaning, Vectors, language_of, unpacked

USUAL = {
    ArticleLanguage.ZH_CN: (
        "明天上午九点在会议室开会，请大家准时参加。",
        "报销单需要附上发票原件，由主管签字后提交财务。",
        "今年春天雨水偏多，河边的柳树提前发芽了。",
        "新同事入职第一周先熟悉系统，再跟随老员工外出。",
        "这台设备每三个月保养一次，更换滤芯并清洁外壳。",
        "地铁二号线周末停运，乘客可改乘公交车。",
        "周五下班前请把本周的数据汇总发到群里。",
        "图书馆新到一批历史书，借期为三十天。",
    ),
    ArticleLanguage.EN: (
        "The meeting starts at nine in the large room; please be on time.",
        "Attach the original invoice to the form and have your manager sign it.",
        "It rained a lot this spring and the willows by the river were early.",
        "In the first week a new colleague learns the system, then goes along on visits.",
        "The unit is serviced every three months: a new filter and a clean housing.",
        "The second metro line is closed at the weekend; buses run instead.",
        "Please send this week's figures to the group before Friday evening.",
        "The library has new books on history, which may be kept for thirty days.",
    ),
}
"""Texts about this and that: so near is anything in a language, also where an organization has few articles in it."""
_ONE_DEVIATION_BELOW = 16
"""Percentile. The lower side alone: what answers is on the upper one and must not count as usual."""
_LEAST_DEVIATION = 0.015
_log = structlog.get_logger(__name__)


class VectorSource(Protocol):
    """Where vectors are stored."""

    async def reached(self, org_id: OrgId) -> int:
        """Up to which publication number all vectors of the organization are stored."""

    def changed(self, org_id: OrgId, after: int, last: int) -> AsyncIterator[Sequence[ArticleVectors]]:
        """Those with `after < rev <= last`, in portions."""


class Near(NamedTuple):
    """An article whose meaning is near to a question."""

    article_id: ArticleId
    distance: float
    """Of its nearest passage from the usual one in its language, in standard deviations."""
    is_across: bool
    """Whether it is written in another language than the question."""


@dataclass(frozen=True, slots=True)
class _Rows:
    """All vectors in one language, below each other, and whose each is."""

    ids: tuple[ArticleId, ...]
    matrix: Vectors


@dataclass(slots=True)
class _Shelf:
    """The vectors of one organization."""

    rev: int = 0
    articles: dict[ArticleId, tuple[ArticleLanguage, Vectors]] = field(default_factory=dict)
    rows: Mapping[ArticleLanguage, _Rows] = field(default_factory=dict)
    """Replaced as a whole, since others read it meanwhile."""


class Nearness:
    """One per process; `run()` as a task keeps it in step."""

    def __init__(self, source: VectorSource, meaning: Meaning, *, interval_s: float = 5.0) -> None:
        self._source = source
        self._meaning = meaning
        self._interval_s = interval_s
        self._shelves: dict[OrgId, _Shelf] = {}
        self._wake = asyncio.Event()
        self._usual: Mapping[ArticleLanguage, Vectors] | None = None
        # The model's engine works on one text at a time.
        self._asking = threading.Lock()

    def want(self, org_id: OrgId) -> None:
        """Somebody of the organization searches: its vectors are read soon, and are there for the next search."""
        if org_id not in self._shelves:
            self._shelves[org_id] = _Shelf()
            self._wake.set()

    def wake(self) -> None:
        """Look for changes now; for the change stream."""
        self._wake.set()

    def nearest(self, org_id: OrgId, text: str, limit: int) -> list[Near]:
        """Articles by the distance of their nearest passage from the usual one, best first.

        What is usual differs from language to language: a Chinese text is nearer to any other Chinese one than to its
        own translation. Takes CPU: not on the event loop.
        """
        shelf = self._shelves.get(org_id)
        rows = shelf.rows if shelf is not None else {}
        if not rows or not text.strip():
            return []
        with self._asking:
            question = self._meaning.of_question(text)
            if self._usual is None:
                self._usual = {language: self._meaning.of_passages(texts) for language, texts in USUAL.items()}
        best: dict[ArticleId, Near] = {}
        for language, each in rows.items():
            cosines = each.matrix @ question
            usual = np.concatenate([cosines, self._usual[language] @ question])
            middle, low = np.percentile(usual, [50, _ONE_DEVIATION_BELOW])
            distances = (cosines - middle) / max(float(middle - low), _LEAST_DEVIATION)
            is_across = language is not language_of(text)
            # The first of an article is its nearest.
            for row in np.argsort(-distances)[: limit * MOST_PASSAGES]:
                best.setdefault(each.ids[row], Near(each.ids[row], float(distances[row]), is_across))
        return sorted(best.values(), key=lambda near: (-near.distance, near.article_id))[:limit]

    async def catch_up(self) -> None:
        """Brings every wanted organization to what is stored. Raises what the source raises."""
        for org_id, shelf in list(self._shelves.items()):
            last = await self._source.reached(org_id)
            if last < shelf.rev:
                # The database was replaced.
                shelf.articles.clear()
                shelf.rev = 0
            if last == shelf.rev:
                continue
            async for portion in self._source.changed(org_id, shelf.rev, last):
                for each in portion:
                    if each.model == MODEL and each.packed:
                        shelf.articles[each.article_id] = (each.language, unpacked(each.packed))
                    else:
                        shelf.articles.pop(each.article_id, None)
            shelf.rev = last
            await asyncio.to_thread(_lay_out, shelf)

    async def run(self) -> None:
        """Catches up at every interval and wake-up until cancelled; a failure is logged and tried again."""
        while True:
            self._wake.clear()
            try:
                await self.catch_up()
            except Exception:
                _log.exception("article_vectors_behind", retry_in_s=self._interval_s)
            try:
                async with asyncio.timeout(self._interval_s):
                    await self._wake.wait()
            except TimeoutError:
                continue


def _lay_out(shelf: _Shelf) -> None:
    rows = {}
    for language in ArticleLanguage:
        ids = [article_id for article_id, (written_in, _) in shelf.articles.items() if written_in is language]
        if not ids:
            continue
        matrix = np.concatenate([shelf.articles[article_id][1] for article_id in ids])
        whose: list[ArticleId] = []
        for article_id in ids:
            count = len(shelf.articles[article_id][1])
            # A part of the whole: else everything would be there twice.
            shelf.articles[article_id] = (language, matrix[len(whose) : len(whose) + count])
            whose += [article_id] * count
        rows[language] = _Rows(tuple(whose), matrix)
    shelf.rows = rows

"""The follower: loads before serving, then keeps the index in step through changes and failures of the source."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path
from shutil import rmtree

import pytest
from structlog.testing import capture_logs

from domain.articles import Article, ArticleCounters, ArticleState
from domain.errors import Unavailable
from domain.ids import ArticleId, OrgId
from knowledge.follower import AT_ONCE, IndexFollower
from knowledge.index import ArticleIndex
from tests.knowledge.articles import ORG, OTHER_ORG, an_article


class Shelf:
    """Articles with one counter per organization, as the database keeps them; the follower's own rules need no more."""

    def __init__(self) -> None:
        self.revs: dict[OrgId, int] = {}
        self.articles: dict[ArticleId, Article] = {}
        self.asked: list[tuple[OrgId, int, int]] = []
        self.counted = 0
        self.build = 0
        self.is_down = False
        self.portion = 500

    def save(self, article: Article) -> Article:
        rev = self.revs[article.org_id] = self.revs.get(article.org_id, 0) + 1
        self.articles[article.id] = saved = replace(article, rev=rev)
        return saved

    async def counters(self) -> ArticleCounters:
        self.counted += 1
        await asyncio.sleep(0)
        if self.is_down:
            raise ConnectionError("no database")
        return ArticleCounters(dict(self.revs), self.build)

    async def changed(self, org_id: OrgId, after: int, last: int) -> AsyncIterator[Sequence[Article]]:
        self.asked.append((org_id, after, last))
        found = [each for each in self.articles.values() if each.org_id == org_id and after < each.rev <= last]
        found.sort(key=lambda each: each.rev)
        for at in range(0, len(found), self.portion):
            if self.is_down:
                raise ConnectionError("no database")
            yield found[at : at + self.portion]


@asynccontextmanager
async def running(follower: IndexFollower) -> AsyncIterator[None]:
    task = asyncio.create_task(follower.run())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def until(condition: Callable[[], bool], seconds: float = 3.0) -> None:
    async with asyncio.timeout(seconds):
        while True:
            if condition():
                return
            await asyncio.sleep(0.005)


def found(index: ArticleIndex, text: str = "frost", org_id: OrgId = ORG) -> list[str]:
    return [hit.article_id for hit in index.search(org_id, text)]


async def test_catch_up_loads_everything_before_serving() -> None:
    shelf, index = Shelf(), ArticleIndex()
    shelf.save(an_article("art_1", "Frost"))
    shelf.save(an_article("art_2", "Frost", org_id=OTHER_ORG))
    follower = IndexFollower(shelf, index)
    assert not follower.is_whole
    assert await follower.catch_up() == 2
    assert follower.is_whole
    assert found(index) == ["art_1"]
    assert found(index, org_id=OTHER_ORG) == ["art_2"]


async def test_only_changes_are_asked_for_per_organization() -> None:
    shelf, index = Shelf(), ArticleIndex()
    for n in range(3):
        shelf.save(an_article(f"art_{n}", "Frost"))
    shelf.save(an_article("art_9", "Frost", org_id=OTHER_ORG))
    follower = IndexFollower(shelf, index)
    await follower.catch_up()
    shelf.save(an_article("art_10", "Frost", org_id=OTHER_ORG))
    assert await follower.catch_up() == 1
    assert await follower.catch_up() == 0
    assert shelf.asked == [(ORG, 0, 3), (OTHER_ORG, 0, 1), (OTHER_ORG, 1, 2)]
    assert sorted(found(index, org_id=OTHER_ORG)) == ["art_10", "art_9"]


async def test_a_change_arrives_within_the_interval() -> None:
    shelf, index = Shelf(), ArticleIndex()
    follower = IndexFollower(shelf, index, interval_s=0.05)
    async with running(follower):
        await until(lambda: follower.is_whole)
        article = shelf.save(an_article("art_1", "Frost"))
        await until(lambda: found(index) == ["art_1"])
        shelf.save(replace(article, title="Heat"))
        await until(lambda: found(index, "heat") == ["art_1"])
        assert found(index) == []
        shelf.save(replace(article, state=ArticleState.RETIRED))
        await until(lambda: found(index, "heat") == [])


async def test_wake_does_not_wait_for_the_interval() -> None:
    shelf, index = Shelf(), ArticleIndex()
    follower = IndexFollower(shelf, index, interval_s=3600)
    async with running(follower):
        await until(lambda: follower.is_whole)
        shelf.save(an_article("art_1", "Frost"))
        follower.wake()
        await until(lambda: found(index) == ["art_1"])


async def test_a_failing_source_is_logged_and_tried_again() -> None:
    shelf, index = Shelf(), ArticleIndex()
    follower = IndexFollower(shelf, index, interval_s=0.02)
    shelf.is_down = True
    with capture_logs() as logs:
        async with running(follower):
            await until(lambda: shelf.counted > 2)
            assert not follower.is_whole
            shelf.save(an_article("art_1", "Frost"))
            shelf.is_down = False
            await until(lambda: follower.is_whole)
            assert found(index) == ["art_1"]
            shelf.is_down = True
            asked = shelf.counted
            await until(lambda: shelf.counted > asked + 1)
            assert follower.is_whole
            assert found(index) == ["art_1"]
            shelf.save(an_article("art_2", "Frost"))
            shelf.is_down = False
            await until(lambda: sorted(found(index)) == ["art_1", "art_2"])
    assert {entry["event"] for entry in logs if entry["log_level"] == "error"} == {"article_index_behind"}


async def test_a_counter_that_fell_back_means_another_database() -> None:
    shelf, index = Shelf(), ArticleIndex()
    for n in range(3):
        shelf.save(an_article(f"art_{n}", "Frost"))
    follower = IndexFollower(shelf, index)
    await follower.catch_up()
    shelf.revs.clear()
    shelf.articles.clear()
    shelf.save(an_article("art_new", "Frost"))
    with capture_logs() as logs:
        await follower.catch_up()
    assert found(index) == ["art_new"]
    assert "article_index_begins_anew" in {entry["event"] for entry in logs}


async def test_catch_up_tells_the_caller_of_a_failure() -> None:
    shelf = Shelf()
    shelf.is_down = True
    follower = IndexFollower(shelf, ArticleIndex())
    with pytest.raises(ConnectionError):
        await follower.catch_up()
    assert not follower.is_whole


async def test_an_index_of_an_earlier_process_answers_at_once_and_only_what_is_new_is_read(tmp_path: Path) -> None:
    shelf, before = Shelf(), ArticleIndex(tmp_path)
    shelf.save(an_article("art_1", "Frost"))
    await IndexFollower(shelf, before).catch_up()
    before.close()
    shelf.save(an_article("art_2", "Frost"))
    shelf.asked.clear()
    after = ArticleIndex(tmp_path)
    follower = IndexFollower(shelf, after)
    assert follower.is_whole
    assert found(after) == ["art_1"]
    assert await follower.catch_up() == 1
    assert shelf.asked == [(ORG, 1, 2)]
    assert sorted(found(after)) == ["art_1", "art_2"]
    after.close()


async def test_much_work_is_kept_portion_by_portion(tmp_path: Path) -> None:
    shelf, index = Shelf(), ArticleIndex(tmp_path)
    for n in range(2 * AT_ONCE + 10):
        shelf.save(an_article(f"art_{n}", "Frost", "Cold."))
    shelf.portion = AT_ONCE
    broken = shelf.changed

    async def breaks_off(org_id: OrgId, after: int, last: int) -> AsyncIterator[Sequence[Article]]:
        async for portion in broken(org_id, after, last):
            yield portion
            raise ConnectionError("no database")

    shelf.changed = breaks_off  # type: ignore[method-assign]
    follower = IndexFollower(shelf, index)
    with pytest.raises(ConnectionError):
        await follower.catch_up()
    assert not follower.is_whole
    assert (len(found(index)), index.position.revs) == (20, {ORG: AT_ONCE})
    index.close()
    again = ArticleIndex(tmp_path)
    shelf.changed = broken  # type: ignore[method-assign]
    shelf.asked.clear()
    assert await IndexFollower(shelf, again).catch_up() == AT_ONCE + 10
    assert shelf.asked == [(ORG, AT_ONCE, 2 * AT_ONCE + 10)]
    assert again.position.is_whole
    again.close()


async def test_asked_to_the_index_is_made_anew_while_it_goes_on_answering(tmp_path: Path) -> None:
    shelf, index = Shelf(), ArticleIndex(tmp_path)
    for n in range(3):
        shelf.save(an_article(f"art_{n}", "Frost"))
    follower = IndexFollower(shelf, index)
    await follower.catch_up()
    index.apply([an_article("art_never_published", "Frost")])
    seen: list[int] = []
    slow = shelf.changed

    async def watched(org_id: OrgId, after: int, last: int) -> AsyncIterator[Sequence[Article]]:
        seen.append(len(found(index)))
        async for portion in slow(org_id, after, last):
            yield portion

    shelf.changed = watched  # type: ignore[method-assign]
    shelf.build = 1
    assert await follower.catch_up() == 3
    assert seen == [4], "what was there is found until the rest has come"
    assert sorted(found(index)) == ["art_0", "art_1", "art_2"]
    assert await follower.catch_up() == 0
    index.close()
    again = ArticleIndex(tmp_path)
    assert await IndexFollower(shelf, again).catch_up() == 0, "the request was done before the restart"
    again.close()


def largest(folder: Path, kind: str) -> Path:
    return max(folder.glob(f"articles-*/{kind}"), key=lambda file: file.stat().st_size)


def _garbage(file: Path) -> None:
    file.write_text("{broken")


def _cut(file: Path) -> None:
    os.truncate(file, file.stat().st_size // 2)


def _flipped(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 3] ^= 0xFF
    file.write_bytes(content)


@pytest.mark.parametrize(
    ("kind", "damage"),
    [
        ("meta.json", _garbage),
        ("meta.json", Path.unlink),
        *((kind, damage) for kind in ("*.idx", "*.store", "*.term") for damage in (Path.unlink, _cut, _flipped)),
    ],
)
async def test_damaged_files_come_anew(tmp_path: Path, kind: str, damage: Callable[[Path], None]) -> None:
    shelf, before = Shelf(), ArticleIndex(tmp_path)
    for n in range(3):
        shelf.save(an_article(f"art_{n}", "Frost"))
    await IndexFollower(shelf, before).catch_up()
    before.close()
    damage(largest(tmp_path, kind))
    after = ArticleIndex(tmp_path)
    follower = IndexFollower(shelf, after)
    assert await follower.catch_up() == 3
    assert sorted(found(after)) == ["art_0", "art_1", "art_2"]
    assert await follower.catch_up() == 0
    after.close()


async def test_files_deleted_under_a_running_process_come_anew(tmp_path: Path) -> None:
    shelf, index = Shelf(), ArticleIndex(tmp_path)
    shelf.save(an_article("art_1", "Frost"))
    follower = IndexFollower(shelf, index)
    await follower.catch_up()
    rmtree(largest(tmp_path, "meta.json").parent)
    shelf.save(an_article("art_2", "Frost"))
    with pytest.raises(Unavailable):
        await follower.catch_up()
    assert await follower.catch_up() == 2
    assert sorted(found(index)) == ["art_1", "art_2"]
    index.close()

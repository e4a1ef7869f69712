"""The follower: loads before serving, then keeps the index in step through changes and failures of the source."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from domain.articles import Article, ArticleChanges, ArticleState
from domain.ids import ArticleId, OrgId
from knowledge.follower import IndexFollower
from knowledge.index import ArticleIndex
from tests.knowledge.articles import ORG, OTHER_ORG, an_article


class Shelf:
    """Articles with one counter per organization, as the database keeps them."""

    def __init__(self) -> None:
        self.revs: dict[OrgId, int] = {}
        self.articles: dict[ArticleId, Article] = {}
        self.asked: list[dict[OrgId, int]] = []
        self.is_down = False

    def save(self, article: Article) -> Article:
        rev = self.revs[article.org_id] = self.revs.get(article.org_id, 0) + 1
        self.articles[article.id] = saved = replace(article, rev=rev)
        return saved

    async def changes(self, after: Mapping[OrgId, int]) -> ArticleChanges:
        self.asked.append(dict(after))
        await asyncio.sleep(0)
        if self.is_down:
            raise ConnectionError("no database")
        changed = (article for article in self.articles.values() if article.rev > after.get(article.org_id, 0))
        return ArticleChanges(dict(self.revs), tuple(changed))


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
    assert not follower.is_ready
    assert await follower.catch_up() == 2
    assert follower.is_ready
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
    assert shelf.asked == [{}, {ORG: 3, OTHER_ORG: 1}, {ORG: 3, OTHER_ORG: 2}]
    assert sorted(found(index, org_id=OTHER_ORG)) == ["art_10", "art_9"]


async def test_a_change_arrives_within_the_interval() -> None:
    shelf, index = Shelf(), ArticleIndex()
    follower = IndexFollower(shelf, index, interval_s=0.05)
    async with running(follower):
        await until(lambda: follower.is_ready)
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
        await until(lambda: follower.is_ready)
        shelf.save(an_article("art_1", "Frost"))
        follower.wake()
        await until(lambda: found(index) == ["art_1"])


async def test_a_failing_source_is_logged_and_tried_again() -> None:
    shelf, index = Shelf(), ArticleIndex()
    follower = IndexFollower(shelf, index, interval_s=0.02)
    shelf.is_down = True
    with capture_logs() as logs:
        async with running(follower):
            await until(lambda: len(shelf.asked) > 2)
            assert not follower.is_ready
            shelf.save(an_article("art_1", "Frost"))
            shelf.is_down = False
            await until(lambda: follower.is_ready)
            assert found(index) == ["art_1"]
            shelf.is_down = True
            asked = len(shelf.asked)
            await until(lambda: len(shelf.asked) > asked + 1)
            assert follower.is_ready
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
    assert "article_counter_fell_back" in {entry["event"] for entry in logs}


async def test_catch_up_tells_the_caller_of_a_failure() -> None:
    shelf = Shelf()
    shelf.is_down = True
    follower = IndexFollower(shelf, ArticleIndex())
    with pytest.raises(ConnectionError):
        await follower.catch_up()
    assert not follower.is_ready

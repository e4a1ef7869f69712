"""Vectors in memory: read when somebody searches, in step from then on, and compared within each language."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress

from domain.article_vectors import ArticleVectors
from domain.articles import ArticleLanguage
from domain.ids import ArticleId, OrgId
from knowledge.meaning import MODEL, packed
from knowledge.nearness import Nearness
from tests.knowledge.articles import ORG, OTHER_ORG
from tests.support.meanings import SmallMeaning

MEANING = SmallMeaning()


class Shelf:
    """Vectors as the database keeps them; what Nearness makes of them needs no more."""

    def __init__(self) -> None:
        self.revs: dict[OrgId, int] = {}
        self.kept: dict[ArticleId, ArticleVectors] = {}
        self.asked: list[tuple[OrgId, int, int]] = []

    def save(
        self, key: str, *texts: str, org_id: OrgId = ORG, language: str = "en", model: str = MODEL, is_done: bool = True
    ) -> None:
        rev = max([self.revs.get(org_id, 0), *(each.rev for each in self.kept.values())]) + 1
        vectors = packed(MEANING.of_passages(texts)) if texts else b""
        self.kept[ArticleId(key)] = ArticleVectors(
            ArticleId(key), org_id, rev, ArticleLanguage(language), model, vectors
        )
        if is_done:
            self.revs[org_id] = rev

    async def reached(self, org_id: OrgId) -> int:
        return self.revs.get(org_id, 0)

    async def changed(self, org_id: OrgId, after: int, last: int) -> AsyncIterator[Sequence[ArticleVectors]]:
        self.asked.append((org_id, after, last))
        for each in sorted(self.kept.values(), key=lambda each: each.rev):
            if each.org_id == org_id and after < each.rev <= last:
                yield [each]


def ids(nearness: Nearness, text: str, org_id: OrgId = ORG, limit: int = 10) -> list[str]:
    return [near.article_id for near in nearness.nearest(org_id, text, limit) if near.distance > 2]


async def wanted(shelf: Shelf) -> Nearness:
    nearness = Nearness(shelf, MEANING)
    nearness.want(ORG)
    await nearness.catch_up()
    return nearness


async def test_an_organization_is_read_when_it_is_wanted_and_followed() -> None:
    shelf = Shelf()
    shelf.save("art_1", "Ice on the windows", "About lorries")
    shelf.save("art_2", "About lunch")
    shelf.save("art_other", "Ice", org_id=OTHER_ORG)
    nearness = Nearness(shelf, MEANING)
    await nearness.catch_up()
    assert (shelf.asked, ids(nearness, "frost")) == ([], [])
    nearness.want(ORG)
    assert ids(nearness, "frost") == [], "the first search does without"
    await nearness.catch_up()
    assert ids(nearness, "frost") == ["art_1"]
    shelf.save("art_3", "A truck full of ice")
    shelf.save("art_1")
    await nearness.catch_up()
    await nearness.catch_up()
    assert ids(nearness, "frost") == ["art_3"]
    assert shelf.asked == [(ORG, 0, 2), (ORG, 2, 5)]
    assert ids(nearness, "frost", OTHER_ORG) == []
    assert ids(nearness, " ") == []


async def test_what_is_not_done_yet_and_what_another_model_made_is_left_out() -> None:
    shelf = Shelf()
    shelf.save("art_1", "Ice", model="another/1")
    shelf.save("art_2", "Ice on seals")
    shelf.save("art_3", "Ice on roads", is_done=False)
    assert ids(await wanted(shelf), "frost") == ["art_2"]


async def test_a_number_that_fell_back_means_another_database() -> None:
    shelf = Shelf()
    for n in range(3):
        shelf.save(f"art_{n}", f"Ice number {n}")
    nearness = await wanted(shelf)
    shelf.kept.clear()
    shelf.revs.clear()
    shelf.save("art_new", "Ice here")
    await nearness.catch_up()
    assert ids(nearness, "frost") == ["art_new"]


async def test_each_language_is_compared_with_itself() -> None:
    shelf = Shelf()
    shelf.save("art_en", "Ice on the windows")
    shelf.save("art_zh", "冰冻", language="zh-CN")
    for n in range(8):
        shelf.save(f"art_en_{n}", f"Lunch {n}")
    nearness = await wanted(shelf)
    assert sorted(ids(nearness, "frost")) == ["art_en", "art_zh"]
    across = {str(near.article_id): near.is_across for near in nearness.nearest(ORG, "frost", 3)}
    assert (len(across), across["art_en"], across["art_zh"]) == (3, False, True)
    across = {str(near.article_id): near.is_across for near in nearness.nearest(ORG, "冰冻 ice", 3)}
    assert (across["art_en"], across["art_zh"]) == (True, False)


async def test_a_task_follows_and_outlives_a_failure() -> None:
    shelf = Shelf()
    shelf.save("art_1", "Ice")
    nearness = Nearness(shelf, MEANING, interval_s=0.01)
    working = shelf.reached

    async def failing(org_id: OrgId) -> int:
        shelf.reached = working  # type: ignore[method-assign]
        raise ConnectionError("no database")

    shelf.reached = failing  # type: ignore[method-assign]
    task = asyncio.create_task(nearness.run())
    nearness.want(ORG)
    async with asyncio.timeout(10):
        while ids(nearness, "frost") != ["art_1"]:  # noqa: ASYNC110 - only asking shows it
            await asyncio.sleep(0.005)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task

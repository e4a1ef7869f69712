"""Real processes that are killed while they index: the next one loses nothing and shows nothing twice."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from domain.ids import OrgId, new_id
from knowledge.follower import IndexFollower
from knowledge.index import MAX_HITS, ArticleIndex
from storage.articles import StoredArticles, insert_published
from tests.conftest import START
from tests.knowledge.articles import an_article
from tests.support.killed_indexers import PORTION
from wiring.child_process import inherited
from wiring.services import build_store
from wiring.settings import Settings

ARTICLES = 4 * PORTION


def lines_until_killed(command: list[str], environment: dict[str, str], after: int, delay_s: float) -> Iterator[str]:
    """What the process says, until it is killed `delay_s` after its line number `after`."""
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for number, line in enumerate(process.stdout, start=1):
            yield line.strip()
            if number == after:
                time.sleep(delay_s)
                process.kill()


# By the number of the line and the wait behind it: within the first commits, just behind one, and before the last.
@pytest.mark.parametrize(("after", "delay_s"), [(1, 0.004), (2, 0.0), (3, 0.03), (7, 0.0)])
async def test_a_killed_indexer_is_followed_by_one_that_completes_its_work(
    settings: Settings, tmp_path: Path, after: int, delay_s: float
) -> None:
    settings = settings.model_copy(update={"mongodb_database": f"killed_indexers_{after}"})
    store = build_store(settings, str(settings.mongodb_uri))
    org_id = OrgId(new_id("org", START))
    articles = [an_article(new_id("art", START), f"Frost {n}", "Cold.", org_id=org_id) for n in range(ARTICLES)]
    await insert_published(store, articles)
    environment = inherited({"MONGODB_URI": str(settings.mongodb_uri), "MONGODB_DATABASE": settings.mongodb_database})
    command = [sys.executable, "-m", "tests.support.killed_indexers", str(tmp_path)]
    said = list(lines_until_killed(command, environment, after, delay_s))
    index = ArticleIndex(tmp_path)
    before = len(index.search(org_id, "frost", limit=MAX_HITS))
    assert before == index.position.revs.get(org_id, 0), "an article is there if and only if the position says so"
    assert before >= PORTION * said.count("done"), "what was done stayed done"
    follower = IndexFollower(StoredArticles(store), index)
    await follower.catch_up()
    found = [hit.article_id for hit in index.search(org_id, "frost", limit=MAX_HITS)]
    assert sorted(found) == sorted(each.id for each in articles)
    assert follower.is_whole
    index.close()
    await store.database.drop()
    await store.database.close()

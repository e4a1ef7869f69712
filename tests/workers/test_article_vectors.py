"""The worker that makes vectors: what was published, once, in portions, shared out, and anew for another model."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from domain.article_vectors import ArticleVectors
from domain.articles import Article, ArticleState
from domain.ids import OrgId, new_id
from knowledge.meaning import MODEL, unpacked
from resolvers.services import Services
from storage.article_vectors import COLLECTION, INDEXES, StoredVectors, claim_behind, list_behind
from storage.articles import COUNTERS, insert_published, save_article
from storage.store import Store
from tests.conftest import START, StoppedClock
from tests.knowledge.articles import an_article
from tests.support.meanings import SmallMeaning
from wiring.services import build_store
from wiring.settings import Settings
from workers import article_vectors
from workers.article_vectors import AT_ONCE, LEASE_S, make_vectors


@pytest.fixture
async def worker(settings: Settings, services: Services) -> AsyncIterator[Services]:
    """Services on a database of this test's own: the worker looks through all organizations."""
    store = build_store(
        settings.model_copy(update={"mongodb_database": "article_vectors_tests"}), str(settings.mongodb_uri)
    )
    await store[COLLECTION].create_indexes(INDEXES)
    yield replace(services, store=store)
    await store.database.drop()
    await store.database.close()


async def published(store: Store, count: int, **given: Any) -> list[Article]:
    org_id = OrgId(new_id("org", START))
    articles = [an_article(new_id("art", START), f"Frost {n}", org_id=org_id, **given) for n in range(count)]
    await insert_published(store, articles)
    return articles


async def kept(store: Store, org_id: OrgId) -> list[ArticleVectors]:
    source = StoredVectors(store, MODEL)
    last = await source.reached(org_id)
    return [each async for portion in source.changed(org_id, 0, last) for each in portion]


async def test_what_is_published_gets_vectors_once_and_what_is_retired_loses_them(
    worker: Services,
) -> None:
    store = worker.store
    articles = await published(store, AT_ONCE + 1)
    org_id, meaning = articles[0].org_id, SmallMeaning()
    assert await make_vectors(worker, meaning) == AT_ONCE
    assert len(await kept(store, org_id)) == AT_ONCE
    assert await make_vectors(worker, meaning) == 1
    assert await make_vectors(worker, meaning) == 0
    made = await kept(store, org_id)
    assert [each.article_id for each in made] == [each.id for each in articles]
    assert [len(unpacked(each.packed)) for each in made] == [1] * len(articles)
    assert len(meaning.passages) == len(articles)
    gone = replace(articles[0], state=ArticleState.RETIRED, version=2)

    async def retire(within: Store) -> None:
        await save_article(within, gone, public=True)

    await store.transaction(retire)
    assert await make_vectors(worker, meaning) == 1
    assert [(each.article_id, each.packed) for each in (await kept(store, org_id))[-1:]] == [(gone.id, b"")]
    assert len(meaning.passages) == len(articles), "nothing is read into what nobody reads"


async def test_workers_share_organizations_out_by_leases(worker: Services, clock: StoppedClock) -> None:
    store = worker.store
    org_id = (await published(store, 1))[0].org_id
    (behind,) = await list_behind(store, MODEL, clock())
    assert await claim_behind(store, behind, MODEL, clock(), LEASE_S)
    assert not await claim_behind(store, behind, MODEL, clock(), LEASE_S)
    clock.advance(seconds=LEASE_S - 1)
    assert await make_vectors(worker, SmallMeaning()) == 0
    clock.advance(seconds=1)
    assert await make_vectors(worker, SmallMeaning()) == 1, "the other worker is gone"
    assert len(await kept(store, org_id)) == 1


async def test_another_model_makes_all_anew(worker: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    store = worker.store
    org_id = (await published(store, 2))[0].org_id
    assert await make_vectors(worker, SmallMeaning()) == 2
    monkeypatch.setattr(article_vectors, "MODEL", "another/1")
    assert await make_vectors(worker, SmallMeaning()) == 2
    assert await StoredVectors(store, MODEL).reached(org_id) == 0
    assert await StoredVectors(store, "another/1").reached(org_id) == 2


async def test_a_database_put_back_is_read_again(worker: Services) -> None:
    store = worker.store
    org_id = (await published(store, 3))[0].org_id
    assert await make_vectors(worker, SmallMeaning()) == 3
    await store[COUNTERS].update_one({"_id": org_id}, {"$set": {"rev": 2}})
    assert await make_vectors(worker, SmallMeaning()) == 2
    assert await StoredVectors(store, MODEL).reached(org_id) == 2

"""Migrations: once each, resumable, and never against a newer database."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from domain.accounts import Tier
from domain.ids import LeadId, OrgId, TeamId
from domain.leads import Lead, StageKind
from storage.driver import connect
from storage.leads import COLLECTION as LEADS
from storage.leads import encode_lead
from storage.migrations import META, Migration, NewerDatabaseError, migrate
from storage.migrations.lead_keys import add_lead_keys
from storage.store import Store
from tests.conftest import START


@pytest.fixture
async def empty(mongo_uri: str) -> AsyncIterator[Store]:
    """A database of its own."""
    store = Store(connect(mongo_uri, "migrations"))
    yield store
    await store.database.drop()
    await store.database.close()


async def test_each_step_runs_once_and_an_interrupted_one_again(empty: Store) -> None:
    ran: list[int] = []
    fails = [True]

    def step(number: int) -> Migration:
        async def run(_: Store) -> None:
            ran.append(number)
            if number == 2 and fails.pop():
                raise RuntimeError("power cut")

        return Migration(number, f"step {number}", run)

    steps = (step(1), step(2))
    with pytest.raises(RuntimeError):
        await migrate(empty, START, said=print, migrations=steps)
    fails.append(False)
    assert await migrate(empty, START, said=print, migrations=steps) == 2
    assert await migrate(empty, START, said=print, migrations=steps) == 2
    assert ran == [1, 2, 2]


async def test_a_newer_database_is_refused(empty: Store) -> None:
    await empty[META].insert_one({"_id": "schema_version", "version": 99})
    with pytest.raises(NewerDatabaseError, match="99"):
        await migrate(empty, START, said=print)


def lead(number: int, kind: StageKind) -> Lead:
    return Lead(
        id=LeadId(f"led_{number:026d}"),
        org_id=OrgId("org_1"),
        name=f"Mill {number}",
        stage=kind.value,
        stage_kind=kind,
        tier=Tier.B,
        owner_id=None,
        team_id=TeamId("tea_1"),
        occurred_at=START,
        created_at=START,
        updated_at=START,
        phone=f"+49 30 55501{number:02}",
    )


async def test_leads_of_before_are_found_by_duplicates_and_in_the_pool(empty: Store) -> None:
    leads = [lead(number, StageKind.WON if number % 3 == 0 else StageKind.OPEN) for number in range(20)]
    now = [encode_lead(each) for each in leads]
    looked_for = {"match_keys", "pool", "pooled_at"}
    before = [{path: value for path, value in each.items() if path not in looked_for} for each in now]
    assert before != now
    # One was saved by this version already, and the step was interrupted once.
    await empty[LEADS].insert_many([now[1], *before[:1], *before[2:]])
    for _ in range(2):
        await add_lead_keys(empty)
        assert await empty[LEADS].find({}, order=[("_id", 1)], limit=50) == now

"""Two server processes that create leads at the same time share them out evenly within a rule."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest

from storage.leads import ASSIGNMENTS
from storage.leads import COLLECTION as LEADS
from storage.store import Store
from tests.support.assignment import save_rules
from tests.support.client import ApiClient, new_key
from tests.support.leads import CREATE
from tests.support.server_process import server_process
from tests.support.world import Member, World
from wiring.settings import Settings

AT_ONCE = 8
"""Calls under way in each process."""


async def created(urls: Sequence[str], member: Member, count: int) -> list[str | None]:
    """The owners of `count` leads that the servers create, each its share, side by side."""
    waiting = iter(range(count))
    owners: list[str | None] = []

    async def work(client: ApiClient) -> None:
        for number in waiting:
            given = {"name": f"Prospect {number}", "assignment": "AUTO"}
            key, answer = new_key(), {"code": "RETRY_LATER"}
            while answer.get("code") == "RETRY_LATER":
                answer = await client.first(CREATE, key=key, input=given)
            owners.append(answer["ownerId"])

    async def ask(url: str) -> None:
        async with ApiClient.connect(url) as client:
            await asyncio.gather(*(work(client.as_(str(member.api.token))) for _ in range(AT_ONCE)))

    await asyncio.gather(*(ask(url) for url in urls))
    return owners


@pytest.mark.parametrize("count", [200, pytest.param(1_000, marks=pytest.mark.long)])
async def test_two_processes_spread_leads_evenly(
    world: World, store: Store, settings: Settings, mongo_uri: str, tmp_path: Path, count: int
) -> None:
    candidates = [{"teamId": world.north.id}, {"personId": world.south_rep.id}]
    await save_rules(world.admin, {"candidates": candidates})
    changes = {"DATA": str(settings.data), "MONGODB_URI": mongo_uri, "MONGODB_DATABASE": "fieldbeat_tests"}
    changes |= {f"RATE_{each}_PER_MINUTE": "0" for each in ("USER_COST", "ORG_COST")}
    with ExitStack() as servers:
        folders = [tmp_path / name for name in ("one", "two")]
        for folder in folders:
            folder.mkdir()
        urls = [servers.enter_context(server_process(folder, **changes)).url for folder in folders]
        owners = await created(urls, world.admin, count)
    shares = Counter(owners)
    assert shares.keys() == {world.rep.id, world.second_rep.id, world.south_rep.id}
    assert max(shares.values()) - min(shares.values()) <= 1, shares
    leads = await store[LEADS].find({"org_id": world.org_id}, limit=count + 1, projection={"owner_id": 1})
    assert Counter(each["owner_id"] for each in leads) == shares
    traces = await store[ASSIGNMENTS].find({"org_id": world.org_id}, limit=count + 1, projection={"to_id": 1})
    assert Counter(each["to_id"] for each in traces) == shares

"""A clock is a fold of its events: thrown away and rebuilt, every clock is what it was."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from resolvers.services import Services
from seed.importing import unseen
from seed.rebuild_clocks import Rebuilt, rebuild_clocks
from storage.clocks import COLLECTION as CLOCKS
from storage.leads import COLLECTION as LEADS
from storage.store import Store
from tests.conftest import StoppedClock
from tests.support.client import new_key
from tests.support.leads import ASSIGN, MOVE, create_lead, log_activity
from tests.support.world import World
from workers.sla_watch import watch_once

KEPT = {
    "_id",
    "org_id",
    "lead_id",
    "owner_id",
    "team_id",
    "policy",
    "earlier",
    "log",
    "created_at",
    "updated_at",
    "generation",
    "version",
}
"""Of a clock's document: whose it is, what was promised, and its events."""


@pytest.fixture(autouse=True)
async def _only_our_clocks(store: Store, clock: StoppedClock) -> None:
    """Clocks of other tests would be rebuilt here."""
    await store[CLOCKS].delete_many({})


async def a_history(world: World, services: Services, clock: StoppedClock) -> None:
    """Clocks in every state, with breaches, legs, cycles, pauses and a merge."""
    kept = [(await create_lead(world.rep, tier=tier))["id"] for tier in "ABC"]
    await create_lead(world.manager, unassigned=True)
    hold = 'mutation ($key: String!, $id: ID!) { holdLead(clientKey: $key, id: $id, reason: "fair") { __typename } }'
    merge = """mutation ($key: String!, $one: ID!, $two: ID!) {
      mergeLeads(clientKey: $key, survivorLeadId: $one, mergedLeadId: $two) { __typename }
    }"""
    clock.advance(hours=5)
    await log_activity(world.rep, kept[0])
    await world.manager.api.first(ASSIGN, key=new_key(), id=kept[1], owner=world.second_rep.id)
    clock.advance(hours=20)
    while await watch_once(services, "one"):
        pass
    await log_activity(world.second_rep, kept[1])
    await log_activity(world.rep, kept[2], occurredAt="2026-11-23T22:00:00Z", evidence="CALL_LOG")
    clock.advance(hours=2)
    await log_activity(world.rep, kept[0])
    assert (await world.rep.api.first(hold, key=new_key(), id=kept[2]))["__typename"] == "Lead"
    await world.second_rep.api.first(MOVE, key=new_key(), id=kept[1], stage="LOST", reason="price")
    other = (await create_lead(world.rep))["id"]
    assert (await world.rep.api.first(merge, key=new_key(), one=other, two=kept[0]))["__typename"] == "Lead"
    clock.advance(hours=80)
    while await watch_once(services, "one"):
        pass


async def everything(store: Store, name: str, world: World) -> dict[str, dict[str, Any]]:
    found = await store[name].find({"org_id": world.org_id}, limit=200)
    return {each["_id"]: each for each in found}


async def test_all_clocks_and_leads_rebuilt_from_events_are_what_they_were(
    world: World, services: Services, store: Store, clock: StoppedClock
) -> None:
    await a_history(world, services, clock)
    clocks, leads = await everything(store, CLOCKS, world), await everything(store, LEADS, world)
    assert {each["state"] for each in clocks.values()} >= {"MET", "MET_LATE", "BREACHED", "PAUSED", "CANCELLED"}
    assert await rebuild_clocks(store, dry_run=False, progress=unseen) == Rebuilt(len(clocks), 0, 4, 0)

    for document in clocks.values():
        ruined = {name: value for name, value in document.items() if name in KEPT}
        await store[CLOCKS].replace_one({"_id": document["_id"]}, ruined | {"state": "MET", "due_at": datetime.min})  # noqa: DTZ901
    promised = {each["lead_id"] for each in clocks.values()}
    for lead in (leads[each] for each in promised):
        ruin = {"red_flag": not lead["red_flag"], "sla_due_at": None}
        await store[LEADS].update_one({"_id": lead["_id"]}, {"$set": ruin})

    dry = await rebuild_clocks(store, dry_run=True, progress=unseen)
    assert (dry.clocks_changed, dry.leads_changed) == (len(clocks), 4)
    done = await rebuild_clocks(store, dry_run=False, progress=unseen)
    assert (done.clocks_changed, done.leads_changed) == (len(clocks), 4)
    assert await everything(store, CLOCKS, world) == clocks
    told = {key: {**each, "version": 0} for key, each in leads.items()}
    assert {key: {**each, "version": 0} for key, each in (await everything(store, LEADS, world)).items()} == told
    assert await rebuild_clocks(store, dry_run=False, progress=unseen) == Rebuilt(len(clocks), 0, 4, 0)

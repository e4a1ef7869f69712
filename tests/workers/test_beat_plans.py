"""Beat plans that a dead process left: solved, and their visits made, by a worker."""

from __future__ import annotations

from datetime import timedelta

from domain.accounts import Tier
from resolvers.services import Services
from storage.beat_plans import COLLECTION
from tests.api.test_beat_plans import ONE, plan, planned_visits, publish
from tests.conftest import StoppedClock
from tests.support.planned_days import on_duty, place
from tests.support.world import World
from workers.beat_plans import MADE_WITHIN, SOLVED_WITHIN, finish_beat_plans


async def test_what_a_process_left_is_finished(world: World, services: Services, clock: StoppedClock) -> None:
    await on_duty(services, world.rep)
    await place(services, world.rep, 1, Tier.A)
    drafted = await plan(world.rep)
    unsolved = {"state": "SOLVING", "version": 1, "visits": [], "solved_at": None}
    await services.store[COLLECTION].update_one({"_id": drafted["id"]}, {"$set": unsolved})
    clock.now += SOLVED_WITHIN
    assert (await world.rep.api.first(ONE, id=drafted["id"]))["state"] == "SOLVING"
    clock.now += timedelta(seconds=1)
    assert await finish_beat_plans(services) >= 1
    found = await world.rep.api.first(ONE, id=drafted["id"])
    assert (found["state"], len(found["visits"])) == ("DRAFT", 2)

    await publish(world.rep, drafted)
    await services.store[COLLECTION].update_one({"_id": drafted["id"]}, {"$set": {"pending": True}})
    made_before = await planned_visits(world.rep)
    await services.store["visits"].delete_many({"site_id": made_before[0][1]})
    clock.now += MADE_WITHIN + timedelta(seconds=1)
    assert await finish_beat_plans(services) >= 1
    assert await planned_visits(world.rep) == made_before
    assert (await world.rep.api.first(ONE, id=drafted["id"]))["pending"] is False

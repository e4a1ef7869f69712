"""Route plans as a stream over a real WebSocket: solved, published, replaced, and nobody else's."""

from __future__ import annotations

from typing import Any

from domain.ids import new_id
from resolvers.services import Services
from storage.changes import GAP
from tests.api.test_routes import PLAN, PUBLISH, TODAY
from tests.conftest import START
from tests.support.client import new_key
from tests.support.planned_days import on_duty, place
from tests.support.watching import watching
from tests.support.world import World

WATCH = """subscription ($id: ID, $rep: ID, $date: Date) {
  routePlanChanged(id: $id, repId: $rep, date: $date) { plans { id state stops { site { name } } } mayHaveMissed }
}"""
FIELD = "routePlanChanged"


def shown(event: dict[str, Any]) -> list[tuple[str, str]]:
    return [(each["id"], each["state"]) for each in event["plans"]]


async def test_a_plan_is_followed_from_the_solver_to_its_end(api_url: str, world: World, services: Services) -> None:
    await on_duty(services, world.rep)
    await place(services, world.rep, 1)
    async with watching(api_url, world.manager.api, WATCH, FIELD, rep=world.rep.id, date=TODAY) as watch:
        assert await watch.event() == {"plans": [], "mayHaveMissed": False}
        plan = await world.rep.api.first(PLAN, key=new_key(), date=TODAY)
        seen = shown(await watch.event())
        if seen == [(plan["id"], "SOLVING")]:
            seen = shown(await watch.event())
        assert seen == [(plan["id"], "DRAFT")]
        assert (await world.rep.api.first(PUBLISH, key=new_key(), id=plan["id"]))["state"] == "PUBLISHED"
        event = await watch.event()
        assert shown(event) == [(plan["id"], "PUBLISHED")]
        assert event["plans"][0]["stops"] == [{"site": {"name": "Site 01"}}]


async def test_one_plan_comes_at_once_and_others_do_not(
    api_url: str, world: World, other_world: World, services: Services
) -> None:
    for member in (world.rep, world.second_rep):
        await on_duty(services, member)
        await place(services, member, 1)
    plan = await world.rep.api.first(PLAN, key=new_key(), date=TODAY)
    async with watching(api_url, world.rep.api, WATCH, FIELD, id=plan["id"]) as watch:
        assert shown(await watch.event()) == [(plan["id"], "DRAFT")]
        await world.second_rep.api.first(PLAN, key=new_key(), date=TODAY)
        await world.rep.api.first(PLAN, key=new_key(), date=TODAY)
        await watch.stays_quiet(0.5)
        services.changes._publish(GAP)
        event = await watch.event()
        assert (shown(event), event["mayHaveMissed"]) == ([(plan["id"], "DRAFT")], True)
    for stranger in (world.second_rep, world.south_manager, other_world.admin):
        async with watching(api_url, stranger.api, WATCH, FIELD, id=plan["id"]) as watch:
            assert await watch.event() == {"plans": [], "mayHaveMissed": False}
            await world.rep.api.first(PUBLISH, key=new_key(), id=plan["id"])
            await watch.stays_quiet(0.5)


async def test_what_does_not_exist_is_followed_without_a_sign(api_url: str, world: World) -> None:
    async with watching(api_url, world.rep.api, WATCH, FIELD, id=new_id("pln", START)) as watch:
        assert await watch.event() == {"plans": [], "mayHaveMissed": False}


async def test_only_who_is_signed_in_follows_plans(api_url: str, world: World) -> None:
    async with watching(api_url, world.rep.api.as_(""), WATCH, FIELD) as watch:
        message = await watch.message()
    errors = message["payload"] if message["type"] == "error" else message["payload"]["errors"]
    assert errors[0]["extensions"]["code"] == "UNAUTHENTICATED"

"""The organization's rules of planning over HTTP, and plans that are made by them."""

from __future__ import annotations

import asyncio
from typing import Any

from domain.accounts import Tier
from resolvers.services import Services
from tests.api.test_routes import PLAN, TODAY, at
from tests.support.client import new_key
from tests.support.planned_days import on_duty, place
from tests.support.world import Member, World

POLICY = """{ planningPolicy {
  version detourFactor speedKmH slowHours { fromHour untilHour speedKmH } lunchFrom lunchUntil lunchMinutes
  tiers { tier value serviceMinutes } promiseValue changePrice { moved reassigned dropped movedAfterMinutes } savedAt
} }"""
SAVE = """mutation ($key: String!, $input: PlanningPolicyInput!, $expected: Int!) {
  savePlanningPolicy(clientKey: $key, input: $input, expectedVersion: $expected) {
    __typename
    ... on PlanningPolicy { version lunchMinutes changePrice { moved dropped } savedAt }
    ... on Refusal { code }
    ... on InvalidInput { field }
    ... on VersionConflict { currentVersion }
  }
}"""
TIERS = [{"tier": tier, "value": value, "serviceMinutes": 30} for tier, value in (("A", 100), ("B", 50), ("C", 20))]


async def save(member: Member, expected: int = 0, **given: Any) -> dict[str, Any]:
    answer: dict[str, Any] = await member.api.first(
        SAVE, key=new_key(), input={"tiers": TIERS} | given, expected=expected
    )
    return answer


async def test_every_organization_begins_with_the_usual_rules(world: World) -> None:
    assert await world.rep.api.first(POLICY) == {
        "version": 0,
        "detourFactor": 1.35,
        "speedKmH": 30.0,
        "slowHours": [],
        "lunchFrom": "11:30",
        "lunchUntil": "13:30",
        "lunchMinutes": 45,
        "tiers": TIERS,
        "promiseValue": 200,
        "changePrice": {"moved": 5, "reassigned": 20, "dropped": 30, "movedAfterMinutes": 15},
        "savedAt": None,
    }


async def test_administrators_save_rules_in_versions(world: World, other_world: World) -> None:
    key, call = new_key(), {"input": {"tiers": TIERS, "changePrice": {"moved": 9}}, "expected": 0}
    saved = await world.admin.api.first(SAVE, key=key, **call)
    assert (saved["version"], saved["changePrice"]) == (1, {"moved": 9, "dropped": 30})
    assert await world.admin.api.first(SAVE, key=key, **call) == saved
    stale = await save(world.admin)
    assert (stale["code"], stale["currentVersion"]) == ("CONFLICT", 1)
    assert (await save(world.admin, 1, lunchMinutes=121))["field"] == "lunchMinutes"
    assert (await save(world.admin, 1, tiers=TIERS[:2]))["field"] == "tiers"
    assert (await save(world.admin, 1, lunchMinutes=0))["version"] == 2
    assert (await world.rep.api.first(POLICY))["lunchMinutes"] == 0
    assert (await other_world.rep.api.first(POLICY))["version"] == 0
    for member in (world.rep, world.manager, world.director, world.support):
        assert await member.api.code(SAVE, key=new_key(), **call) == "FORBIDDEN"
    assert await world.rep.api.as_("").code(POLICY) == "UNAUTHENTICATED"


async def test_two_who_save_the_first_rules_at_once(world: World) -> None:
    answers = await asyncio.gather(*(save(world.admin) for _ in range(2)))
    assert sorted(each.get("code", "saved") for each in answers) == ["CONFLICT", "saved"]


async def test_plans_are_made_by_the_rules_of_the_organization(world: World, services: Services) -> None:
    await on_duty(services, world.rep)
    for number in range(3):
        await place(services, world.rep, number, Tier.C)
    usual = await world.rep.api.first(PLAN, key=new_key(), date=TODAY)
    tiers = [*TIERS[:2], {"tier": "C", "value": 33, "serviceMinutes": 50}]
    rules: dict[str, Any] = {"tiers": tiers, "lunchMinutes": 0, "detourFactor": 2.7, "speedKmH": 15.0}
    assert (await save(world.admin, **rules))["version"] == 1

    slow = await world.rep.api.first(PLAN, key=new_key(), date=TODAY)

    assert len(usual["stops"]) == len(slow["stops"]) == 3
    assert [(at(each["leaveAt"]) - at(each["startAt"])).total_seconds() for each in slow["stops"]] == [3000] * 3
    assert (usual["lunchStartAt"] is None, slow["lunchStartAt"]) == (False, None)
    # Never visited, so a whole interval late: worth twice the tier's value.
    assert {each["value"] for each in slow["stops"]} == {66}
    assert abs(slow["distanceM"] - 2 * usual["distanceM"]) < 1
    seconds = [sum(each["legS"] for each in plan["stops"]) for plan in (usual, slow)]
    assert abs(seconds[1] - 4 * seconds[0]) <= 12


async def test_rush_hours_slow_a_plan_down(world: World, services: Services) -> None:
    await on_duty(services, world.rep)
    await place(services, world.rep, 3)
    usual = await world.rep.api.first(PLAN, key=new_key(), date=TODAY)
    assert (await save(world.admin, slowHours=[{"fromHour": 0, "untilHour": 24, "speedKmH": 10.0}]))["version"] == 1
    slow = await world.rep.api.first(PLAN, key=new_key(), date=TODAY)
    assert abs(slow["stops"][0]["legS"] - 3 * usual["stops"][0]["legS"]) <= 3

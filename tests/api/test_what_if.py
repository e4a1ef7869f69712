"""What it would take to make a visit that a plan left out, through GraphQL over HTTP with the real solver."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from domain.accounts import Tier
from resolvers.planner import MAX_ASKED
from resolvers.services import Services
from tests.support.client import new_key
from tests.support.planned_days import on_duty, place
from tests.support.world import Member, World

PLAN = """mutation ($key: String!, $date: Date!) { planDay(clientKey: $key, date: $date, waitMs: 10000) {
  ... on RoutePlan { id state stops { site { id } startAt } dropped { site { id } why needsLaterEndS } }
} }"""
APPOINT = """mutation ($key: String!, $site: ID!, $at: DateTime!) {
  scheduleVisit(clientKey: $key, input: {siteId: $site, startAt: $at}) { ... on Visit { id } ... on Refusal { code } }
}"""
WHAT_IF = """query ($plan: ID!, $site: ID!, $later: Int! = 0, $rep: ID, $date: Date) {
  whatIf(planId: $plan, siteId: $site, laterEndMinutes: $later, repId: $rep, date: $date) {
    site { id } rep { id } date fits explanation why startAt endAt leavesOutSiteIds
    value valueWithout distanceM distanceWithoutM proven
  }
}"""
TODAY, TOMORROW, SATURDAY = "2026-11-23", "2026-11-24", "2026-11-28"
SHANGHAI = ZoneInfo("Asia/Shanghai")


async def full_day(world: World, services: Services, count: int = 7) -> dict[str, Any]:
    """The plan of a short shift (09:00-12:00) that cannot hold all of the rep's sites."""
    await on_duty(services, world.rep, "09:00-12:00")
    for number in range(1, count + 1):
        await place(services, world.rep, number)
    plan: dict[str, Any] = await world.rep.api.first(PLAN, key=new_key(), date=TODAY)
    assert plan["dropped"]
    return plan


async def ask(member: Member, plan: dict[str, Any], site: str, **given: Any) -> Any:
    return await member.api.first(WHAT_IF, plan=plan["id"], site=site, **given)


async def test_a_later_end_makes_room_and_without_it_another_visit_goes(world: World, services: Services) -> None:
    plan = await full_day(world, services)
    drop = plan["dropped"][0]
    site = drop["site"]["id"]
    now = await ask(world.rep, plan, site)
    assert (now["fits"], now["proven"], now["date"], now["rep"]["id"]) == (True, True, TODAY, world.rep.id)
    assert len(now["leavesOutSiteIds"]) == 1
    assert now["value"] <= now["valueWithout"]
    local = datetime.fromisoformat(now["startAt"]).astimezone(SHANGHAI)
    assert now["explanation"] == f"It fits at {local:%H:%M}. One other visit would be left out."

    later = await ask(world.rep, plan, site, later=-(-drop["needsLaterEndS"] // 60))
    assert (later["fits"], later["leavesOutSiteIds"]) == (True, [])
    assert later["value"] > later["valueWithout"]
    assert later["distanceM"] > 0
    noon = datetime.fromisoformat("2026-11-23T04:00:00+00:00")
    assert datetime.fromisoformat(now["endAt"]) <= noon < datetime.fromisoformat(later["endAt"])
    assert (await world.rep.api.first(PLAN, key=new_key(), date=TODAY))["dropped"] != []


async def test_another_day_and_another_rep(world: World, services: Services) -> None:
    plan = await full_day(world, services)
    site = plan["dropped"][0]["site"]["id"]
    tomorrow = await ask(world.rep, plan, site, date=TOMORROW)
    assert (tomorrow["fits"], tomorrow["date"]) == (True, TOMORROW)
    assert tomorrow["startAt"].startswith(TOMORROW)
    free = await ask(world.rep, plan, site, date=SATURDAY)
    assert (free["fits"], free["explanation"]) == (False, "There is no shift on that day.")

    await on_duty(services, world.second_rep, "09:00-12:00")
    other = await ask(world.manager, plan, site, rep=world.second_rep.id)
    assert (other["fits"], other["rep"]["id"], other["leavesOutSiteIds"]) == (True, world.second_rep.id, [])
    assert other["valueWithout"] == 0


async def test_a_planned_visit_by_somebody_else(world: World, services: Services) -> None:
    plan = await full_day(world, services)
    site = plan["stops"][0]["site"]["id"]
    await on_duty(services, world.second_rep, "09:00-12:00")
    given = await ask(world.manager, plan, site, rep=world.second_rep.id)
    assert (given["fits"], given["site"]["id"], given["rep"]["id"]) == (True, site, world.second_rep.id)
    assert given["distanceM"] > given["distanceWithoutM"] == 0


async def test_what_cannot_be_says_why(world: World, services: Services) -> None:
    await on_duty(services, world.rep)
    closed = await place(services, world.rep, 3, Tier.A, "Su 10:00-12:00")
    promised = await place(services, world.rep, 2, Tier.C)
    at_that_time = await place(services, world.rep, 9, Tier.A, "Mo-Fr 15:00-15:30")
    booked = await world.rep.api.first(APPOINT, key=new_key(), site=promised, at="2026-11-23T07:00:00Z")
    assert "id" in booked, booked
    plan = await world.rep.api.first(PLAN, key=new_key(), date=TODAY)
    assert {each["site"]["id"] for each in plan["dropped"]} == {closed, at_that_time}

    found = await ask(world.rep, plan, closed, later=60)
    assert (found["fits"], found["why"], found["startAt"]) == (False, "NO_OPEN_WINDOW", None)
    assert found["explanation"] == "The site is closed during the shift."
    found = await ask(world.rep, plan, at_that_time)
    assert not found["fits"]
    assert found["explanation"] == "An appointment would have to be broken."
    assert found["leavesOutSiteIds"] == [promised]


async def test_only_who_may_plan_that_day_is_answered(world: World, other_world: World, services: Services) -> None:
    plan = await full_day(world, services)
    site = plan["dropped"][0]["site"]["id"]
    assert await ask(world.rep, plan, "sit_01J00000000000000000000000") is None
    assert await ask(world.rep, {"id": "pln_01J00000000000000000000000"}, site) is None
    for member in (world.second_rep, world.south_rep, world.south_manager, other_world.admin):
        assert await ask(member, plan, site) is None, member.person.name
    assert await ask(world.manager, plan, site, rep=world.south_rep.id) is None
    codes = [
        await world.support.api.code(WHAT_IF, plan=plan["id"], site=site),
        await world.rep.api.as_("").code(WHAT_IF, plan=plan["id"], site=site),
        await world.rep.api.code(WHAT_IF, plan=plan["id"], site=site, later=-1),
        await world.rep.api.code(WHAT_IF, plan=plan["id"], site=site, later=361),
        await world.rep.api.code(WHAT_IF, plan=plan["id"], site=site, date="2027-11-23"),
    ]
    assert codes == ["FORBIDDEN", "UNAUTHENTICATED", "BAD_INPUT", "BAD_INPUT", "BAD_INPUT"]


async def test_too_many_questions_are_turned_away(
    world: World, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = await full_day(world, services)
    site = plan["dropped"][0]["site"]["id"]
    monkeypatch.setattr(services.planner, "asked", MAX_ASKED)
    assert await world.rep.api.code(WHAT_IF, plan=plan["id"], site=site) == "UNAVAILABLE"
    monkeypatch.setattr(services.planner, "asked", MAX_ASKED - 1)
    assert (await ask(world.rep, plan, site))["fits"]

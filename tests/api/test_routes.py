"""Planning a day and publishing the plan, through GraphQL over HTTP with the real solver."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from domain.accounts import Tier
from domain.datum import from_wgs84
from domain.places import Datum, Point
from domain.polylines import decode
from resolvers.services import Services
from storage.people import save_person
from tests.conftest import StoppedClock
from tests.support.client import new_key
from tests.support.planned_days import CENTRE, on_duty, place
from tests.support.world import World

PLAN = """mutation ($key: String!, $date: Date!, $rep: ID, $wait: Int! = 8000) {
  planDay(clientKey: $key, date: $date, repId: $rep, waitMs: $wait) {
    __typename
    ... on RoutePlan {
      id state version date value distanceM proof lunchStartAt lunchEndAt
      stops { site { id name } reason value fixed legS arriveAt startAt leaveAt visit { id } }
      dropped { site { id } why limit }
    }
    ... on Refusal { code message }
  }
}"""
PUBLISH = """mutation ($key: String!, $id: ID!, $expected: Int) {
  publishPlan(clientKey: $key, id: $id, expectedVersion: $expected) {
    __typename ... on RoutePlan { id state version } ... on Refusal { code }
  }
}"""
VISITS = """query ($rep: ID) { visits(first: 100, filter: {repId: $rep}, order: SOONEST) {
  nodes { id state kind plannedStartAt plannedEndAt site { id } } } }"""
EXPLAINED = """query ($id: ID!) {
  routePlan(id: $id) {
    dropped { site { id } why explanation needsLaterEndS displacedBySiteIds }
    changes { kind site { id } fromAt toAt explanation }
  }
}"""
LEGS = """query ($id: ID!, $datum: Datum!) {
  routePlan(id: $id) {
    distanceM travelS stops { site { id location { latitude longitude } } legEstimated legS }
    legs { distanceM durationS estimated line(datum: $datum) { type coordinates polyline datum } }
  }
}"""
ONE = "query ($id: ID!) { routePlan(id: $id) { id state } }"
APPOINT = """mutation ($key: String!, $site: ID!, $at: DateTime!) {
  scheduleVisit(clientKey: $key, input: {siteId: $site, startAt: $at}) {
    __typename ... on Visit { id } ... on Refusal { message }
  }
}"""
TODAY = "2026-11-23"


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


async def test_plan_day_keeps_hours_lunch_and_appointments_and_explains_the_rest(
    world: World, services: Services
) -> None:
    await on_duty(services, world.rep)
    for number in range(20):
        await place(services, world.rep, number, Tier.C)
    closed = await place(services, world.rep, 3, Tier.A, "Su 10:00-12:00")
    morning = await place(services, world.rep, 5, Tier.A, "Mo-Fr 09:00-10:30")
    promised = await place(services, world.rep, 7, Tier.C)
    booked = await world.rep.api.first(APPOINT, key=new_key(), site=promised, at="2026-11-23T07:00:00Z")
    assert booked["__typename"] == "Visit", booked

    plan = await world.rep.api.first(PLAN, key=new_key(), date=TODAY)

    assert (plan["__typename"], plan["state"], plan["date"]) == ("RoutePlan", "DRAFT", TODAY)
    stops = {stop["site"]["id"]: stop for stop in plan["stops"]}
    assert stops[promised]["startAt"] == "2026-11-23T07:00:00.000Z"
    assert stops[promised]["fixed"]
    assert stops[promised]["visit"]["id"] == booked["id"]
    assert at(stops[morning]["leaveAt"]) <= datetime(2026, 11, 23, 2, 30, tzinfo=UTC)
    assert {each["site"]["id"]: each["why"] for each in plan["dropped"]}[closed] == "NO_OPEN_WINDOW"
    assert len(stops) + len(plan["dropped"]) == 23
    assert all(each["why"] for each in plan["dropped"])
    lunch = at(plan["lunchStartAt"]), at(plan["lunchEndAt"])
    assert lunch[1] - lunch[0] == timedelta(minutes=45)
    for stop in plan["stops"]:
        assert at(stop["leaveAt"]) <= lunch[0] or at(stop["startAt"]) >= lunch[1]
    for earlier, later in zip(plan["stops"], plan["stops"][1:], strict=False):
        assert at(earlier["leaveAt"]) + timedelta(seconds=later["legS"]) <= at(later["startAt"])


async def test_publish_plan_makes_the_visits_and_a_second_plan_replaces_only_what_is_still_planned(
    world: World, services: Services
) -> None:
    await on_duty(services, world.rep)
    for number in range(4):
        await place(services, world.rep, number, Tier.A)
    plan = await world.rep.api.first(PLAN, key=new_key(), date=TODAY)
    assert len(plan["stops"]) == 4
    stale = await world.rep.api.first(PUBLISH, key=new_key(), id=plan["id"], expected=1)
    assert stale["code"] == "CONFLICT"
    key = new_key()
    for _ in range(3):
        published = await world.rep.api.first(PUBLISH, key=key, id=plan["id"], expected=plan["version"])
        assert published["state"] == "PUBLISHED"
    visits = (await world.rep.api.first(VISITS))["nodes"]
    assert [each["site"]["id"] for each in visits] == [stop["site"]["id"] for stop in plan["stops"]]
    assert {each["state"] for each in visits} == {"PLANNED"}
    again = await world.rep.api.first(PUBLISH, key=new_key(), id=plan["id"])
    assert again["code"] == "WRONG_STATE"

    await place(services, world.rep, 9, Tier.A)
    second = await world.rep.api.first(PLAN, key=new_key(), date=TODAY)
    assert len(second["stops"]) == 5
    assert (await world.rep.api.first(PUBLISH, key=new_key(), id=second["id"]))["state"] == "PUBLISHED"
    assert len((await world.rep.api.first(VISITS))["nodes"]) == 5
    assert (await world.rep.api.first(ONE, id=plan["id"]))["state"] == "SUPERSEDED"


async def test_plan_day_waits_no_longer_than_asked_and_is_followed_by_its_id(world: World, services: Services) -> None:
    await on_duty(services, world.rep)
    for number in range(14):
        await place(services, world.rep, number)
    key = new_key()
    first = await world.rep.api.first(PLAN, key=key, date=TODAY, wait=0)
    assert first["state"] == "SOLVING"
    refused = await world.rep.api.first(PUBLISH, key=new_key(), id=first["id"])
    assert refused["code"] == "PLAN_NOT_READY"
    later = await world.rep.api.first(PLAN, key=key, date=TODAY, wait=8000)
    assert (later["id"], later["state"]) == (first["id"], "DRAFT")


async def test_a_manager_plans_for_the_team_and_nobody_else_sees_it(
    world: World, other_world: World, services: Services, clock: StoppedClock
) -> None:
    await on_duty(services, world.rep)
    await place(services, world.rep, 1)
    plan = await world.manager.api.first(PLAN, key=new_key(), date=TODAY, rep=world.rep.id)
    assert plan["state"] == "DRAFT"
    for member in (world.rep, world.manager, world.director, world.admin, world.support):
        assert await member.api.first(ONE, id=plan["id"]) is not None, member.person.name
    for member in (world.second_rep, world.south_rep, world.south_manager, other_world.admin):
        assert await member.api.first(ONE, id=plan["id"]) is None, member.person.name
        assert (await member.api.first(PUBLISH, key=new_key(), id=plan["id"]))["code"] == "NOT_FOUND"
    assert await world.second_rep.api.code(PLAN, key=new_key(), date=TODAY, rep=world.rep.id) == "FORBIDDEN"
    assert await world.support.api.code(PUBLISH, key=new_key(), id=plan["id"]) == "FORBIDDEN"
    foreign = await world.south_manager.api.first(PLAN, key=new_key(), date=TODAY, rep=world.rep.id)
    assert foreign["code"] == "NOT_FOUND"
    anonymous = world.rep.api.as_("")
    assert await anonymous.code(PLAN, key=new_key(), date=TODAY) == "UNAUTHENTICATED"
    assert await anonymous.code(PUBLISH, key=new_key(), id=plan["id"]) == "UNAUTHENTICATED"
    assert await anonymous.code(ONE, id=plan["id"]) == "UNAUTHENTICATED"


@pytest.mark.parametrize(
    ("date", "wait", "code"),
    [
        ("2026-11-28", 0, "NO_SHIFT_PLANNED"),
        ("2027-11-23", 0, "BAD_INPUT"),
        (TODAY, -1, "BAD_INPUT"),
        (TODAY, 60_000, "BAD_INPUT"),
    ],
)
async def test_plan_day_refusals(world: World, services: Services, date: str, wait: int, code: str) -> None:
    await on_duty(services, world.rep)
    assert (await world.rep.api.first(PLAN, key=new_key(), date=date, wait=wait))["code"] == code
    assert await world.rep.api.code(PLAN, key=new_key(), date="2026-02-30") == "BAD_INPUT"


async def test_a_day_without_candidates_has_an_empty_plan(world: World, services: Services) -> None:
    await on_duty(services, world.rep)
    plan = await world.rep.api.first(PLAN, key=new_key(), date=TODAY)
    assert (plan["state"], plan["stops"], plan["dropped"]) == ("DRAFT", [], [])


async def test_a_shift_that_has_begun_is_planned_from_now(
    world: World, services: Services, clock: StoppedClock
) -> None:
    await on_duty(services, world.rep)
    for number in range(12):
        await place(services, world.rep, number)
    clock.advance(hours=5)
    plan = await world.rep.api.first(PLAN, key=new_key(), date=TODAY)
    assert plan["stops"]
    assert all(at(stop["arriveAt"]) >= clock.now for stop in plan["stops"])
    assert len(plan["stops"]) + len(plan["dropped"]) == 12


async def test_the_drives_are_lines_for_the_map_and_hidden_with_the_start_point(
    world: World, services: Services
) -> None:
    await on_duty(services, world.rep)
    for number in range(1, 4):
        await place(services, world.rep, number)
    plan = await world.rep.api.first(PLAN, key=new_key(), date=TODAY)

    found = await world.rep.api.first(LEGS, id=plan["id"], datum="WGS84")
    legs = found["legs"]
    assert len(found["stops"]) == 3
    assert len(legs) == 4
    assert sum(each["distanceM"] for each in legs) == pytest.approx(found["distanceM"])
    assert sum(each["durationS"] for each in legs) == found["travelS"]
    # No road engine is set up for the tests.
    assert all(each["estimated"] for each in legs)
    assert all(stop["legEstimated"] for stop in found["stops"])
    route = [CENTRE, *(Point(**stop["site"]["location"]) for stop in found["stops"]), CENTRE]
    for leg, (a, b) in zip(legs, pairwise(route), strict=True):
        assert leg["line"]["type"] == "LineString"
        assert leg["line"]["coordinates"] == [[round(p.longitude, 5), round(p.latitude, 5)] for p in (a, b)]
        assert list(decode(leg["line"]["polyline"])) == [
            Point(round(p.latitude, 5), round(p.longitude, 5)) for p in (a, b)
        ]

    shifted = await world.rep.api.first(LEGS, id=plan["id"], datum="GCJ02")
    line = shifted["legs"][0]["line"]
    latitude, longitude = from_wgs84(Point(*reversed(legs[0]["line"]["coordinates"][0])), Datum.GCJ02)
    assert line["coordinates"][0] == [longitude, latitude]
    assert line["datum"] == "GCJ02"
    assert decode(line["polyline"])[0] == Point(round(latitude, 5), round(longitude, 5))

    for member in (world.manager, world.director):
        assert (await member.api.first(LEGS, id=plan["id"], datum="WGS84"))["legs"] == legs
    for member in (world.admin, world.support):
        assert (await member.api.first(LEGS, id=plan["id"], datum="WGS84"))["legs"] is None


async def test_drops_and_changes_are_explained_in_the_readers_language(world: World, services: Services) -> None:
    await on_duty(services, world.rep)
    for number in range(1, 18):
        await place(services, world.rep, number)
    closed = await place(services, world.rep, 3, Tier.A, "Su 10:00-12:00")
    first = await world.rep.api.first(PLAN, key=new_key(), date=TODAY)
    assert (await world.rep.api.first(EXPLAINED, id=first["id"]))["changes"] == []
    assert (await world.rep.api.first(PUBLISH, key=new_key(), id=first["id"]))["state"] == "PUBLISHED"

    new = await place(services, world.rep, 0, Tier.A)
    second = await world.rep.api.first(PLAN, key=new_key(), date=TODAY)
    found = await world.rep.api.first(EXPLAINED, id=second["id"])
    texts = {each["site"]["id"]: each["explanation"] for each in found["dropped"]}
    assert texts[closed] == "The site is closed during the shift."
    assert all(each["explanation"].endswith(".") for each in found["dropped"])

    changes = {each["site"]["id"]: each for each in found["changes"]}
    assert changes[new]["kind"] == "ADDED"
    local = at(changes[new]["toAt"]).astimezone(ZoneInfo("Asia/Shanghai"))
    assert changes[new]["explanation"] == f"New at {local:%H:%M}."
    sites = [{stop["site"]["id"] for stop in plan["stops"]} for plan in (first, second)]
    kinds = {kind: {site for site, each in changes.items() if each["kind"] == kind} for kind in ("ADDED", "REMOVED")}
    assert kinds == {"ADDED": sites[1] - sites[0], "REMOVED": sites[0] - sites[1]}
    assert kinds["REMOVED"]

    person = await services.store["people"].find_one({"_id": world.manager.id})
    assert person is not None
    manager = replace(world.manager.person, locale="zh-CN", version=person["version"] + 1)
    assert await save_person(services.store, manager) is not None
    in_chinese = await world.manager.api.first(EXPLAINED, id=second["id"])
    assert closed in {each["site"]["id"] for each in in_chinese["dropped"]}
    assert {"该网点在班次内不营业。"} <= {each["explanation"] for each in in_chinese["dropped"]}

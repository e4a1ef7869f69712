"""Planning a published day again, through GraphQL over HTTP with the real solver, at any moment of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from domain.access import Scope
from domain.accounts import Tier
from domain.ids import new_id
from domain.visits import Visit, VisitState
from resolvers.replans import solve_replan, solve_team_replan
from resolvers.services import Services
from storage.team_days import find_team_day
from storage.visits import find_visit, save_visit
from tests.api.test_planning_policies import SAVE as SAVE_POLICY
from tests.api.test_planning_policies import TIERS
from tests.api.test_routes import PLAN, PUBLISH, TODAY, VISITS, at
from tests.api.test_team_days import PLAN as PLAN_TEAM
from tests.api.test_team_days import PUBLISH as PUBLISH_TEAM
from tests.api.test_team_days import plan_of
from tests.conftest import START, StoppedClock
from tests.support.absences import record_absence
from tests.support.client import new_key
from tests.support.leads import create_lead
from tests.support.planned_days import on_duty, place
from tests.support.world import Member, World
from workers.routes import solve_left_over

PLAN_FIELDS = """id state version date value bound distanceM difference changePoints netValue keptNetValue
      rep { id } replans { id state }
      stops { site { id } visit { id } frozen fixed fromRep { id } reason startAt leaveAt legS legDistanceM }
      legs { distanceM }
      dropped { site { id } why explanation }
      changes { kind site { id } fromAt toAt fromRep { id } toRep { id } explanation }"""
REPLAN = f"""mutation (
  $key: String!, $date: Date, $rep: ID, $delay: Int! = 0, $leads: [ID!], $id: ID, $wait: Int! = 9000
) {{
  replanDay(
    clientKey: $key, date: $date, repId: $rep, delayMinutes: $delay, urgentLeadIds: $leads, id: $id, waitMs: $wait
  ) {{
    __typename
    ... on RoutePlan {{ {PLAN_FIELDS} }}
    ... on Refusal {{ code message }}
    ... on InvalidInput {{ field }}
    ... on NotFound {{ recordId }}
  }}
}}"""
TEAM_FIELDS = f"""id state version isReplan moved value changePoints netValue keptNetValue
      plans(first: 30) {{ {PLAN_FIELDS} }}"""
REPLAN_TEAM = f"""mutation (
  $key: String!, $team: ID!, $date: Date!, $absent: [ID!], $delays: [DelayInput!], $leads: [ID!], $wait: Int! = 9000
) {{
  replanTeam(
    clientKey: $key, teamId: $team, date: $date, absentRepIds: $absent, delays: $delays, urgentLeadIds: $leads,
    waitMs: $wait
  ) {{
    __typename
    ... on TeamDay {{ {TEAM_FIELDS} }}
    ... on Refusal {{ code message }}
    ... on InvalidInput {{ field }}
    ... on NotFound {{ recordId }}
  }}
}}"""
CANCEL = """mutation ($key: String!, $id: ID!) { cancelVisit(clientKey: $key, id: $id, reason: "closed today") {
  __typename ... on Visit { state } ... on Refusal { code message } } }"""
APPOINT = """mutation ($key: String!, $site: ID!, $at: DateTime!) {
  scheduleVisit(clientKey: $key, input: {siteId: $site, startAt: $at}) {
    __typename ... on Visit { id } ... on Refusal { message } } }"""


async def published_day(member: Member, by: Member | None = None) -> dict[str, Any]:
    """The member's plan of today, published."""
    who = by or member
    plan = await who.api.first(PLAN, key=new_key(), date=TODAY, rep=member.id)
    assert plan["state"] == "DRAFT", plan
    published = await who.api.first(PUBLISH, key=new_key(), id=plan["id"])
    assert published["state"] == "PUBLISHED", published
    return dict(plan)


async def replan(member: Member, **given: Any) -> dict[str, Any]:
    answer = await member.api.first(REPLAN, **{"key": new_key()} | given)
    return dict(answer)


async def visits_of(member: Member) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await member.api.first(VISITS))["nodes"]
    return found


async def change(services: Services, world: World, visit_id: str, **given: Any) -> Visit:
    """The visit as it went, without an app."""
    visit = await find_visit(services.store, Scope.whole_organization(world.org_id), visit_id)
    assert visit is not None
    assert await save_visit(services.store, replace(visit, version=visit.version + 1, **given)) is not None
    return visit


def starts(plan: dict[str, Any]) -> dict[str, datetime]:
    return {stop["site"]["id"]: at(stop["startAt"]) for stop in plan["stops"]}


async def test_after_a_cancellation_only_that_visit_is_gone(world: World, services: Services) -> None:
    await on_duty(services, world.rep)
    for number in range(5):
        await place(services, world.rep, number)
    plan = await published_day(world.rep)
    second = (await visits_of(world.rep))[1]
    assert (await world.rep.api.first(CANCEL, key=new_key(), id=second["id"]))["state"] == "CANCELLED"

    key = new_key()
    again = await replan(world.rep, key=key)

    assert (again["state"], again["replans"]["id"]) == ("DRAFT", plan["id"])
    before = starts(plan)
    del before[second["site"]["id"]]
    assert starts(again) == before
    assert (again["changes"], again["changePoints"], again["difference"]) == ([], 0, "Nothing changes.")
    assert again["netValue"] == again["keptNetValue"]
    assert second["site"]["id"] not in {each["site"]["id"] for each in again["dropped"]}
    assert (await replan(world.rep, key=key))["id"] == again["id"]
    published = await world.rep.api.first(PUBLISH, key=new_key(), id=again["id"])
    assert published["state"] == "PUBLISHED"
    assert [each["state"] for each in await visits_of(world.rep)].count("PLANNED") == 4


async def test_a_day_planned_again_does_not_replace_a_plan_it_never_saw(world: World, services: Services) -> None:
    await on_duty(services, world.rep)
    for number in range(3):
        await place(services, world.rep, number)
    await published_day(world.rep)
    stale = await replan(world.rep)
    newer = await published_day(world.rep, world.manager)
    refused = await world.rep.api.first(PUBLISH, key=new_key(), id=stale["id"])
    assert refused["code"] == "CONFLICT"
    again = await replan(world.rep)
    assert again["replans"]["id"] == newer["id"]
    assert (await world.rep.api.first(PUBLISH, key=new_key(), id=again["id"]))["state"] == "PUBLISHED"


async def test_what_is_done_stays_and_the_rest_begins_where_the_rep_is(
    world: World, services: Services, clock: StoppedClock
) -> None:
    await on_duty(services, world.rep)
    for number in range(6):
        await place(services, world.rep, number)
    plan = await published_day(world.rep)
    first, second, *rest = await visits_of(world.rep)
    began = START + timedelta(minutes=10)
    await change(
        services,
        world,
        first["id"],
        state=VisitState.DONE,
        opened_at=began,
        closed_at=began + timedelta(minutes=25),
    )
    clock.advance(minutes=60)
    opened = clock.now - timedelta(minutes=5)
    await change(services, world, second["id"], state=VisitState.OPEN, opened_at=opened)

    again = await replan(world.rep, delay=30)

    assert [stop["frozen"] for stop in again["stops"]] == [True, True, *[False] * len(rest)]
    assert [stop["visit"]["id"] for stop in again["stops"][:2]] == [first["id"], second["id"]]
    assert at(again["stops"][0]["startAt"]) == began
    # The open visit goes on for its half hour, then half an hour is lost.
    assert at(again["stops"][2]["startAt"]) >= opened + timedelta(minutes=60)
    assert again["stops"][2]["legS"] > 0
    assert len(again["legs"]) == len(again["stops"]) + 1
    assert abs(sum(leg["distanceM"] for leg in again["legs"]) - again["distanceM"]) < 1
    moved = [each for each in again["changes"] if each["kind"] == "MOVED"]
    assert {each["site"]["id"] for each in moved} <= {each["site"]["id"] for each in rest}
    assert all("from" in each["explanation"] for each in moved)
    late = [each for each in moved if abs(at(each["toAt"]) - at(each["fromAt"])) >= timedelta(minutes=15)]
    assert again["changePoints"] == 5 * len(late)
    assert again["netValue"] >= again["keptNetValue"]
    assert starts(plan).keys() == starts(again).keys()

    assert (await world.rep.api.first(PUBLISH, key=new_key(), id=again["id"]))["state"] == "PUBLISHED"
    after = {each["id"]: each for each in await visits_of(world.rep)}
    assert [after[each["id"]]["state"] for each in (first, second)] == ["DONE", "OPEN"]
    assert len(after) == 6
    for stop in again["stops"][2:]:
        assert after[stop["visit"]["id"]]["plannedStartAt"] == stop["startAt"]
    # Once more from the new plan: frozen visits stay frozen.
    third = await replan(world.rep)
    assert [stop["frozen"] for stop in third["stops"]][:2] == [True, True]
    assert third["replans"]["id"] == again["id"]


async def test_an_urgent_lead_comes_in_at_a_stated_price(world: World, services: Services, clock: StoppedClock) -> None:
    await on_duty(services, world.rep, "09:00-12:00")
    for number in range(8):
        await place(services, world.rep, number, Tier.C)
    plan = await published_day(world.rep)
    site_id = await place(services, world.rep, 9, Tier.C)
    lead = await create_lead(world.rep, name="Harbour Mill", tier="C", siteId=site_id)
    clock.advance(minutes=30)

    again = await replan(world.rep, leads=[lead["id"]])

    assert site_id in starts(again)
    assert [each["kind"] for each in again["changes"] if each["site"]["id"] == site_id] == ["ADDED"]
    gone = [each for each in again["changes"] if each["kind"] == "REMOVED"]
    assert {each["site"]["id"] for each in gone} == starts(plan).keys() - starts(again).keys()
    assert "1 new" in again["difference"]
    assert again["changePoints"] >= 30 * len(gone)
    assert all(each["explanation"] for each in again["dropped"])


async def test_a_dear_price_keeps_the_plan_and_says_so(world: World, services: Services) -> None:
    await on_duty(services, world.rep, "09:00-10:00")
    await place(services, world.rep, 1, Tier.C)
    await published_day(world.rep)
    better = await place(services, world.rep, 2, Tier.A)
    cheap = await replan(world.rep)
    assert better in starts(cheap)
    price = {"moved": 2000, "reassigned": 2000, "dropped": 2000}
    rules = {"tiers": TIERS, "changePrice": price}
    assert (await world.admin.api.first(SAVE_POLICY, key=new_key(), input=rules, expected=0))["version"] == 1
    dear = await replan(world.rep)
    assert (dear["changes"], dear["changePoints"]) == ([], 0)
    assert {each["site"]["id"] for each in dear["dropped"]} == {better}


async def test_replanning_is_refused_where_there_is_nothing_to_change(
    world: World, services: Services, clock: StoppedClock
) -> None:
    assert (await replan(world.rep))["code"] == "NO_SHIFT_PLANNED"
    await on_duty(services, world.rep)
    await place(services, world.rep, 1)
    assert (await replan(world.rep))["code"] == "NOTHING_PUBLISHED"
    await published_day(world.rep)
    for given, field in (
        ({"delay": -1}, "delayMinutes"),
        ({"delay": 481}, "delayMinutes"),
        ({"date": "2027-06-01"}, "date"),
        ({"id": "pln_x"}, "id"),
        ({"wait": 10_001}, "waitMs"),
        ({"leads": [new_id("led", START)] * 11}, "urgentLeadIds"),
    ):
        assert (await replan(world.rep, **given))["field"] == field, given
    unknown = new_id("led", START)
    assert (await replan(world.rep, leads=[unknown]))["recordId"] == unknown
    nowhere = await create_lead(world.rep, name="Nowhere")
    assert (await replan(world.rep, leads=[nowhere["id"]]))["field"] == "urgentLeadIds.0"
    clock.advance(hours=9)
    assert (await replan(world.rep, date=TODAY))["code"] == "DAY_IS_OVER"


async def test_who_may_replan_whose_day(world: World, other_world: World, services: Services) -> None:
    await on_duty(services, world.rep)
    await place(services, world.rep, 1)
    await published_day(world.rep)
    assert (await replan(world.manager, rep=world.rep.id, date=TODAY))["state"] == "DRAFT"
    assert await world.second_rep.api.code(REPLAN, key=new_key(), rep=world.rep.id, date=TODAY) == "FORBIDDEN"
    for stranger in (world.south_manager, other_world.manager):
        assert (await replan(stranger, rep=world.rep.id, date=TODAY))["code"] == "NOT_FOUND"
    team = {"team": world.north.id, "date": TODAY}
    assert await world.rep.api.code(REPLAN_TEAM, key=new_key(), **team) == "FORBIDDEN"
    for stranger in (world.south_manager, other_world.manager):
        assert (await stranger.api.first(REPLAN_TEAM, key=new_key(), **team))["code"] == "NOT_FOUND"
    assert await world.rep.api.as_("").code(REPLAN, key=new_key()) == "UNAUTHENTICATED"


async def replan_team(world: World, **given: Any) -> dict[str, Any]:
    asked = {"key": new_key(), "team": world.north.id, "date": TODAY} | given
    return dict(await world.manager.api.first(REPLAN_TEAM, **asked))


async def published_team(world: World, services: Services) -> dict[str, Any]:
    """Both reps of the team with a published plan of three visits each; one of the first rep's is an appointment."""
    for number, member in enumerate((world.rep, world.second_rep)):
        await on_duty(services, member)
        for offset in range(3):
            await place(services, member, 4 * offset + number)
    promised = await place(services, world.rep, 9)
    booked = await world.rep.api.first(APPOINT, key=new_key(), site=promised, at="2026-11-23T06:00:00Z")
    assert booked["__typename"] == "Visit"
    day = await world.manager.api.first(PLAN_TEAM, key=new_key(), team=world.north.id, date=TODAY)
    published = await world.manager.api.first(PUBLISH_TEAM, key=new_key(), id=day["id"])
    assert published["state"] == "PUBLISHED"
    return dict(day) | {"promised": promised}


async def test_the_visits_of_who_is_absent_go_to_the_others(world: World, services: Services) -> None:
    day = await published_team(world, services)
    theirs = {stop["site"]["id"] for stop in plan_of(day, world.rep)["stops"]}
    mine = {stop["site"]["id"] for stop in plan_of(day, world.second_rep)["stops"]}
    assert day["promised"] in theirs

    again = await replan_team(world, absent=[world.rep.id])

    assert (again["state"], again["isReplan"]) == ("DRAFT", True)
    absent, busy = plan_of(again, world.rep), plan_of(again, world.second_rep)
    assert absent["stops"] == []
    assert starts(busy).keys() == theirs | mine
    assert again["moved"] == len(theirs)
    assert again["netValue"] >= again["keptNetValue"]
    taken = [each for each in busy["changes"] if each["fromRep"]]
    assert {each["site"]["id"] for each in taken} == theirs
    assert {each["fromRep"]["id"] for each in taken} == {world.rep.id}
    assert {each["toRep"]["id"] for each in absent["changes"]} == {world.second_rep.id}
    assert f"{len(theirs)} handed over" in absent["difference"]
    assert all("colleague" in each["explanation"] for each in (*taken, *absent["changes"]))
    assert {stop["site"]["id"] for stop in busy["stops"] if stop["fixed"]} == {day["promised"]}

    published = await world.manager.api.first(PUBLISH_TEAM, key=new_key(), id=again["id"])
    assert [each["state"] for each in published["plans"]] == ["PUBLISHED", "PUBLISHED"]
    assert [each["state"] for each in await visits_of(world.rep)] == []
    visits = await visits_of(world.second_rep)
    assert {each["state"] for each in visits} == {"PLANNED"}
    assert {each["site"]["id"] for each in visits} == theirs | mine
    assert len(visits) == len(theirs | mine)


async def test_recorded_absences_and_delays_count_for_a_team(
    world: World, services: Services, clock: StoppedClock
) -> None:
    day = await published_team(world, services)
    clock.advance(minutes=5)
    until = clock.now + timedelta(days=2)
    given = {"fromAt": clock.now.isoformat(), "untilAt": until.isoformat()}
    absence = await record_absence(world.manager, world.second_rep.id, **given)
    assert absence["__typename"] != "InvalidInput", absence

    again = await replan_team(world, delays=[{"repId": world.rep.id, "minutes": 120}])

    late, gone = plan_of(again, world.rep), plan_of(again, world.second_rep)
    assert gone["stops"] == []
    assert min(starts(late).values()) >= clock.now + timedelta(minutes=120)
    assert day["promised"] in starts(late)
    assert any(each["kind"] == "MOVED" for each in late["changes"])


async def test_what_a_team_may_be_asked(world: World, services: Services, clock: StoppedClock) -> None:
    assert (await replan_team(world))["code"] == "NOTHING_PUBLISHED"
    await published_team(world, services)
    stranger = world.south_rep.id
    assert (await replan_team(world, absent=[stranger]))["recordId"] == stranger
    assert (await replan_team(world, delays=[{"repId": stranger, "minutes": 5}]))["recordId"] == stranger
    twice = [{"repId": world.rep.id, "minutes": 5}] * 2
    assert (await replan_team(world, delays=twice))["field"] == "delays.1.repId"
    everybody = [world.rep.id, world.second_rep.id]
    assert (await replan_team(world, absent=everybody))["code"] == "NOBODY_ON_DUTY"
    clock.advance(hours=9)
    assert (await replan_team(world))["code"] == "DAY_IS_OVER"


async def test_what_the_solver_left_over_is_solved_by_a_worker(
    world: World, services: Services, clock: StoppedClock
) -> None:
    await published_team(world, services)
    plan = await replan(world.rep)
    stored = await services.store["route_plans"].find_one({"_id": plan["id"]})
    assert stored is not None
    # A process that died before it answered.
    await services.store["route_plans"].update_one({"_id": plan["id"]}, {"$set": {"state": "SOLVING", "stops": []}})
    clock.advance(minutes=1)
    assert await solve_left_over(services) == 1
    again = await services.store["route_plans"].find_one({"_id": plan["id"]})
    assert again is not None
    assert again["state"] == "DRAFT"
    assert len(again["stops"]) == len(stored["stops"])
    # Solved twice it stays what it was.
    await solve_replan(services, again)
    assert await services.store["route_plans"].find_one({"_id": plan["id"]}) == again
    team = await replan_team(world)
    asked = await find_team_day(services.store, Scope.whole_organization(world.org_id), team["id"])
    assert asked is not None
    await solve_team_replan(services, asked)
    after = await find_team_day(services.store, Scope.whole_organization(world.org_id), team["id"])
    assert after == asked

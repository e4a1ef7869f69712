"""Planning one date of a team and publishing it, through GraphQL over HTTP with the real solver."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from domain.access import Scope
from domain.accounts import Tier
from domain.ids import TeamDayId, new_id
from domain.places import Point
from domain.team_days import MAX_REPS, TeamDay
from domain.visits import VisitState
from resolvers.services import Services
from resolvers.team_days import solve_team_day
from storage.team_days import insert_team_day
from storage.visits import find_visit, save_visit
from tests.conftest import START, StoppedClock
from tests.support.client import new_key
from tests.support.planned_days import CENTRE, on_duty, place
from tests.support.world import Member, World
from workers.team_days import solve_left_over_teams

FIELDS = """id state version date moved value bound distanceM plannedBy { id } team { id }
      plans(first: 30) {
        id state version value rep { id } teamDay { id }
        stops { site { id } value fixed visit { id } fromRep { id } startAt leaveAt legS }
        dropped { site { id } why explanation }
        changes { kind site { id } }
      }"""
PLAN = f"""mutation ($key: String!, $team: ID!, $date: Date!, $id: ID, $wait: Int! = 9000) {{
  planTeamDay(clientKey: $key, teamId: $team, date: $date, id: $id, waitMs: $wait) {{
    __typename
    ... on TeamDay {{ {FIELDS} }}
    ... on TooManyReps {{ reps limit }}
    ... on Refusal {{ code message }}
  }}
}}"""
PUBLISH = """mutation ($key: String!, $id: ID!, $expected: Int) {
  publishTeamDay(clientKey: $key, id: $id, expectedVersion: $expected) {
    __typename ... on TeamDay { state version plans { state } } ... on Refusal { code }
  }
}"""
PUBLISH_ONE = """mutation ($key: String!, $id: ID!) {
  publishPlan(clientKey: $key, id: $id) { __typename ... on RoutePlan { state } ... on Refusal { code } } }"""
ONE = f"query ($id: ID!) {{ teamDay(id: $id) {{ {FIELDS} }} }}"
ALL = "query ($team: ID, $date: Date) { teamDays(teamId: $team, date: $date) { nodes { id state } } }"
VISITS = """{ visits(first: 50, order: SOONEST) { nodes { id state site { id } } } }"""
PLAN_DAY = """mutation ($key: String!, $date: Date!, $rep: ID) { planDay(clientKey: $key, date: $date, repId: $rep) {
  __typename ... on RoutePlan { id stops { site { id } } } ... on Refusal { code } } }"""
APPOINT = """mutation ($key: String!, $site: ID!, $at: DateTime!) {
  scheduleVisit(clientKey: $key, input: {siteId: $site, startAt: $at}) {
    __typename ... on Visit { id } ... on Refusal { message } } }"""
WHAT_IF = """query ($plan: ID!, $site: ID!) { whatIf(planId: $plan, siteId: $site, laterEndMinutes: 300) { fits } }"""
TODAY = "2026-11-23"


async def both_on_duty(world: World, services: Services, hours: str = "09:00-18:00") -> None:
    for member in (world.rep, world.second_rep):
        await on_duty(services, member, hours)


async def plan(world: World, by: Member | None = None, **given: Any) -> dict[str, Any]:
    who = by or world.manager
    found = await who.api.first(PLAN, **{"key": new_key(), "team": world.north.id, "date": TODAY} | given)
    return dict(found)


def plan_of(day: dict[str, Any], member: Member) -> dict[str, Any]:
    return next(each for each in day["plans"] if each["rep"]["id"] == member.id)


def sites(stops: list[dict[str, Any]]) -> set[str]:
    return {each["site"]["id"] for each in stops}


async def test_a_team_shares_what_one_alone_could_not_do(world: World, services: Services) -> None:
    await both_on_duty(world, services, "09:00-14:00")
    own = [await place(services, world.rep, number) for number in range(10)]
    promised = await place(services, world.rep, 11)
    booked = await world.rep.api.first(APPOINT, key=new_key(), site=promised, at="2026-11-23T02:00:00Z")
    closed = await place(services, world.second_rep, 3, Tier.A, "Su 10:00-12:00")

    alone = await world.rep.api.first(PLAN_DAY, key=new_key(), date=TODAY)
    day = await plan(world)

    assert (day["__typename"], day["state"], day["date"]) == ("TeamDay", "DRAFT", TODAY)
    assert day["plannedBy"]["id"] == world.manager.id
    assert day["team"]["id"] == world.north.id
    mine, theirs = plan_of(day, world.rep), plan_of(day, world.second_rep)
    assert {each["state"] for each in day["plans"]} == {"DRAFT"}
    assert {each["teamDay"]["id"] for each in day["plans"]} == {day["id"]}
    made = sites(mine["stops"]) | sites(theirs["stops"])
    assert len(made) == len(mine["stops"]) + len(theirs["stops"]) > len(alone["stops"])
    assert made | sites(mine["dropped"]) | sites(theirs["dropped"]) == {*own, promised, closed}
    appointment = next(each for each in mine["stops"] if each["fixed"])
    assert appointment["visit"]["id"] == booked["id"]
    assert {each["site"]["id"]: each["why"] for each in theirs["dropped"]}[closed] == "NO_OPEN_WINDOW"
    assert all(each["explanation"] for each in (*mine["dropped"], *theirs["dropped"]))
    assert day["moved"] == len(theirs["stops"])
    assert {each["fromRep"]["id"] for each in theirs["stops"]} == {world.rep.id}
    assert {each["fromRep"] for each in mine["stops"]} == {None}
    assert day["value"] == mine["value"] + theirs["value"] <= day["bound"]


async def test_publishing_together_makes_all_visits_once(world: World, services: Services) -> None:
    await both_on_duty(world, services)
    for number in range(6):
        await place(services, world.rep, number)
    day = await plan(world)
    stale = await world.manager.api.first(PUBLISH, key=new_key(), id=day["id"], expected=day["version"] - 1)
    assert stale["code"] == "CONFLICT"
    key = new_key()
    for _ in range(2):
        published = await world.manager.api.first(PUBLISH, key=key, id=day["id"], expected=day["version"])
        assert published["state"] == "PUBLISHED"
        assert [each["state"] for each in published["plans"]] == ["PUBLISHED", "PUBLISHED"]
    for member in (world.rep, world.second_rep):
        visits = (await member.api.first(VISITS))["nodes"]
        assert [each["site"]["id"] for each in visits] == [each["site"]["id"] for each in plan_of(day, member)["stops"]]
    again = await world.manager.api.first(PUBLISH, key=new_key(), id=day["id"])
    assert again["code"] == "WRONG_STATE"


async def _planned_before(world: World, services: Services) -> tuple[dict[str, Any], dict[str, Any]]:
    """The rep's published day, and a team's day that gives some of its visits to the other one, who lives there."""
    await both_on_duty(world, services)
    for number in range(6):
        await place(services, world.rep, number)
    before = await world.rep.api.first(PLAN_DAY, key=new_key(), date=TODAY)
    assert (await world.rep.api.first(PUBLISH_ONE, key=new_key(), id=before["id"]))["state"] == "PUBLISHED"
    away = Point(CENTRE.latitude + 1.2, CENTRE.longitude)
    await services.store["people"].update_one(
        {"_id": world.rep.id},
        {"$set": {"start_point": {"type": "Point", "coordinates": [away.longitude, away.latitude]}}},
    )
    day = await plan(world)
    assert day["moved"] == 6
    return before, day


async def test_a_visit_that_moves_keeps_its_identity_whoever_is_published_first(
    world: World, services: Services
) -> None:
    _, day = await _planned_before(world, services)
    visits = {each["id"] for each in (await world.rep.api.first(VISITS))["nodes"]}
    theirs = plan_of(day, world.second_rep)
    assert {each["visit"]["id"] for each in theirs["stops"] if each["visit"]} == visits
    done = await world.manager.api.first(PUBLISH_ONE, key=new_key(), id=theirs["id"])
    assert done["state"] == "PUBLISHED"
    after = (await world.second_rep.api.first(VISITS))["nodes"]
    assert {each["id"] for each in after} == visits
    assert {each["state"] for each in after} == {"PLANNED"}
    assert (await world.rep.api.first(VISITS))["nodes"] == []
    rest = await world.manager.api.first(PUBLISH, key=new_key(), id=day["id"])
    assert [each["state"] for each in rest["plans"]] == ["PUBLISHED", "PUBLISHED"]
    assert {each["state"] for each in (await world.second_rep.api.first(VISITS))["nodes"]} == {"PLANNED"}


async def test_what_was_begun_meanwhile_stays_with_whom_began_it(world: World, services: Services) -> None:
    _, day = await _planned_before(world, services)
    begun = (await world.rep.api.first(VISITS))["nodes"][0]
    visit = await find_visit(services.store, Scope.whole_organization(world.rep.person.org_id), begun["id"])
    assert visit is not None
    opened = replace(visit, state=VisitState.OPEN, opened_at=START, version=visit.version + 1)
    assert await save_visit(services.store, opened) is not None
    published = await world.manager.api.first(PUBLISH, key=new_key(), id=day["id"])
    assert published["state"] == "PUBLISHED"
    mine = (await world.rep.api.first(VISITS))["nodes"]
    assert [(each["id"], each["state"]) for each in mine] == [(begun["id"], "OPEN")]
    theirs = (await world.second_rep.api.first(VISITS))["nodes"]
    assert len(theirs) == 5
    assert begun["site"]["id"] not in sites(theirs)


async def test_whoever_may_not_plan_for_others_plans_no_team_and_sees_none(
    world: World, other_world: World, services: Services
) -> None:
    await on_duty(services, world.rep)
    await place(services, world.rep, 1)
    day = await plan(world)
    for member in (world.manager, world.director, world.admin, world.support):
        assert (await member.api.first(ONE, id=day["id"]))["id"] == day["id"], member.person.name
    for member in (world.rep, world.south_manager, other_world.admin):
        assert await member.api.first(ONE, id=day["id"]) is None, member.person.name
    for member in (world.south_manager, other_world.admin, other_world.manager):
        assert (await plan(world, member))["code"] == "NOT_FOUND", member.person.name
        assert (await member.api.first(PUBLISH, key=new_key(), id=day["id"]))["code"] == "NOT_FOUND"
    for member in (world.rep, world.support):
        given = {"key": new_key(), "team": world.north.id, "date": TODAY}
        assert await member.api.code(PLAN, **given) == "FORBIDDEN"
        assert await member.api.code(PUBLISH, key=new_key(), id=day["id"]) == "FORBIDDEN"
    assert await world.rep.api.code(ALL) == "FORBIDDEN"
    listed = await world.director.api.first(ALL, team=world.north.id, date=TODAY)
    assert [each["id"] for each in listed["nodes"]] == [day["id"]]
    assert (await world.director.api.first(ALL, team=world.south.id))["nodes"] == []
    assert (await world.director.api.first(ALL, date="2026-11-24"))["nodes"] == []


async def test_bad_questions_are_refused_by_type(world: World, services: Services) -> None:
    assert (await plan(world))["code"] == "NOBODY_ON_DUTY"
    await on_duty(services, world.rep)
    far = (START + timedelta(days=61)).date().isoformat()
    refused = [await plan(world, **given) for given in ({"date": far}, {"id": "pln_1"}, {"wait": 10_001}, {"wait": -1})]
    assert {each["code"] for each in refused} == {"BAD_INPUT"}
    unknown = await plan(world, team="tea_01JDXXXXXXXXXXXXXXXXXXXXXX")
    assert unknown["code"] == "NOT_FOUND"


async def test_a_team_has_a_largest_size(world: World, services: Services) -> None:
    await on_duty(services, world.rep)
    person = await services.store["people"].find_one({"_id": world.rep.id})
    assert person is not None
    for number in range(MAX_REPS):
        twin = dict(person) | {"_id": f"{person['_id'][:-3]}{number:03}", "email": f"twin{number}@example.test"}
        await services.store["people"].insert_one(twin)
    refused = await plan(world)
    assert (refused["code"], refused["reps"], refused["limit"]) == ("TOO_MANY_REPS", MAX_REPS + 1, MAX_REPS)


async def test_a_day_still_being_solved_is_not_published_and_a_worker_ends_what_died(
    world: World, services: Services, clock: StoppedClock
) -> None:
    await on_duty(services, world.rep)
    await place(services, world.rep, 1)
    day_id = new_id("tdy", START)
    asked = TeamDay(
        TeamDayId(day_id),
        world.rep.person.org_id,
        world.north.id,
        world.manager.person.id,
        TODAY,
        (world.rep.person.id,),
        services.clock(),
    )
    await insert_team_day(services.store, asked)
    assert (await world.manager.api.first(PUBLISH, key=new_key(), id=day_id))["code"] == "TEAM_DAY_NOT_READY"
    clock.advance(seconds=60)
    assert await solve_left_over_teams(services) == 0
    clock.advance(seconds=1)
    assert await solve_left_over_teams(services) == 1
    solved = await world.manager.api.first(ONE, id=day_id)
    assert (solved["state"], len(solved["plans"])) == ("DRAFT", 1)
    assert await solve_left_over_teams(services) == 0
    # Who solved it as well comes too late.
    await solve_team_day(services, asked)
    assert len((await world.manager.api.first(ONE, id=day_id))["plans"]) == 1


async def test_a_day_that_cannot_be_solved_says_so(world: World, services: Services) -> None:
    nobody = TeamDay(
        TeamDayId(new_id("tdy", START)),
        world.rep.person.org_id,
        world.north.id,
        world.manager.person.id,
        TODAY,
        (world.rep.person.id,),
        services.clock(),
    )
    await insert_team_day(services.store, nobody)
    await solve_team_day(services, nobody)
    failed = await world.manager.api.first(ONE, id=nobody.id)
    assert (failed["state"], failed["plans"]) == ("FAILED", [])
    assert (await world.manager.api.first(PUBLISH, key=new_key(), id=nobody.id))["code"] == "WRONG_STATE"


async def test_what_if_answers_for_what_a_team_left_out(world: World, services: Services) -> None:
    await on_duty(services, world.rep, "09:00-11:00")
    for number in range(8):
        await place(services, world.rep, number)
    day = await plan(world)
    (mine,) = day["plans"]
    left = mine["dropped"][0]["site"]["id"]
    assert (await world.manager.api.first(WHAT_IF, plan=mine["id"], site=left))["fits"]

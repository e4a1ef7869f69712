"""Regions planned in one go: by hand and every night, going on after a worker's death, and with a day that fails."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from resolvers import planning_runs
from resolvers.services import Services
from storage.planning_runs import NIGHTS, RUNS, save_run
from storage.store import Store
from tests.conftest import StoppedClock
from tests.support.client import new_key
from tests.support.planned_days import on_duty, place
from tests.support.world import Member, World
from workers.planning_runs import plan_regions

_RUN = """id date state planned withoutShift publishedBefore failed createdAt finishedAt
  team { id } startedBy { id } failures { rep { id } plan { state failure } }"""
PLAN_REGION = f"""mutation ($key: String!, $date: Date!, $team: ID) {{
  planRegion(clientKey: $key, date: $date, teamId: $team) {{
    __typename ... on PlanningRun {{ {_RUN} }} ... on Refusal {{ code }} ... on InvalidInput {{ field }}
  }} }}"""
RUNS_OF = f"query ($date: Date) {{ planningRuns(date: $date) {{ nodes {{ {_RUN} }} }} }}"
PLANS_OF = (
    "query ($date: Date!) { routePlans(filter: {date: $date}) { nodes { id state rep { id } stops { value } } } }"
)
_RULES = "startsAt daysAhead dueAt version updatedBy { id }"
SAVE_RULES = f"""mutation ($key: String!, $at: String, $ahead: Int! = 0, $version: Int!) {{
  saveNightRules(clientKey: $key, startsAt: $at, daysAhead: $ahead, expectedVersion: $version) {{
    __typename ... on NightRules {{ {_RULES} }} ... on Refusal {{ code }} ... on InvalidInput {{ field }}
  }} }}"""
NIGHT_RULES = f"{{ nightRules {{ {_RULES} }} }}"
PLAN_DAY = """mutation ($key: String!, $date: Date!) {
  planDay(clientKey: $key, date: $date, waitMs: 10000) { ... on RoutePlan { id } } }"""
PUBLISH = "mutation ($key: String!, $id: ID!) { publishPlan(clientKey: $key, id: $id) { __typename } }"
TOMORROW, SATURDAY = "2026-11-24", "2026-11-28"


@pytest.fixture(autouse=True)
async def _only_our_runs(store: Store) -> None:
    """Runs and nights of other tests would go on here."""
    await store[RUNS].delete_many({})
    await store[NIGHTS].delete_many({})


async def begin(member: Member, date: str = TOMORROW, **given: Any) -> Any:
    return await member.api.first(PLAN_REGION, key=new_key(), date=date, **given)


async def finished(services: Services, member: Member) -> Any:
    """The caller's latest run once workers have nothing left to do."""
    while await plan_regions(services):
        pass
    return (await member.api.first(RUNS_OF))["nodes"][0]


async def plans(member: Member, date: str = TOMORROW) -> dict[str, list[Mapping[str, Any]]]:
    """The plans a member sees of that date, by rep."""
    found: dict[str, list[Mapping[str, Any]]] = {}
    for each in (await member.api.first(PLANS_OF, date=date))["nodes"]:
        found.setdefault(each["rep"]["id"], []).append(each)
    return found


async def reps_at_work(world: World, services: Services) -> None:
    for number, member in enumerate((world.rep, world.second_rep, world.south_rep)):
        await on_duty(services, member)
        await place(services, member, number)


async def test_a_manager_plans_the_team_and_only_it(world: World, services: Services) -> None:
    await reps_at_work(world, services)
    begun = await begin(world.manager)
    assert (begun["state"], begun["team"]["id"], begun["startedBy"]["id"]) == (
        "RUNNING",
        world.north.id,
        world.manager.id,
    )
    run = await finished(services, world.manager)
    assert (run["state"], run["planned"], run["failed"], run["withoutShift"]) == ("DONE", 2, 0, 0)
    made = await plans(world.director)
    assert set(made) == {world.rep.id, world.second_rep.id}
    assert all(each["state"] == "DRAFT" and len(each["stops"]) == 1 for found in made.values() for each in found)
    # Who leads other teams neither sees the run nor may begin one here.
    assert (await world.south_manager.api.first(RUNS_OF))["nodes"] == []
    assert (await begin(world.south_manager, team=world.north.id))["code"] == "NOT_FOUND"
    assert len((await world.director.api.first(RUNS_OF, date=TOMORROW))["nodes"]) == 1
    assert (await world.director.api.first(RUNS_OF, date=SATURDAY))["nodes"] == []


async def test_reps_who_are_free_or_have_a_published_plan_are_left_alone(world: World, services: Services) -> None:
    await on_duty(services, world.rep)
    await place(services, world.rep, 1)
    plan = await world.rep.api.first(PLAN_DAY, key=new_key(), date=TOMORROW)
    assert (await world.rep.api.first(PUBLISH, key=new_key(), id=plan["id"]))["__typename"] == "RoutePlan"
    await begin(world.admin)
    run = await finished(services, world.admin)
    assert (run["team"], run["planned"], run["publishedBefore"], run["withoutShift"]) == (None, 0, 1, 2)
    await begin(world.admin, SATURDAY)
    assert (await finished(services, world.admin))["withoutShift"] == 3


async def test_a_day_that_fails_holds_up_nobody(world: World, services: Services, store: Store) -> None:
    await reps_at_work(world, services)
    # A record that no code of today wrote.
    await store["accounts"].update_one({"owner_id": world.second_rep.id}, {"$set": {"tier": "?"}})
    await begin(world.director)
    run = await finished(services, world.director)
    assert (run["state"], run["planned"], run["failed"]) == ("DONE", 2, 1)
    bad = {"rep": {"id": world.second_rep.id}, "plan": {"state": "FAILED", "failure": "INTERNAL"}}
    assert run["failures"] == [bad]


async def test_a_run_goes_on_where_a_dead_worker_left_it(
    world: World, services: Services, store: Store, clock: StoppedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    await reps_at_work(world, services)
    monkeypatch.setattr(planning_runs, "_BATCH_OF", 1)
    await begin(world.director)
    count = 0

    async def killed_at_the_second(*given: Any) -> bool:
        nonlocal count
        count += 1
        if count == 2:
            raise KeyboardInterrupt
        return await save_run(*given)

    with monkeypatch.context() as dying:
        dying.setattr(planning_runs, "save_run", killed_at_the_second)
        with pytest.raises(KeyboardInterrupt):
            await plan_regions(services)
    before = await plans(world.director)
    assert sum(map(len, before.values())) == 2
    # The lease of the dead worker is not over.
    assert await plan_regions(services) == 0
    clock.advance(seconds=121)
    run = await finished(services, world.director)
    assert (run["state"], run["planned"], run["failed"]) == ("DONE", 3, 0)
    after = await plans(world.director)
    assert {rep: len(found) for rep, found in after.items()} == dict.fromkeys(
        (world.rep.id, world.second_rep.id, world.south_rep.id), 1
    )
    assert before.items() <= after.items()


async def test_two_workers_make_one_plan_for_each_rep(world: World, services: Services) -> None:
    await reps_at_work(world, services)
    await begin(world.director)
    await asyncio.gather(*(plan_regions(services) for _ in range(4)))
    run = await finished(services, world.director)
    assert (run["state"], run["planned"]) == ("DONE", 3)
    assert [len(each) for each in (await plans(world.director)).values()] == [1, 1, 1]


async def test_nights_plan_by_themselves(world: World, services: Services, clock: StoppedClock) -> None:
    await reps_at_work(world, services)
    assert (await world.manager.api.first(NIGHT_RULES))["startsAt"] is None
    rules = await world.admin.api.first(SAVE_RULES, key=new_key(), at="02:00", version=0)
    assert (rules["version"], rules["dueAt"]) == (1, "2026-11-23T18:00:00.000Z")
    assert (await world.manager.api.first(NIGHT_RULES)) == {
        **{key: rules[key] for key in ("startsAt", "daysAhead", "dueAt", "version")},
        "updatedBy": None,  # whom a manager does not see
    }
    clock.advance(hours=17, milliseconds=-1)
    assert await plan_regions(services) == 0
    clock.advance(milliseconds=1)
    run = await finished(services, world.admin)
    assert (run["date"], run["startedBy"], run["planned"], run["state"]) == (TOMORROW, None, 3, "DONE")
    assert (await world.manager.api.first(NIGHT_RULES))["dueAt"] == "2026-11-24T18:00:00.000Z"
    assert await plan_regions(services) == 0


async def test_a_night_begins_once_whoever_looks(world: World, services: Services, clock: StoppedClock) -> None:
    await world.admin.api.first(SAVE_RULES, key=new_key(), at="02:00", version=0)
    clock.advance(hours=17)
    await asyncio.gather(*(plan_regions(services) for _ in range(3)))
    await finished(services, world.admin)
    assert len((await world.admin.api.first(RUNS_OF))["nodes"]) == 1


@pytest.mark.parametrize(
    ("given", "field"), [({"at": "25:00"}, "startsAt"), ({"at": "02:00", "ahead": 8}, "daysAhead")]
)
async def test_night_rules_name_the_bad_field(world: World, given: dict[str, Any], field: str) -> None:
    refused = await world.admin.api.first(SAVE_RULES, key=new_key(), version=0, **given)
    assert (refused["code"], refused["field"]) == ("BAD_INPUT", field)


async def test_night_rules_are_saved_over_the_version_one_saw(world: World) -> None:
    assert (await world.admin.api.first(SAVE_RULES, key=new_key(), at="02:00", version=0))["version"] == 1
    assert (await world.admin.api.first(SAVE_RULES, key=new_key(), at="03:00", version=0))["code"] == "CONFLICT"
    ended = await world.admin.api.first(SAVE_RULES, key=new_key(), version=1)
    assert (ended["startsAt"], ended["dueAt"], ended["version"]) == (None, None, 2)


async def test_only_who_plans_for_others_plans_a_region(world: World) -> None:
    for member in (world.rep, world.support):
        assert await member.api.code(PLAN_REGION, key=new_key(), date=TOMORROW) == "FORBIDDEN"
        assert await member.api.code(RUNS_OF) == "FORBIDDEN"
        assert await member.api.code(NIGHT_RULES) == "FORBIDDEN"
    for member in (world.rep, world.manager, world.support):
        assert await member.api.code(SAVE_RULES, key=new_key(), version=0) == "FORBIDDEN"


async def test_a_date_far_away_is_refused(world: World) -> None:
    refused = await begin(world.manager, "2027-06-01")
    assert (refused["code"], refused["field"]) == ("BAD_INPUT", "date")

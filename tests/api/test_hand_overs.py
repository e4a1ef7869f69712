"""Departures through GraphQL over HTTP: what moves, what is refused, what the successor sees, and races."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from domain.ids import new_id
from resolvers.services import Services
from storage.clocks import COLLECTION as CLOCKS
from storage.leads import COLLECTION as LEADS
from storage.outbox import DELIVERIES, NOTICES
from storage.people import PEOPLE, TEAMS
from storage.visits import COLLECTION as VISITS
from tests.conftest import START, StoppedClock
from tests.support.absences import record_absence
from tests.support.client import ApiClient, new_key
from tests.support.files import upload
from tests.support.hand_overs import (
    DEACTIVATE,
    ENTRIES,
    HAND_OVER,
    START_DEPARTURE,
    a_newcomer,
    entries_of,
    moved,
    start_departure,
)
from tests.support.leads import ASSIGN, MOVE, create_lead, log_activity, read_lead
from tests.support.records import make_record
from tests.support.world import Member, World
from workers.sla_watch import watch_once

OPEN_LEADS = "{ leads(first: 100) { nodes { id ownerId } } }"
MINE = "{ me { id state standsInForIds } }"
LIST = "{ handOvers { nodes { id state leads } } }"
INBOX = "{ notices(first: 100) { nodes { kind lead { id } } } }"
SCHEDULE = """mutation ($key: String!, $input: ScheduleVisitInput!) {
  scheduleVisit(clientKey: $key, input: $input) { __typename ... on Visit { id } ... on InvalidInput { field } }
}"""
SETTLE = timedelta(minutes=3)


async def owners(services: Services, world: World) -> dict[str, str | None]:
    """Owner by open lead of the organization."""
    query = {"org_id": world.org_id, "stage_kind": "OPEN"}
    found = await services.store[LEADS].find(query, limit=5_000)
    return {each["_id"]: each.get("owner_id") for each in found}


def bearer(member: Member) -> dict[str, str]:
    return {"authorization": f"Bearer {member.api.token}"}


async def state_of(services: Services, person_id: str) -> str:
    person = await services.store[PEOPLE].find_one({"_id": person_id})
    assert person is not None
    return str(person["state"])


async def finish(services: Services, clock: StoppedClock) -> None:
    await moved(services)
    clock.now += SETTLE
    await moved(services)


async def test_everything_open_moves_and_is_logged(world: World, services: Services, clock: StoppedClock) -> None:
    account_id = await make_record(world, "acc", {})
    site_id = await make_record(world, "sit", {"acc": account_id})
    fresh, called, won = [await create_lead(world.rep) for _ in range(3)]
    given = await create_lead(world.manager)
    await world.manager.api.first(ASSIGN, key=new_key(), id=given["id"], owner=world.rep.id)
    await log_activity(world.rep, called["id"])
    await world.rep.api.first(MOVE, key=new_key(), id=won["id"], stage="WON")
    visits: list[str] = []
    for lead_id in (called["id"], None):
        at = (START + timedelta(days=len(visits) + 1)).isoformat()
        planned = {"siteId": site_id, "startAt": at} | ({"leadId": lead_id} if lead_id else {})
        visits.append((await world.rep.api.first(SCHEDULE, key=new_key(), input=planned))["id"])
    photo = (await upload(world.rep.api, visitId=visits[1])).json()["data"]["file"]["id"]
    assert (await world.second_rep.api.http.get(f"/files/{photo}", headers=bearer(world.second_rep))).status_code == 404
    clock.advance(hours=2)
    started = await start_departure(world, world.rep.id, world.second_rep.id)
    assert started | {"id": ""} == {
        "__typename": "HandOver",
        "id": "",
        "state": "RUNNING",
        "personId": world.rep.id,
        "successorId": world.second_rep.id,
        "startedById": world.admin.id,
    }
    assert await state_of(services, world.rep.id) == "LEAVING"
    clock.advance(hours=1)
    await finish(services, clock)

    log = await entries_of(world.manager, started["id"])
    told = await services.store[NOTICES].find_one({"owner_id": world.rep.id, "lead_id": given["id"]})
    assert told is not None
    assert {(each["kind"], each["recordId"]) for each in log} == {
        *(("LEAD", each["id"]) for each in (fresh, called, given)),
        *(("VISIT", each) for each in visits),
        ("NOTICE", told["_id"]),
        ("ACCOUNT", account_id),
    }
    assert {(each["fromId"], each["toId"]) for each in log} == {(world.rep.id, world.second_rep.id)}
    shown = await world.manager.api.first(HAND_OVER, id=started["id"])
    assert {name: shown[name] for name in ("state", "leads", "visits", "notices", "accounts")} == {
        "state": "DONE",
        "leads": 3,
        "visits": 2,
        "notices": 1,
        "accounts": 1,
    }
    assert shown["person"]["state"] == "DEACTIVATED"
    assert set((await owners(services, world)).values()) == {world.second_rep.id}
    assert (await world.second_rep.api.http.get(f"/files/{photo}", headers=bearer(world.second_rep))).status_code == 200
    kept = await read_lead(world.manager, won["id"])
    assert kept["ownerId"] == world.rep.id
    now_theirs = await read_lead(world.second_rep, called["id"])
    (running,) = [each for each in now_theirs["clocks"] if each["state"] == "RUNNING"]
    assert [(each["ownerId"], each["openSeconds"]) for each in running["legs"]] == [
        (world.rep.id, 3 * 3600.0),
        (world.second_rep.id, None),
    ]
    assert [each["kind"] for each in now_theirs["activities"]] == ["CALL"]
    for visit in await services.store[VISITS].find({"org_id": world.org_id}, limit=9):
        assert visit["owner_id"] == world.second_rep.id
    inbox = (await world.second_rep.api.first(INBOX))["nodes"]
    assert sorted(each["kind"] for each in inbox) == ["LEADS_HANDED_OVER", "LEAD_ASSIGNED"]
    open_rows = await services.store[DELIVERIES].find({"owner_id": world.rep.id, "state": "PENDING"}, limit=9)
    assert open_rows == []
    assert (await world.second_rep.api.first(MINE))["standsInForIds"] == []


async def test_until_a_lead_has_moved_the_successor_works_on_it(
    world: World, services: Services, clock: StoppedClock
) -> None:
    await services.store[CLOCKS].delete_many({})
    lead = await create_lead(world.rep)
    await start_departure(world, world.rep.id, world.second_rep.id)
    # No worker has looked yet.
    assert (await world.second_rep.api.first(OPEN_LEADS))["nodes"] == [{"id": lead["id"], "ownerId": world.rep.id}]
    assert (await world.second_rep.api.first(MINE))["standsInForIds"] == [world.rep.id]
    assert (await log_activity(world.second_rep, lead["id"], direction="INBOUND"))["__typename"] == "Activity"
    clock.advance(hours=18)
    while await watch_once(services, "one"):
        pass
    inbox = (await world.second_rep.api.first(INBOX))["nodes"]
    assert {"kind": "SLA_REMINDER", "lead": {"id": lead["id"]}} in inbox
    assert await services.store[NOTICES].find({"owner_id": world.rep.id}, limit=9) == []
    await finish(services, clock)
    # The successor was told before the lead was theirs, and is not told again.
    inbox = (await world.second_rep.api.first(INBOX))["nodes"]
    assert [each["kind"] for each in inbox].count("SLA_REMINDER") == 1


async def test_who_leaves_is_out_at_once(world: World) -> None:
    await create_lead(world.rep)
    await start_departure(world, world.rep.id, world.second_rep.id)
    assert await world.rep.api.code(MINE) == "UNAUTHENTICATED"


async def test_deactivating_asks_for_a_successor_where_there_is_open_work(
    world: World, services: Services, clock: StoppedClock
) -> None:
    await create_lead(world.rep)
    refused = await world.admin.api.first(DEACTIVATE, key=new_key(), id=world.rep.id)
    assert {name: refused[name] for name in ("code", "field", "openLeads", "plannedVisits", "proposedId")} == {
        "code": "SUCCESSOR_REQUIRED",
        "field": "successorId",
        "openLeads": 1,
        "plannedVisits": 0,
        "proposedId": world.manager.id,
    }
    assert await state_of(services, world.rep.id) == "ACTIVE"
    key = new_key()
    for _ in range(2):
        left = await world.admin.api.first(DEACTIVATE, key=key, id=world.rep.id, successor=world.manager.id)
        assert left == {
            "__typename": "Person",
            "id": world.rep.id,
            "state": "LEAVING",
            "successorId": world.manager.id,
        }
    again = await world.admin.api.first(DEACTIVATE, key=new_key(), id=world.rep.id)
    assert (again["code"], again["currentState"]) == ("WRONG_STATE", "LEAVING")
    await finish(services, clock)
    assert await state_of(services, world.rep.id) == "DEACTIVATED"
    assert set((await owners(services, world)).values()) == {world.manager.id}


async def test_without_open_work_a_person_is_gone_at_once(
    world: World, services: Services, clock: StoppedClock
) -> None:
    left = await world.admin.api.first(DEACTIVATE, key=new_key(), id=world.rep.id)
    assert (left["state"], left["successorId"]) == ("DEACTIVATED", world.manager.id)
    clock.advance(seconds=1)
    await moved(services)
    # As if a request that ran at that moment had still made a lead, and was slower than the first look.
    late = await create_lead(world.second_rep)
    await services.store[LEADS].update_one({"_id": late["id"]}, {"$set": {"owner_id": world.rep.id}})
    await finish(services, clock)
    assert await owners(services, world) == {late["id"]: world.manager.id}


@pytest.mark.parametrize(
    ("who", "code"),
    [
        ("rep", "BAD_INPUT"),
        ("south_rep", "SUCCESSOR_NOT_AVAILABLE"),
        ("south_manager", "SUCCESSOR_NOT_AVAILABLE"),
        ("admin", "SUCCESSOR_NOT_AVAILABLE"),
        ("invited", "SUCCESSOR_NOT_AVAILABLE"),
        ("nobody", "NOT_FOUND"),
        ("elsewhere", "NOT_FOUND"),
    ],
)
async def test_who_cannot_take_over(world: World, other_world: World, services: Services, who: str, code: str) -> None:
    await create_lead(world.rep)
    successor_id = {
        "nobody": new_id("per", START),
        "elsewhere": other_world.manager.id,
        "invited": (await a_newcomer(services.store, world)).id,
    }.get(who) or getattr(world, who).id
    answer = await start_departure(world, world.rep.id, successor_id)
    assert answer["code"] == code
    assert answer.get("field") == (None if code == "NOT_FOUND" else "successorId")
    assert await state_of(services, world.rep.id) == "ACTIVE"


async def test_who_may_start_and_see_a_hand_over(
    world: World, other_world: World, anonymous: ApiClient, services: Services
) -> None:
    await create_lead(world.rep)
    given = {"key": new_key(), "id": world.rep.id, "successor": world.second_rep.id}
    assert await anonymous.code(START_DEPARTURE, **given) == "UNAUTHENTICATED"
    for member in (world.second_rep, world.manager, world.support):
        assert await member.api.code(START_DEPARTURE, **given) == "FORBIDDEN"
    assert (await other_world.admin.api.first(START_DEPARTURE, **given))["code"] == "NOT_FOUND"
    started = await start_departure(world, world.rep.id, world.second_rep.id)
    await moved(services)
    sees = (world.manager, world.director, world.admin, world.support, world.second_rep)
    for member in sees:
        assert (await member.api.first(HAND_OVER, id=started["id"]))["id"] == started["id"]
        assert [each["id"] for each in (await member.api.first(LIST))["nodes"]] == [started["id"]]
        assert len(await entries_of(member, started["id"])) == 1
    for member in (world.south_manager, world.south_rep, other_world.admin, other_world.manager):
        assert await member.api.first(HAND_OVER, id=started["id"]) is None
        assert (await member.api.first(LIST))["nodes"] == []
        assert await entries_of(member, started["id"]) == []
    assert await anonymous.code(ENTRIES, id=started["id"], first=5) == "UNAUTHENTICATED"


async def test_a_lead_cannot_be_given_to_somebody_who_has_left(world: World, services: Services) -> None:
    lead = await create_lead(world.rep)
    await start_departure(world, world.rep.id, world.second_rep.id)
    document = ASSIGN.replace("... on Refusal { code }", "... on OwnerNotAvailable { code field personId successorId }")
    expected = {"code": "OWNER_NOT_AVAILABLE", "field": "ownerId", "personId": world.rep.id}
    answer = await world.manager.api.first(document, key=new_key(), id=lead["id"], owner=world.rep.id)
    assert answer == {"__typename": "OwnerNotAvailable", "successorId": world.second_rep.id} | expected
    assert (await create_lead(world.manager, ownerId=world.rep.id))["code"] == "OWNER_NOT_AVAILABLE"


async def test_a_lead_that_is_opened_again_goes_to_the_successor(
    world: World, services: Services, clock: StoppedClock
) -> None:
    lead = await create_lead(world.rep)
    await world.rep.api.first(MOVE, key=new_key(), id=lead["id"], stage="LOST")
    await create_lead(world.rep)
    await start_departure(world, world.rep.id, world.second_rep.id)
    await finish(services, clock)
    opened = await world.manager.api.first(MOVE, key=new_key(), id=lead["id"], stage="CONTACTED")
    assert opened["stageKind"] == "OPEN"
    assert set((await owners(services, world)).values()) == {world.second_rep.id}
    clocks = (await read_lead(world.second_rep, lead["id"]))["clocks"]
    assert [(each["metric"], each["state"]) for each in clocks if each["state"] == "RUNNING"] == [
        ("LEAD_NEXT_FOLLOWUP", "RUNNING")
    ]


async def test_the_successor_leaves_too(world: World, services: Services, clock: StoppedClock) -> None:
    await create_lead(world.rep)
    await start_departure(world, world.rep.id, world.second_rep.id)
    await create_lead(world.second_rep)
    await start_departure(world, world.second_rep.id, world.manager.id)
    await finish(services, clock)
    assert set((await owners(services, world)).values()) == {world.manager.id}
    assert await state_of(services, world.rep.id) == "DEACTIVATED"
    assert await state_of(services, world.second_rep.id) == "DEACTIVATED"
    assert (await world.manager.api.first(MINE))["standsInForIds"] == []


async def test_a_deputy_who_leaves_is_followed_by_the_successor(world: World, services: Services) -> None:
    lead = await create_lead(world.rep)
    until = START + timedelta(days=9)
    await record_absence(world.rep, world.rep.id, fromAt=START, untilAt=until, deputyId=world.second_rep.id)
    await start_departure(world, world.second_rep.id, world.manager.id)
    away = await services.store[PEOPLE].find_one({"_id": world.rep.id})
    assert away is not None
    assert [each["deputy_id"] for each in away["absences"]] == [world.manager.id]
    assert world.rep.id in (await world.manager.api.first(MINE))["standsInForIds"]
    assert (await read_lead(world.manager, lead["id"]))["ownerId"] == world.rep.id


async def test_leads_that_are_assigned_at_the_same_time_all_reach_somebody_who_works(
    world: World, services: Services, clock: StoppedClock
) -> None:
    pool = [(await create_lead(world.manager, unassigned=True))["id"] for _ in range(24)]
    before = [(await create_lead(world.rep))["id"] for _ in range(6)]
    begun, at_once = asyncio.Event(), asyncio.Semaphore(4)

    async def give(lead_id: str, number: int) -> str:
        async with at_once:
            if number == 8:
                begun.set()
            answer = await world.manager.api.first(ASSIGN, key=new_key(), id=lead_id, owner=world.rep.id)
        return str(answer["__typename"])

    async def make() -> None:
        # The leaver's own phone, until its session has ended.
        async with at_once:
            await world.rep.api.answer(
                'mutation ($key: String!) { createLead(clientKey: $key, input: {name: "Late"}) { __typename } }',
                key=new_key(),
            )

    async def leave() -> str:
        await begun.wait()
        while (started := await start_departure(world, world.rep.id, world.second_rep.id))["__typename"] != "HandOver":
            assert started["code"] == "RETRY_LATER"
        return str(started["id"])

    async def work() -> None:
        for _ in range(30):
            await moved(services, 5)
            await asyncio.sleep(0.02)

    giving = [give(lead_id, number) for number, lead_id in enumerate(pool)]
    hand_over_id, _, given, _ = await asyncio.gather(
        leave(), work(), asyncio.gather(*giving), asyncio.gather(*(make() for _ in range(12)))
    )
    assert set(given) <= {"Lead", "OwnerNotAvailable", "RetryLater"}
    await finish(services, clock)
    held = await owners(services, world)
    theirs = {lead_id for lead_id, owner_id in held.items() if owner_id == world.second_rep.id}
    assert set(held.values()) <= {world.second_rep.id, None}
    assert {lead_id for lead_id, answer in zip(pool, given, strict=True) if answer == "Lead"} | set(before) <= theirs
    assert {lead_id for lead_id, owner_id in held.items() if owner_id is None} <= set(pool)
    log = await entries_of(world.manager, hand_over_id)
    assert sorted(each["recordId"] for each in log if each["kind"] == "LEAD") == sorted(theirs)
    clocks = await services.store[CLOCKS].find({"org_id": world.org_id, "state": "RUNNING"}, limit=999)
    assert {each["owner_id"] for each in clocks} == {world.second_rep.id}


async def test_who_leads_a_team_is_followed_by_who_leads(world: World, services: Services, clock: StoppedClock) -> None:
    await services.store[CLOCKS].delete_many({})
    lead = await create_lead(world.rep)
    refused = await start_departure(world, world.manager.id, world.rep.id)
    assert (refused["code"], refused["personId"]) == ("SUCCESSOR_NOT_AVAILABLE", world.rep.id)
    started = await start_departure(world, world.manager.id, world.director.id)
    log = await entries_of(world.director, started["id"])
    assert [(each["kind"], each["recordId"]) for each in log] == [("TEAM", world.north.id)]
    await finish(services, clock)
    team = await services.store[TEAMS].find_one({"_id": world.north.id})
    assert team is not None
    assert team["manager_id"] == world.director.id
    clock.advance(hours=25)
    while await watch_once(services, "one"):
        pass
    told = await services.store[NOTICES].find({"lead_id": lead["id"], "step": 100}, limit=9)
    assert {each["owner_id"] for each in told} == {world.rep.id, world.director.id}


async def test_only_one_of_two_who_name_each_other_as_successor_leaves(world: World) -> None:
    for member in (world.rep, world.second_rep):
        await create_lead(member)
    answers = await asyncio.gather(
        start_departure(world, world.rep.id, world.second_rep.id),
        start_departure(world, world.second_rep.id, world.rep.id),
    )
    assert sorted(each["__typename"] for each in answers) == ["HandOver", "SuccessorNotAvailable"]


async def test_a_person_who_has_left_leads_no_team(world: World) -> None:
    await world.admin.api.first(DEACTIVATE, key=new_key(), id=world.second_rep.id)
    document = """mutation ($key: String!, $id: ID!, $changes: TeamChanges!) {
      updateTeam(clientKey: $key, id: $id, changes: $changes) {
        __typename ... on InvalidInput { field } ... on TeamCycle { field }
      }
    }"""
    for changes, expected in (
        ({"managerId": world.second_rep.id}, {"__typename": "InvalidInput", "field": "managerId"}),
        ({"parentId": world.north.id}, {"__typename": "TeamCycle", "field": "parentId"}),
    ):
        answer = await world.admin.api.first(document, key=new_key(), id=world.top.id, changes=changes)
        assert answer == expected

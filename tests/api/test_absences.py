"""Absences through GraphQL over HTTP: who may record them, what is refused, and what a deputy sees meanwhile."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from domain.ids import new_id
from resolvers.services import Services
from storage.clocks import COLLECTION as CLOCKS
from storage.outbox import NOTICES
from storage.people import PEOPLE
from tests.conftest import START, StoppedClock
from tests.support.absences import PERSON, RECORD, end_absence, record_absence
from tests.support.client import ApiClient, new_key
from tests.support.leads import create_lead, log_activity
from tests.support.world import Member, World
from workers.sla_watch import watch_once

DAY = timedelta(days=1)
LEADS = "{ leads { nodes { id } } }"
ROSTER = """mutation ($key: String!, $id: ID!, $roster: RosterInput!) {
  setRoster(clientKey: $key, personId: $id, roster: $roster) { __typename }
}"""
PLAN = """mutation ($key: String!, $date: Date!) {
  planDay(clientKey: $key, date: $date) { __typename ... on Refusal { code } ... on RoutePlan { state } }
}"""
MAP = "{ teamMap { nodes { personId person { absent } } } }"


async def leads_of(member: Member) -> set[str]:
    return {each["id"] for each in (await member.api.first(LEADS))["nodes"]}


async def test_a_rep_and_those_above_record_absences(world: World) -> None:
    own = await record_absence(world.rep, world.rep.id, fromAt=START + DAY, untilAt=START + 2 * DAY)
    assert own["__typename"] == "Person"
    assert (own["absent"], own["version"]) == (False, 2)
    (kept,) = own["absences"]
    assert kept["kind"] == "VACATION"
    assert kept["fromAt"] == "2026-11-24T01:00:00.000Z"
    by_manager = await record_absence(
        world.manager,
        world.rep.id,
        kind="SICKNESS",
        fromAt=START - DAY,
        untilAt=START + DAY,
        deputyId=world.second_rep.id,
    )
    assert by_manager["absent"] is True
    assert [each["kind"] for each in by_manager["absences"]] == ["SICKNESS", "VACATION"]
    deputy = await world.manager.api.first(PERSON, id=world.second_rep.id)
    assert deputy["standsInForIds"] == [world.rep.id]


async def test_why_somebody_is_away_is_not_for_colleagues(world: World) -> None:
    await record_absence(world.manager, world.rep.id, kind="SICKNESS", fromAt=START, untilAt=START + DAY)
    for member, kind in ((world.second_rep, None), (world.rep, "SICKNESS"), (world.director, "SICKNESS")):
        seen = await member.api.first(PERSON, id=world.rep.id)
        assert (seen["absent"], seen["absences"][0]["kind"]) == (True, kind)


async def test_who_may_not_record_absences(world: World, other_world: World, anonymous: ApiClient) -> None:
    times = {"fromAt": START, "untilAt": START + DAY}
    given = {name: at.isoformat() for name, at in times.items()} | {"kind": "OTHER"}
    assert await anonymous.code(RECORD, key=new_key(), id=world.rep.id, absence=given) == "UNAUTHENTICATED"
    for member in (world.second_rep, world.support):
        assert await member.api.code(RECORD, key=new_key(), id=world.rep.id, absence=given) == "FORBIDDEN"
    for member in (world.south_manager, other_world.admin):
        assert (await record_absence(member, world.rep.id, **times))["code"] == "NOT_FOUND"


@pytest.mark.parametrize(
    ("given", "code", "field"),
    [
        ({"untilAt": START - DAY}, "BAD_INPUT", "untilAt"),
        ({"untilAt": START + 500 * DAY}, "BAD_INPUT", "untilAt"),
        ({"fromAt": START - 40 * DAY}, "BAD_INPUT", "fromAt"),
        ({"deputyId": "rep"}, "BAD_INPUT", "deputyId"),
        ({"deputyId": "support"}, "DEPUTY_NOT_AVAILABLE", "deputyId"),
        ({"deputyId": "south_rep"}, "DEPUTY_NOT_AVAILABLE", "deputyId"),
        ({"deputyId": "nobody"}, "NOT_FOUND", None),
    ],
)
async def test_what_is_refused(world: World, given: dict[str, Any], code: str, field: str | None) -> None:
    who = given.get("deputyId")
    if who is not None:
        given = {"deputyId": new_id("per", START) if who == "nobody" else getattr(world, who).id}
    answer = await record_absence(world.admin, world.rep.id, **({"fromAt": START, "untilAt": START + DAY} | given))
    assert (answer["code"], answer.get("field")) == (code, field)


async def test_a_manager_is_followed_by_somebody_who_leads(world: World) -> None:
    times = {"fromAt": START, "untilAt": START + DAY}
    refused = await record_absence(world.admin, world.manager.id, deputyId=world.rep.id, **times)
    assert (refused["code"], refused["personId"]) == ("DEPUTY_NOT_AVAILABLE", world.rep.id)
    taken = await record_absence(world.admin, world.manager.id, deputyId=world.south_manager.id, **times)
    assert taken["__typename"] == "Person"


async def test_a_person_is_away_once_at_a_time_even_when_told_twice_at_once(world: World, services: Services) -> None:
    times = {"fromAt": START, "untilAt": START + DAY}
    answers = await asyncio.gather(*(record_absence(world.manager, world.rep.id, **times) for _ in range(4)))
    kinds = sorted(each["__typename"] for each in answers)
    assert kinds == ["AbsenceOverlaps", "AbsenceOverlaps", "AbsenceOverlaps", "Person"]
    kept = await services.store[PEOPLE].find_one({"_id": world.rep.id})
    assert kept is not None
    assert len(kept["absences"]) == 1


async def test_two_who_name_each_other_at_once_meet(world: World) -> None:
    times = {"fromAt": START, "untilAt": START + DAY}
    one, other = await asyncio.gather(
        record_absence(world.manager, world.rep.id, deputyId=world.second_rep.id, **times),
        record_absence(world.manager, world.second_rep.id, deputyId=world.rep.id, **times),
    )
    assert {one["__typename"], other["__typename"]} == {"Person", "DeputyCycle"}
    refused = one if one["__typename"] == "DeputyCycle" else other
    assert refused["field"] == "deputyId"
    assert set(refused["personIds"]) == {world.rep.id, world.second_rep.id}


async def test_the_same_key_answers_the_same(world: World) -> None:
    key = new_key()
    times = {"fromAt": START, "untilAt": START + DAY}
    first = await record_absence(world.manager, world.rep.id, key=key, **times)
    assert await record_absence(world.manager, world.rep.id, key=key, **times) == first
    reused = await record_absence(world.manager, world.rep.id, key=key, **(times | {"untilAt": START + 2 * DAY}))
    assert reused["code"] == "KEY_REUSED"


async def test_the_deputy_sees_and_works_on_the_leads_until_the_absence_ends(
    world: World, clock: StoppedClock, services: Services
) -> None:
    lead = await create_lead(world.rep)
    assert await leads_of(world.second_rep) == set()
    away = await record_absence(
        world.rep, world.rep.id, fromAt=START + DAY, untilAt=START + 3 * DAY, deputyId=world.second_rep.id
    )
    assert await leads_of(world.second_rep) == set()
    clock.advance(days=1)
    assert await leads_of(world.second_rep) == {lead["id"]}
    called = await log_activity(world.second_rep, lead["id"])
    assert called["__typename"] == "Activity"
    assert called["byId"] == world.second_rep.id
    absence_id = away["absences"][0]["absenceId"]
    clock.advance(hours=1)
    back = await end_absence(world.manager, world.rep.id, absence_id)
    assert (back["absent"], back["absences"][0]["untilAt"]) == (False, "2026-11-24T02:00:00.000Z")
    assert await leads_of(world.second_rep) == set()
    assert (await end_absence(world.manager, world.rep.id, absence_id))["currentState"] == "OVER"
    assert (await end_absence(world.manager, world.rep.id, new_id("abs", START)))["code"] == "NOT_FOUND"


async def test_an_absence_that_has_not_begun_is_taken_back(world: World) -> None:
    away = await record_absence(
        world.rep, world.rep.id, fromAt=START + DAY, untilAt=START + 3 * DAY, deputyId=world.second_rep.id
    )
    back = await end_absence(world.rep, world.rep.id, away["absences"][0]["absenceId"])
    assert back["absences"] == []


async def test_a_deputy_of_a_manager_sees_the_team(world: World, clock: StoppedClock) -> None:
    lead = await create_lead(world.rep)
    times = {"fromAt": START, "untilAt": START + DAY}
    await record_absence(world.admin, world.manager.id, deputyId=world.south_manager.id, **times)
    assert await leads_of(world.south_manager) == {lead["id"]}
    assert world.rep.id in {each["personId"] for each in (await world.south_manager.api.first(MAP))["nodes"]}
    clock.advance(days=1)
    assert await leads_of(world.south_manager) == set()
    assert world.rep.id not in {each["personId"] for each in (await world.south_manager.api.first(MAP))["nodes"]}


async def told(services: Services, world: World, lead_id: str) -> dict[str, set[int]]:
    """Who was told of which steps."""
    names = {getattr(world, name).id: name for name in ("rep", "second_rep", "manager", "south_manager", "director")}
    found: dict[str, set[int]] = {}
    for each in await services.store[NOTICES].find({"org_id": world.org_id, "lead_id": lead_id}, limit=99):
        if each.get("step"):
            found.setdefault(names[each["owner_id"]], set()).add(each["step"])
    return found


@pytest.mark.parametrize(
    ("rep_deputy", "manager_deputy", "expected"),
    [
        ("second_rep", None, {"second_rep": {75, 100}, "director": {100}}),
        (None, "south_manager", {"south_manager": {75, 100}}),
        (None, None, {"director": {75, 100}}),
    ],
)
async def test_notices_go_to_the_deputy_or_the_next_level(
    world: World,
    services: Services,
    clock: StoppedClock,
    rep_deputy: str | None,
    manager_deputy: str | None,
    expected: dict[str, set[int]],
) -> None:
    await services.store[CLOCKS].delete_many({})
    lead = await create_lead(world.rep)
    for who, deputy in (("rep", rep_deputy), ("manager", manager_deputy)):
        given = {"deputyId": getattr(world, deputy).id} if deputy is not None else {}
        away = await record_absence(world.admin, getattr(world, who).id, fromAt=START, untilAt=START + 5 * DAY, **given)
        assert away["__typename"] == "Person", away
    for hours in (18, 6):
        clock.advance(hours=hours)
        while await watch_once(services, "one"):
            pass
    assert await told(services, world, lead["id"]) == expected


async def test_who_is_away_has_no_day_to_plan_and_stays_on_the_map(world: World) -> None:
    roster = {"weekly": ["09:00-18:00"] * 7}
    await world.manager.api.first(ROSTER, key=new_key(), id=world.rep.id, roster=roster)
    await record_absence(world.rep, world.rep.id, fromAt=START + DAY, untilAt=START + 2 * DAY)
    for day, kind in (("2026-11-24", "NoShiftPlanned"), ("2026-11-25", "RoutePlan")):
        assert (await world.rep.api.first(PLAN, key=new_key(), date=day))["__typename"] == kind
    shown = {each["personId"]: each["person"]["absent"] for each in (await world.manager.api.first(MAP))["nodes"]}
    assert shown == {world.rep.id: False, world.second_rep.id: False}

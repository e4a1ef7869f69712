"""Leads that the table assigns, and the trace of every change of hands."""

from __future__ import annotations

import asyncio
from collections import Counter

from resolvers.services import Services
from tests.conftest import StoppedClock
from tests.support.absences import end_absence, record_absence
from tests.support.assignment import people, save_rules, trace
from tests.support.client import new_key
from tests.support.hand_overs import moved, start_departure
from tests.support.leads import ASSIGN, CREATE, clock_of, create_lead, read_lead
from tests.support.world import World


async def test_create_lead_auto_gives_it_by_rule_and_says_why(world: World, clock: StoppedClock) -> None:
    saved = await save_rules(
        world.admin,
        {"key": "bread", "name": "Bread", "productLines": ["Bread"], "candidates": people(world.second_rep, world.rep)},
    )
    await record_absence(world.manager, world.second_rep.id, fromAt=clock.now, untilAt=clock.now.replace(day=30))
    lead = await create_lead(world.admin, assignment="AUTO", productLine="bread")
    assert (lead["ownerId"], lead["teamId"]) == (world.rep.id, world.north.id)
    assert clock_of(await read_lead(world.rep, lead["id"]), "LEAD_FIRST_CONTACT")["state"] == "RUNNING"
    (why,) = await trace(world.rep, lead["id"])
    assert (why["kind"], why["toOwner"]["id"], why["fromOwner"]) == ("RULE", world.rep.id, None)
    assert (why["ruleKey"], why["ruleName"], why["tableVersion"]) == ("bread", "Bread", saved["version"])
    assert why["skipped"] == [{"person": {"id": world.second_rep.id}, "reason": "ABSENT", "limit": None}]
    notices = await world.rep.api.first("{ notices { nodes { kind lead { id } } } }")
    assert {"kind": "LEAD_ASSIGNED", "lead": {"id": lead["id"]}} in notices["nodes"]


async def test_create_lead_auto_without_anybody_goes_to_the_pool(world: World) -> None:
    lead = await create_lead(world.manager, assignment="AUTO")
    assert (lead["ownerId"], lead["teamId"], lead["clocks"]) == (None, world.north.id, [])
    (why,) = await trace(world.manager, lead["id"])
    assert (why["kind"], why["ruleKey"], why["tableVersion"], why["by"]["id"]) == ("POOL", None, 0, world.manager.id)
    full = people(world.rep, maxOpenLeads=1)
    await save_rules(world.admin, {"candidates": full, "poolTeamId": world.south.id})
    assert (await create_lead(world.manager, assignment="AUTO"))["ownerId"] == world.rep.id
    pooled = await create_lead(world.admin, assignment="AUTO")
    assert (pooled["ownerId"], pooled["teamId"]) == (None, world.south.id)
    (why,) = await trace(world.admin, pooled["id"])
    assert [(each["reason"], each["limit"]) for each in why["skipped"]] == [("FULL", 1)]


async def test_create_lead_auto_rights_and_contradictions(world: World) -> None:
    auto = {"name": "x", "assignment": "AUTO"}
    assert await world.rep.api.code(CREATE, key=new_key(), input=auto) == "FORBIDDEN"
    both = await create_lead(world.manager, assignment="AUTO", ownerId=world.rep.id)
    assert (both["__typename"], both["field"]) == ("InvalidInput", "assignment")
    lost = await create_lead(world.manager, location={"latitude": 95, "longitude": 0, "datum": "WGS84"})
    assert (lost["__typename"], lost["field"]) == ("InvalidInput", "location")


async def test_team_candidates_are_its_reps_and_weights_are_kept(world: World) -> None:
    await save_rules(world.admin, {"candidates": [{"teamId": world.north.id}, *people(world.south_rep, weight=2)]})
    owners = [(await create_lead(world.admin, assignment="AUTO"))["ownerId"] for _ in range(8)]
    assert Counter(owners) == {world.rep.id: 2, world.second_rep.id: 2, world.south_rep.id: 4}


async def test_who_returns_from_an_absence_is_owed_nothing(world: World, clock: StoppedClock) -> None:
    await save_rules(world.admin, {"candidates": people(world.rep, world.second_rep, world.south_rep)})
    away = await record_absence(world.manager, world.rep.id, fromAt=clock.now, untilAt=clock.now.replace(day=30))
    for _ in range(10):
        assert (await create_lead(world.admin, assignment="AUTO"))["ownerId"] != world.rep.id
    clock.advance(hours=1)
    await end_absence(world.manager, world.rep.id, away["absences"][0]["absenceId"])
    owners = [(await create_lead(world.admin, assignment="AUTO"))["ownerId"] for _ in range(9)]
    assert set(Counter(owners).values()) == {3}


async def test_create_lead_auto_at_once_is_even(world: World) -> None:
    await save_rules(world.admin, {"candidates": people(world.rep, world.second_rep, world.south_rep)})
    leads = await asyncio.gather(*(create_lead(world.admin, assignment="AUTO") for _ in range(20)))
    assert sorted(Counter(each["ownerId"] for each in leads).values()) == [6, 7, 7]


async def test_the_trace_tells_every_change_of_hands_to_whoever_sees_the_lead(world: World) -> None:
    lead = await create_lead(world.rep)
    await world.manager.api.first(ASSIGN, key=new_key(), id=lead["id"], owner=world.second_rep.id)
    await world.admin.api.first(ASSIGN, key=new_key(), id=lead["id"], owner=world.south_rep.id)
    told = await trace(world.south_rep, lead["id"])
    assert [each["kind"] for each in told] == ["MANUAL", "MANUAL", "OWN"]
    # A rep of another team learns that it changed hands, not between whom.
    assert (told[0]["toOwner"]["id"], told[0]["fromOwner"], told[1]["toOwner"]) == (world.south_rep.id, None, None)
    hands = [(each["fromOwner"], each["toOwner"]) for each in await trace(world.admin, lead["id"])]
    ids = [(before and before["id"], after["id"]) for before, after in hands]
    reps = [world.rep.id, world.second_rep.id, world.south_rep.id]
    assert ids == [(reps[1], reps[2]), (reps[0], reps[1]), (None, reps[0])]
    assert (await world.rep.api.data("query ($id: ID!) { lead(id: $id) { id } }", id=lead["id"]))["lead"] is None


async def test_a_departure_leaves_a_trace_and_ends_the_turns_of_who_left(world: World, services: Services) -> None:
    await save_rules(world.admin, {"candidates": people(world.rep, world.second_rep)})
    lead = await create_lead(world.manager, assignment="AUTO")
    assert lead["ownerId"] == world.rep.id
    await start_departure(world, world.rep.id, world.second_rep.id)
    # Even while the leads are still on their way, none goes to who leaves.
    assert (await create_lead(world.manager, assignment="AUTO"))["ownerId"] == world.second_rep.id
    await moved(services)
    last = (await trace(world.second_rep, lead["id"]))[0]
    assert (last["kind"], last["fromOwner"]["id"], last["by"]) == ("HAND_OVER", world.rep.id, None)

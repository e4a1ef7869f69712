"""Logging activities: what is stored, and which of them move the clocks of a lead."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from domain.ids import new_id
from tests.conftest import START, StoppedClock
from tests.support.client import new_key
from tests.support.leads import LOG, clock_of, create_lead, log_activity, read_lead
from tests.support.reads_counter import ReadsCounter
from tests.support.world import World

FIRST, FOLLOW_UP = "LEAD_FIRST_CONTACT", "LEAD_NEXT_FOLLOWUP"


async def test_log_activity_stores_what_was_done(world: World, clock: StoppedClock) -> None:
    lead_id = (await create_lead(world.rep))["id"]
    activity_id = new_id("act", START)
    clock.advance(hours=3)
    logged = await log_activity(
        world.rep, lead_id, id=activity_id, evidence="CALL_LOG", occurredAt="2026-11-23T02:30:00+00:00", note="agreed"
    )
    assert logged["id"] == activity_id
    assert (logged["evidence"], logged["byId"], logged["note"]) == ("CALL_LOG", world.rep.id, "agreed")
    assert logged["occurredAt"] == "2026-11-23T02:30:00.000Z"
    lead = await read_lead(world.rep, lead_id)
    assert [each["id"] for each in lead["activities"]] == [activity_id]
    assert lead["lastContactAt"] == lead["lastActivityAt"] == logged["occurredAt"]


async def test_log_activity_first_contact_is_met_and_follow_up_runs(world: World, clock: StoppedClock) -> None:
    lead_id = (await create_lead(world.rep))["id"]
    clock.advance(hours=2)
    logged = await log_activity(world.rep, lead_id)
    assert logged["lead"]["slaDueAt"] == "2026-11-26T03:00:00.000Z"
    clock.advance(hours=1)
    lead = await read_lead(world.rep, lead_id)
    first, follow_up = clock_of(lead, FIRST), clock_of(lead, FOLLOW_UP)
    assert (first["state"], first["metAt"], first["remainingOpenSeconds"]) == ("MET", logged["occurredAt"], None)
    assert (follow_up["state"], follow_up["cycle"], follow_up["targetSeconds"]) == ("RUNNING", 1, 72 * 3600)
    assert (follow_up["remainingOpenSeconds"], follow_up["overdueOpenSeconds"]) == (71 * 3600, 0)
    assert (follow_up["serverNow"], follow_up["timeZone"]) == ("2026-11-23T04:00:00.000Z", "UTC")
    await log_activity(world.rep, lead_id, "MESSAGE")
    again = clock_of(await read_lead(world.rep, lead_id), FOLLOW_UP)
    assert (again["cycle"], again["dueAt"], again["id"]) == (2, "2026-11-26T04:00:00.000Z", follow_up["id"])


@pytest.mark.parametrize(
    ("kind", "given", "stops"),
    [
        ("CALL", {}, True),
        ("EMAIL", {}, True),
        ("MESSAGE", {"evidence": "MESSAGE_ID", "evidenceRef": "m-1"}, True),
        ("MEETING", {}, True),
        ("VISIT", {}, True),
        ("NOTE", {}, False),
        ("CALL", {"direction": "INBOUND"}, False),
        ("MEETING", {"direction": "INBOUND"}, False),
        ("EMAIL", {"automatic": True}, False),
        ("MESSAGE", {"automatic": True}, False),
    ],
)
async def test_log_activity_only_a_human_outbound_contact_stops(
    world: World, kind: str, given: dict[str, Any], stops: bool
) -> None:
    lead_id = (await create_lead(world.rep))["id"]
    assert (await log_activity(world.rep, lead_id, kind, **given))["__typename"] == "Activity"
    lead = await read_lead(world.rep, lead_id)
    assert clock_of(lead, FIRST)["state"] == ("MET" if stops else "RUNNING")
    assert len(lead["clocks"]) == (2 if stops else 1)


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"occurredAt": "2026-11-20T00:59:59.999Z"}, "occurredAt"),
        ({"occurredAt": "2026-11-23T01:05:00.001Z"}, "occurredAt"),
        ({"evidence": "VISIT"}, "visitId"),
        ({"id": "act_x"}, "id"),
        ({"note": "x" * 4001}, "note"),
        ({"evidenceRef": "x" * 201}, "evidenceRef"),
    ],
)
async def test_log_activity_names_the_bad_field(world: World, given: dict[str, Any], field: str) -> None:
    lead_id = (await create_lead(world.rep))["id"]
    refused = await log_activity(world.rep, lead_id, **given)
    assert (refused["__typename"], refused["field"]) == ("InvalidInput", field)


async def test_log_activity_takes_72_hours_back_and_a_fast_phone_clock(world: World) -> None:
    lead_id = (await create_lead(world.rep))["id"]
    oldest = await log_activity(world.rep, lead_id, occurredAt="2026-11-20T01:00:00Z")
    assert oldest["__typename"] == "Activity"
    ahead = await log_activity(world.rep, lead_id, occurredAt="2026-11-23T01:05:00Z")
    assert ahead["occurredAt"] == "2026-11-23T01:00:00.000Z"


async def test_log_activity_refusals(world: World, other_world: World) -> None:
    lead_id = (await create_lead(world.rep))["id"]
    given = {"leadId": lead_id, "kind": "CALL"}
    assert await world.admin.api.code(LOG, key=new_key(), input=given) == "FORBIDDEN"
    assert await world.support.api.code(LOG, key=new_key(), input=given) == "FORBIDDEN"
    assert await world.rep.api.as_("").code(LOG, key=new_key(), input=given) == "UNAUTHENTICATED"
    for member in (world.second_rep, world.south_manager, other_world.rep):
        assert (await member.api.first(LOG, key=new_key(), input=given))["code"] == "NOT_FOUND"
    visit = await log_activity(world.rep, lead_id, evidence="VISIT", visitId=new_id("vis", START))
    assert visit["code"] == "NOT_FOUND"
    logged = await log_activity(world.rep, lead_id)
    other_lead = (await create_lead(other_world.rep))["id"]
    assert (await log_activity(other_world.rep, other_lead, id=logged["id"]))["code"] == "ID_TAKEN"


async def test_log_activity_repeated_key_writes_once(world: World) -> None:
    lead_id = (await create_lead(world.rep))["id"]
    key, given = new_key(), {"leadId": lead_id, "kind": "CALL"}
    answers = await asyncio.gather(*(world.rep.api.first(LOG, key=key, input=given) for _ in range(5)))
    assert len({answer["id"] for answer in answers}) == 1
    lead = await read_lead(world.rep, lead_id)
    assert (len(lead["activities"]), clock_of(lead, FOLLOW_UP)["cycle"]) == (1, 1)
    reused = await world.rep.api.first(LOG, key=key, input=given | {"note": "other"})
    assert reused["code"] == "KEY_REUSED"


async def test_log_activity_in_parallel_counts_every_contact(world: World) -> None:
    lead_id = (await create_lead(world.rep))["id"]
    answers = await asyncio.gather(*(log_activity(world.rep, lead_id) for _ in range(6)))
    assert {answer["__typename"] for answer in answers} == {"Activity"}
    lead = await read_lead(world.rep, lead_id)
    assert (len(lead["activities"]), clock_of(lead, FOLLOW_UP)["cycle"]) == (6, 6)
    assert len(lead["clocks"]) == 2


async def test_log_activity_reported_late_counts_from_when_it_happened(world: World, clock: StoppedClock) -> None:
    lead_id = (await create_lead(world.rep))["id"]
    clock.advance(hours=10)
    await log_activity(world.rep, lead_id)
    clock.advance(hours=10)
    await log_activity(world.rep, lead_id, occurredAt="2026-11-23T03:00:00Z")
    lead = await read_lead(world.rep, lead_id)
    assert clock_of(lead, FIRST)["metAt"] == "2026-11-23T03:00:00.000Z"
    follow_up = clock_of(lead, FOLLOW_UP)
    assert (follow_up["cycle"], follow_up["dueAt"]) == (2, "2026-11-26T11:00:00.000Z")


async def test_activities_reads_do_not_grow_with_rows(world: World, reads_counter: ReadsCounter) -> None:
    query = "query ($id: ID!) { lead(id: $id) { activities(first: 50) { id lead { name } } clocks { state } } }"
    lead_id = (await create_lead(world.rep))["id"]
    await log_activity(world.rep, lead_id)
    reads_counter.take()
    await world.rep.api.data(query, id=lead_id)
    one = len(reads_counter.take())
    for _ in range(19):
        await log_activity(world.rep, lead_id, "NOTE")
    reads_counter.take()
    assert len((await world.rep.api.first(query, id=lead_id))["activities"]) == 20
    assert len(reads_counter.take()) == one

"""What proves a visit and what it leads to: fixes of the track, second fixes, the lead's history and clocks."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest

from resolvers.services import Services
from tests.conftest import START, StoppedClock
from tests.support.client import new_key
from tests.support.field_work import CHECK_OUT, PIN, check_in, check_out, make_site, minutes, north_of_pin, wire
from tests.support.leads import clock_of, create_lead, log_activity, read_lead
from tests.support.world import Member, World
from workers.visits import close_open

START_SHIFT = """mutation ($key: String!, $at: DateTime!) {
  startShift(clientKey: $key, at: $at) { __typename }
}"""
REPORT = """mutation ($key: String!, $input: ReportPositionsInput!) {
  reportPositions(clientKey: $key, input: $input) { ... on PositionsReceived { accepted } }
}"""
ACTIVITIES = """query ($id: ID!) { lead(id: $id) {
  lastActivityAt lastContactAt activities { id kind evidence outcome nextStep note occurredAt visitId byId }
} }"""
NO_POSITION = {"latitude": None, "longitude": None, "datum": None, "accuracyM": None}
FIRST = "LEAD_FIRST_CONTACT"


def fix(at: datetime, metres: float = 0, accuracy_m: float = 10) -> dict[str, Any]:
    """A point of the phone's track."""
    return north_of_pin(metres) | {"accuracyM": accuracy_m, "at": wire(at)}


async def report(member: Member, *points: dict[str, Any]) -> None:
    """Sends points, all of which are taken."""
    taken = await member.api.first(REPORT, key=new_key(), input={"cadenceS": 60, "points": list(points)})
    assert taken == {"accepted": len(points)}


@pytest.mark.parametrize(
    ("after", "metres", "accuracy_m", "verified"),
    [
        (minutes(5), 0, 10, True),
        (minutes(5) - timedelta(seconds=1), 0, 10, False),
        (minutes(5), 190, 100, True),
        (minutes(5), 190, 101, False),
        (minutes(5), 210, 10, False),
        (minutes(21), 0, 10, False),
    ],
)
async def test_the_track_proves_a_stay_whose_check_out_has_no_position(
    world: World, clock: StoppedClock, after: timedelta, metres: float, accuracy_m: float, verified: bool
) -> None:
    assert (await world.rep.api.first(START_SHIFT, key=new_key(), at=wire(START)))["__typename"] == "Shift"
    visit_id = (await check_in(world.rep, await make_site(world.rep), START))["visit"]["id"]
    clock.advance(minutes=22)
    await report(world.rep, fix(START + minutes(1), 0), fix(START + after, metres, accuracy_m))
    told = await check_out(world.rep, visit_id, START + minutes(20), **NO_POSITION)
    assert (told["state"], told["verified"]) == ("DONE", verified)


async def test_another_persons_track_proves_nothing(world: World, clock: StoppedClock) -> None:
    await world.second_rep.api.first(START_SHIFT, key=new_key(), at=wire(START))
    visit_id = (await check_in(world.rep, await make_site(world.rep), START))["visit"]["id"]
    clock.advance(minutes=20)
    await report(world.second_rep, fix(START + minutes(10)))
    told = await check_out(world.rep, visit_id, clock.now, **NO_POSITION)
    assert (told["state"], told["verified"]) == ("DONE", False)


async def test_a_second_fix_within_two_minutes_makes_a_weak_arrival_count(world: World, clock: StoppedClock) -> None:
    site_id = await make_site(world.rep)
    lead_id = (await create_lead(world.rep))["id"]
    weak = await check_in(world.rep, site_id, START, accuracyM=150, reason="thick walls", leadId=lead_id)
    assert (weak["verdict"], weak["unverified"]) == ("INSIDE_WEAK", True)
    assert clock_of(await read_lead(world.rep, lead_id), FIRST)["state"] == "RUNNING"
    clock.advance(minutes=2)
    second = await check_in(world.rep, site_id, clock.now)
    assert second["visit"]["id"] == weak["visit"]["id"]
    assert clock_of(await read_lead(world.rep, lead_id), FIRST)["metAt"] == "2026-11-23T01:00:00.000Z"
    clock.advance(minutes=3)
    assert (await check_out(world.rep, weak["visit"]["id"], clock.now))["verified"] is True


async def test_a_verified_visit_is_a_contact_in_the_leads_history(world: World, clock: StoppedClock) -> None:
    lead_id = (await create_lead(world.rep))["id"]
    clock.advance(minutes=30)
    opened = await check_in(world.rep, await make_site(world.rep), clock.now, leadId=lead_id)
    visit_id, arrived = opened["visit"]["id"], "2026-11-23T01:30:00.000Z"
    assert (await world.rep.api.first(ACTIVITIES, id=lead_id))["activities"] == []
    clock.advance(minutes=20)
    said = {"outcome": "PROGRESS", "nextStep": "send the offer", "note": "wants two"}
    await check_out(world.rep, visit_id, clock.now, **said)
    lead = await world.rep.api.first(ACTIVITIES, id=lead_id)
    (activity,) = lead["activities"]
    assert (activity["kind"], activity["evidence"], activity["visitId"]) == ("VISIT", "VISIT", visit_id)
    assert {name: activity[name] for name in said} == said
    assert (activity["occurredAt"], activity["byId"]) == (arrived, world.rep.id)
    assert lead["lastActivityAt"] == lead["lastContactAt"] == arrived
    clocks = await read_lead(world.rep, lead_id)
    assert clock_of(clocks, FIRST)["metAt"] == arrived
    assert clock_of(clocks, "LEAD_NEXT_FOLLOWUP")["dueAt"] == "2026-11-26T01:30:00.000Z"


async def test_an_unproved_visit_is_a_note_and_stops_nothing(world: World, clock: StoppedClock) -> None:
    lead_id = (await create_lead(world.rep))["id"]
    opened = await check_in(world.rep, await make_site(world.rep), START, leadId=lead_id)
    clock.advance(minutes=3)
    await check_out(world.rep, opened["visit"]["id"], clock.now, outcome="NOBODY_THERE")
    lead = await world.rep.api.first(ACTIVITIES, id=lead_id)
    assert [(each["kind"], each["outcome"]) for each in lead["activities"]] == [("NOTE", "NOBODY_THERE")]
    assert lead["lastActivityAt"] == "2026-11-23T01:00:00.000Z"
    assert clock_of(await read_lead(world.rep, lead_id), FIRST)["state"] == "RUNNING"


async def test_each_verified_visit_begins_the_next_follow_up_and_delivers_no_proposal(
    world: World, clock: StoppedClock
) -> None:
    lead_id, site_id = (await create_lead(world.rep, tier="A"))["id"], await make_site(world.rep, "A")
    for cycle, due in ((1, "2026-11-26T01:00:00.000Z"), (2, "2026-11-27T01:10:00.000Z")):
        opened = await check_in(world.rep, site_id, clock.now, leadId=lead_id)
        clock.advance(minutes=10)
        assert (await check_out(world.rep, opened["visit"]["id"], clock.now))["verified"] is True
        lead = await read_lead(world.rep, lead_id)
        follow_up = clock_of(lead, "LEAD_NEXT_FOLLOWUP")
        assert (follow_up["cycle"], follow_up["state"], follow_up["dueAt"]) == (cycle, "RUNNING", due)
        assert clock_of(lead, FIRST)["metAt"] == "2026-11-23T01:00:00.000Z"
        assert clock_of(lead, "TIER_A_PROPOSAL")["state"] == "RUNNING"
        clock.advance(days=1)


async def test_a_check_out_and_calls_at_once_all_count(world: World, clock: StoppedClock) -> None:
    lead_id = (await create_lead(world.rep))["id"]
    opened = await check_in(world.rep, await make_site(world.rep), START, leadId=lead_id)
    clock.advance(minutes=6)
    left = PIN | {"accuracyM": 10.0, "visitId": opened["visit"]["id"], "capturedAt": wire(clock.now)}

    async def leave() -> Any:
        told: Any = None
        for _ in range(5):  # a phone goes on while the server is busy with the lead
            answer = await world.rep.api.answer(CHECK_OUT, key=new_key(), input=left | {"outcome": "ORDER"})
            told = (answer.get("data") or {}).get("checkOut")
            if told is not None and told["__typename"] == "Visit":
                break
        return told

    told, *calls = await asyncio.gather(leave(), *(log_activity(world.rep, lead_id) for _ in range(3)))
    assert (told["__typename"], told["state"], told["verified"]) == ("Visit", "DONE", True)
    lead = await world.rep.api.first(ACTIVITIES, id=lead_id)
    logged = sorted(each["id"] for each in calls if each["__typename"] == "Activity")
    assert sorted(each["id"] for each in lead["activities"] if each["kind"] == "CALL") == logged
    assert [each["kind"] for each in lead["activities"]].count("VISIT") == 1
    assert clock_of(await read_lead(world.rep, lead_id), FIRST)["metAt"] == "2026-11-23T01:00:00.000Z"


async def test_check_outs_at_once_leave_one_activity(world: World, services: Services, clock: StoppedClock) -> None:
    lead_id = (await create_lead(world.rep))["id"]
    opened = await check_in(world.rep, await make_site(world.rep), START, leadId=lead_id)
    clock.advance(minutes=6)
    visit_id = opened["visit"]["id"]
    answers = await asyncio.gather(*(check_out(world.rep, visit_id, clock.now) for _ in range(4)))
    assert sorted(each["__typename"] for each in answers) == ["Visit", "WrongState", "WrongState", "WrongState"]
    assert len(await services.store["activities"].find({"lead_id": lead_id}, limit=9)) == 1


async def test_an_outcome_after_the_automatic_end(world: World, services: Services, clock: StoppedClock) -> None:
    await world.rep.api.first(START_SHIFT, key=new_key(), at=wire(START))
    lead_id = (await create_lead(world.rep))["id"]
    visit_id = (await check_in(world.rep, await make_site(world.rep), START, leadId=lead_id))["visit"]["id"]
    clock.advance(minutes=10)
    await report(world.rep, fix(clock.now))
    clock.advance(hours=12)
    assert await close_open(services) >= 1
    assert clock_of(await read_lead(world.rep, lead_id), FIRST)["state"] == "RUNNING"
    clock.advance(hours=3)
    told = await check_out(world.rep, visit_id, clock.now, **NO_POSITION)
    assert (told["state"], told["verified"], told["outcome"]) == ("AUTO_CLOSED", True, "PROGRESS")
    shown = await world.rep.api.first(
        "query ($id: ID!) { visit(id: $id) { autoClosed closedAt lastInsideAt } }", id=visit_id
    )
    assert shown == {
        "autoClosed": True,
        "closedAt": "2026-11-23T13:00:00.000Z",
        "lastInsideAt": "2026-11-23T01:10:00.000Z",
    }
    assert clock_of(await read_lead(world.rep, lead_id), FIRST)["metAt"] == "2026-11-23T01:00:00.000Z"
    assert (await check_out(world.rep, visit_id, clock.now))["code"] == "WRONG_STATE"


async def test_no_outcome_in_three_days_is_a_touch(world: World, services: Services, clock: StoppedClock) -> None:
    visit_id = (await check_in(world.rep, await make_site(world.rep), START))["visit"]["id"]
    state = "query ($id: ID!) { visit(id: $id) { state } }"
    for hours, expected in ((8, "AUTO_CLOSED"), (71, "AUTO_CLOSED"), (1, "TOUCH")):
        clock.advance(hours=hours)
        await close_open(services)
        assert (await world.rep.api.first(state, id=visit_id))["state"] == expected


async def test_visit_stops_the_first_contact_clock_provisionally(world: World, clock: StoppedClock) -> None:
    for stay, state in ((3, "RUNNING"), (10, "MET")):
        lead_id = (await create_lead(world.rep, ownerId=world.rep.id))["id"]
        opened = await check_in(world.rep, await make_site(world.rep), clock.now, leadId=lead_id)
        assert clock_of(await read_lead(world.rep, lead_id), "LEAD_FIRST_CONTACT")["state"] == "MET"
        clock.advance(minutes=stay)
        await check_out(world.rep, opened["visit"]["id"], clock.now)
        assert clock_of(await read_lead(world.rep, lead_id), "LEAD_FIRST_CONTACT")["state"] == state


async def test_unverified_visit_stops_no_clock(world: World) -> None:
    lead_id = (await create_lead(world.rep, ownerId=world.rep.id))["id"]
    told = await check_in(world.rep, await make_site(world.rep), START, 1000, leadId=lead_id, reason="they moved")
    assert told["unverified"] is True
    assert clock_of(await read_lead(world.rep, lead_id), "LEAD_FIRST_CONTACT")["state"] == "RUNNING"

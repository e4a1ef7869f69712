"""Visits through GraphQL over HTTP: appointments, moving and cancelling them, lists, and what the worker settles."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from domain.ids import new_id
from resolvers.services import Services
from storage.times import aware
from storage.visits import end_with_shift
from tests.conftest import START, StoppedClock
from tests.support.absences import record_absence
from tests.support.client import new_key
from tests.support.field_work import SCHEDULE, check_in, check_out, make_site, make_visit, minutes, wire
from tests.support.reads_counter import ReadsCounter
from tests.support.world import Member, World
from workers.visits import close_open, mark_missed

ONE = "query ($id: ID!) { visit(id: $id) { id state version reason closedAt verified replaces { id state reason } } }"
NODE = "query ($id: ID!) { node(id: $id) { __typename id } }"
LIST = """query ($filter: VisitFilter, $order: VisitOrder!, $first: Int!, $after: String) {
  visits(filter: $filter, order: $order, first: $first, after: $after) {
    nodes { id state } pageInfo { hasNextPage endCursor }
  }
}"""
RESCHEDULE = """mutation (
  $key: String!, $id: ID!, $start: DateTime!, $end: DateTime, $reason: String!, $new: ID, $expected: Int
) {
  rescheduleVisit(
    clientKey: $key, id: $id, startAt: $start, endAt: $end, reason: $reason, newVisitId: $new
    expectedVersion: $expected
  ) {
    __typename
    ... on Visit { id state kind plannedStartAt replaces { id state reason } }
    ... on Refusal { code }
    ... on InvalidInput { field }
    ... on WrongState { inState: currentState }
  }
}"""
CANCEL = """mutation ($key: String!, $id: ID!, $reason: String!, $expected: Int) {
  cancelVisit(clientKey: $key, id: $id, reason: $reason, expectedVersion: $expected) {
    __typename
    ... on Visit { id state reason version }
    ... on Refusal { code }
    ... on InvalidInput { field }
    ... on WrongState { inState: currentState }
    ... on VersionConflict { currentVersion }
  }
}"""
TOMORROW = START + timedelta(days=1)


async def schedule(member: Member, site_id: str, start_at: datetime = TOMORROW, **given: Any) -> dict[str, Any]:
    answer: dict[str, Any] = await member.api.first(
        SCHEDULE, key=new_key(), input={"siteId": site_id, "startAt": wire(start_at)} | given
    )
    return answer


async def notices(services: Services, member: Member) -> list[str]:
    found = await services.store["notices"].find({"org_id": member.person.org_id, "owner_id": member.id}, limit=50)
    return [each["kind"] for each in found]


async def test_schedule_visit_for_yourself_and_by_a_manager(world: World) -> None:
    site_id, visit_id = await make_site(world.rep), new_id("vis", START)
    own = await schedule(world.rep, site_id, id=visit_id)
    assert (own["id"], own["state"], own["kind"]) == (visit_id, "PLANNED", "APPOINTMENT")
    assert own["scheduledAt"] == own["plannedStartAt"] == "2026-11-24T01:00:00.000Z"
    assert own["plannedEndAt"] == "2026-11-24T01:30:00.000Z"
    assert own["site"] == {"id": site_id}
    given = await schedule(world.manager, site_id, repId=world.second_rep.id, endAt=wire(TOMORROW + minutes(45)))
    assert (given["repId"], given["plannedEndAt"]) == (world.second_rep.id, "2026-11-24T01:45:00.000Z")


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"id": "vis_1"}, "id"),
        ({"endAt": wire(TOMORROW)}, "endAt"),
        ({"endAt": wire(TOMORROW + minutes(721))}, "endAt"),
        ({"startAt": wire(START - timedelta(days=4))}, "startAt"),
        ({"startAt": wire(START + timedelta(days=401))}, "startAt"),
        ({"note": "x" * 4001}, "note"),
    ],
)
async def test_schedule_visit_names_the_bad_field(world: World, wrong: dict[str, Any], field: str) -> None:
    refused = await schedule(world.rep, await make_site(world.rep), **wrong)
    assert (refused["__typename"], refused.get("field")) == ("InvalidInput", field)


async def test_schedule_visit_refusals(world: World, other_world: World) -> None:
    site_id, key = await make_site(world.rep), new_key()
    south_site = await make_site(world.south_rep)
    given = {"siteId": site_id, "startAt": wire(TOMORROW), "id": new_id("vis", START)}
    first = await world.rep.api.first(SCHEDULE, key=key, input=given)
    assert await world.rep.api.first(SCHEDULE, key=key, input=given) == first
    assert (await world.rep.api.first(SCHEDULE, key=key, input=given | {"note": "x"}))["code"] == "KEY_REUSED"
    theirs = await schedule(other_world.rep, await make_site(other_world.rep), id=given["id"])
    assert theirs["code"] == "ID_TAKEN"
    assert (await schedule(world.rep, south_site))["code"] == "NOT_FOUND"
    assert (await schedule(world.rep, site_id, leadId=new_id("led", START)))["code"] == "NOT_FOUND"
    assert (await schedule(world.manager, site_id, repId=world.south_rep.id))["code"] == "NOT_FOUND"
    assert (await schedule(world.director, south_site, repId=world.rep.id))["field"] == "siteId"
    assert (await schedule(world.admin, site_id, repId=world.support.id))["field"] == "repId"
    for member, rep in ((world.rep, world.second_rep), (world.support, world.rep), (world.admin, world.admin)):
        call = {"siteId": site_id, "startAt": wire(TOMORROW), "repId": rep.id}
        assert await member.api.code(SCHEDULE, key=new_key(), input=call) == "FORBIDDEN"
    assert await world.rep.api.as_("").code(SCHEDULE, key=new_key(), input=given) == "UNAUTHENTICATED"


async def test_reschedule_visit_leaves_the_old_one_with_its_reason(world: World, services: Services) -> None:
    visit_id, new_visit_id = (
        await make_visit(world.rep, await make_site(world.rep, "A"), TOMORROW),
        new_id("vis", START),
    )
    call = {"id": visit_id, "start": wire(TOMORROW + minutes(60)), "reason": "customer is ill", "new": new_visit_id}
    moved = await world.rep.api.first(RESCHEDULE, key=new_key(), **call)
    assert (moved["id"], moved["state"]) == (new_visit_id, "PLANNED")
    assert moved["plannedStartAt"] == "2026-11-24T02:00:00.000Z"
    assert moved["replaces"] == {"id": visit_id, "state": "RESCHEDULED", "reason": "customer is ill"}
    again = await world.rep.api.first(RESCHEDULE, key=new_key(), **call | {"new": None})
    assert (again["code"], again["inState"]) == ("WRONG_STATE", "RESCHEDULED")
    assert await notices(services, world.manager) == ["VISIT_RESCHEDULED"]
    bad = {"id": new_visit_id, "start": wire(TOMORROW), "reason": "x"}
    for wrong, field in ({"new": "vis_2"}, "newVisitId"), ({"end": wire(START)}, "endAt"), ({"reason": " "}, "reason"):
        assert (await world.rep.api.first(RESCHEDULE, key=new_key(), **bad | wrong))["field"] == field
    assert (await world.rep.api.first(RESCHEDULE, key=new_key(), **bad, expected=9))["code"] == "CONFLICT"
    assert (await world.rep.api.first(RESCHEDULE, key=new_key(), **bad | {"new": visit_id}))["code"] == "ID_TAKEN"


async def test_cancel_visit_tells_the_superior_of_tier_a_only(world: World, services: Services) -> None:
    for tier, told in (("B", []), ("A", ["VISIT_CANCELLED"])):
        visit_id, key = await make_visit(world.rep, await make_site(world.rep, tier), TOMORROW), new_key()
        assert (await world.rep.api.first(CANCEL, key=new_key(), id=visit_id, reason=""))["field"] == "reason"
        stale = await world.rep.api.first(CANCEL, key=new_key(), id=visit_id, reason="closed", expected=2)
        assert (stale["code"], stale["currentVersion"]) == ("CONFLICT", 1)
        cancelled = await world.rep.api.first(CANCEL, key=key, id=visit_id, reason="closed", expected=1)
        assert (cancelled["state"], cancelled["reason"], cancelled["version"]) == ("CANCELLED", "closed", 2)
        assert await world.rep.api.first(CANCEL, key=key, id=visit_id, reason="closed", expected=1) == cancelled
        again = await world.rep.api.first(CANCEL, key=new_key(), id=visit_id, reason="closed")
        assert (again["code"], again["inState"]) == ("WRONG_STATE", "CANCELLED")
        assert await notices(services, world.manager) == told
    by_manager = await make_visit(world.rep, await make_site(world.rep, "A"), TOMORROW)
    await world.manager.api.first(CANCEL, key=new_key(), id=by_manager, reason="closed")
    assert await notices(services, world.manager) == ["VISIT_CANCELLED"]


async def test_cancel_visit_tells_the_next_level_where_the_superior_is_away(world: World, services: Services) -> None:
    await record_absence(world.director, world.manager.id, fromAt=wire(START), untilAt=wire(TOMORROW))
    visit_id = await make_visit(world.rep, await make_site(world.rep, "A"), TOMORROW)
    await world.rep.api.first(CANCEL, key=new_key(), id=visit_id, reason="closed")
    assert await notices(services, world.manager) == []
    assert await notices(services, world.director) == ["VISIT_CANCELLED"]


async def test_visits_scope(world: World, other_world: World) -> None:
    visit_id = await make_visit(world.rep, await make_site(world.rep), TOMORROW)
    change = {"id": visit_id, "reason": "x"}
    for member in (world.rep, world.manager, world.director, world.admin, world.support):
        assert await member.api.first(ONE, id=visit_id) is not None, member.person.name
        assert (await member.api.first(NODE, id=visit_id))["__typename"] == "Visit"
    for member in (world.second_rep, world.south_rep, world.south_manager, other_world.rep, other_world.admin):
        assert await member.api.first(ONE, id=visit_id) is None, member.person.name
        assert await member.api.first(NODE, id=visit_id) is None
        assert (await member.api.first(LIST, order="SOONEST", first=5))["nodes"] == []
        listed = await member.api.first(LIST, order="SOONEST", first=5, filter={"repId": world.rep.id})
        assert listed["nodes"] == []
        assert (await member.api.first(CANCEL, key=new_key(), **change))["code"] == "NOT_FOUND"
        moved = await member.api.first(RESCHEDULE, key=new_key(), **change, start=wire(TOMORROW))
        assert moved["code"] == "NOT_FOUND"
    assert await world.support.api.code(CANCEL, key=new_key(), **change) == "FORBIDDEN"
    assert await world.support.api.code(RESCHEDULE, key=new_key(), **change, start=wire(TOMORROW)) == "FORBIDDEN"
    anonymous = world.rep.api.as_("")
    assert await anonymous.code(ONE, id=visit_id) == "UNAUTHENTICATED"
    assert await anonymous.code(LIST, order="SOONEST", first=5) == "UNAUTHENTICATED"
    assert await anonymous.code(CANCEL, key=new_key(), **change) == "UNAUTHENTICATED"
    assert await anonymous.code(RESCHEDULE, key=new_key(), **change, start=wire(TOMORROW)) == "UNAUTHENTICATED"


async def test_visits_filter_order_and_pages(world: World) -> None:
    site_id, other_site = await make_site(world.rep), await make_site(world.rep)
    early = await make_visit(world.rep, site_id, TOMORROW)
    late = await make_visit(world.rep, site_id, TOMORROW + timedelta(days=1))
    theirs = await make_visit(world.manager, other_site, TOMORROW + minutes(1), repId=world.second_rep.id)
    await world.rep.api.first(CANCEL, key=new_key(), id=late, reason="closed")
    for chosen, found in [
        (None, [early, theirs, late]),
        ({"scheduledFrom": wire(TOMORROW + minutes(1))}, [theirs, late]),
        ({"scheduledBefore": wire(TOMORROW + minutes(1))}, [early]),
        ({"scheduledFrom": wire(TOMORROW), "scheduledBefore": wire(TOMORROW + minutes(2))}, [early, theirs]),
        ({"state": "CANCELLED"}, [late]),
        ({"repId": world.second_rep.id}, [theirs]),
        ({"siteId": site_id}, [early, late]),
    ]:
        listed = await world.manager.api.first(LIST, order="SOONEST", first=10, filter=chosen)
        assert [each["id"] for each in listed["nodes"]] == found, chosen
    latest, after = [], None
    for _ in range(3):
        page = await world.manager.api.first(LIST, order="LATEST", first=1, after=after)
        latest += [each["id"] for each in page["nodes"]]
        after = page["pageInfo"]["endCursor"]
    assert latest == [late, theirs, early]
    assert page["pageInfo"]["hasNextPage"] is False


async def test_visits_list_reads_do_not_grow_with_rows(
    world: World, clock: StoppedClock, reads_counter: ReadsCounter
) -> None:
    query = """{ visits(first: 50, order: LATEST) { nodes {
      id site { name } account { name } lastCheckIn { verdict } checkIns(first: 2) { verdict }
    } } }"""
    counts = []
    for rows in (1, 19):
        for _ in range(rows):
            opened = await check_in(world.rep, await make_site(world.rep), clock.now)
            clock.advance(minutes=6)
            await check_out(world.rep, opened["visit"]["id"], clock.now)
        reads_counter.take()
        listed = await world.rep.api.first(query)
        counts.append(len(reads_counter.take()))
    assert len(listed["nodes"]) == 20
    assert {each["lastCheckIn"]["verdict"] for each in listed["nodes"]} == {"INSIDE"}
    assert counts[0] == counts[1], counts


async def test_worker_marks_missed_visits_once_and_tells_the_rep(
    world: World, services: Services, clock: StoppedClock
) -> None:
    visit_id = await make_visit(world.rep, await make_site(world.rep), START + minutes(10))
    clock.advance(minutes=54)
    await mark_missed(services)
    assert (await world.rep.api.first(ONE, id=visit_id))["state"] == "PLANNED"
    clock.advance(minutes=1)
    assert await mark_missed(services) >= 1
    assert (await world.rep.api.first(ONE, id=visit_id))["state"] == "MISSED"
    assert await mark_missed(services) == 0
    assert await notices(services, world.rep) == ["VISIT_MISSED"]


async def test_worker_closes_forgotten_visits(world: World, services: Services, clock: StoppedClock) -> None:
    opened = await check_in(world.rep, await make_site(world.rep), clock.now)
    clock.advance(hours=8)
    assert await close_open(services) >= 1
    closed = await world.rep.api.first(ONE, id=opened["visit"]["id"])
    assert (closed["state"], closed["verified"]) == ("AUTO_CLOSED", False)
    assert closed["closedAt"] == "2026-11-23T09:00:00.000Z"
    assert await close_open(services) == 0
    late = await check_out(world.rep, opened["visit"]["id"], START + minutes(20))
    assert (late["state"], late["verified"], late["offline"]) == ("DONE", True, True)


async def test_shift_decides_when_a_visit_is_missed_or_closed(
    world: World, services: Services, clock: StoppedClock
) -> None:
    week = [{"starts_s": 9 * 3600, "ends_s": 18 * 3600}]
    roster = {"zone": "Asia/Shanghai", "weekly": [week] * 7, "exceptions": {}, "absences": []}
    await services.store["people"].update_one({"_id": world.rep.id}, {"$set": {"roster": roster}})
    site_id = await make_site(world.rep)
    visit_id = await make_visit(world.rep, site_id, START + minutes(10))
    stored = await services.store["visits"].find_one({"_id": visit_id})
    assert stored is not None
    assert aware(stored["missed_after"]) == START + timedelta(hours=9, minutes=15)
    await check_in(world.rep, site_id, clock.now)
    opened = await services.store["visits"].find_one({"_id": visit_id})
    assert opened is not None
    assert aware(opened["auto_close_at"]) == START + timedelta(hours=11)
    await end_with_shift(services.store, world.org_id, world.rep.id, START + minutes(30))
    clock.advance(minutes=30)
    assert await close_open(services) >= 1
    assert (await world.rep.api.first(ONE, id=visit_id))["closedAt"] == "2026-11-23T01:30:00.000Z"

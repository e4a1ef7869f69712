"""Managers who look at check-ins: releasing, overriding, and what that does to visits, customers and promises."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from resolvers.services import Services
from tests.conftest import START, StoppedClock
from tests.support.client import new_key
from tests.support.field_work import check_in, check_out, make_site, minutes
from tests.support.leads import clock_of, create_lead, read_lead
from tests.support.world import Member, World
from workers.sla_watch import watch_once

_ANSWER = """{ __typename
  ... on CheckIn { id review unverified flagged refused overridden vouchedAt vouchReason vouchedBy { id }
    visit { id state verified openedAt } }
  ... on Refusal { code } ... on InvalidInput { field } ... on WrongState { inState: currentState } }"""
RELEASE, OVERRIDE = (
    f"mutation ($key: String!, $id: ID!, $why: String!) {{ {name}(clientKey: $key, id: $id, reason: $why) {_ANSWER} }}"
    for name in ("releaseCheckIn", "overrideCheckIn")
)
LIST = "query ($filter: CheckInFilter) { checkIns(first: 50, filter: $filter) { nodes { id review } } }"


async def stand(member: Member, operation: str, check_in_id: str, why: str = "was there", **given: Any) -> Any:
    return await member.api.first(operation, key=given.get("key") or new_key(), id=check_in_id, why=why)


async def under_review(world: World, clock: StoppedClock, **given: Any) -> dict[str, Any]:
    """A check-in that came more than 72 hours late, with its visit checked out."""
    site_id = await make_site(world.rep)
    clock.advance(hours=73)
    told = await check_in(world.rep, site_id, START, **given)
    assert (told["review"], told["unverified"]) == (True, True)
    await check_out(world.rep, told["visit"]["id"], START + minutes(30))
    return told


async def newest_id(services: Services, member: Member) -> str:
    query = {"org_id": member.person.org_id, "owner_id": member.id}
    found = await services.store["check_ins"].find(query, order=[("_id", -1)], limit=1)
    return str(found[0]["_id"])


async def test_release_lets_a_check_in_count_for_what_it_shows(
    world: World, services: Services, clock: StoppedClock
) -> None:
    told = await under_review(world, clock)
    departure = await newest_id(services, world.rep)
    for each in (told["id"], departure):
        released = await stand(world.manager, RELEASE, each)
        assert (released["review"], released["unverified"], released["overridden"]) == (False, False, False)
        assert (released["vouchReason"], released["vouchedBy"]["id"]) == ("was there", world.manager.id)
    assert (released["visit"]["state"], released["visit"]["verified"]) == ("DONE", True)
    again = await stand(world.director, RELEASE, told["id"])
    assert (again["code"], again["inState"]) == ("WRONG_STATE", "NOT_UNDER_REVIEW")


async def test_release_withdraws_a_breach_that_the_visit_disproves(
    world: World, services: Services, clock: StoppedClock
) -> None:
    lead_id = (await create_lead(world.rep, ownerId=world.rep.id))["id"]
    site_id = await make_site(world.rep)
    clock.advance(hours=73)
    await watch_once(services, "one")
    told = await check_in(world.rep, site_id, START + minutes(30), leadId=lead_id)
    await check_out(world.rep, told["visit"]["id"], START + minutes(60))
    assert clock_of(await read_lead(world.rep, lead_id), "LEAD_FIRST_CONTACT")["state"] == "BREACHED"
    departure = await newest_id(services, world.rep)
    for each in (told["id"], departure):
        await stand(world.manager, RELEASE, each)
    assert clock_of(await read_lead(world.rep, lead_id), "LEAD_FIRST_CONTACT")["state"] == "MET"


@pytest.mark.parametrize("given", [{"isMock": True}, {"metres": 3_000}, {"accuracyM": 300.0}])
async def test_override_opens_the_visit_of_a_refused_check_in(
    world: World, services: Services, clock: StoppedClock, given: dict[str, Any]
) -> None:
    refused = await check_in(world.rep, await make_site(world.rep, "A"), clock.now, given.pop("metres", 0), **given)
    assert refused["code"] in {"MOCK_LOCATION", "OUTSIDE_GEOFENCE", "SECOND_EVIDENCE_REQUIRED"}
    check_in_id, key = await newest_id(services, world.rep), new_key()
    clock.advance(minutes=3)
    told = await stand(world.manager, OVERRIDE, check_in_id, "I stood beside him", key=key)
    assert (told["overridden"], told["unverified"], told["refused"]) == (True, False, None)
    assert (told["visit"]["state"], told["visit"]["openedAt"]) == ("OPEN", "2026-11-23T01:00:00.000Z")
    assert await stand(world.manager, OVERRIDE, check_in_id, "I stood beside him", key=key) == told
    clock.advance(minutes=27)
    left = await check_out(world.rep, told["visit"]["id"], clock.now)
    assert (left["state"], left["verified"]) == ("DONE", True)
    stored = await services.store["check_ins"].find_one({"_id": check_in_id})
    assert stored is not None
    assert (stored["vouched"]["refused"], stored["verdict"]) == (refused["code"], stored["verdict"])


async def test_override_while_the_rep_is_elsewhere_waits_for_its_check_out(
    world: World, services: Services, clock: StoppedClock
) -> None:
    await check_in(world.rep, await make_site(world.rep, "A"), clock.now, isMock=True)
    check_in_id = await newest_id(services, world.rep)
    clock.advance(minutes=20)
    elsewhere = await check_in(world.rep, await make_site(world.rep), clock.now)
    told = await stand(world.manager, OVERRIDE, check_in_id)
    assert told["visit"]["state"] == "DONE"
    left = await check_out(world.rep, told["visit"]["id"], START + minutes(15))
    assert left["state"] == "DONE"
    assert (await check_out(world.rep, elsewhere["visit"]["id"], clock.now + minutes(0)))["state"] == "TOUCH"


async def test_nobody_stands_for_their_own_and_only_leaders_stand_for_others(
    world: World, other_world: World, clock: StoppedClock
) -> None:
    told = await under_review(world, clock)
    own = await check_in(world.manager, await make_site(world.manager), START)
    for operation in (RELEASE, OVERRIDE):
        assert (await stand(world.manager, operation, own["id"]))["code"] == "OWN_CHECK_IN"
        for member in (world.south_manager, other_world.manager, other_world.admin):
            assert (await stand(member, operation, told["id"]))["code"] == "NOT_FOUND"
        for member in (world.rep, world.second_rep, world.support):
            assert await member.api.code(operation, key=new_key(), id=told["id"], why="x") == "FORBIDDEN"
        assert await world.rep.api.as_("").code(operation, key=new_key(), id=told["id"], why="x") == "UNAUTHENTICATED"
        for why in ("", " ", "x" * 1001):
            assert (await stand(world.manager, operation, told["id"], why))["field"] == "reason"
    released = await stand(world.director, RELEASE, own["id"], "x" * 1000)
    assert released["review"] is False


async def test_administrators_read_who_stood_for_what(world: World, services: Services, clock: StoppedClock) -> None:
    await check_in(world.rep, await make_site(world.rep, "A"), clock.now, isMock=True)
    check_in_id = await newest_id(services, world.rep)
    await stand(world.manager, OVERRIDE, check_in_id, "I stood beside him")
    told = await world.admin.api.first("{ auditTrail(first: 1) { nodes { action reason subjectId actor { id } } } }")
    assert told["nodes"] == [
        {
            "action": "overrideCheckIn",
            "reason": "I stood beside him",
            "subjectId": check_in_id,
            "actor": {"id": world.manager.id},
        }
    ]


async def test_what_counts_needs_no_override(world: World, clock: StoppedClock) -> None:
    told = await check_in(world.rep, await make_site(world.rep), clock.now)
    for operation, state in ((RELEASE, "NOT_UNDER_REVIEW"), (OVERRIDE, "COUNTS")):
        answer = await stand(world.manager, operation, told["id"])
        assert (answer["code"], answer["inState"]) == ("WRONG_STATE", state)


async def test_check_ins_of_a_team_by_what_has_to_be_looked_at(
    world: World, other_world: World, clock: StoppedClock
) -> None:
    told = await under_review(world, clock)
    fine = await check_in(world.second_rep, await make_site(world.rep), clock.now)

    async def listed(member: Member, **chosen: Any) -> set[str]:
        return {each["id"] for each in (await member.api.first(LIST, filter=chosen))["nodes"]}

    assert told["id"] in await listed(world.manager, review=True)
    assert fine["id"] not in await listed(world.manager, review=True)
    assert await listed(world.manager, review=False, repId=world.second_rep.id) == {fine["id"]}
    assert await listed(world.second_rep) == {fine["id"]}
    assert await listed(world.south_manager) == await listed(other_world.admin) == set()
    assert await world.rep.api.as_("").code(LIST) == "UNAUTHENTICATED"
    assert timedelta(0) < clock.now - START

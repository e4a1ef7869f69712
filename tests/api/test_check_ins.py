"""Check-ins through GraphQL over HTTP: verdicts, refusals that keep their evidence, races, lateness and datums."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from domain.ids import new_id
from resolvers.services import Services
from tests.conftest import START, StoppedClock
from tests.support.client import new_key
from tests.support.field_work import (
    CHECK_IN,
    CHECK_OUT,
    PIN,
    check_in,
    check_out,
    make_site,
    make_visit,
    minutes,
    north_of_pin,
    tap,
    wire,
)
from tests.support.world import Member, World
from workers.visits import mark_missed

PHOTO = "ab" * 32
SQUARE_GPS = {"latitude": 39.907302, "longitude": 116.391259, "datum": "WGS84"}
SQUARE_GCJ02 = {"latitude": 39.908700, "longitude": 116.397500, "datum": "GCJ02"}
"""One spot in Beijing, as GPS and as map kits of mainland China give it: 555 m between the numbers."""
CANDIDATES = """query ($latitude: Float!, $longitude: Float!, $datum: Datum!, $accuracy: Float!) {
  checkInCandidates(latitude: $latitude, longitude: $longitude, datum: $datum, accuracyM: $accuracy) { id name }
}"""
EVIDENCE = """query ($id: ID!) { node(id: $id) { __typename ... on CheckIn {
  id refused flagged unverified verdict distanceM reason isMock provider deviceId photoHash capturedAt receivedAt
  sentPosition { latitude longitude datum } position { latitude longitude datum } visit { id } site { id }
} } }"""


async def kept(services: Services, member: Member) -> list[dict[str, Any]]:
    """All evidence of a person, as stored, oldest first."""
    query = {"org_id": member.person.org_id, "owner_id": member.id}
    return await services.store["check_ins"].find(query, order=[("_id", 1)], limit=50)


@pytest.mark.parametrize(
    ("tier", "metres", "given", "verdict", "answer"),
    [
        ("A", 150, {}, "INSIDE", {"unverified": False, "flagged": False}),
        ("B", 150, {"accuracyM": 100}, "INSIDE", {"unverified": False}),
        ("A", 150, {"accuracyM": 101}, "INSIDE_WEAK", "SECOND_EVIDENCE_REQUIRED"),
        ("A", 150, {"accuracyM": 101, "photoHash": PHOTO}, "INSIDE_WEAK", {"unverified": False}),
        ("B", 150, {"accuracyM": 101}, "INSIDE_WEAK", "REASON_REQUIRED"),
        ("B", 150, {"accuracyM": 101, "reason": "thick walls"}, "INSIDE_WEAK", {"unverified": True}),
        ("A", 250, {"accuracyM": 60}, "BORDERLINE", {"unverified": False, "flagged": True}),
        ("B", 250, {"accuracyM": 60}, "BORDERLINE", "REASON_REQUIRED"),
        ("A", 250, {"accuracyM": 40}, "OUTSIDE", "REASON_REQUIRED"),
        ("A", 250, {"accuracyM": 40, "reason": "back gate"}, "OUTSIDE", {"unverified": True, "flagged": True}),
        ("A", 1000, {"reason": "back gate"}, "OUTSIDE", "OUTSIDE_GEOFENCE"),
        ("C", 1000, {}, "OUTSIDE", "REASON_REQUIRED"),
        ("C", 1000, {"reason": "they moved"}, "OUTSIDE", {"unverified": True, "flagged": True}),
        ("A", 0, {"accuracyM": 201}, "NO_VERDICT", "SECOND_EVIDENCE_REQUIRED"),
        ("B", 0, {"accuracyM": 5001, "reason": "cellar"}, "NO_FIX", {"unverified": True}),
        ("B", 0, {"isMock": True, "reason": "test"}, "REJECTED_MOCK", "MOCK_LOCATION"),
    ],
)
async def test_check_in_verdicts_and_what_they_lead_to(
    world: World, services: Services, tier: str, metres: float, given: dict[str, Any], verdict: str, answer: object
) -> None:
    site_id = await make_site(world.rep, tier)
    told = await check_in(world.rep, site_id, START, metres, **given)
    stored = (await kept(services, world.rep))[0]
    assert stored["verdict"] == verdict
    if isinstance(answer, dict):
        assert told["__typename"] == "CheckIn", told
        assert told["verdict"] == verdict
        assert {name: told[name] for name in answer} == answer
        assert told["distanceM"] == pytest.approx(metres, abs=4)
        assert (told["policyVersion"], told["radiusM"]) == (2, 200)
        assert (told["visit"]["state"], told["visit"]["kind"]) == ("OPEN", "UNPLANNED")
    else:
        assert told["code"] == answer
        assert (stored["refused"], stored["flagged"]) == (answer, True)
        assert "visit_id" not in stored


async def test_check_in_refused_keeps_the_evidence_as_it_was_sent(world: World, services: Services) -> None:
    site_id, check_in_id = await make_site(world.rep, "A"), new_id("chk", START)
    sent = north_of_pin(1000) | {"accuracyM": 10}
    told = await check_in(world.rep, site_id, START, **sent, id=check_in_id, deviceId="phone-7", photoHash=PHOTO)
    assert (told["code"], told["radiusM"], told["uncertaintyM"]) == ("OUTSIDE_GEOFENCE", 200, 10)
    assert told["distanceM"] == pytest.approx(1000, abs=1)
    for member in (world.rep, world.manager):
        shown = await member.api.first(EVIDENCE, id=check_in_id)
        assert shown["sentPosition"] == north_of_pin(1000)
        assert (shown["refused"], shown["provider"], shown["deviceId"]) == ("OUTSIDE_GEOFENCE", "GPS", "phone-7")
        assert (shown["visit"], shown["site"]) == (None, {"id": site_id})


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"latitude": 90.1}, "latitude"),
        ({"longitude": -180.1}, "longitude"),
        ({"latitude": 0, "longitude": 0}, "latitude"),
        ({"accuracyM": 0}, "accuracyM"),
        ({"accuracyM": -1}, "accuracyM"),
        ({"capturedAt": wire(START + timedelta(seconds=121))}, "capturedAt"),
        ({"photoHash": "no"}, "photoHash"),
        ({"deviceId": "x" * 101}, "deviceId"),
        ({"note": "x" * 4001}, "note"),
        ({"reason": "x" * 4001}, "reason"),
        ({"id": "chk_1"}, "id"),
    ],
)
async def test_check_in_bad_input_names_the_field(
    world: World, services: Services, wrong: dict[str, Any], field: str
) -> None:
    site_id = await make_site(world.rep)
    told = await check_in(world.rep, site_id, START, **wrong)
    assert (told["__typename"], told.get("field")) == ("InvalidInput", field)
    assert await kept(services, world.rep) == []


async def test_check_in_takes_a_clock_two_minutes_ahead(world: World) -> None:
    told = await check_in(world.rep, await make_site(world.rep), START + timedelta(seconds=120))
    assert told["visit"]["openedAt"] == "2026-11-23T01:00:00.000Z"


@pytest.mark.parametrize("pin", [SQUARE_GPS, SQUARE_GCJ02])
@pytest.mark.parametrize("position", [SQUARE_GPS, SQUARE_GCJ02])
async def test_check_in_in_china_is_inside_whatever_datum_pin_and_phone_use(
    world: World, pin: dict[str, Any], position: dict[str, Any]
) -> None:
    site_id = await make_site(world.rep, "A", coordinates=pin)
    told = await check_in(world.rep, site_id, START, **position)
    assert (told["verdict"], told["unverified"]) == ("INSIDE", False)
    assert told["distanceM"] < 5
    wrong = await check_in(world.second_rep, site_id, START, **position | {"datum": "WGS84"})
    assert (wrong.get("code") == "OUTSIDE_GEOFENCE") == (position["datum"] == "GCJ02")


async def test_check_in_shifted_claim_outside_china_is_flagged_by_its_reasons(world: World) -> None:
    told = await check_in(world.rep, await make_site(world.rep), START, datum="GCJ02")
    assert told["reasons"] == ["WITHIN_FENCE", "DATUM_OUTSIDE_REGION"]


async def test_check_in_five_times_by_a_flaky_phone_is_one(world: World, services: Services) -> None:
    site_id, key = await make_site(world.rep), new_key()
    given = tap(site_id, START, id=new_id("chk", START))
    parallel = await asyncio.gather(*(world.rep.api.first(CHECK_IN, key=key, input=given) for _ in range(3)))
    answers = [*parallel, *[await world.rep.api.first(CHECK_IN, key=key, input=given) for _ in range(2)]]
    assert all(answer == answers[0] for answer in answers)
    assert answers[0]["__typename"] == "CheckIn"
    assert len(await kept(services, world.rep)) == 1
    other = await world.rep.api.first(CHECK_IN, key=key, input=given | {"note": "x"})
    assert other["code"] == "KEY_REUSED"
    same_id = await world.rep.api.first(CHECK_IN, key=new_key(), input=given)
    assert same_id == answers[0]
    conflict = await world.rep.api.first(CHECK_IN, key=new_key(), input=given | {"note": "x"})
    assert conflict["code"] == "ID_TAKEN"
    assert len(await kept(services, world.rep)) == 1


async def test_check_in_refused_repeated_key_answers_the_same(world: World, services: Services) -> None:
    key, given = new_key(), tap(await make_site(world.rep, "A"), START, 900)
    first = await world.rep.api.first(CHECK_IN, key=key, input=given)
    assert first["code"] == "OUTSIDE_GEOFENCE"
    assert await world.rep.api.first(CHECK_IN, key=key, input=given) == first
    assert len(await kept(services, world.rep)) == 1


async def test_check_in_two_phones_at_two_sites_open_one_visit(world: World, services: Services) -> None:
    for _ in range(5):
        sites = [await make_site(world.rep), await make_site(world.rep)]
        answers = await asyncio.gather(*(check_in(world.rep, site_id, START) for site_id in sites))
        won = [each for each in answers if each["__typename"] == "CheckIn"]
        lost = [each for each in answers if each.get("code") == "VISIT_OPEN"]
        assert (len(won), len(lost)) == (1, 1), answers
        assert lost[0]["visitId"] == won[0]["visit"]["id"]
        await check_out(world.rep, won[0]["visit"]["id"], START)
    query = {"org_id": world.org_id, "owner_id": world.rep.id}
    assert len(await services.store["visits"].find(query, limit=50)) == 5
    arrivals = [each for each in await kept(services, world.rep) if each["direction"] == "ARRIVAL"]
    assert len(arrivals) == 10


async def test_check_in_again_within_two_minutes_is_the_same_visit(
    world: World, services: Services, clock: StoppedClock
) -> None:
    site_id = await make_site(world.rep)
    first = await check_in(world.rep, site_id, START)
    clock.advance(minutes=2)
    second = await check_in(world.rep, site_id, clock.now)
    assert second["visit"] == first["visit"]
    clock.advance(seconds=1)
    third = await check_in(world.rep, site_id, clock.now)
    assert (third["code"], third["visitId"], third["siteId"]) == ("VISIT_OPEN", first["visit"]["id"], site_id)
    assert [each.get("refused") for each in await kept(services, world.rep)] == [None, None, "VISIT_OPEN"]


async def test_check_in_opens_the_planned_visit_of_the_day(world: World, clock: StoppedClock) -> None:
    site_id = await make_site(world.rep)
    await make_visit(world.rep, site_id, START + timedelta(days=1))
    today = await make_visit(world.rep, site_id, START + minutes(120))
    opened = await check_in(world.rep, site_id, START)
    assert opened["visit"] == {
        "id": today,
        "state": "OPEN",
        "kind": "APPOINTMENT",
        "openedAt": "2026-11-23T01:00:00.000Z",
    }
    clock.advance(minutes=10)
    await check_out(world.rep, today, clock.now)
    again = await check_in(world.rep, site_id, clock.now)
    assert again["visit"]["kind"] == "UNPLANNED"


async def test_check_in_named_visit_refusals(world: World, services: Services, clock: StoppedClock) -> None:
    site_id, other_site = await make_site(world.rep), await make_site(world.rep)
    visit_id = await make_visit(world.rep, site_id, START)
    theirs = await make_visit(world.manager, site_id, START, repId=world.second_rep.id)
    assert (await check_in(world.rep, other_site, START, visitId=visit_id))["field"] == "siteId"
    assert (await check_in(world.rep, site_id, START, visitId=theirs))["code"] == "NOT_FOUND"
    assert (await check_in(world.manager, site_id, START, visitId=theirs))["code"] == "NOT_FOUND"
    assert (await check_in(world.rep, site_id, START, leadId=new_id("led", START)))["code"] == "NOT_FOUND"
    assert await kept(services, world.rep) == []
    await check_in(world.rep, site_id, START, visitId=visit_id)
    clock.advance(minutes=10)
    await check_out(world.rep, visit_id, clock.now)
    done = await check_in(world.rep, site_id, clock.now, visitId=visit_id)
    assert done["code"] == "WRONG_STATE"
    assert [each.get("refused") for each in await kept(services, world.rep)] == [None, None, "WRONG_STATE"]


async def test_check_in_scope(world: World, other_world: World) -> None:
    site_id = await make_site(world.rep)
    check_in_id = (await check_in(world.rep, site_id, START))["id"]
    for member in (world.rep, world.manager, world.director, world.admin, world.support):
        assert (await member.api.first(EVIDENCE, id=check_in_id))["id"] == check_in_id
    for member in (world.second_rep, world.south_rep, world.south_manager, other_world.rep, other_world.admin):
        assert await member.api.first(EVIDENCE, id=check_in_id) is None, member.person.name
    for member in (world.south_rep, other_world.rep):
        assert (await check_in(member, site_id, START))["code"] == "NOT_FOUND"
    given = tap(site_id, START)
    for member in (world.admin, world.support):
        assert await member.api.code(CHECK_IN, key=new_key(), input=given) == "FORBIDDEN"
        assert await member.api.code(CANDIDATES, **PIN, accuracy=10) == "FORBIDDEN"
    anonymous = world.rep.api.as_("")
    assert await anonymous.code(CHECK_IN, key=new_key(), input=given) == "UNAUTHENTICATED"
    assert await anonymous.code(EVIDENCE, id=check_in_id) == "UNAUTHENTICATED"
    assert await anonymous.code(CANDIDATES, **PIN, accuracy=10) == "UNAUTHENTICATED"


async def test_check_out_scope(world: World, other_world: World) -> None:
    visit_id = (await check_in(world.rep, await make_site(world.rep), START))["visit"]["id"]
    for member in (world.second_rep, world.manager, world.south_rep, other_world.rep):
        assert (await check_out(member, visit_id, START))["code"] == "NOT_FOUND", member.person.name
    given = {"visitId": visit_id, "capturedAt": wire(START), "outcome": "ORDER"}
    for member in (world.admin, world.support):
        assert await member.api.code(CHECK_OUT, key=new_key(), input=given) == "FORBIDDEN"
    assert await world.rep.api.as_("").code(CHECK_OUT, key=new_key(), input=given) == "UNAUTHENTICATED"


@pytest.mark.parametrize(
    ("tier", "stay", "given", "state", "verified"),
    [
        ("B", 5, PIN | {"accuracyM": 10}, "DONE", True),
        ("B", 4.99, PIN | {"accuracyM": 10}, "TOUCH", False),
        ("A", 10, PIN | {"accuracyM": 10}, "DONE", True),
        ("A", 9.99, PIN | {"accuracyM": 10}, "TOUCH", False),
        ("B", 20, {}, "DONE", False),
        ("B", 20, PIN | {"accuracyM": 10, "isMock": True}, "DONE", False),
        ("B", 20, north_of_pin(900) | {"accuracyM": 10}, "DONE", False),
    ],
)
async def test_check_out_is_done_or_touch(
    world: World, clock: StoppedClock, tier: str, stay: float, given: dict[str, Any], state: str, verified: bool
) -> None:
    opened = await check_in(world.rep, await make_site(world.rep, tier), START)
    clock.advance(minutes=stay)
    key = new_key()
    left = {"visitId": opened["visit"]["id"], "capturedAt": wire(clock.now), "outcome": "ORDER", "nextStep": "send"}
    told = await world.rep.api.first(CHECK_OUT, key=key, input=left | given)
    assert (told["state"], told["verified"], told["outcome"], told["nextStep"]) == (state, verified, "ORDER", "send")
    assert len(told["checkIns"]) == (2 if given else 1)
    assert await world.rep.api.first(CHECK_OUT, key=key, input=left | given) == told
    assert (await check_out(world.rep, left["visitId"], clock.now))["code"] == "WRONG_STATE"


async def test_check_out_refusals(world: World, clock: StoppedClock) -> None:
    clock.advance(minutes=30)
    visit_id = (await check_in(world.rep, await make_site(world.rep), clock.now))["visit"]["id"]
    refused: list[tuple[dict[str, Any], str]] = [
        ({"capturedAt": wire(START)}, "capturedAt"),
        ({"capturedAt": wire(clock.now + timedelta(seconds=121))}, "capturedAt"),
        ({"nextStep": "x" * 4001}, "nextStep"),
        ({"note": "x" * 4001}, "note"),
        ({"datum": None}, "datum"),
        ({"longitude": None}, "longitude"),
        (PIN | {"accuracyM": -1.0}, "accuracyM"),
    ]
    for wrong, field in refused:
        assert (await check_out(world.rep, visit_id, clock.now, **wrong)).get("field") == field, wrong


async def test_verified_visit_moves_the_account_forward_only(world: World, clock: StoppedClock) -> None:
    site_id = await make_site(world.rep)
    seen = "query ($id: ID!) { site(id: $id) { account { lastVerifiedVisitAt } } }"
    clock.advance(hours=10)
    for start, stay, last in [
        (timedelta(hours=6), 3, None),
        (timedelta(hours=7), 30, "2026-11-23T08:30:00.000Z"),
        (timedelta(hours=2), 30, "2026-11-23T08:30:00.000Z"),
    ]:
        opened = await check_in(world.rep, site_id, START + start)
        assert opened["offline"] is True
        await check_out(world.rep, opened["visit"]["id"], START + start + minutes(stay))
        shown = await world.rep.api.first(seen, id=site_id)
        assert shown["account"]["lastVerifiedVisitAt"] == last


async def test_late_evidence_turns_a_missed_visit_into_done(
    world: World, services: Services, clock: StoppedClock
) -> None:
    site_id = await make_site(world.rep)
    visit_id = await make_visit(world.rep, site_id, START + minutes(30))
    clock.advance(hours=70)
    await mark_missed(services)
    elsewhere = await check_in(world.rep, await make_site(world.rep), clock.now)
    late = await check_in(world.rep, site_id, START + minutes(31))
    assert (late["visit"]["id"], late["visit"]["state"], late["offline"], late["review"]) == (
        visit_id,
        "DONE",
        True,
        False,
    )
    done = await check_out(world.rep, visit_id, START + minutes(50))
    assert (done["state"], done["verified"], done["offline"]) == ("DONE", True, True)
    assert elsewhere["visit"]["state"] == "OPEN"


async def test_evidence_older_than_72_hours_is_kept_for_review_and_proves_nothing(
    world: World, clock: StoppedClock
) -> None:
    site_id = await make_site(world.rep)
    clock.advance(hours=72)
    fine = await check_in(world.rep, site_id, START)
    assert (fine["review"], fine["unverified"]) == (False, False)
    await check_out(world.rep, fine["visit"]["id"], START + minutes(30))
    clock.advance(minutes=1)
    old = await check_in(world.second_rep, site_id, START)
    assert (old["review"], old["flagged"], old["unverified"]) == (True, True, True)
    done = await check_out(world.second_rep, old["visit"]["id"], START + minutes(30))
    assert (done["state"], done["verified"]) == ("DONE", False)


async def test_late_evidence_is_judged_by_the_pin_of_its_time(world: World, clock: StoppedClock) -> None:
    site_id = await make_site(world.rep, "A")
    clock.advance(hours=1)
    await world.manager.api.first(
        """mutation ($key: String!, $id: ID!, $changes: SiteChanges!) {
          updateSite(clientKey: $key, id: $id, changes: $changes) { ... on Site { id } }
        }""",
        key=new_key(),
        id=site_id,
        changes={"coordinates": north_of_pin(5000)},
    )
    now = await check_in(world.rep, site_id, clock.now)
    then = await check_in(world.rep, site_id, START)
    assert (now["code"], then["verdict"]) == ("OUTSIDE_GEOFENCE", "INSIDE")


async def test_check_in_candidates_are_the_sites_within_reach(world: World) -> None:
    for metres, radius_m in ((150, 100), (190, 100), (205, 100), (1050, 1000), (1500, 1000)):
        await make_site(world.rep, name=f"{metres}", coordinates=north_of_pin(metres), radiusM=radius_m)
    found = await world.rep.api.first(CANDIDATES, **PIN, accuracy=100)
    assert [each["name"] for each in found] == ["150", "190", "1050"]
    assert await world.south_rep.api.first(CANDIDATES, **PIN, accuracy=100) == []
    for wrong in ({"accuracy": 0}, {"accuracy": 5001}, {"accuracy": 10, "latitude": 91}):
        assert await world.rep.api.code(CANDIDATES, **PIN | wrong) == "BAD_INPUT"

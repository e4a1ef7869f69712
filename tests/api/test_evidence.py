"""Evidence through GraphQL over HTTP: clocks, anchors, signs that lie beside it, and what comes late."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from domain.ids import new_id
from resolvers.services import Services
from tests.conftest import START, StoppedClock
from tests.support.client import new_key
from tests.support.evidence import Phone
from tests.support.field_work import PIN, check_in, check_out, make_site, minutes, north_of_pin
from tests.support.world import Member, World

SHOWN = """query ($id: ID!) { node(id: $id) { ... on CheckIn {
  review flagged unverified reasons score verdict visit { id state verified }
} } }"""


@pytest.fixture
def phone(world: World) -> Phone:
    return Phone(world.rep, booted_at=START - timedelta(hours=5))


async def test_online_the_servers_time_counts_whatever_the_phone_says(
    world: World, phone: Phone, clock: StoppedClock
) -> None:
    phone.skew = timedelta(minutes=9)
    clock.advance(seconds=90)
    told = await phone.check_in(await make_site(world.rep), phone.tap(START), clock.now)
    assert (told["eventAt"], told["timeSource"], told["timeConfidence"]) == (
        "2026-11-23T01:00:00.000Z",
        "ARRIVAL",
        "HIGH",
    )
    assert (told["offline"], told["fixAge"], told["flagged"], told["review"]) == (False, "FRESH", True, False)
    assert told["reasons"] == ["WITHIN_FENCE", "CLOCK_SKEW"]


async def test_offline_over_a_reboot_the_anchor_tells_the_time(world: World, phone: Phone, clock: StoppedClock) -> None:
    await phone.be_online(clock.now)
    tap = phone.tap(START + timedelta(hours=2))
    phone.reboot(START + timedelta(hours=3))
    clock.advance(hours=70)
    told = await phone.check_in(await make_site(world.rep), tap, clock.now)
    assert (told["eventAt"], told["timeSource"], told["offline"]) == ("2026-11-23T03:00:00.000Z", "ANCHOR", True)
    assert (told["review"], told["unverified"], told["reasons"]) == (False, False, ["WITHIN_FENCE"])


@pytest.mark.parametrize("forged", ["1795395600000.AAAAAAAAAAAAAAAAAAAAAA", "x", "", "1.2.3"])
async def test_an_anchor_of_somebody_else_is_none(world: World, phone: Phone, clock: StoppedClock, forged: str) -> None:
    other = Phone(world.second_rep, booted_at=phone.booted_at)
    await other.be_online(clock.now)
    clock.advance(hours=1)
    site_id = await make_site(world.rep)
    for anchor in (other.anchor, other.anchor | {"anchor": forged}):
        phone.anchor = anchor
        tap = phone.tap(clock.now - timedelta(minutes=30))
        phone.reboot(clock.now - timedelta(minutes=2))
        told = await phone.check_in(site_id, tap, clock.now)
        assert (told["timeSource"], told["timeConfidence"]) == ("DEVICE", "LOW")
        assert "ANCHOR_NOT_ACCEPTED" in told["reasons"]
        await check_out(world.rep, told["visit"]["id"], clock.now)
        clock.advance(minutes=40)


async def test_each_answer_over_http_has_an_anchor(world: World, phone: Phone, clock: StoppedClock) -> None:
    api = world.rep.api
    answer = await api.http.post(
        "/graphql", json={"query": "{ me { id } }"}, headers={"authorization": f"Bearer {api.token}"}
    )
    token = answer.headers["x-time-anchor"]
    assert (await api.first("{ timeAnchor { token } }")) == {"token": token}
    phone.anchor = {"anchor": token, "anchorElapsedMs": phone.elapsed_ms(clock.now), "anchorBootId": phone.boot_id}
    tap = phone.tap(START + minutes(30))
    phone.reboot(START + minutes(50))
    clock.advance(hours=9)
    told = await phone.check_in(await make_site(world.rep), tap, clock.now)
    assert (told["timeSource"], told["eventAt"]) == ("ANCHOR", "2026-11-23T01:30:00.000Z")
    nobody = await api.http.post("/graphql", json={"query": "{ __typename }"})
    assert "x-time-anchor" not in nobody.headers


async def test_an_old_fix_is_refused_online_and_proves_nothing_offline(
    world: World, phone: Phone, clock: StoppedClock
) -> None:
    site_id = await make_site(world.rep)
    refused = await phone.check_in(site_id, phone.tap(clock.now, fix_age_s=301), clock.now)
    assert (refused["code"], refused["__typename"]) == ("STALE_FIX", "StaleFix")
    stale = await phone.check_in(site_id, phone.tap(clock.now, fix_age_s=300), clock.now)
    assert (stale["fixAge"], stale["flagged"], stale["unverified"]) == ("STALE", True, False)
    await check_out(world.rep, stale["visit"]["id"], clock.now)
    tap = phone.tap(clock.now + minutes(10), fix_age_s=301)
    clock.advance(hours=1)
    late = await phone.check_in(site_id, tap, clock.now)
    assert (late["fixAge"], late["flagged"], late["unverified"], late["review"]) == ("OUTDATED", True, True, False)


@pytest.mark.parametrize(
    ("clock_says", "field"),
    [
        ({"fixElapsedMs": 1e12}, "clock.fixElapsedMs"),
        ({"capturedElapsedMs": 1e12}, "sending.elapsedMs"),
        ({"capturedElapsedMs": -1.0}, "clock.capturedElapsedMs"),
        ({"bootId": "x" * 101}, "clock.bootId"),
    ],
)
async def test_impossible_readings_name_the_field(
    world: World, phone: Phone, clock: StoppedClock, clock_says: dict[str, Any], field: str
) -> None:
    tap = phone.tap(clock.now)
    told = await phone.check_in(await make_site(world.rep), tap | {"clock": tap["clock"] | clock_says}, clock.now)
    assert (told["__typename"], told.get("field")) == ("InvalidInput", field)


async def test_a_phone_that_repeats_with_later_readings_is_answered_the_same(
    world: World, services: Services, phone: Phone, clock: StoppedClock
) -> None:
    site_id, key, tap = await make_site(world.rep), new_key(), phone.tap(clock.now, id=new_id("chk", START))
    answers = []
    for _ in range(5):
        answers.append(await phone.check_in(site_id, tap, clock.now, key))
        clock.advance(seconds=50)
    assert all(each == answers[0] for each in answers)
    assert (await phone.check_in(site_id, tap, clock.now)) == answers[0]
    assert await services.store["check_ins"].count({"owner_id": world.rep.id, "org_id": world.org_id}, limit=9) == 1


async def test_made_up_positions_add_up_to_a_review(world: World, clock: StoppedClock) -> None:
    site_id = await make_site(world.rep)
    shown = []
    for _ in range(3):
        told = await check_in(world.rep, site_id, clock.now, 0, **PIN, accuracyM=12.0)
        shown.append((told["score"], told["review"], told["unverified"]))
        clock.advance(minutes=20)
        left = await check_out(world.rep, told["visit"]["id"], clock.now)
        assert left["verified"] is not told["review"]
        clock.advance(hours=1)
    assert shown == [(2, False, False), (2, False, False), (4, True, True)]
    assert told["reasons"] == ["WITHIN_FENCE", "REPEATED_FIX", "EQUALS_PIN"]


async def test_coming_from_too_far_away_is_reviewed(world: World, clock: StoppedClock) -> None:
    far = await make_site(world.rep, coordinates=north_of_pin(200_000))
    near = await make_site(world.rep)
    opened = await check_in(world.rep, far, clock.now, 200_000)
    await check_out(world.rep, opened["visit"]["id"], clock.now, latitude=None)
    clock.advance(minutes=5)
    told = await check_in(world.rep, near, clock.now)
    assert (told["review"], told["reasons"]) == (True, ["WITHIN_FENCE", "IMPOSSIBLE_TRAVEL"])


async def test_late_evidence_sheds_light_on_what_came_before_it(world: World, clock: StoppedClock) -> None:
    """200 km in ten minutes: whichever of the two arrives last, the later one is under review in the end."""
    far = await make_site(world.rep, coordinates=north_of_pin(200_000))
    near = await make_site(world.rep)
    clock.advance(minutes=10)
    online = await check_in(world.rep, near, clock.now)
    clock.advance(minutes=10)
    left = await check_out(world.rep, online["visit"]["id"], clock.now)
    assert (online["review"], left["verified"]) == (False, True)
    late = await check_in(world.rep, far, START, 200_000)
    assert (late["offline"], late["review"], late["visit"]["state"]) == (True, False, "OPEN")
    now = await world.rep.api.first(SHOWN, id=online["id"])
    assert (now["review"], now["unverified"], now["reasons"]) == (True, True, ["WITHIN_FENCE", "IMPOSSIBLE_TRAVEL"])
    assert now["visit"]["verified"] is False


async def test_one_rep_at_two_places_by_two_devices_marks_both(world: World, clock: StoppedClock) -> None:
    one = await make_site(world.rep)
    other = await make_site(world.rep, coordinates=north_of_pin(3_000))
    first = await check_in(world.rep, one, clock.now, deviceId="a")
    await check_out(world.rep, first["visit"]["id"], clock.now, latitude=None)
    clock.advance(minutes=9)
    second = await check_in(world.rep, other, clock.now, 3_000, deviceId="b")
    assert (second["review"], second["reasons"]) == (True, ["WITHIN_FENCE", "TWO_DEVICES"])
    shown = await world.rep.api.first(SHOWN, id=first["id"])
    assert (shown["review"], shown["reasons"]) == (True, ["WITHIN_FENCE", "TWO_DEVICES"])


async def test_one_device_of_two_reps_marks_both(world: World, clock: StoppedClock) -> None:
    site_id = await make_site(world.rep)
    first = await check_in(world.rep, site_id, clock.now, deviceId="a")
    clock.advance(hours=3)
    second = await check_in(world.second_rep, site_id, clock.now, deviceId="a")
    assert (second["review"], second["reasons"]) == (True, ["WITHIN_FENCE", "DEVICE_OF_TWO"])
    shown = await world.manager.api.first(SHOWN, id=first["id"])
    assert (shown["review"], shown["unverified"]) == (True, True)
    clock.advance(hours=24)
    tomorrow = await check_in(world.second_rep, site_id, clock.now, deviceId="a")
    assert tomorrow["code"] == "VISIT_OPEN"


SHARE = """mutation ($key: String!, $device: String!, $shared: Boolean!) {
  sharePhone(clientKey: $key, deviceId: $device, shared: $shared) {
    __typename ... on SharedPhone { deviceId registeredBy { id } } ... on Refusal { code } ... on InvalidInput { field }
  }
}"""


async def share(member: Member, device: str, *, shared: bool = True) -> dict[str, Any]:
    told: dict[str, Any] = await member.api.first(SHARE, key=new_key(), device=device, shared=shared)
    return told


async def test_a_phone_known_to_be_shared_is_reviewed_only_where_two_use_it_by_turns(
    world: World, other_world: World, clock: StoppedClock
) -> None:
    site_id = await make_site(world.rep)
    assert (await share(world.manager, "a"))["registeredBy"] == {"id": world.manager.id}
    assert (await share(other_world.manager, "b"))["deviceId"] == "b"
    shown = []
    for member, device in [
        (world.rep, "a"),
        (world.second_rep, "a"),
        (world.rep, "a"),
        (world.rep, "b"),
        (world.second_rep, "b"),
    ]:
        told = await check_in(member, site_id, clock.now, deviceId=device)
        shown.append((told["review"], "DEVICE_OF_TWO" in told["reasons"]))
        await check_out(member, told["visit"]["id"], clock.now, latitude=None)
        clock.advance(hours=1)
    # What another organization shares says nothing here.
    assert shown == [(False, False), (False, False), (True, True), (False, False), (True, True)]


async def test_phones_are_shared_by_those_who_plan_for_others(world: World, other_world: World) -> None:
    for member in (world.rep, world.support):
        assert await member.api.code(SHARE, key=new_key(), device="a", shared=True) == "FORBIDDEN"
    assert await world.rep.api.as_("").code(SHARE, key=new_key(), device="a", shared=True) == "UNAUTHENTICATED"
    for wrong in ("", " ", "x" * 101):
        assert (await share(world.manager, wrong))["field"] == "deviceId"
    first = await share(world.manager, "x" * 100)
    assert await share(world.director, "x" * 100) == first
    listed = "{ sharedPhones(first: 5) { nodes { deviceId } } }"
    assert (await world.rep.api.first(listed))["nodes"] == [{"deviceId": "x" * 100}]
    assert (await other_world.admin.api.first(listed))["nodes"] == []
    assert (await share(other_world.manager, "x" * 100, shared=False))["code"] == "NOT_FOUND"
    assert (await share(world.manager, "x" * 100, shared=False))["deviceId"] == "x" * 100
    assert (await world.rep.api.first(listed))["nodes"] == []


async def test_a_photo_counts_once(world: World, clock: StoppedClock) -> None:
    site_id = await make_site(world.rep, "A")
    weak: dict[str, Any] = {"accuracyM": 150.0, "photoHash": "ab" * 32}
    first = await check_in(world.rep, site_id, clock.now, **weak)
    assert (first["verdict"], first["unverified"]) == ("INSIDE_WEAK", False)
    again = await check_in(world.second_rep, site_id, clock.now, **weak)
    assert again["code"] == "SECOND_EVIDENCE_REQUIRED"


async def test_a_second_fix_is_second_evidence_for_two_minutes(world: World, clock: StoppedClock) -> None:
    site_id = await make_site(world.rep, "A")
    for wait_s, code in ((0, "SECOND_EVIDENCE_REQUIRED"), (121, "SECOND_EVIDENCE_REQUIRED"), (120, None)):
        clock.advance(seconds=wait_s)
        told = await check_in(world.rep, site_id, clock.now, accuracyM=150 + wait_s / 10)
        assert told.get("code") == code
    assert (told["verdict"], told["unverified"]) == ("INSIDE_WEAK", False)


async def test_check_outs_before_their_check_ins_are_not_remembered(
    world: World, phone: Phone, clock: StoppedClock
) -> None:
    site_id, key, visit_id = await make_site(world.rep), new_key(), new_id("vis", START)
    came, left = phone.tap(START + minutes(1)), phone.tap(START + minutes(30))
    clock.advance(hours=5)
    early = await phone.check_out(visit_id, left, clock.now, key)
    assert early["code"] == "NOT_FOUND"
    opened = await phone.check_in(site_id, came, clock.now, newVisitId=visit_id)
    assert opened["visit"]["id"] == visit_id
    done = await phone.check_out(visit_id, left, clock.now, key)
    assert (done["state"], done["verified"], done["closedAt"]) == ("DONE", True, "2026-11-23T01:30:00.000Z")


async def test_the_id_of_a_new_visit_is_the_phones_unless_it_is_taken(
    world: World, other_world: World, clock: StoppedClock
) -> None:
    visit_id = new_id("vis", START)
    first = await check_in(world.rep, await make_site(world.rep), clock.now, newVisitId=visit_id)
    assert (first["visit"]["id"], first["visit"]["kind"]) == (visit_id, "UNPLANNED")
    for member in (world.second_rep, other_world.rep):
        taken = await check_in(member, await make_site(member), clock.now, newVisitId=visit_id)
        assert taken["code"] == "ID_TAKEN"
    assert (await check_in(world.rep, await make_site(world.rep), clock.now, newVisitId="vis_1"))[
        "field"
    ] == "newVisitId"


async def test_parallel_taps_of_two_devices_leave_one_open_visit(world: World, clock: StoppedClock) -> None:
    site_id = await make_site(world.rep)
    answers = await asyncio.gather(*(check_in(world.rep, site_id, clock.now, deviceId=each) for each in ("a", "b")))
    assert {each["__typename"] for each in answers} == {"CheckIn"}
    assert len({each["visit"]["id"] for each in answers}) == 1

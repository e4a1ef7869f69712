"""What was recorded offline: in any order, several times, late, over a restart, it comes out as online."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any

import pytest

from domain.ids import new_id
from tests.conftest import START, StoppedClock
from tests.support.client import new_key
from tests.support.evidence import Phone
from tests.support.field_work import make_site, minutes, north_of_pin, wire
from tests.support.world import Member, World

SEND = """mutation ($items: [FieldWorkInput!]!, $sending: SendingInput) {
  sendFieldWork(items: $items, sending: $sending) {
    __typename
    ... on FieldWorkBatch { answers {
      clientKey checkIn { id verdict visit { id state } } visit { id state }
      refusal { __typename code ... on InvalidInput { field } }
    } }
    ... on Refusal { code }
    ... on InvalidInput { field }
  }
}"""
DAY = """query ($rep: ID!) { visits(first: 20, filter: { repId: $rep }) { nodes {
  state verified openedAt closedAt outcome site { id }
  checkIns(first: 10) { direction verdict reasons score review unverified eventAt distanceM }
} } }"""


@dataclass(frozen=True)
class Tap:
    """One thing the rep did: with its key, the taps of a phone make the same at each attempt."""

    key: str
    at: datetime
    kind: str
    input: dict[str, Any]

    @property
    def item(self) -> dict[str, Any]:
        return {"clientKey": self.key, self.kind: self.input}


def a_day(phone: Phone, sites: list[str], *, restart: bool) -> list[Tap]:
    """Visits of 30, 4, 45 and 20 minutes, the last far from its fence; where wished the phone restarts at noon."""
    taps: list[Tap] = []
    at = START + minutes(20)
    for index, (site_id, stay, metres) in enumerate(zip(sites, (30, 4, 45, 20), (12, 31, 7, 1_900), strict=True)):
        if index == 2 and restart:
            phone.reboot(at - minutes(30))
        visit_id = new_id("vis", START)
        place = north_of_pin(metres) | {"accuracyM": 8.0 + index}
        came = phone.tap(at, **place) | {"siteId": site_id, "newVisitId": visit_id, "id": new_id("chk", START)}
        came |= {"reason": "moved"} if metres > 200 else {}
        taps.append(Tap(new_key(), at, "checkIn", came))
        at += minutes(stay)
        place = north_of_pin(metres + 5) | {"accuracyM": 12.0 - index}
        left = phone.tap(at, **place) | {"visitId": visit_id, "outcome": "PROGRESS"}
        taps.append(Tap(new_key(), at, "checkOut", left))
        at += minutes(40)
    return taps


def a_phone(member: Member, name: str) -> Phone:
    return Phone(member, name, booted_at=START - timedelta(hours=3))


async def day_of(member: Member) -> Any:
    """What came of it, apart from having come late."""
    return (await member.api.first(DAY, rep=member.id))["nodes"]


async def play_online(phone: Phone, taps: list[Tap], clock: StoppedClock) -> None:
    for tap in taps:
        clock.now = tap.at
        sending = {"at": wire(tap.at), "elapsedMs": tap.input["clock"]["capturedElapsedMs"]}
        answer = await phone.member.api.first(
            SEND, items=[tap.item], sending=sending | {"bootId": tap.input["clock"]["bootId"]}
        )
        assert answer["answers"][0]["refusal"] is None, answer


@pytest.fixture
async def sites(world: World) -> list[str]:
    return [await make_site(world.rep, tier) for tier in "BABC"]


@pytest.fixture
async def online(world: World, sites: list[str], clock: StoppedClock) -> Any:
    """The day as it comes out for a phone that is always online."""
    phone = a_phone(world.rep, "online")
    await play_online(phone, a_day(phone, sites, restart=False), clock)
    told = await day_of(world.rep)
    assert [(each["state"], each["verified"]) for each in told] == [
        ("DONE", True),
        ("TOUCH", False),
        ("DONE", True),
        ("DONE", False),
    ]
    return told


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_a_batch_in_any_order_and_twice_comes_out_as_online(
    world: World, sites: list[str], online: Any, clock: StoppedClock, seed: int
) -> None:
    phone = a_phone(world.second_rep, "offline")
    clock.now = START
    await phone.be_online(clock.now)
    taps = a_day(phone, sites, restart=True)
    Random(seed).shuffle(taps)
    clock.now = START + timedelta(hours=71)
    for part in (taps[:3], taps, taps):
        clock.advance(minutes=1)
        answer = await phone.member.api.first(
            SEND, items=[each.item for each in part], sending=phone.sending(clock.now)
        )
        assert [each["clientKey"] for each in answer["answers"]] == [each.key for each in part]
    assert [each["refusal"] for each in answer["answers"]] == [None] * len(taps)
    assert await day_of(world.second_rep) == online


@pytest.mark.parametrize("seed", [4, 5])
async def test_one_by_one_in_any_order_by_a_flaky_phone_comes_out_as_online(
    world: World, sites: list[str], online: Any, clock: StoppedClock, seed: int
) -> None:
    """Each call goes out five times, some of them at once; what came too early is sent again."""
    phone = a_phone(world.second_rep, "flaky")
    clock.now = START
    await phone.be_online(clock.now)
    waiting = a_day(phone, sites, restart=True)
    Random(seed).shuffle(waiting)
    clock.now = START + timedelta(hours=70)
    for _ in range(2):
        early: list[Tap] = []
        for tap in waiting:
            clock.advance(seconds=30)
            call = {"items": [tap.item], "sending": phone.sending(clock.now)}
            answers = await asyncio.gather(*(phone.member.api.first(SEND, **call) for _ in range(2)))
            answers += [await phone.member.api.first(SEND, **call) for _ in range(3)]
            refused = answers[-1]["answers"][0]["refusal"]
            if refused is not None:
                assert refused["code"] in {"NOT_FOUND", "WRONG_STATE"}, refused
                early.append(tap)
        waiting = early
    assert waiting == []
    assert await day_of(world.second_rep) == online


async def test_a_bad_item_keeps_no_other_from_being_taken(
    world: World, other_world: World, sites: list[str], clock: StoppedClock
) -> None:
    phone = a_phone(world.rep, "one")
    good = a_day(phone, sites, restart=False)[0]
    theirs = await make_site(other_world.rep)
    foreign = {"clientKey": new_key(), "checkIn": good.input | {"siteId": theirs, "id": None, "newVisitId": None}}
    nowhere = {"clientKey": new_key(), "checkIn": good.input | {"latitude": 91.0, "id": None}}
    neither = {"clientKey": new_key()}
    both = {
        "clientKey": new_key(),
        "checkIn": good.input,
        "checkOut": {"visitId": "x", "outcome": "ORDER", "capturedAt": wire(START)},
    }
    short = {"clientKey": "x", "checkIn": good.input | {"id": None}}
    clock.now = START + timedelta(hours=1)
    answer = await world.rep.api.first(
        SEND, items=[foreign, nowhere, neither, good.item, both, short], sending=phone.sending(clock.now)
    )
    told = [(each["refusal"] or {}) for each in answer["answers"]]
    assert [(each.get("code"), each.get("field")) for each in told] == [
        ("NOT_FOUND", None),
        ("BAD_INPUT", "latitude"),
        ("BAD_INPUT", "checkIn"),
        (None, None),
        ("BAD_INPUT", "checkIn"),
        ("BAD_INPUT", "clientKey"),
    ]
    assert answer["answers"][3]["checkIn"]["visit"]["state"] == "OPEN"


async def test_a_batch_has_50_items_at_the_most(world: World) -> None:
    for count, field in ((0, "items"), (51, "items")):
        refused = await world.rep.api.first(SEND, items=[{"clientKey": new_key()}] * count)
        assert (refused["__typename"], refused["field"]) == ("InvalidInput", field)
    taken = await world.rep.api.first(SEND, items=[{"clientKey": new_key()}] * 50)
    assert len(taken["answers"]) == 50
    for member in (world.admin, world.support):
        assert await member.api.code(SEND, items=[]) == "FORBIDDEN"
    assert await world.rep.api.as_("").code(SEND, items=[]) == "UNAUTHENTICATED"

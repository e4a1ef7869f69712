"""Consents through GraphQL over HTTP: asking, answering, withdrawing, and the evidence of it."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from hashlib import sha256
from typing import Any

import pytest

from resolvers.services import Services
from storage.consents import tracking_consent
from tests.conftest import START, StoppedClock
from tests.support.client import ApiClient, new_key
from tests.support.consents import (
    EVENTS,
    GIVE,
    PUBLISH,
    WITHDRAW,
    WORDS,
    give_consent,
    my_consent,
    publish,
    withdraw_consent,
)
from tests.support.field_day import on_the_map, point, report, tap
from tests.support.world import World

VERSIONS = """query { consentTextVersions(purpose: LIVE_LOCATION) { nodes {
  version texts { locale words } askedFrom oldestValid publishedBy
} } }"""
BOOTSTRAP = "{ bootstrap { ... on Bootstrap { consents { purpose state text { version words } } } } }"


async def test_from_asking_to_withdrawing(world: World, clock: StoppedClock, services: Services) -> None:
    assert (await my_consent(world.rep))["state"] == "NOT_ASKED"
    made = await publish(world.admin)
    assert (made["version"], made["oldestValid"], made["publishedBy"]) == (1, 1, world.admin.id)
    asked = await my_consent(world.rep)
    assert (asked["state"], asked["text"]["version"], asked["text"]["words"]) == ("REQUIRED", 1, WORDS[0]["words"])
    assert asked["text"]["digest"] == sha256(WORDS[0]["words"].encode()).hexdigest()
    told = await world.rep.api.first(BOOTSTRAP)
    assert told["consents"][0]["state"] == "REQUIRED"
    clock.advance(hours=1)
    given = await give_consent(world.rep, at=(START + timedelta(minutes=30)).isoformat())
    assert (given["state"], given["since"], given["agreedVersion"]) == ("GIVEN", "2026-11-23T01:30:00.000Z", 1)
    assert given == {"__typename": "Consent"} | await my_consent(world.rep)
    allows = await tracking_consent(services.store, world.org_id, world.rep.id)
    assert [allows.allows(START + timedelta(minutes=each)) for each in (29, 30)] == [False, True]
    gone = await withdraw_consent(world.rep, "Not any more")
    assert (gone["state"], gone["since"], gone["withdrawnAt"]) == ("WITHDRAWN", None, "2026-11-23T02:00:00.000Z")
    allows = await tracking_consent(services.store, world.org_id, world.rep.id)
    assert not allows.allows(START + timedelta(hours=2))
    assert (await withdraw_consent(world.rep))["currentState"] == "WITHDRAWN"
    assert (await my_consent(world.second_rep))["state"] == "REQUIRED"


async def test_withdrawing_takes_the_person_off_the_map(world: World) -> None:
    await publish(world.admin)
    await give_consent(world.rep)
    await tap(world.rep, "startShift", START)
    await report(world.rep, point(START))
    assert (await on_the_map(world.manager))[world.rep.id]["latest"] is not None
    await withdraw_consent(world.rep)
    seen = (await on_the_map(world.manager))[world.rep.id]
    assert (seen["latest"], seen["state"]) == (None, "NO_DATA")


async def test_a_new_text_is_asked_for_again_where_it_says_so(world: World, clock: StoppedClock) -> None:
    await publish(world.admin)
    await give_consent(world.rep)
    clock.advance(days=1)
    reworded = await publish(world.admin, 1, renews=False)
    assert (reworded["version"], reworded["oldestValid"]) == (2, 1)
    assert (await my_consent(world.rep))["state"] == "GIVEN"
    later = START + timedelta(days=9)
    more = await publish(world.admin, 2, askedFrom=later.isoformat())
    assert (more["version"], more["renewedFrom"]) == (3, "2026-12-02T01:00:00.000Z")
    assert (await my_consent(world.rep))["state"] == "OUTDATED"
    changed = await give_consent(world.rep, 2)
    assert (changed["code"], changed["currentVersion"]) == ("CONSENT_TEXT_CHANGED", 3)
    renewed = await give_consent(world.rep, 3)
    assert (renewed["state"], renewed["since"]) == ("GIVEN", "2026-11-23T01:00:00.000Z")
    kept = (await world.rep.api.first(VERSIONS))["nodes"]
    assert [each["version"] for each in kept] == [3, 2, 1]
    assert kept[0]["texts"] == WORDS


async def test_evidence_holds_the_words_and_is_read_by_the_person_and_administrators(
    world: World, other_world: World, clock: StoppedClock
) -> None:
    await publish(world.admin)
    device = "dev_01J00000000000000000000000"
    await give_consent(world.rep, locale="zh-CN", device=device)
    clock.advance(minutes=1)
    await withdraw_consent(world.rep, "No more")
    await give_consent(world.second_rep)
    mine = (await world.rep.api.first(EVENTS))["nodes"]
    assert [(each["step"], each["reason"], each["textVersion"]) for each in mine] == [
        ("WITHDRAWN", "No more", None),
        ("GIVEN", None, 1),
    ]
    assert mine[1]["digest"] == sha256(WORDS[1]["words"].encode()).hexdigest()
    assert (mine[1]["locale"], mine[1]["deviceId"]) == ("zh-CN", device)
    assert len((await world.admin.api.first(EVENTS))["nodes"]) == 3
    assert (await world.admin.api.first(EVENTS, person=world.rep.id))["nodes"] == mine
    for member in (world.manager, world.director, world.support, world.second_rep, other_world.admin):
        assert (await member.api.first(EVENTS, person=world.rep.id))["nodes"] == []


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"texts": WORDS[1:]}, "texts"),
        ({"texts": [WORDS[0], WORDS[0]]}, "texts"),
        ({"texts": [{"locale": "en", "words": " "}]}, "texts"),
        ({"askedFrom": (START + timedelta(days=91)).isoformat()}, "askedFrom"),
    ],
)
async def test_publishing_names_the_bad_field(world: World, given: dict[str, Any], field: str) -> None:
    refused = await publish(world.admin, **given)
    assert (refused["code"], refused["field"]) == ("BAD_INPUT", field)


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"at": (START - timedelta(hours=73)).isoformat()}, "at"),
        ({"at": (START - timedelta(minutes=1)).isoformat()}, "at"),
        ({"locale": "fr"}, "locale"),
        ({"device": "phone"}, "deviceId"),
    ],
)
async def test_giving_names_the_bad_field(world: World, given: dict[str, Any], field: str) -> None:
    await publish(world.admin)
    refused = await give_consent(world.rep, **given)
    assert (refused["code"], refused["field"]) == ("BAD_INPUT", field)


async def test_who_may_do_what(world: World, anonymous: ApiClient) -> None:
    for document, given in ((PUBLISH, {"input": {"texts": WORDS}}), (GIVE, {"version": 1}), (WITHDRAW, {})):
        assert await anonymous.code(document, key=new_key(), **given) == "UNAUTHENTICATED"
    for member in (world.rep, world.manager, world.director, world.support):
        assert await member.api.code(PUBLISH, key=new_key(), input={"texts": WORDS}) == "FORBIDDEN"
    for member in (world.admin, world.support):
        assert await member.api.code(GIVE, key=new_key(), version=1) == "FORBIDDEN"
        assert await member.api.code(WITHDRAW, key=new_key()) == "FORBIDDEN"
    assert (await give_consent(world.rep))["currentState"] == "NOT_ASKED"
    assert (await withdraw_consent(world.rep, "x" * 501))["field"] == "reason"
    assert (await withdraw_consent(world.rep))["state"] == "WITHDRAWN"


async def test_repeated_and_parallel_calls(world: World) -> None:
    first, second = await asyncio.gather(publish(world.admin), publish(world.admin))
    assert {first["__typename"], second["__typename"]} == {"ConsentTextVersion", "VersionConflict"}
    key = new_key()
    answers = await asyncio.gather(*(give_consent(world.rep, key=key) for _ in range(3)))
    assert answers == [answers[0]] * 3
    assert answers[0]["state"] == "GIVEN"
    assert (await give_consent(world.rep, 2, key=key))["code"] == "KEY_REUSED"
    both = await asyncio.gather(*(give_consent(world.second_rep) for _ in range(3)))
    assert {each.get("state", each.get("code")) for each in both} <= {"GIVEN", "RETRY_LATER"}
    assert len((await world.admin.api.first(EVENTS, person=world.second_rep.id))["nodes"]) == 1


async def test_agreeing_and_withdrawing_at_once_leaves_one_of_them(world: World, services: Services) -> None:
    await publish(world.admin)
    await give_consent(world.rep)
    answers = await asyncio.gather(*(withdraw_consent(world.rep) for _ in range(3)), give_consent(world.rep))
    assert {each.get("code", "") for each in answers} <= {"", "RETRY_LATER", "WRONG_STATE", "BAD_INPUT"}
    assert (await my_consent(world.rep))["state"] == "WITHDRAWN"
    steps = [each["step"] for each in (await world.rep.api.first(EVENTS))["nodes"]]
    assert steps == ["WITHDRAWN", "GIVEN"]
    kept = await services.store["consents"].find_one({"owner_id": world.rep.id, "org_id": world.org_id})
    assert kept is not None
    assert kept["version"] == 2

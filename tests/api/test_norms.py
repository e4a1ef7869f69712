"""Behaviour norms over HTTP: rules of an organization, entries in visits, and check-outs that want them."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from domain.ids import new_id
from resolvers.services import Services
from tests.conftest import START, StoppedClock
from tests.support.client import new_key
from tests.support.field_work import CHECK_OUT, PIN, check_in, check_out, make_site, make_visit, minutes, wire
from tests.support.norms import (
    INSIGHT,
    KEYS,
    MUST_DO,
    NORMS,
    SAVE,
    TODAY,
    record_insight,
    record_must_do,
    rules,
    save_norms,
)
from tests.support.world import Member, World

ALL_DONE = [{"key": key} for key in KEYS]
LACKING = """mutation ($key: String!, $input: CheckOutInput!) { checkOut(clientKey: $key, input: $input) {
  __typename
  ... on Visit { id state normEntries { kind key text date week } }
  ... on MustDoRequired { code visitId missing insightsMissing }
} }"""
TOLD = "query ($id: ID!) { visit(id: $id) { state checkIns { direction refused } } }"


async def opened(member: Member, at: Any = START) -> str:
    """A visit the member is in."""
    return str((await check_in(member, await make_site(member), at))["visit"]["id"])


async def leave(member: Member, visit_id: str, at: Any, **given: Any) -> dict[str, Any]:
    """What a check-out at the pin answers, norms included."""
    place = PIN | {"accuracyM": 10.0, "visitId": visit_id, "outcome": "PROGRESS", "capturedAt": wire(at)}
    answer: dict[str, Any] = await member.api.first(LACKING, key=new_key(), input=place | given)
    return answer


async def test_norms_begin_with_three_items_and_two_insights(world: World) -> None:
    begun = await world.rep.api.first(NORMS)
    assert (begun["version"], begun["itemsADay"], begun["insightsAWeek"], begun["mode"]) == (0, 3, 2, "SOFT")
    assert [(each["key"], each["required"]) for each in begun["items"]] == [
        ("STOCK", False),
        ("DECIDER", False),
        ("NEXT_STEP", True),
    ]


async def test_save_norms(world: World, other_world: World) -> None:
    key, call = new_key(), {"input": rules(), "expected": 0}
    saved = await world.admin.api.first(SAVE, key=key, **call)
    assert (saved["version"], saved["mode"], [each["key"] for each in saved["items"]]) == (1, "HARD", list(KEYS))
    assert await world.admin.api.first(SAVE, key=key, **call) == saved
    stale = await save_norms(world.admin, 0)
    assert (stale["code"], stale["currentVersion"]) == ("CONFLICT", 1)
    assert (await save_norms(world.admin, 1, itemsADay=4))["field"] == "itemsADay"
    assert (await save_norms(world.admin, 1, mode="OFF"))["version"] == 2
    assert (await other_world.rep.api.first(NORMS))["version"] == 0
    for member in (world.rep, world.manager, world.director, world.support):
        assert await member.api.code(SAVE, key=new_key(), **call) == "FORBIDDEN"
    for document in (NORMS, TODAY):
        assert await world.rep.api.as_("").code(document) == "UNAUTHENTICATED"


async def test_two_who_save_the_first_norms_at_once(world: World) -> None:
    answers = await asyncio.gather(*(save_norms(world.admin) for _ in range(2)))
    assert sorted(each.get("code", "saved") for each in answers) == ["CONFLICT", "saved"]


async def test_entries_of_a_visit_fill_the_day_and_the_week(world: World, clock: StoppedClock) -> None:
    first = await opened(world.rep)
    clock.advance(minutes=10)
    done = await record_must_do(world.rep, first, START + minutes(2), note="two facings")
    assert (done["kind"], done["key"], done["text"]) == ("MUST_DO", "STOCK", "two facings")
    assert (done["date"], done["week"], done["visit"], done["repId"]) == (
        "2026-11-23",
        "2026-W48",
        {"id": first},
        world.rep.id,
    )
    gained = await record_insight(world.rep, first, clock.now, "They open a second shop")
    assert (gained["kind"], gained["key"]) == ("INSIGHT", "NEED")
    today = await world.rep.api.first(TODAY)
    assert (today["date"], today["week"], today["itemsDone"], today["insightsGained"]) == (
        "2026-11-23",
        "2026-W48",
        1,
        1,
    )
    assert [(each["key"], each["entryId"], each["doneAt"]) for each in today["items"]] == [
        ("STOCK", done["id"], "2026-11-23T01:02:00.000Z"),
        ("DECIDER", None, None),
        ("NEXT_STEP", None, None),
    ]
    told = await leave(
        world.rep,
        first,
        clock.now,
        mustDos=[{"key": "DECIDER"}, {"key": "NEXT_STEP", "note": "offer"}],
        insights=[{"topic": "PRICE", "text": "They pay 3 % less elsewhere"}],
    )
    assert [(each["kind"], each["key"]) for each in told["normEntries"]] == [
        ("MUST_DO", "STOCK"),
        ("INSIGHT", "NEED"),
        ("MUST_DO", "DECIDER"),
        ("MUST_DO", "NEXT_STEP"),
        ("INSIGHT", "PRICE"),
    ]
    today = await world.rep.api.first(TODAY)
    assert (today["itemsDone"], today["insightsGained"]) == (3, 2)
    assert (await world.second_rep.api.first(TODAY))["itemsDone"] == 0
    clock.advance(days=1)
    today = await world.rep.api.first(TODAY)
    assert (today["date"], today["itemsDone"], today["insightsGained"]) == ("2026-11-24", 0, 2)
    shown = "query ($id: ID!) { visit(id: $id) { account { insights { text rep { id } } } } }"
    for member, texts in ((world.manager, 2), (world.rep, 2), (world.second_rep, None)):
        visit = await member.api.first(shown, id=first)
        assert (len(visit["account"]["insights"]) if visit else None) == texts


async def test_hard_mode_keeps_the_visit_open_until_the_required_item_is_done(
    world: World, clock: StoppedClock
) -> None:
    await save_norms(world.admin)
    visit_id = await opened(world.rep)
    clock.advance(minutes=10)
    refused = await leave(world.rep, visit_id, clock.now, mustDos=[{"key": "STOCK"}])
    assert refused == {
        "__typename": "MustDoRequired",
        "code": "MUST_DO_REQUIRED",
        "visitId": visit_id,
        "missing": ["NEXT_STEP"],
        "insightsMissing": 0,
    }
    kept = await world.manager.api.first(TOLD, id=visit_id)
    assert kept["state"] == "OPEN"
    assert {"direction": "DEPARTURE", "refused": "MUST_DO_REQUIRED"} in kept["checkIns"]
    assert (await world.rep.api.first(TODAY))["itemsDone"] == 0
    assert (await leave(world.rep, visit_id, clock.now, mustDos=[{"key": "NEXT_STEP"}]))["state"] == "DONE"
    again = await opened(world.rep, clock.now)
    clock.advance(minutes=10)
    assert (await leave(world.rep, again, clock.now))["state"] == "DONE"


async def test_hard_mode_asks_for_the_insights_from_the_reminder_day_on(world: World, clock: StoppedClock) -> None:
    await save_norms(world.admin, items=[], itemsADay=0)
    for days, code in ((3, None), (1, "MUST_DO_REQUIRED")):
        clock.advance(days=days)
        visit_id = await opened(world.rep, clock.now)
        clock.advance(minutes=10)
        told = await leave(world.rep, visit_id, clock.now)
        assert told.get("code") == code, clock.now
    assert told["insightsMissing"] == 2
    one = {"topic": "NEED", "text": "They open a second shop"}
    assert (await leave(world.rep, visit_id, clock.now, insights=[one, one]))["insightsMissing"] == 1
    two = {"topic": "PRICE", "text": "They pay 3 % less elsewhere"}
    assert (await leave(world.rep, visit_id, clock.now, insights=[one, two]))["state"] == "DONE"


@pytest.mark.parametrize(("late", "code"), [(120, "MUST_DO_REQUIRED"), (121, None)])
async def test_hard_mode_keeps_nobody_who_has_left(
    world: World, clock: StoppedClock, late: int, code: str | None
) -> None:
    await save_norms(world.admin)
    visit_id = await opened(world.rep)
    clock.advance(minutes=10, seconds=late)
    assert (await leave(world.rep, visit_id, START + minutes(10))).get("code") == code


async def test_hard_mode_lets_go_where_nobody_was_there(world: World, clock: StoppedClock) -> None:
    await save_norms(world.admin)
    visit_id = await opened(world.rep)
    clock.advance(minutes=10)
    assert (await leave(world.rep, visit_id, clock.now, outcome="NOBODY_THERE"))["state"] == "DONE"


async def test_a_check_out_with_bad_entries_changes_nothing(world: World, clock: StoppedClock) -> None:
    visit_id = await opened(world.rep)
    clock.advance(minutes=10)
    for wrong, field in [
        ({"mustDos": [{"key": "DANCE"}]}, "key"),
        ({"mustDos": [{"key": "STOCK", "note": "x" * 2001}]}, "note"),
        ({"insights": [{"topic": "NEED", "text": "short"}]}, "text"),
        ({"mustDos": [{"key": "STOCK"}] * 21}, "mustDos"),
    ]:
        assert (await check_out(world.rep, visit_id, clock.now, **wrong)).get("field") == field
    assert (await world.rep.api.first(TODAY))["itemsDone"] == 0
    assert (await world.rep.api.first(TOLD, id=visit_id))["state"] == "OPEN"


async def test_record_entry_refusals(world: World, other_world: World, clock: StoppedClock) -> None:
    site_id = await make_site(world.rep)
    planned = await make_visit(world.rep, site_id, START + timedelta(days=1))
    visit_id = await opened(world.rep)
    clock.advance(minutes=10)
    await check_out(world.rep, visit_id, clock.now)
    clock.advance(minutes=10)
    for at, field in [
        (START - timedelta(seconds=1), "capturedAt"),
        (START + minutes(11), "capturedAt"),
        (clock.now + timedelta(seconds=121), "capturedAt"),
    ]:
        assert (await record_must_do(world.rep, visit_id, at)).get("field") == field, at
    assert (await record_must_do(world.rep, visit_id, START, "DANCE"))["field"] == "key"
    assert (await record_must_do(world.rep, planned, START))["code"] == "WRONG_STATE"
    for member in (world.second_rep, world.manager, world.south_rep, other_world.rep):
        assert (await record_must_do(member, visit_id, START))["code"] == "NOT_FOUND"
        assert (await record_insight(member, visit_id, START, "They open a shop"))["code"] == "NOT_FOUND"
    call = {"visit": visit_id, "at": wire(START)}
    for document, given in ((MUST_DO, {"item": "STOCK"}), (INSIGHT, {"topic": "NEED", "text": "x" * 10})):
        assert await world.admin.api.code(document, key=new_key(), **call | given) == "FORBIDDEN"
        assert await world.rep.api.as_("").code(document, key=new_key(), **call | given) == "UNAUTHENTICATED"


@pytest.mark.parametrize(("hours", "field"), [(72, None), (72.1, "capturedAt")])
async def test_an_entry_comes_within_three_days(
    world: World, clock: StoppedClock, hours: float, field: str | None
) -> None:
    visit_id = await opened(world.rep)
    clock.advance(hours=hours)
    assert (await record_must_do(world.rep, visit_id, START)).get("field") == field


async def test_an_entry_sent_five_times_by_a_flaky_phone_is_one(
    world: World, services: Services, other_world: World
) -> None:
    visit_id, key, entry_id = await opened(world.rep), new_key(), new_id("nrm", START)
    call = {"visit": visit_id, "item": "STOCK", "at": wire(START), "id": entry_id}
    answers = await asyncio.gather(*(world.rep.api.first(MUST_DO, key=key, **call) for _ in range(4)))
    answers.append(await world.rep.api.first(MUST_DO, key=new_key(), **call))
    assert [each["id"] for each in answers] == [entry_id] * 5
    assert len(await services.store["norm_entries"].find({"owner_id": world.rep.id}, limit=9)) == 1
    assert (await world.rep.api.first(MUST_DO, key=new_key(), **call | {"note": "x"}))["code"] == "ID_TAKEN"
    assert (await world.rep.api.first(MUST_DO, key=key, **call | {"note": "x"}))["code"] == "KEY_REUSED"
    theirs = await opened(other_world.rep)
    assert (await other_world.rep.api.first(MUST_DO, key=new_key(), **call | {"visit": theirs}))["code"] == "ID_TAKEN"


async def test_check_out_with_entries_repeated_is_one(world: World, services: Services, clock: StoppedClock) -> None:
    visit_id, key = await opened(world.rep), new_key()
    clock.advance(minutes=10)
    given = {"visitId": visit_id, "capturedAt": wire(clock.now), "outcome": "ORDER", "mustDos": ALL_DONE}
    answers = await asyncio.gather(*(world.rep.api.first(CHECK_OUT, key=key, input=given) for _ in range(3)))
    assert answers[0]["state"] == "DONE"
    assert answers == [answers[0]] * 3
    assert len(await services.store["norm_entries"].find({"owner_id": world.rep.id}, limit=9)) == 3

"""Having one's own data and erasing who left, through GraphQL over HTTP and the worker that removes."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from resolvers.services import Services
from seed.__main__ import app
from storage.indexes import INDEXES
from storage.personal_data import PARTS
from storage.store import Store
from tests.conftest import START, StoppedClock
from tests.support.client import ApiClient, new_key
from tests.support.consents import give_consent, publish, withdraw_consent
from tests.support.field_day import on_the_map, point, report, tap
from tests.support.field_work import check_in, make_site
from tests.support.hand_overs import DEACTIVATE
from tests.support.world import Member, World
from workers.erasures import erase_due

SHOWN = "requestId kind state personId requestedBy finishedAt removed parts readableUntil"
EXPORT = f"""mutation ($key: String!) {{
  exportMyData(clientKey: $key) {{ __typename ... on DataRequest {{ {SHOWN} }} }}
}}"""
READ = """query ($id: ID!, $part: String!, $first: Int, $after: String) {
  exportedData(requestId: $id, part: $part, first: $first, after: $after) {
    nodes { subjectId json } pageInfo { hasNextPage endCursor }
  }
}"""
ERASE = f"""mutation ($key: String!, $id: ID!, $reason: String!) {{
  erasePerson(clientKey: $key, personId: $id, reason: $reason) {{
    __typename ... on DataRequest {{ {SHOWN} }} ... on Refusal {{ code }} ... on InvalidInput {{ field }}
    ... on WrongState {{ currentState }}
  }}
}}"""
REQUESTS = f"{{ dataRequests {{ nodes {{ {SHOWN} }} }} }}"
DEVICE = """mutation ($key: String!, $token: String!) { registerDevice(clientKey: $key, input: {
  installationId: $key, platform: ANDROID, token: $token, locale: "en", appVersion: "1.0.0"
}) { __typename } }"""


async def a_day(world: World) -> None:
    """The rep agrees, works, is seen by the manager, and checks in."""
    await publish(world.admin)
    await give_consent(world.rep)
    device = await world.rep.api.first(DEVICE, key=new_key(), token=f"a-secret-token-{new_key()}")
    assert device["__typename"] == "Device"
    await tap(world.rep, "startShift", START)
    await report(world.rep, point(START))
    await on_the_map(world.manager)
    site = await make_site(world.rep)
    await check_in(world.rep, site, START)


async def exported(member: Member, request_id: str, part: str, first: int = 100) -> list[dict[str, Any]]:
    """All records of a part, page by page."""
    found: list[dict[str, Any]] = []
    after = None
    while True:
        page = await member.api.first(READ, id=request_id, part=part, first=first, after=after)
        found += [json.loads(each["json"]) for each in page["nodes"]]
        if not page["pageInfo"]["hasNextPage"]:
            return found
        after = page["pageInfo"]["endCursor"]


async def about(store: Store, person_id: str) -> set[str]:
    """The collections that name the person, as owner, holder, viewer or themselves."""
    keys = ("_id", "owner_id", "holder_id", "person_id")
    found = set()
    for collection in INDEXES:
        for key in keys:
            if await store[collection].find({key: person_id}, limit=1):
                found.add(collection)
    return found


async def test_an_export_holds_what_is_kept_and_no_secret(world: World, clock: StoppedClock) -> None:
    await a_day(world)
    request = await world.rep.api.first(EXPORT, key=new_key())
    assert (request["kind"], request["state"], request["readableUntil"]) == (
        "EXPORT",
        "DONE",
        "2026-11-24T01:00:00.000Z",
    )
    held = {part: await exported(world.rep, request["requestId"], part) for part in request["parts"]}
    (me,) = held["people"]
    assert (me["_id"], me["email"]) == (world.rep.id, world.rep.person.email)
    (track,) = held["track_points"]
    assert track["points"][0]["location"]["coordinates"] == [121.47, 31.23]
    assert held["location_views"][0]["viewer_id"] == world.manager.id
    for part in ("shifts", "positions", "check_ins", "visits", "consents", "consent_events", "devices", "sessions"):
        assert len(held[part]) == 1, part
    assert held["consent_events"][0]["at"] == "2026-11-23T01:00:00Z"
    text = json.dumps(held)
    assert "a-secret-token" not in text
    assert "token_digest" not in text
    assert held["audit_entries"][0]["action"] == "exportMyData"


async def test_an_export_is_read_by_its_person_for_a_day(
    world: World, other_world: World, clock: StoppedClock, anonymous: ApiClient
) -> None:
    await tap(world.rep, "startShift", START)
    for minute in range(3):
        await report(world.rep, point(START, latitude=31.2 + minute / 100))
    request_id = (await world.rep.api.first(EXPORT, key=new_key()))["requestId"]
    assert len(await exported(world.rep, request_id, "track_points", first=2)) == 3
    for member in (world.second_rep, world.manager, world.admin, other_world.admin):
        assert await member.api.first(READ, id=request_id, part="people") is None
    assert await anonymous.code(READ, id=request_id, part="people") == "UNAUTHENTICATED"
    for part in ("leads", "credentials", "nothing", ""):
        assert await world.rep.api.first(READ, id=request_id, part=part) is None
    clock.advance(hours=24, seconds=-1)
    assert await world.rep.api.first(READ, id=request_id, part="people") is not None
    clock.advance(seconds=1)
    assert await world.rep.api.first(READ, id=request_id, part="people") is None


async def test_erasing_leaves_records_of_work_and_nothing_that_says_who(
    world: World, services: Services, clock: StoppedClock
) -> None:
    await a_day(world)
    await world.rep.api.first(EXPORT, key=new_key())
    reason = "Asked for it in writing."
    early = await world.admin.api.first(ERASE, key=new_key(), id=world.rep.id, reason=reason)
    assert early["currentState"] == "ACTIVE"
    gone = await world.admin.api.first(DEACTIVATE, key=new_key(), id=world.rep.id, successor=world.manager.id)
    assert gone["__typename"] == "Person", gone
    await services.store["people"].update_one({"_id": world.rep.id}, {"$set": {"state": "DEACTIVATED"}})
    key = new_key()
    request = await world.admin.api.first(ERASE, key=key, id=world.rep.id, reason=reason)
    assert (request["kind"], request["state"], request["requestedBy"]) == ("ERASE_PERSON", "RUNNING", world.admin.id)
    assert await world.admin.api.first(ERASE, key=key, id=world.rep.id, reason=reason) == request
    assert (await world.admin.api.first(ERASE, key=new_key(), id=world.rep.id, reason=reason))[
        "currentState"
    ] == "ERASED"
    await erase_due(services)
    clock.advance(minutes=2)
    await erase_due(services)
    (done, *_) = (await world.admin.api.first(REQUESTS))["nodes"]
    assert (done["state"], done["finishedAt"]) == ("DONE", "2026-11-23T01:02:00.000Z")
    assert done["removed"] >= 5
    left = await about(services.store, world.rep.id)
    work = {"accounts", "sites", "shifts", "visits", "hand_overs"}
    assert left == {"people", "consent_events", "data_requests"} | work
    person = await services.store["people"].find_one({"_id": world.rep.id})
    assert person is not None
    text = json.dumps(person, default=str)
    assert not [each for each in (world.rep.person.email, world.rep.person.name) if f'"{each}"' in text]
    assert person["email"] == f"{world.rep.id.lower()}@erased.invalid"
    (event,) = await services.store["consent_events"].find({"owner_id": world.rep.id}, limit=2)
    assert (event["expires_at"] - START.replace(tzinfo=None)).days == 1_096
    assert await erase_due(services) == 0


async def test_withdrawing_removes_the_track_and_not_what_comes_later(
    world: World, services: Services, clock: StoppedClock
) -> None:
    await publish(world.admin)
    await tap(world.rep, "startShift", START)
    for member in (world.rep, world.second_rep):
        await give_consent(member)
    await tap(world.second_rep, "startShift", START)
    for member in (world.rep, world.second_rep):
        await report(member, point(START))
    latest = await services.store["positions"].find_one({"_id": world.rep.id})
    await withdraw_consent(world.rep)
    assert latest is not None
    # As if a first report had been under way: it is neither kept nor shown for long.
    await services.store["positions"].replace_one({"_id": world.rep.id}, latest)
    clock.advance(seconds=11)
    assert sum(await asyncio.gather(erase_due(services), erase_due(services))) == 2, "two workers at once"
    assert (await on_the_map(world.manager))[world.rep.id]["latest"] is None
    tracks = await services.store["track_points"].find({"org_id": world.org_id}, limit=9)
    assert [each["owner_id"] for each in tracks] == [world.second_rep.id]
    clock.advance(seconds=9)
    await give_consent(world.rep)
    await report(world.rep, point(START + timedelta(seconds=20)))
    clock.advance(minutes=2)
    assert await erase_due(services) == 1
    tracks = await services.store["track_points"].find({"org_id": world.org_id}, limit=9)
    assert {each["owner_id"] for each in tracks} == {world.second_rep.id, world.rep.id}
    assert (await on_the_map(world.manager))[world.rep.id]["latest"] is not None
    (mine,) = (await world.rep.api.first(REQUESTS))["nodes"]
    assert (mine["kind"], mine["state"], mine["removed"], mine["parts"]) == ("ERASE_TRACK", "DONE", 1, [])


async def test_who_may_erase_and_see_requests(world: World, other_world: World, anonymous: ApiClient) -> None:
    given = {"id": world.rep.id, "reason": "Asked for it."}
    assert await anonymous.code(ERASE, key=new_key(), **given) == "UNAUTHENTICATED"
    for member in (world.rep, world.manager, world.director, world.support):
        assert await member.api.code(ERASE, key=new_key(), **given) == "FORBIDDEN"
    assert (await other_world.admin.api.first(ERASE, key=new_key(), **given))["code"] == "NOT_FOUND"
    for reason in (" ", "x" * 1_001):
        refused = await world.admin.api.first(ERASE, key=new_key(), id=world.rep.id, reason=reason)
        assert refused["field"] == "reason"
    await world.rep.api.first(EXPORT, key=new_key())
    for member, seen in (
        (world.rep, 1),
        (world.second_rep, 0),
        (world.manager, 0),
        (world.admin, 1),
        (other_world.admin, 0),
    ):
        assert len((await member.api.first(REQUESTS))["nodes"]) == seen


async def test_the_operator_writes_a_file_for_who_cannot_sign_in(
    world: World, services: Services, mongo_uri: str, tmp_path: Path
) -> None:
    await a_day(world)
    file = tmp_path / "person.jsonl"
    environment = {"MONGODB_URI": mongo_uri, "MONGODB_DATABASE": "fieldbeat_tests", "DATA": str(tmp_path)}

    async def command(*words: str) -> Any:
        return await asyncio.to_thread(CliRunner().invoke, app, ["export-person", *words], env=environment)

    done = await command(world.rep.id, str(file), "--reason", "Asked for it in writing.")
    assert done.exit_code == 0, done.output
    assert file.stat().st_mode & 0o777 == 0o600
    lines = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    assert {each["part"] for each in lines} >= {"people", "track_points", "check_ins", "consent_events"}
    assert {each["part"] for each in lines} <= PARTS.keys()
    assert "a-secret-token" not in file.read_text(encoding="utf-8")
    trail = await services.store["audit_entries"].find({"org_id": world.org_id, "action": "export-person"}, limit=3)
    assert [(each["record_id"], each.get("actor_id")) for each in trail] == [(world.rep.id, None)]
    for words in ((world.rep.id, str(file)), ("per_nobody", str(tmp_path / "other.jsonl"))):
        refused = await command(*words, "--reason", "Again.")
        assert refused.exit_code != 0
    assert not (tmp_path / "other.jsonl").exists()


@pytest.mark.parametrize("part", PARTS.values(), ids=lambda part: part.collection)
def test_every_part_is_found_through_an_index(part: Any) -> None:
    firsts = [list(index.document["key"])[:2] for index in INDEXES[part.collection]]
    assert part.key == "_id" or any(part.key in keys for keys in firsts), firsts

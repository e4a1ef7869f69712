"""Bindings through GraphQL over HTTP: who binds and sees what, renewing, taking over, and who is reached where."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from domain.bindings import BoundChannel
from storage.bindings import bindings_of, find_bound, mark_broken
from storage.outbox import DELIVERIES, NOTICES
from storage.store import Store
from tests.conftest import StoppedClock
from tests.support.bindings import ADDRESSES, ROBOT
from tests.support.client import ApiClient, new_key
from tests.support.leads import ASSIGN, create_lead
from tests.support.world import Member, World

FIELDS = "id channel hint label leastPriority works brokenAt createdAt updatedAt person { id } team { id }"
BIND = f"""mutation ($key: String!, $input: BindChannelInput!) {{
  bindChannel(clientKey: $key, input: $input) {{
    __typename ... on ChannelBinding {{ {FIELDS} }} ... on Refusal {{ code }} ... on InvalidInput {{ field }}
  }}
}}"""
UNBIND = """mutation ($key: String!, $id: ID!) {
  unbindChannel(clientKey: $key, id: $id) { __typename ... on UnboundChannel { bindingId } ... on Refusal { code } }
}"""
HELD = f"query ($holder: ID) {{ channelBindings(holderId: $holder) {{ {FIELDS} }} }}"
SIGN_OUT = "mutation ($key: String!) { signOut(clientKey: $key) { __typename } }"
ISSUE_RESET = """mutation ($key: String!, $id: ID!) {
  issuePasswordReset(clientKey: $key, personId: $id) { __typename ... on OneTimeLink { token } }
}"""
RESET = """mutation ($key: String!, $token: String!) {
  resetPassword(clientKey: $key, token: $token, newPassword: "correct horse battery") { __typename }
}"""
WEB_PUSH_KEY = "{ webPushKey }"
NODE = "query ($id: ID!) { node(id: $id) { id } }"
UPDATE = """mutation ($key: String!, $id: ID!, $changes: PersonChanges!) {
  updatePerson(clientKey: $key, id: $id, changes: $changes) { __typename }
}"""
DEACTIVATE = "mutation ($key: String!, $id: ID!) { deactivatePerson(clientKey: $key, id: $id) { __typename } }"


async def bind(member: Member, channel: BoundChannel = BoundChannel.WECOM_BOT, **given: Any) -> dict[str, Any]:
    said = {"channel": channel.value, **ADDRESSES[channel], **given}
    answer: dict[str, Any] = await member.api.first(BIND, key=new_key(), input=said)
    return answer


async def held(member: Member, holder: str | None = None) -> list[str]:
    return [each["id"] for each in await member.api.first(HELD, holder=holder)]


@pytest.mark.parametrize("channel", [each for each in BoundChannel if each is not BoundChannel.WECOM_APP])
async def test_a_person_binds_their_own(world: World, channel: BoundChannel) -> None:
    bound = await bind(world.rep, channel, label="mine")
    assert (bound["channel"], bound["label"], bound["works"]) == (channel.value, "mine", True)
    assert (bound["person"], bound["team"], bound["leastPriority"]) == ({"id": world.rep.id}, None, "NORMAL")
    assert len(bound["hint"]) == 5
    assert await held(world.rep) == [bound["id"]]
    assert await world.rep.api.first(NODE, id=bound["id"]) == {"id": bound["id"]}


async def test_binding_again_renews(world: World, clock: StoppedClock, store: Store) -> None:
    first = await bind(world.rep, label="old")
    known = await find_bound(store, first["id"])
    assert known is not None
    clock.advance(hours=1)
    assert await mark_broken(store, known, clock())
    broken = (await world.rep.api.first(HELD))[0]
    assert (broken["works"], broken["brokenAt"]) == (False, "2026-11-23T02:00:00.000Z")
    clock.advance(hours=1)
    again = await bind(world.rep, address=ROBOT, leastPriority="CRITICAL")
    assert (again["id"], again["label"], again["works"]) == (first["id"], None, True)
    assert (again["createdAt"], again["updatedAt"]) == (first["createdAt"], "2026-11-23T03:00:00.000Z")
    assert not await mark_broken(store, known, clock())
    assert await held(world.rep) == [first["id"]]


async def test_a_new_address_takes_the_place_of_the_broken_one(world: World, clock: StoppedClock, store: Store) -> None:
    first = await find_bound(store, (await bind(world.rep))["id"])
    other = await bind(world.rep, BoundChannel.LARK)
    assert first is not None
    assert await mark_broken(store, first, clock())
    second = await bind(world.rep, address=ROBOT + "-2")
    assert set(await held(world.rep)) == {second["id"], other["id"]}


async def test_teams_are_bound_by_who_leads_or_administers(world: World, other_world: World) -> None:
    north = world.north.id
    bound = await bind(world.manager, holderId=north)
    assert (bound["person"], bound["team"], bound["leastPriority"]) == (None, {"id": north}, "HIGH")
    assert (await bind(world.director, holderId=north))["id"] == bound["id"]
    assert (await bind(world.admin, holderId=north))["id"] == bound["id"]
    assert (await bind(world.rep, holderId=north))["code"] == "FORBIDDEN"
    assert (await bind(world.support, holderId=north))["code"] == "FORBIDDEN"
    for member in (world.south_rep, world.south_manager, other_world.admin, other_world.manager):
        assert (await bind(member, holderId=north))["code"] == "NOT_FOUND"
        assert await held(member, north) == []
        assert await member.api.first(NODE, id=bound["id"]) is None
        assert (await member.api.first(UNBIND, key=new_key(), id=bound["id"]))["code"] == "NOT_FOUND"
    assert (await bind(world.manager, BoundChannel.WEB_PUSH, holderId=north))["field"] == "channel"
    for member in (world.rep, world.manager, world.director, world.admin):
        assert await held(member, north) == [bound["id"]]
    assert await held(world.rep) == [bound["id"]]
    assert (await world.rep.api.first(UNBIND, key=new_key(), id=bound["id"]))["code"] == "FORBIDDEN"
    key = new_key()
    gone = [await world.director.api.first(UNBIND, key=key, id=bound["id"]) for _ in range(2)]
    assert gone == [{"__typename": "UnboundChannel", "bindingId": bound["id"]}] * 2
    assert await held(world.manager, north) == []


async def test_nobody_names_a_user_id_for_themselves(world: World, other_world: World) -> None:
    assert (await bind(world.rep, BoundChannel.WECOM_APP))["code"] == "FORBIDDEN"
    bound = await bind(world.admin, BoundChannel.WECOM_APP, holderId=world.rep.id)
    assert await held(world.rep) == [bound["id"]]
    taken = await bind(world.manager, BoundChannel.WECOM_APP, holderId=world.second_rep.id, address="wang.min")
    assert taken["code"] == "ADDRESS_TAKEN"
    elsewhere = await bind(other_world.admin, BoundChannel.WECOM_APP, holderId=other_world.rep.id)
    assert elsewhere["works"]
    assert elsewhere["id"] != bound["id"]


async def test_what_is_personal_is_seen_by_its_person_and_who_leads(world: World, anonymous: ApiClient) -> None:
    bound = await bind(world.rep)
    for member in (world.second_rep, world.south_manager):
        assert await held(member, world.rep.id) == []
        assert await member.api.first(NODE, id=bound["id"]) is None
        assert (await member.api.first(UNBIND, key=new_key(), id=bound["id"]))["code"] == "NOT_FOUND"
    assert (await bind(world.second_rep, holderId=world.rep.id))["code"] == "FORBIDDEN"
    assert (await bind(world.south_rep, holderId=world.rep.id))["code"] == "NOT_FOUND"
    assert (await world.support.api.first(UNBIND, key=new_key(), id=bound["id"]))["code"] == "FORBIDDEN"
    for member in (world.rep, world.manager, world.director, world.admin):
        assert await held(member, world.rep.id) == [bound["id"]]
    assert await held(world.manager) == []
    assert await anonymous.code(HELD) == "UNAUTHENTICATED"
    assert await anonymous.code(UNBIND, key=new_key(), id=bound["id"]) == "UNAUTHENTICATED"
    assert (await world.rep.api.first(UNBIND, key=new_key(), id=bound["id"]))["bindingId"] == bound["id"]
    assert (await world.rep.api.first(UNBIND, key=new_key(), id=bound["id"]))["code"] == "NOT_FOUND"


async def test_bindings_follow_their_person(world: World, store: Store) -> None:
    bound = await bind(world.second_rep)
    changes = {"teamId": world.south.id}
    moved = await world.admin.api.first(UPDATE, key=new_key(), id=world.second_rep.id, changes=changes)
    assert moved["__typename"] == "Person"
    assert await held(world.manager, world.second_rep.id) == []
    assert await held(world.south_manager, world.second_rep.id) == [bound["id"]]
    await world.admin.api.first(DEACTIVATE, key=new_key(), id=world.second_rep.id)
    assert await find_bound(store, bound["id"]) is None
    assert (await bind(world.admin, holderId=world.second_rep.id))["field"] == "holderId"


async def test_a_browser_moves_to_whoever_opens_it(world: World, other_world: World) -> None:
    for member, before in ((world.rep, None), (world.manager, world.rep), (other_world.rep, world.manager)):
        bound = await bind(member, BoundChannel.WEB_PUSH)
        assert await held(member) == [bound["id"]]
        assert before is None or await held(before) == []


async def test_signing_out_ends_what_was_bound_in_that_browser(world: World) -> None:
    browser = await bind(world.rep, BoundChannel.WEB_PUSH)
    robot = await bind(world.rep)
    others = await bind(world.second_rep, BoundChannel.WEB_PUSH, address="https://web.push.apple.com/another")
    assert (await world.rep.api.first(SIGN_OUT, key=new_key()))["__typename"] == "SignedOut"
    assert await held(world.manager, world.rep.id) == [robot["id"]]
    assert await held(world.manager, world.second_rep.id) == [others["id"]]
    assert browser["id"] != robot["id"]


async def test_a_new_password_ends_what_was_bound_in_browsers(world: World, anonymous: ApiClient) -> None:
    await bind(world.rep, BoundChannel.WEB_PUSH)
    robot = await bind(world.rep)
    link = (await world.admin.api.first(ISSUE_RESET, key=new_key(), id=world.rep.id))["token"]
    reset = await anonymous.first(RESET, key=new_key(), token=link)
    assert reset["__typename"] == "Session"
    assert await held(world.manager, world.rep.id) == [robot["id"]]


async def test_what_is_bound_gets_a_delivery(world: World, store: Store) -> None:
    own = await bind(world.rep)
    team = await bind(world.manager, BoundChannel.FEISHU, holderId=world.north.id)
    lead = await create_lead(world.manager)
    assigned = await world.manager.api.first(ASSIGN, key=new_key(), id=lead["id"], owner=world.rep.id)
    assert assigned["__typename"] == "Lead"
    (notice,) = await store[NOTICES].find({"owner_id": world.rep.id}, limit=2)
    rows = await store[DELIVERIES].find({"notice_id": notice["_id"], "binding_id": {"$exists": True}}, limit=5)
    heard = {own["id"]: "wecom_bot"} | ({team["id"]: "feishu"} if notice["priority"] != "NORMAL" else {})
    assert {row["binding_id"]: row["channel"] for row in rows} == heard


async def test_a_browser_asks_for_the_key(world: World, anonymous: ApiClient) -> None:
    assert await world.rep.api.first(WEB_PUSH_KEY) is None
    assert await anonymous.code(WEB_PUSH_KEY) == "UNAUTHENTICATED"


async def test_refusals_name_the_field_and_keys_repeat(world: World) -> None:
    assert (await bind(world.rep, address="short"))["field"] == "address"
    key, said = new_key(), {"channel": "WECOM_BOT", "address": ROBOT}
    first, again = [await world.rep.api.first(BIND, key=key, input=said) for _ in range(2)]
    assert first == again
    assert (await world.rep.api.first(BIND, key=key, input=said | {"label": "x"}))["code"] == "KEY_REUSED"
    for number in range(9):
        assert "code" not in await bind(world.rep, address=f"{ROBOT}-{number}")
    assert (await bind(world.rep, address=f"{ROBOT}-9"))["code"] == "TOO_MANY_BINDINGS"


async def test_binding_one_user_id_at_once_leaves_one_holder(world: World) -> None:
    people = (world.rep, world.second_rep, world.manager)
    answers = await asyncio.gather(*(bind(world.director, BoundChannel.WECOM_APP, holderId=each.id) for each in people))
    assert len([each for each in answers if each["__typename"] == "ChannelBinding"]) == 1
    assert {each.get("code") for each in answers} <= {None, "ADDRESS_TAKEN", "ID_TAKEN"}


async def test_people_are_reached_by_their_own_and_their_teams(
    world: World, other_world: World, store: Store, clock: StoppedClock
) -> None:
    own = (await bind(world.rep))["id"]
    team = (await bind(world.manager, BoundChannel.FEISHU, holderId=world.north.id))["id"]
    south = (await bind(world.south_manager, BoundChannel.FEISHU, holderId=world.south.id))["id"]
    asked = [world.rep.id, world.second_rep.id, world.south_rep.id, world.admin.id, world.director.id]
    reached = await bindings_of(store, world.org_id, [*asked, other_world.rep.id])
    assert {person: [each.id for each in bindings] for person, bindings in reached.items()} == {
        world.rep.id: [own, team],
        world.second_rep.id: [team],
        world.south_rep.id: [south],
    }
    assert await bindings_of(store, other_world.org_id, asked) == {}
    assert await bindings_of(store, world.org_id, []) == {}
    broken = await find_bound(store, team)
    assert broken is not None
    assert await mark_broken(store, broken, clock())
    assert list(await bindings_of(store, world.org_id, asked)) == [world.rep.id, world.south_rep.id]

"""Devices through GraphQL over HTTP: registering, shared phones, addresses that belong to one device, and privacy."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from domain.ids import new_id
from resolvers.services import Services
from storage.devices import COLLECTION, devices_of, note_contact, prune_device, remove_devices_of
from storage.store import Store
from tests.conftest import START, StoppedClock
from tests.support.client import ApiClient, new_key
from tests.support.sign_in import Phone, give_password
from tests.support.world import Member, World
from workers.devices import forget_lost_devices

FIELDS = "id installationId platform locale appVersion model reachable createdAt seenAt"
REGISTER = f"""mutation ($key: String!, $input: RegisterDeviceInput!) {{
  registerDevice(clientKey: $key, input: $input) {{
    __typename ... on Device {{ {FIELDS} }} ... on Refusal {{ code }} ... on InvalidInput {{ field }}
  }}
}}"""
REMOVE = """mutation ($key: String!, $id: ID!) {
  removeDevice(clientKey: $key, id: $id) { __typename ... on RemovedDevice { deviceId } ... on Refusal { code } }
}"""
MINE = f"query {{ myDevices {{ {FIELDS} }} }}"
NODE = "query ($id: ID!) { node(id: $id) { id ... on Device { model } } }"


def unique(kind: str) -> str:
    """An installation id or address nobody else has."""
    return f"{kind}-{new_id('x', START)}"


async def register(member: Member, **given: Any) -> dict[str, Any]:
    said = {"installationId": unique("installation"), "platform": "ANDROID", "locale": "zh-CN", "appVersion": "1.0"}
    answer: dict[str, Any] = await member.api.first(REGISTER, key=new_key(), input=said | given)
    return answer


async def mine(member: Member) -> list[str]:
    return [device["id"] for device in await member.api.first(MINE)]


async def test_register_and_register_again(world: World, clock: StoppedClock) -> None:
    installation, device_id = unique("installation"), new_id("dev", START)
    said = {"installationId": installation, "id": device_id, "model": "Demo One", "token": unique("token")}
    first = await register(world.rep, **said)
    assert (first["id"], first["model"], first["reachable"]) == (device_id, "Demo One", True)
    assert await world.rep.api.first(NODE, id=device_id) == {"id": device_id, "model": "Demo One"}
    clock.advance(days=1)
    again = await register(world.rep, installationId=installation, appVersion="1.1")
    assert (again["id"], again["appVersion"], again["reachable"]) == (device_id, "1.1", False)
    assert (again["createdAt"], again["seenAt"]) == ("2026-11-23T01:00:00.000Z", "2026-11-24T01:00:00.000Z")
    assert await mine(world.rep) == [device_id]
    reinstalled = await register(world.rep, id=device_id)
    assert reinstalled["id"] == device_id
    assert await mine(world.rep) == [device_id]


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"installationId": "short"}, "installationId"),
        ({"installationId": "x" * 201}, "installationId"),
        ({"token": ""}, "token"),
        ({"token": "a b"}, "token"),
        ({"fid": "x" * 4097}, "fid"),
        ({"locale": "中文"}, "locale"),
        ({"appVersion": ""}, "appVersion"),
        ({"model": "x" * 121}, "model"),
        ({"id": "dev_1"}, "id"),
    ],
)
async def test_register_names_the_bad_field(world: World, given: dict[str, Any], field: str) -> None:
    refused = await register(world.rep, **given)
    assert (refused["__typename"], refused["field"]) == ("InvalidInput", field)


async def test_repeated_keys_answer_the_same(world: World) -> None:
    key = new_key()
    said = {"installationId": unique("installation"), "platform": "IOS", "locale": "en", "appVersion": "2"}
    first, again = [await world.rep.api.first(REGISTER, key=key, input=said) for _ in range(2)]
    other = await world.rep.api.first(REGISTER, key=key, input=said | {"appVersion": "3"})
    assert first == again
    assert other["code"] == "KEY_REUSED"
    removed = [await world.rep.api.first(REMOVE, key=key, id=first["id"]) for _ in range(2)]
    assert removed == [{"__typename": "RemovedDevice", "deviceId": first["id"]}] * 2
    assert (await world.rep.api.first(REMOVE, key=new_key(), id=first["id"]))["code"] == "NOT_FOUND"
    assert await mine(world.rep) == []


async def test_a_shared_phone_moves_to_whoever_signs_in(world: World, other_world: World) -> None:
    installation, token = unique("installation"), unique("token")
    phone = await register(world.rep, installationId=installation, token=token)
    for member in (world.second_rep, other_world.manager):
        moved = await register(member, installationId=installation, token=token)
        assert moved["id"] == phone["id"]
        assert await mine(member) == [phone["id"]]
        assert await mine(world.rep) == []
        assert await world.rep.api.first(NODE, id=phone["id"]) is None
    assert await mine(world.second_rep) == []


async def test_an_address_belongs_to_the_installation_that_registered_it_last(world: World) -> None:
    for address in ("token", "fid"):
        value = unique(address)
        old = await register(world.rep, **{address: value})
        new = await register(world.second_rep, **{address: value})
        assert new["id"] != old["id"]
        assert old["id"] not in await mine(world.rep)
        assert new["id"] in await mine(world.second_rep)


async def test_an_id_alone_does_not_take_a_phone_away(world: World) -> None:
    phone = await register(world.rep)
    refused = await register(world.second_rep, id=phone["id"])
    assert refused["code"] == "ID_TAKEN"
    assert await mine(world.rep) == [phone["id"]]


async def test_registering_one_token_at_once_leaves_one_device(world: World, store: Store) -> None:
    token = unique("token")
    members = (world.rep, world.second_rep, world.manager, world.director, world.south_rep, world.admin)
    answers = await asyncio.gather(*(register(member, token=token) for member in members))
    assert {answer["__typename"] for answer in answers} == {"Device"}
    held = await store[COLLECTION].find({"token": token}, limit=10)
    assert len(held) == 1
    assert held[0]["_id"] in {answer["id"] for answer in answers}


async def test_registering_one_installation_at_once_leaves_one_device(world: World, store: Store) -> None:
    installation = unique("installation")
    said = {"installationId": installation, "id": new_id("dev", START)}
    answers = await asyncio.gather(*(register(world.rep, **said) for _ in range(6)))
    assert {answer["id"] for answer in answers} == {said["id"]}
    assert len(await store[COLLECTION].find({"installation_id": installation}, limit=10)) == 1


async def test_the_device_not_seen_for_longest_gives_way(world: World, clock: StoppedClock) -> None:
    ids = []
    for _ in range(11):
        ids.append((await register(world.rep))["id"])
        clock.advance(minutes=1)
    assert await mine(world.rep) == list(reversed(ids[1:]))


async def test_devices_are_seen_by_their_owner_alone(world: World, other_world: World, anonymous: ApiClient) -> None:
    phone = (await register(world.rep))["id"]
    for member in (world.second_rep, world.manager, world.director, world.admin, world.support, other_world.rep):
        assert await member.api.first(NODE, id=phone) is None
        assert await mine(member) == []
        assert (await member.api.first(REMOVE, key=new_key(), id=phone))["code"] == "NOT_FOUND"
    assert await mine(world.rep) == [phone]
    assert await anonymous.code(MINE) == "UNAUTHENTICATED"
    assert await anonymous.code(NODE, id=phone) == "UNAUTHENTICATED"
    assert await anonymous.code(REMOVE, key=new_key(), id=phone) == "UNAUTHENTICATED"
    said = {"installationId": unique("installation"), "platform": "WEB", "locale": "en", "appVersion": "1"}
    assert await anonymous.code(REGISTER, key=new_key(), input=said) == "UNAUTHENTICATED"


async def test_prune_only_what_still_has_the_address_that_was_sent_to(world: World, store: Store) -> None:
    installation, token = unique("installation"), unique("token")
    phone = (await register(world.rep, installationId=installation, token=token))["id"]
    fresh = unique("token")
    await register(world.rep, installationId=installation, token=fresh, fid="demo-fid-" + installation)
    assert not await prune_device(store, phone, token=token, fid=None)
    assert not await prune_device(store, phone, token=fresh, fid=None)
    assert await prune_device(store, phone, token=fresh, fid="demo-fid-" + installation)
    assert await mine(world.rep) == []
    unaddressed = (await register(world.rep))["id"]
    assert await prune_device(store, unaddressed, token=None, fid=None)


async def test_signing_out_forgets_one_device_and_deactivating_all(world: World, store: Store) -> None:
    installation = unique("installation")
    by_id = (await register(world.rep))["id"]
    await register(world.rep, installationId=installation)
    rest = [(await register(world.rep, token=unique("token")))["id"] for _ in range(2)]
    others = (await register(world.second_rep))["id"]
    assert await remove_devices_of(store, world.rep.id, others) == 0
    assert await remove_devices_of(store, world.rep.id, by_id) == 1
    assert await remove_devices_of(store, world.rep.id, installation) == 1
    held = await devices_of(store, [world.rep.id, world.second_rep.id, world.admin.id])
    assert {owner: {device.id for device in devices} for owner, devices in held.items()} == {
        world.rep.id: set(rest),
        world.second_rep.id: {others},
    }
    assert all(device.token and device.token not in repr(device) for device in held[world.rep.id])
    assert await remove_devices_of(store, world.rep.id) == 2
    assert await mine(world.rep) == []
    assert await mine(world.second_rep) == [others]


async def test_a_device_nothing_was_heard_of_for_270_days_is_forgotten(
    world: World, services: Services, clock: StoppedClock
) -> None:
    phone = (await register(world.rep))["id"]
    clock.advance(days=270)
    clock.advance(milliseconds=-1)
    await forget_lost_devices(services)
    assert await mine(world.rep) == [phone]
    clock.advance(milliseconds=1)
    await forget_lost_devices(services)
    assert await mine(world.rep) == []


async def test_contact_is_noted_once_a_day_and_for_the_owner_alone(
    world: World, store: Store, clock: StoppedClock
) -> None:
    installation = unique("installation")
    phone = (await register(world.rep, installationId=installation))["id"]

    async def seen() -> Any:
        return (await world.rep.api.first(MINE))[0]["seenAt"]

    day = START + timedelta(days=1)
    for at, name, expected in (
        (day, phone, "2026-11-23T01:00:00.000Z"),
        (day + timedelta(milliseconds=1), installation, "2026-11-24T01:00:00.001Z"),
        (day - timedelta(hours=1), phone, "2026-11-24T01:00:00.001Z"),
    ):
        await note_contact(store, world.second_rep.id, [name], at + timedelta(days=9))
        await note_contact(store, world.rep.id, [name], at)
        assert await seen() == expected


async def test_a_refreshed_session_is_a_sign_of_life(world: World, services: Services, clock: StoppedClock) -> None:
    phone = (await register(world.rep))["id"]
    await give_password(services, world.rep.person)
    app = Phone(ApiClient(world.rep.api.http), phone)
    session = await app.sign_in(world.rep.person.email)
    clock.advance(days=29)
    assert (await app.refresh(session["refreshToken"]))["__typename"] == "Session"
    assert (await world.rep.api.first(MINE))[0]["seenAt"] == "2026-12-22T01:00:00.000Z"

"""Phones that fall silent in a shift: who is asked for a sign of life, when, and what the map says meanwhile."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from domain.devices import Device, Platform
from push.channel import Channel
from push.fcm import FcmChannel
from resolvers.services import Services
from storage.codec import encode
from storage.devices import COLLECTION as DEVICES
from tests.conftest import START, StoppedClock
from tests.support.client import new_key
from tests.support.fcm_faults import FaultKind
from tests.support.fcm_server import FcmServer
from tests.support.field_day import STATE, iso, on_the_map, point, report, tap
from tests.support.outbox import a_device
from tests.support.world import World
from workers.silent_phones import wake_silent


@pytest.fixture
async def phone(world: World, services: Services, clock: StoppedClock) -> Device:
    """The rep's phone, with a shift and one position."""
    device = a_device(world.rep.person, START)
    await services.store[DEVICES].insert_one(encode(device))
    await tap(world.rep, "startShift", START)
    assert (await report(world.rep, point(START), deviceId=device.id))["accepted"] == 1
    return device


async def tell(world: World, state: str, at: Any) -> None:
    """What the phone tells of itself."""
    told = await world.rep.api.first(STATE, key=new_key(), state=state, at=iso(at))
    assert told["__typename"] == "DeviceStateReceived"


async def state(world: World) -> str:
    """What the map says of the rep."""
    return str((await on_the_map(world.manager))[world.rep.id]["state"])


def asked(fcm: FcmServer, device: Device) -> int:
    """How often the phone was sent something."""
    return len([each for each in fcm.ledger if each.target == device.token])


async def test_a_phone_that_does_not_answer_in_ten_minutes_runs_no_app(
    world: World, services: Services, clock: StoppedClock, fcm: FcmServer, channel: FcmChannel, phone: Device
) -> None:
    channels = {"fcm": channel}
    clock.advance(seconds=899)
    await wake_silent(services, channels)
    assert (asked(fcm, phone), await state(world)) == (0, "RECENT")
    clock.advance(seconds=1)
    await wake_silent(services, channels)
    await wake_silent(services, channels)
    assert (asked(fcm, phone), await state(world)) == (1, "RECENT")
    sent = next(each for each in fcm.ledger if each.target == phone.token)
    assert sent.accepted
    assert sent.message is not None
    assert ("notification" in sent.message, sent.message["data"]) == (False, {"kind": "REPORT_POSITION"})
    clock.advance(seconds=599)
    assert await state(world) == "STALE"
    clock.advance(seconds=1)
    assert await state(world) == "APP_KILLED"
    await wake_silent(services, channels)
    assert asked(fcm, phone) == 2
    clock.advance(minutes=29)
    await wake_silent(services, channels)
    assert (asked(fcm, phone), await state(world)) == (2, "APP_KILLED")
    clock.advance(minutes=1)
    await wake_silent(services, channels)
    assert (asked(fcm, phone), await state(world)) == (3, "APP_KILLED")
    assert (await report(world.rep, point(services.clock())))["accepted"] == 1
    assert await state(world) == "LIVE"


@pytest.mark.parametrize("answer", ["state", "old state", "late batch"])
async def test_any_answer_is_a_sign_of_life(
    answer: str,
    world: World,
    services: Services,
    clock: StoppedClock,
    fcm: FcmServer,
    channel: FcmChannel,
    phone: Device,
) -> None:
    await tell(world, "OK", START)
    clock.advance(minutes=15)
    await wake_silent(services, {"fcm": channel})
    assert asked(fcm, phone) == 1
    if answer == "late batch":
        await report(world.rep, point(START - timedelta(minutes=1)))
    else:
        await tell(world, "OK", START if answer == "old state" else services.clock())
    clock.advance(minutes=10)
    assert await state(world) == "STALE"
    await wake_silent(services, {"fcm": channel})
    assert asked(fcm, phone) == 2, "it still reports no position"


@pytest.mark.parametrize("why", ["shift over", "no permission", "no device", "browser", "no channel", "dead device"])
async def test_who_cannot_or_need_not_answer_is_never_held_for_killed(
    why: str,
    world: World,
    services: Services,
    clock: StoppedClock,
    fcm: FcmServer,
    channel: FcmChannel,
    phone: Device,
) -> None:
    channels: Mapping[str, Channel] = {} if why == "no channel" else {"fcm": channel}
    clock.advance(minutes=14)
    match why:
        case "shift over":
            await tap(world.rep, "endShift", services.clock())
        case "no permission":
            await tell(world, "NO_PERMISSION", services.clock())
        case "no device":
            await services.store[DEVICES].delete_many({"_id": phone.id})
        case "browser":
            await services.store[DEVICES].update_one({"_id": phone.id}, {"$set": {"platform": Platform.WEB.value}})
        case "dead device":
            fcm.fail(FaultKind.UNREGISTERED, phone.token)
    clock.advance(minutes=1)
    await wake_silent(services, channels)
    assert asked(fcm, phone) == (why == "dead device")
    clock.advance(minutes=11)
    await wake_silent(services, channels)
    assert await state(world) == {"shift over": "OFF_DUTY", "no permission": "NO_PERMISSION"}.get(why, "STALE")


async def test_a_break_is_waited_for(
    world: World, services: Services, clock: StoppedClock, fcm: FcmServer, channel: FcmChannel, phone: Device
) -> None:
    await tap(world.rep, "startBreak", START)
    clock.advance(minutes=15)
    await wake_silent(services, {"fcm": channel})
    assert (asked(fcm, phone), await state(world)) == (0, "PAUSED")
    await tap(world.rep, "endBreak", services.clock())
    clock.advance(minutes=10)
    await wake_silent(services, {"fcm": channel})
    assert asked(fcm, phone) == 1


async def test_the_phone_that_reported_is_asked(
    world: World, services: Services, clock: StoppedClock, fcm: FcmServer, channel: FcmChannel, phone: Device
) -> None:
    later = a_device(world.rep.person, START + timedelta(minutes=5))
    await services.store[DEVICES].insert_one(encode(later))
    clock.advance(minutes=15)
    await wake_silent(services, {"fcm": channel})
    assert (asked(fcm, phone), asked(fcm, later)) == (1, 0)

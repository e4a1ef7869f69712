"""The gauges of the outbox, and what is counted of attempts, pruned devices and arrivals."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from prometheus_client import REGISTRY

from domain.bindings import BoundChannel
from domain.deliveries import DeliveryState, Outcome, SendResult
from domain.devices import STALE_AFTER, Device
from domain.ids import TeamId
from domain.notices import Priority
from domain.people import Person, PersonState
from push.channel import Message
from resolvers.services import Services
from storage.bindings import COLLECTION as BINDINGS
from storage.codec import encode
from storage.devices import COLLECTION as DEVICES
from storage.outbox import DELIVERIES
from storage.people import PEOPLE
from tests.conftest import START, StoppedClock
from tests.support.outbox import a_device, a_person, queue
from tests.support.senders import Recorder, deliver
from tests.workers.conftest import ORG
from workers.push_metrics import SHOWN, show_queue, show_unreachable

S = DeliveryState
ROOT = Path(__file__).parents[2]


class Unregistered(Recorder):
    """A provider that knows no device any more."""

    async def send(self, message: Message) -> SendResult:
        await super().send(message)
        return SendResult(Outcome.DEAD_TARGET, "HTTP 404 UNREGISTERED")


def shown(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(f"fieldbeat_{name}", labels) or 0.0


async def test_depth_counts_what_waits_and_dead_letters_nobody_replayed(
    outbox: Services, person: Person, clock: StoppedClock
) -> None:
    rows = [row for _, row in await queue(outbox.store, person, [], clock.now, 9, channel="console")]
    states = (S.PENDING, S.PENDING, S.DEFERRED, S.LEASED, S.CONFIG_HOLD, S.EXPIRED, S.EXPIRED, S.POISON, S.SENT)
    for row, state in zip(rows, states, strict=True):
        await outbox.store[DELIVERIES].replace_one({"_id": row.id}, encode(replace(row, state=state)))
    await outbox.store[DELIVERIES].update_one({"_id": rows[5].id}, {"$set": {"replayed_at": True}})
    assert await show_queue(outbox) == 0
    counted = {state: shown("deliveries_in_state", state=state) for state in SHOWN}
    expected = {S.PENDING: 2, S.DEFERRED: 1, S.LEASED: 1, S.CONFIG_HOLD: 1, S.EXPIRED: 1, S.POISON: 1}
    assert counted == expected


async def test_the_age_is_that_of_the_oldest_that_is_due(outbox: Services, person: Person, clock: StoppedClock) -> None:
    for minutes in (5, 3):
        await queue(outbox.store, person, [], START - timedelta(minutes=minutes), channel="console")
    await queue(outbox.store, person, [], START + timedelta(hours=1), channel="console", priority=Priority.CRITICAL)
    await show_queue(outbox)
    ages = {each: shown("oldest_due_age_seconds", priority=each) for each in Priority}
    assert ages == {Priority.HIGH: 300, Priority.CRITICAL: 0, Priority.NORMAL: 0}
    clock.advance(hours=1, minutes=1)
    await show_queue(outbox)
    assert shown("oldest_due_age_seconds", priority=Priority.CRITICAL) == 60


async def test_unreachable_are_those_without_live_device_or_binding(outbox: Services, clock: StoppedClock) -> None:
    team = TeamId("tea_of_the_robot")
    people = [a_person(ORG, START, name=f"Rep {number}") for number in range(5)]
    people[3] = replace(people[3], team_id=team)
    people[4] = replace(people[4], state=PersonState.DEACTIVATED)
    devices = [
        a_device(people[0], START, seen_at=START - STALE_AFTER + timedelta(milliseconds=1)),
        a_device(people[1], START, seen_at=START - STALE_AFTER),
    ]
    await outbox.store[PEOPLE].insert_many([encode(each) for each in people])
    await outbox.store[DEVICES].insert_many([encode(each) for each in devices])
    robots: list[dict[str, Any]] = [
        {"_id": "bnd_1", "org_id": ORG, "holder_id": team, "channel": BoundChannel.WECOM_BOT.value},
        {"_id": "bnd_2", "org_id": ORG, "holder_id": people[2].id, "broken_at": START.replace(tzinfo=None)},
    ]
    await outbox.store[BINDINGS].insert_many(robots)
    await show_unreachable(outbox)
    assert shown("unreachable_people") == 2
    await outbox.store[BINDINGS].delete_many({"org_id": ORG})


async def test_attempts_and_pruned_devices_are_counted(
    outbox: Services, person: Person, device: Device, clock: StoppedClock
) -> None:
    before = {
        "pruned": shown("devices_pruned_total", channel="fcm"),
        "tried": shown("delivery_attempts_total", channel="fcm", outcome="DEAD_TARGET"),
    }
    await queue(outbox.store, person, [device], clock.now)
    await deliver(outbox, Unregistered())
    assert shown("devices_pruned_total", channel="fcm") == before["pruned"] + 1
    assert shown("delivery_attempts_total", channel="fcm", outcome="DEAD_TARGET") == before["tried"] + 1


def test_every_metric_is_explained_to_operators() -> None:
    page = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`(fieldbeat_\w+)`", page))
    declared = set()
    for path in [*(ROOT / "api").glob("*.py"), *(ROOT / "workers").glob("*.py"), *(ROOT / "resolvers").glob("*.py")]:
        text = path.read_text(encoding="utf-8")
        for kind, name in re.findall(r'(\w+)\(\s*"(fieldbeat_\w+)"', text):
            counts = kind in {"Counter", "CounterMetricFamily"}
            declared.add(f"{name}_total" if counts else name)
    assert len(declared) > 15
    assert named == declared

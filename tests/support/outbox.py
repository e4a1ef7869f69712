"""People, devices and due deliveries for tests of the delivery worker, written straight into the database."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from domain.access import Role
from domain.attention import Limits
from domain.deliveries import Delivery, DeliveryState, make_delivery
from domain.devices import Device, Platform
from domain.ids import DeviceId, LeadId, OrgId, PersonId, new_id
from domain.notices import Notice, NoticeKind, Priority, event_key, make_notice
from domain.people import Person, PersonState
from domain.preferences import Preferences, QuietHours
from storage.codec import decode, encode
from storage.devices import COLLECTION as DEVICES
from storage.outbox import DELIVERIES, NOTICES
from storage.people import PEOPLE
from storage.store import Store

NO_STORM = Limits(singles=0)
"""For tests in which one person is pushed more than anybody would be."""


def a_person(org_id: OrgId, now: datetime, **changes: Any) -> Person:
    """An active rep who reads English and has no quiet hours, so that no test depends on the time of the day."""
    person_id = PersonId(new_id("per", now))
    values: dict[str, Any] = {
        "id": person_id,
        "org_id": org_id,
        "email": f"{person_id.lower()}@example.test",
        "name": "Robin",
        "role": Role.REP,
        "team_id": None,
        "state": PersonState.ACTIVE,
        "locale": "en",
        "time_zone": "Asia/Shanghai",
        "created_at": now,
        "updated_at": now,
        "preferences": Preferences(QuietHours(0, 0)),
    }
    return Person(**(values | changes))


def a_device(person: Person, now: datetime, **changes: Any) -> Device:
    """An Android phone of that person with a token of its own."""
    device_id = DeviceId(new_id("dev", now))
    values: dict[str, Any] = {
        "id": device_id,
        "org_id": person.org_id,
        "owner_id": person.id,
        "installation_id": f"installation-{device_id}",
        "platform": Platform.ANDROID,
        "locale": "en",
        "app_version": "1.0.0",
        "model": None,
        "created_at": now,
        "seen_at": now,
        "token": f"token-{device_id}",
    }
    return Device(**(values | changes))


async def queue(
    store: Store,
    person: Person,
    devices: list[Device],
    now: datetime,
    count: int = 1,
    *,
    channel: str = "fcm",
    priority: Priority = Priority.HIGH,
) -> list[tuple[Notice, Delivery]]:
    """Person, devices and `count` breaches with a due delivery to each device, or to the person without devices."""
    await store[PEOPLE].replace_one({"_id": person.id}, encode(person), upsert=True)
    for device in devices:
        await store[DEVICES].replace_one({"_id": device.id}, encode(device), upsert=True)
    rows = []
    for _ in range(count):
        lead_id = LeadId(new_id("led", now))
        key = event_key(NoticeKind.SLA_BREACHED, lead_id)
        notice = make_notice(person.org_id, person.id, NoticeKind.SLA_BREACHED, priority, key, now, lead_id=lead_id)
        reached: list[DeviceId | None] = [*(device.id for device in devices)] or [None]
        rows += [(notice, make_delivery(notice, channel, device_id, now)) for device_id in reached]
    await store[NOTICES].insert_many([encode(notice) for notice in {notice.id: notice for notice, _ in rows}.values()])
    await store[DELIVERIES].insert_many([encode(delivery) for _, delivery in rows])
    return rows


async def stored(store: Store, delivery: Delivery) -> Delivery:
    """The row as it is now."""
    found = await store[DELIVERIES].find_one({"_id": delivery.id})
    assert found is not None
    return decode(Delivery, found)


async def states(store: Store) -> dict[DeliveryState, int]:
    """How many rows are in each state."""
    rows = await store[DELIVERIES].find({}, projection={"state": 1}, limit=10_000)
    counted: dict[DeliveryState, int] = {}
    for row in rows:
        state = DeliveryState(row["state"])
        counted[state] = counted.get(state, 0) + 1
    return counted

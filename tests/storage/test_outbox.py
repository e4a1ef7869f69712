"""Writing notices: inbox rows with their deliveries, once, whatever is repeated or rolled back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from domain.ids import OrgId, PersonId, new_id
from domain.notices import Notice, NoticeKind, Priority, make_notice
from storage.devices import COLLECTION as DEVICES
from storage.outbox import DELIVERIES, NOTICES, Outbox, registered_devices
from storage.store import Store

NOW = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)


def a_notice(person_id: PersonId, key: str = "k") -> Notice:
    org_id = OrgId("org_01ARZ3NDEKTSV4RRFFQ69G5FAV")
    return make_notice(org_id, person_id, NoticeKind.SLA_BREACHED, Priority.HIGH, key, NOW, facts={"metric": "X"})


async def rows(store: Store, *people: PersonId) -> tuple[int, int]:
    query = {"owner_id": {"$in": list(people)}}
    return await store[NOTICES].count(query, limit=99), await store[DELIVERIES].count(query, limit=99)


async def test_write_notices_once_for_each_key_and_recipient(store: Store) -> None:
    one, two = PersonId(new_id("per", NOW)), PersonId(new_id("per", NOW))
    outbox = Outbox(("console",))
    assert len(await outbox.write(store, [a_notice(one), a_notice(one), a_notice(two)], NOW)) == 2
    assert await outbox.write(store, [a_notice(one), a_notice(two)], NOW) == []
    assert [each.dedupe_key for each in await outbox.write(store, [a_notice(one), a_notice(one, "k2")], NOW)] == ["k2"]
    assert await rows(store, one) == (2, 2)
    assert await rows(store, two) == (1, 1)
    assert await outbox.write(store, [], NOW) == []


async def test_write_notices_one_delivery_for_each_device_that_can_be_reached(store: Store) -> None:
    one, none = PersonId(new_id("per", NOW)), PersonId(new_id("per", NOW))

    async def add(seen_at: datetime, **address: str) -> str:
        device_id = new_id("dev", NOW)
        row = {"_id": device_id, "owner_id": one, "org_id": "org_x", "installation_id": device_id, **address}
        await store[DEVICES].insert_one(row | {"seen_at": seen_at.replace(tzinfo=None)})
        return device_id

    stale = NOW - timedelta(days=30)
    devices = sorted(
        [
            await add(NOW, token=new_id("tok", NOW)),
            await add(stale + timedelta(milliseconds=1), fid=new_id("fid", NOW)),
        ]
    )
    await add(stale, token=new_id("tok", NOW))
    await add(NOW)
    await Outbox(("fcm", "console"), registered_devices).write(store, [a_notice(one), a_notice(none)], NOW)
    assert await rows(store, one) == (1, 3)
    assert await rows(store, none) == (1, 1)
    sent = await store[DELIVERIES].find({"owner_id": one, "channel": "fcm"}, limit=9, order=[("device_id", 1)])
    assert [each["device_id"] for each in sent] == devices
    assert "finished_at" not in sent[0]


async def test_write_notices_go_with_the_transaction(store: Store) -> None:
    one = PersonId(new_id("per", NOW))

    async def fail(within: Store) -> None:
        await Outbox(("console",)).write(within, [a_notice(one)], NOW)
        raise LookupError("afterwards")

    with pytest.raises(LookupError):
        await store.transaction(fail)
    assert await rows(store, one) == (0, 0)

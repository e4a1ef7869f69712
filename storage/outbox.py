"""The outbox: inbox rows and the deliveries that carry them, written in the transaction of whatever caused them.

Resolvers and the SLA watcher write through an `Outbox`; the delivery worker claims what is written here.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from domain.attention import INCIDENT_WITHIN, LIMITS, Digest, Limits
from domain.bindings import Binding, BoundChannel
from domain.channel_turns import NEXT_AFTER_S, channel_order
from domain.deliveries import Delivery, make_delivery
from domain.devices import MAX_PER_PERSON, is_stale
from domain.ids import DeviceId, OrgId, PersonId
from domain.ladder import HEARD
from domain.notices import Notice
from storage.attention import Attending, fit
from storage.codec import decode, encode
from storage.devices import COLLECTION as DEVICES
from storage.driver import Document, DuplicateKeyError, IndexModel
from storage.people import PEOPLE
from storage.store import Store
from storage.substitutes import is_unheard, list_told_instead, list_unreachable
from storage.times import aware, stored_time

NOTICES = "notices"
DELIVERIES = "deliveries"
DEVICELESS = frozenset({"console"})
"""Channels that reach a person without one of their devices."""
BOUND = frozenset(each.channel_name for each in BoundChannel)
"""Channels that reach a person by what they or their team are bound to."""
_BETWEEN_CHANNELS = timedelta(seconds=NEXT_AFTER_S)
KEEP_S = 90 * 86_400
MAX_PER_CLOCK = 1_000

NOTICE_INDEXES = [
    IndexModel([("org_id", 1), ("owner_id", 1), ("created_at", -1), ("_id", -1)], name="by_recipient"),
    IndexModel([("clock_id", 1), ("_id", 1)], name="by_clock"),
]
DELIVERY_INDEXES = [
    IndexModel([("state", 1), ("priority", 1), ("next_at", 1)], name="due"),
    IndexModel([("state", 1), ("lease_until", 1)], name="leases"),
    IndexModel([("notice_id", 1), ("_id", 1)], name="by_notice"),
    IndexModel([("digest_id", 1)], name="by_digest"),
    IndexModel([("finished_at", 1)], name="ttl", expireAfterSeconds=KEEP_S),
]

DevicesOf = Callable[[Store, Sequence[PersonId], datetime], Awaitable[Mapping[PersonId, Sequence[DeviceId]]]]
"""The devices that may be pushed to, by person: one read for any number of people."""
BindingsOf = Callable[[Store, OrgId, Sequence[PersonId]], Awaitable[Mapping[PersonId, Sequence[Binding]]]]
"""What people of one organization, or their teams, are bound to at other services."""


async def _time_zones(store: Store, people: Sequence[PersonId]) -> dict[PersonId, str]:
    query: Document = {"_id": {"$in": list(people)}}
    found = await store[PEOPLE].find(query, projection={"time_zone": 1}, limit=max(1, len(people)))
    return {each["_id"]: each["time_zone"] for each in found}


async def list_clock_notices(store: Store, clock_id: str) -> list[Notice]:
    """What was told about a clock."""
    found = await store[NOTICES].find({"clock_id": clock_id}, order=[("_id", 1)], limit=MAX_PER_CLOCK)
    return [decode(Notice, each) for each in found]


async def registered_devices(
    store: Store, people: Sequence[PersonId], now: datetime
) -> Mapping[PersonId, Sequence[DeviceId]]:
    """The devices of these people that gave an address and were heard of lately; a dead one shows when it is used."""
    query: Document = {"owner_id": {"$in": list(people)}}
    limit = max(1, len(people)) * (MAX_PER_PERSON + 1)
    found = await store[DEVICES].find(
        query,
        projection=dict.fromkeys(("owner_id", "seen_at", "token", "fid"), 1),
        order=[("owner_id", 1), ("_id", 1)],
        limit=limit,
    )
    devices: dict[PersonId, list[DeviceId]] = {}
    for document in found:
        if (document.get("token") or document.get("fid")) and not is_stale(aware(document["seen_at"]), now):
            devices.setdefault(document["owner_id"], []).append(DeviceId(document["_id"]))
    return devices


async def no_devices(
    _store: Store, _people: Sequence[PersonId], _now: datetime
) -> Mapping[PersonId, Sequence[DeviceId]]:
    """Nobody has a device."""
    return {}


async def no_bindings(
    _store: Store, _org_id: OrgId, _people: Sequence[PersonId]
) -> Mapping[PersonId, Sequence[Binding]]:
    """Nobody is bound."""
    return {}


@dataclass(frozen=True, slots=True)
class Outbox:
    """How this installation reaches people; one per process, made by wiring. Without channels: the inbox alone."""

    channels: tuple[str, ...] = ()
    devices_of: DevicesOf = no_devices
    bindings_of: BindingsOf = no_bindings
    limits: Limits = LIMITS

    async def write(self, store: Store, notices: Sequence[Notice], now: datetime) -> list[Notice]:
        """Inbox rows and their deliveries; answers those that were not there yet. To be called inside a transaction.

        A person without a device gets no row of a channel that needs one; the inbox still shows the notice. The first
        channel that reaches a person is due at once, the next ones look later whether their turn has come. What the
        person does not want or cannot take now is muted, put off or digested (storage/attention.py). Where somebody
        is away or cannot be reached, others are told instead (storage/substitutes.py).
        """
        instead = await list_told_instead(store, notices, now)
        wanted = {notice.id: notice for notice in [*notices, *instead.values()]}
        if not wanted:
            return []
        # Looked up first: a duplicate key would abort the whole transaction of the caller.
        known = await store[NOTICES].find({"_id": {"$in": list(wanted)}}, projection={"_id": 1}, limit=len(wanted))
        for document in known:
            del wanted[document["_id"]]
        fresh = list(wanted.values())
        await store[NOTICES].insert_many([encode(notice) for notice in fresh])
        most, address = self.limits.incident_over + 1, partial(self._deliveries, store, now=now)
        asks = Attending(
            address=address,
            count_breaches=partial(_count_alike, store, since=now - INCIDENT_WITHIN, limit=most),
            write=_write_unless_there,
            hasten=_hasten,
            limits=self.limits,
        )
        sent = [notice for notice in fresh if notice.id not in instead]
        rows = await address(sent) if sent else []
        fitted = await fit(store, sent, rows, asks, now)
        await store[DELIVERIES].insert_many([encode(row) for row in fitted])
        reached = {row.notice_id for row in rows}
        unheard = [each for each in sent if each.kind in HEARD and each.id not in reached and self.channels]
        told = {(each.dedupe_key, each.owner_id) for each in notices}
        await self.write(store, await list_unreachable(store, unheard, told, address, now), now)
        return fresh

    async def escalate(self, store: Store, notice_id: str, now: datetime) -> bool | None:
        """Tells the next level of a notice whose deliveries all ended without reaching anybody.

        False where there is no need, None while it is still being sent.
        """
        document = await store[NOTICES].find_one({"_id": notice_id})
        notice = None if document is None else decode(Notice, document)
        if notice is None or notice.kind not in HEARD:
            return False
        unheard = await is_unheard(store, DELIVERIES, notice)
        if not unheard:
            return unheard
        address = partial(self._deliveries, store, now=now)
        alike = await store[NOTICES].find({"org_id": notice.org_id, "dedupe_key": notice.dedupe_key}, limit=100)
        told = {(notice.dedupe_key, each["owner_id"]) for each in alike}
        return bool(await self.write(store, await list_unreachable(store, [notice], told, address, now), now))

    async def _deliveries(self, store: Store, notices: Sequence[Notice], now: datetime) -> list[Delivery]:
        recipients = list(dict.fromkeys(notice.owner_id for notice in notices))
        bound = BOUND & set(self.channels)
        to_devices = set(self.channels) - BOUND - DEVICELESS
        devices = await self.devices_of(store, recipients, now) if to_devices and recipients else {}
        bindings = await self.bindings_of(store, notices[0].org_id, recipients) if bound and recipients else {}
        zones = await _time_zones(store, recipients) if len(self.channels) > 1 and recipients else {}
        rows: list[Delivery] = []
        for notice in notices:
            rank = 0
            for channel in channel_order(self.channels, zones.get(notice.owner_id, "")):
                make = partial(
                    make_delivery, notice, channel, now=now, rank=rank, next_at=now + rank * _BETWEEN_CHANNELS
                )
                if channel in DEVICELESS:
                    reached = [make(None)]
                elif channel in BOUND:
                    held = [each for each in bindings.get(notice.owner_id, ()) if each.hears(notice.priority)]
                    reached = [make(None, binding_id=each.id) for each in held if each.channel.channel_name == channel]
                else:
                    reached = [make(each) for each in devices.get(notice.owner_id, ())]
                rows += reached
                rank += bool(reached)
        return rows


async def _count_alike(store: Store, notice: Notice, since: datetime, limit: int) -> int:
    """Notices of the same kind and metric that the recipient was written since then, this one among them."""
    query: Document = {
        "org_id": notice.org_id,
        "owner_id": notice.owner_id,
        "created_at": {"$gt": stored_time(since)},
        "kind": notice.kind.value,
        "facts.metric": notice.facts.get("metric"),
    }
    return len(await store[NOTICES].find(query, projection={"_id": 1}, limit=limit))


async def _write_unless_there(store: Store, notice: Notice, rows: Sequence[Delivery]) -> None:
    for collection, each in [(NOTICES, notice), *((DELIVERIES, row) for row in rows)]:
        with suppress(DuplicateKeyError):
            await store[collection].insert_one(encode(each))


async def _hasten(store: Store, digest: Digest) -> None:
    priority = {"$set": {"priority": digest.priority.value}}
    await store[NOTICES].update_one({"_id": digest.id}, priority)
    await store[DELIVERIES].update_many({"notice_id": digest.id}, priority)


INBOX_ONLY = Outbox()

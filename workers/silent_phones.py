"""Asks phones that fell silent in a shift for a sign of life, by a push that shows nothing; run by workers/schedule.py.

A phone that does not answer within 10 minutes has no app running (domain/presence.py). It answers by `reportPositions`
or `reportDeviceState`. Nothing is promised to anybody here, so this does not go through the outbox.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import structlog

from domain.deliveries import Outcome
from domain.devices import Device, Platform, is_stale
from domain.ids import DeliveryId, OrgId, PersonId, ShiftId
from domain.notices import Priority, derived_id
from domain.positions import PhoneState
from domain.presence import ANSWERED_WITHIN
from domain.shifts import tracking_on
from push.channel import Channel, Message, Target
from resolvers.services import Services
from storage.devices import devices_of
from storage.driver import Document
from storage.positions import list_to_wake, save_wake_up, shift_of
from storage.shifts import find_open
from storage.store import Store
from storage.times import aware, stored_time

CHANNEL = "fcm"
KIND = "REPORT_POSITION"
BATCH = 200
AGAIN_AFTER = timedelta(minutes=30)
"""While a phone stays silent. Systems hold back background pushes that come more often."""
_TAKEN = frozenset({Outcome.ACCEPTED, Outcome.AMBIGUOUS})
_log = structlog.get_logger(__name__)


async def wake_silent(services: Services, channels: Mapping[str, Channel]) -> int:
    """Asks those whose time has come; answers how many it looked at."""
    store, now = services.store, services.clock()
    due = await list_to_wake(store, now, BATCH)
    devices = await devices_of(store, [PersonId(each["_id"]) for each in due])
    for position in due:
        device = _asked(devices.get(PersonId(position["_id"]), ()), position.get("device_id"), now)
        await _ask(store, channels.get(CHANNEL), position, device, now)
    return len(due)


def _asked(devices: Sequence[Device], reporting: str | None, now: datetime) -> Device | None:
    """The phone that reported last, else the one seen last."""
    able = [
        each
        for each in devices
        if each.platform is not Platform.WEB and (each.fid or each.token) and not is_stale(each.seen_at, now)
    ]
    return max(able, key=lambda each: (each.id == reporting, each.seen_at), default=None)


async def _ask(store: Store, channel: Channel | None, position: Document, device: Device | None, now: datetime) -> None:
    shift = await _shift(store, position, now)
    silent_for_a_reason = position.get("phone_state") == PhoneState.NO_PERMISSION.value
    if channel is None or device is None or shift is None or silent_for_a_reason:
        await save_wake_up(store, position, None, None)
        return
    if not shift[1]:
        await save_wake_up(store, position, None, now + ANSWERED_WITHIN)
        return
    woken_at = aware(position.get("woken_at"))
    again_at = now + (ANSWERED_WITHIN if woken_at is None else AGAIN_AFTER)
    # Written before it is sent: an answer may be here sooner than the provider's.
    if not await save_wake_up(store, position, woken_at or now, again_at):
        return
    result = await channel.send(_message(shift[0], device, now))
    if result.outcome not in _TAKEN and woken_at is None:
        _log.info("phone_not_asked", device=device.id, error=result.detail)
        saved = {**position, "wake_after": stored_time(again_at)}
        await save_wake_up(store, saved, None, None)


async def _shift(store: Store, position: Document, now: datetime) -> tuple[ShiftId, bool] | None:
    """The person's shift that lasts, and whether it is tracked now or paused."""
    found = await find_open(store, OrgId(position["org_id"]), PersonId(position["_id"]))
    shift = shift_of(found) if found is not None else None
    if shift is None or now >= shift.auto_end_at:
        return None
    return shift.id, tracking_on(shift, now)


def _message(shift_id: ShiftId, device: Device, now: datetime) -> Message:
    key = derived_id("dlv", shift_id, device.id, now.isoformat())
    return Message(
        delivery_id=DeliveryId(key),
        msg_key=key,
        title="",
        body="",
        data={"kind": KIND},
        collapse_id=KIND,
        priority=Priority.NORMAL,
        ttl_s=int(ANSWERED_WITHIN.total_seconds()),
        deadline_at=now + ANSWERED_WITHIN,
        target=Target(device.token, device.fid, device.platform),
        locale=device.locale,
        silent=True,
    )

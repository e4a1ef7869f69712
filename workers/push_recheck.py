"""The look at what is true now, immediately before each attempt to send; for workers/push_delivery.py."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from domain.deliveries import Delivery, DeliveryState, cancel, defer, expire, give_up
from domain.devices import Platform
from domain.notices import Notice, Priority
from domain.people import PersonState
from push.channel import Bound, Message, Target
from push.messages import make_message
from storage.deliveries import Parcel, Recipient


def settle(parcel: Parcel, now: datetime) -> Delivery | None:
    """How the row ends without a send; None where it is to be sent."""
    row, notice, device, binding = parcel.delivery, parcel.notice, parcel.device, parcel.binding
    if notice is None:
        return give_up(row, DeliveryState.POISON, "the notice is gone", now)
    if notice.is_settled:
        return cancel(row, "acknowledged" if notice.acknowledged_at or notice.taken_at else "resolved", now)
    if parcel.person is None or parcel.person.state is not PersonState.ACTIVE:
        return cancel(row, "the recipient is not active", now)
    if parcel.is_hidden:
        return cancel(row, "the article is not for the recipient", now)
    if now >= row.deadline_at:
        return expire(row, now)
    if row.device_id is not None:
        if device is None:
            return give_up(row, DeliveryState.DEAD_TARGET, "the device is gone", now)
        if device.owner_id != row.owner_id:
            return give_up(row, DeliveryState.DEAD_TARGET, "the device is somebody else's now", now)
    if row.binding_id is not None:
        if binding is None or binding.broken_at is not None:
            return give_up(row, DeliveryState.DEAD_TARGET, "the binding is gone", now)
        if binding.holder_id not in {row.owner_id, parcel.person.team_id}:
            return give_up(row, DeliveryState.DEAD_TARGET, "the binding is somebody else's now", now)
    return _as_preferred(row, notice, parcel.person, now)


def _as_preferred(row: Delivery, notice: Notice, person: Recipient, now: datetime) -> Delivery | None:
    """What the recipient may have changed, or the night that has begun, since the row was written."""
    if row.priority is not Priority.CRITICAL and not person.preferences.wants(notice.kind, row.channel):
        return cancel(row, "the recipient does not want it over this channel", now)
    heard_at = person.preferences.heard_at(row.priority, now, person.time_zone)
    return defer(row, heard_at) if heard_at > now else None


def message_of(parcel: Parcel, now: datetime) -> Message:
    """What is sent for a parcel that is not settled. ValueError or KeyError where it cannot be worded."""
    assert parcel.notice is not None
    assert parcel.person is not None
    device, binding = parcel.device, parcel.binding
    target = None if device is None else Target(device.token, device.fid, Platform(device.platform.value))
    message = make_message(parcel.notice, parcel.delivery, target, parcel.person.locale, now)
    if binding is None:
        return message
    read_by_others = binding.holder_id != parcel.delivery.owner_id
    meant_for = parcel.person.name if read_by_others else None
    return replace(message, bound=Bound(binding.address, binding.secret, binding.public_key, meant_for))

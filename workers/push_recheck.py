"""The look at what is true now, immediately before each attempt to send; for workers/push_delivery.py."""

from __future__ import annotations

from datetime import datetime

from domain.deliveries import Delivery, DeliveryState, cancel, expire, give_up
from domain.devices import Platform
from push.channel import Message, Target
from push.messages import make_message
from storage.deliveries import Parcel


def settle(parcel: Parcel, now: datetime) -> Delivery | None:
    """How the row ends without a send; None where it is to be sent."""
    row, notice, device = parcel.delivery, parcel.notice, parcel.device
    if notice is None:
        return give_up(row, DeliveryState.POISON, "the notice is gone", now)
    if notice.is_settled:
        return cancel(row, "acknowledged" if notice.acknowledged_at else "resolved", now)
    if not parcel.is_active:
        return cancel(row, "the recipient is not active", now)
    if now >= row.deadline_at:
        return expire(row, now)
    if row.device_id is not None:
        if device is None:
            return give_up(row, DeliveryState.DEAD_TARGET, "the device is gone", now)
        if device.owner_id != row.owner_id:
            return give_up(row, DeliveryState.DEAD_TARGET, "the device is somebody else's now", now)
    return None


def message_of(parcel: Parcel, now: datetime) -> Message:
    """What is sent for a parcel that is not settled. ValueError or KeyError where it cannot be worded."""
    assert parcel.notice is not None
    device = parcel.device
    target = None if device is None else Target(device.token, device.fid, Platform(device.platform.value))
    return make_message(parcel.notice, parcel.delivery, target, parcel.locale, now)

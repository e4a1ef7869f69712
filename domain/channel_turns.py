"""Which channel tries first and when the next one may: for storage/outbox.py and the delivery worker.

The channels that reach a person are tried in an order; the rows of one channel share a `rank`. A row of a later rank
waits until the ranks before it have had their time.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from domain.deliveries import ACCEPTED, Delivery, DeliveryState, cancel, postpone
from domain.notices import Notice, Priority

NEXT_AFTER_S = 30.0
"""A channel that no provider has accepted from by then lets the next one start."""
UNRECEIVED_AFTER_S = 180.0
"""What is urgent and no phone has confirmed so long after the acceptance goes over the next channel too."""
CONFIRMED = frozenset({Priority.CRITICAL, Priority.HIGH})
"""Priorities that wait for a phone's confirmation; for the others the provider's acceptance is enough."""
MAINLAND_FIRST = ("wecom_app", "wecom_bot", "dingtalk", "feishu")
"""In mainland China many phones have no Google services, so that FCM's acceptance says little there."""
_REACHED = frozenset({DeliveryState.RECEIVED, DeliveryState.OPENED, DeliveryState.DIGESTED})
_STUCK = frozenset({DeliveryState.DEAD_TARGET, DeliveryState.POISON, DeliveryState.EXPIRED, DeliveryState.CONFIG_HOLD})
_MAINLAND_ZONES = frozenset(
    {"Asia/Shanghai", "Asia/Urumqi", "Asia/Chongqing", "Asia/Chungking", "Asia/Harbin", "Asia/Kashgar", "PRC"}
)


def is_mainland(time_zone: str) -> bool:
    """Whether somebody who lives by that zone is taken to be in mainland China."""
    return time_zone in _MAINLAND_ZONES


def channel_order(channels: Sequence[str], time_zone: str) -> list[str]:
    """The configured channels in the order in which they are tried for a person of that time zone."""
    if not is_mainland(time_zone):
        return list(channels)
    return [each for each in MAINLAND_FIRST if each in channels] + [
        each for each in channels if each not in MAINLAND_FIRST
    ]


def await_turn(row: Delivery, notice: Notice | None, rows: Iterable[Delivery], now: datetime) -> Delivery:
    """The row itself when its turn has come; else as it waits on, or cancelled where an earlier channel did it.

    `rows` are all deliveries of its notice.
    """
    if row.rank == 0:
        return row
    earlier: dict[int, list[Delivery]] = {}
    for each in rows:
        if each.rank < row.rank and each.state is not DeliveryState.CANCELLED:
            earlier.setdefault(each.rank, []).append(each)
    start_at: datetime | None = row.deadline_counts_from
    for rank in sorted(earlier):
        start_at = None if start_at is None else _next_start(earlier[rank], start_at, row.priority)
    is_shown = notice is not None and (notice.seen_at is not None or notice.read_at is not None)
    if start_at is None or is_shown:
        return cancel(row, "an earlier channel reached the person", now)
    if start_at >= row.deadline_at and any(each.state in ACCEPTED for rank in earlier.values() for each in rank):
        return cancel(row, "an earlier channel's provider accepted it", now)
    return postpone(row, start_at) if now < start_at and now < row.deadline_at else row


def _next_start(rank: Sequence[Delivery], started_at: datetime, priority: Priority) -> datetime | None:
    """When the channel after these rows may start, which were due from `started_at`; None: never."""
    if any(each.state in _REACHED for each in rank):
        return None
    sent = [each.finished_at or started_at for each in rank if each.state is DeliveryState.SENT]
    if sent:
        return min(sent) + timedelta(seconds=UNRECEIVED_AFTER_S) if priority in CONFIRMED else None
    trying = [each for each in rank if each.state not in _STUCK]
    if not trying:
        return max(each.held_since or each.finished_at or started_at for each in rank)
    due_at = [each.next_at if each.state is DeliveryState.DEFERRED else each.deadline_counts_from for each in trying]
    return max(started_at, min(due_at)) + timedelta(seconds=NEXT_AFTER_S)

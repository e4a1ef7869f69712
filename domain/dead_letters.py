"""Deliveries that an operator has to look at, and sending them once more; for the worker's alarms and the replay."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from domain.deliveries import Delivery, DeliveryState, cancel, delivery_id

HELD_TOO_LONG_S = 900.0
"""A row held for our configuration for longer is a dead letter, although it is still tried now and then."""


def is_dead_letter(delivery: Delivery, now: datetime) -> bool:
    """Whether it ended, or is stuck, in a way that only an operator can mend."""
    if delivery.state is DeliveryState.CONFIG_HOLD:
        held_since = delivery.held_since or delivery.created_at
        return now - held_since > timedelta(seconds=HELD_TOO_LONG_S)
    return delivery.state in {DeliveryState.POISON, DeliveryState.EXPIRED}


def replay(dead: Delivery, now: datetime) -> tuple[Delivery, Delivery]:
    """The dead letter as it is then (a held one is cancelled) and the row that takes its place, due at once.

    The new id follows from the dead letter's, so that replaying it twice meets a duplicate key. ValueError unless it is
    a dead letter.
    """
    if not is_dead_letter(dead, now):
        raise ValueError(f"{dead.id} is {dead.state}, no dead letter")
    generation = dead.generation + 1
    following = replace(
        dead,
        id=delivery_id(dead.notice_id, dead.channel, dead.target_id, generation),
        state=DeliveryState.PENDING,
        next_at=now,
        attempts=0,
        fence=0,
        rank=0,
        deadline_at=now + timedelta(seconds=dead.priority.deadline_s),
        created_at=now,
        finished_at=None,
        last_error=None,
        due_from=None,
        held_since=None,
        generation=generation,
        replay_of=dead.id,
    )
    return cancel(dead, "replayed", now), following

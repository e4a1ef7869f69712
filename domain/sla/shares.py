"""Who used up the time of a promise: each owner's open seconds, until now and until the breach; for the SLA board."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from domain.ids import PersonId
from domain.sla.clock import ClockEvent, Leg
from domain.sla.folding import open_s_within
from domain.sla.policy import Policy


@dataclass(frozen=True, slots=True)
class Share:
    """One owner's part of a cycle; shares add up to 1 where any time has passed. The last two are None unbroken."""

    owner_id: PersonId | None
    open_s: float
    share: float
    open_s_at_breach: float | None
    share_at_breach: float | None


def shares(
    legs: Sequence[Leg], log: Iterable[ClockEvent], policy: Policy, breached_at: datetime | None, now: datetime
) -> list[Share]:
    """Each owner once, in the order in which they first held the record."""
    events = tuple(log)
    held: dict[PersonId | None, float] = {}
    broken: dict[PersonId | None, float] = {}
    for leg in legs:
        until = leg.ended_at if leg.ended_at is not None else max(now, leg.started_at)
        held[leg.owner_id] = held.get(leg.owner_id, 0.0) + open_s_within(events, policy, leg.started_at, until)
        if breached_at is not None:
            open_s = open_s_within(events, policy, leg.started_at, min(until, breached_at))
            broken[leg.owner_id] = broken.get(leg.owner_id, 0.0) + open_s
    return [
        Share(
            owner_id,
            open_s,
            _part(open_s, held.values()),
            broken.get(owner_id),
            _part(broken[owner_id], broken.values()) if owner_id in broken else None,
        )
        for owner_id, open_s in held.items()
    ]


def _part(value: float, of: Iterable[float]) -> float:
    total = sum(of)
    return value / total if total else 0.0

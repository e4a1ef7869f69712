"""How long a rep was provably at a site: the check-in counts as a fix, the last inside evidence ends the stay.

Used by domain/visits.py and, for the fixes of live tracking, by resolvers/check_ins.py.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from domain.accounts import Tier
from domain.check_in_policies import FenceLimits
from domain.places import Point, distance_m

DWELL = {Tier.A: timedelta(minutes=10), Tier.B: timedelta(minutes=5), Tier.C: timedelta(minutes=5)}
"""A shorter stay does not count as a visit."""
_GOOD = FenceLimits()


def is_long_enough(tier: Tier, from_at: datetime, until_at: datetime) -> bool:
    """Whether a stay between the two counts."""
    return until_at - from_at >= DWELL[tier]


def dwell_s(opened_at: datetime | None, last_inside_at: datetime | None) -> float | None:
    """Seconds of the provable stay; None where nothing proves one."""
    if opened_at is None or last_inside_at is None:
        return None
    return (last_inside_at - opened_at).total_seconds()


def inside(
    fixes: Iterable[tuple[datetime, Point, float]], pin: Point, radius_m: float, from_at: datetime, until_at: datetime
) -> tuple[datetime, ...]:
    """When those of the fixes (time, point, accuracy in metres) within the stay were clearly inside the fence."""
    return tuple(
        at
        for at, point, accuracy_m in fixes
        if from_at <= at <= until_at and accuracy_m <= _GOOD.good_accuracy_m and distance_m(point, pin) <= radius_m
    )

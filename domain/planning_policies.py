"""How an organization plans its days: speeds, lunch, what visits are worth and last, and what changing a plan costs.

Read by resolvers/day_problem.py for every plan, edited by administrators through resolvers/planning_policies.py.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo

from domain.accounts import Tier
from domain.ids import OrgId, PersonId
from domain.refusals import InvalidInput

MAX_SLOW_HOURS = 6
MAX_VALUE = 2_000
_Limit = tuple[str, float, float, float]
_LOCAL_TIME = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")


@dataclass(frozen=True, slots=True)
class TierPlanning:
    """What a visit to accounts of one tier is worth to the planner, and how long it lasts."""

    tier: Tier
    value: int
    service_minutes: int = 30


@dataclass(frozen=True, slots=True)
class SlowHours:
    """Local hours of the day in which driving has another speed: from `from_hour` to `until_hour`, not included."""

    from_hour: int
    until_hour: int
    speed_km_h: float


@dataclass(frozen=True, slots=True)
class ChangePrice:
    """What changing a published plan costs, in the unit of the visits' values, for each visit of it.

    Moved: it starts `moved_after_minutes` or more earlier or later. Reassigned: somebody else makes it. Dropped: nobody
    does.
    """

    moved: int = 5
    reassigned: int = 20
    dropped: int = 30
    moved_after_minutes: int = 15


DEFAULT_TIERS = (TierPlanning(Tier.A, 100), TierPlanning(Tier.B, 50), TierPlanning(Tier.C, 20))


@dataclass(frozen=True, slots=True)
class PlanningPolicy:
    """An organization's rules of planning; version 0 are those it begins with. Lunch times are local, HH:MM."""

    id: OrgId
    org_id: OrgId
    version: int = 0
    detour_factor: float = 1.35
    speed_km_h: float = 30.0
    slow_hours: tuple[SlowHours, ...] = ()
    lunch_from: str = "11:30"
    lunch_until: str = "13:30"
    lunch_minutes: int = 45
    tiers: tuple[TierPlanning, ...] = DEFAULT_TIERS
    promise_value: int = 200
    change_price: ChangePrice = ChangePrice()
    saved_at: datetime | None = None
    saved_by_id: PersonId | None = None

    def of(self, tier: Tier) -> TierPlanning:
        """What holds for visits to accounts of that tier."""
        return next(each for each in self.tiers if each.tier is tier)

    def service_s(self, tier: Tier) -> int:
        """How long a visit to an account of that tier lasts, in seconds."""
        return self.of(tier).service_minutes * 60

    def lunch_times(self) -> tuple[time, time] | None:
        """The local times between which lunch is had; None where none is planned."""
        if not self.lunch_minutes:
            return None
        return time.fromisoformat(self.lunch_from), time.fromisoformat(self.lunch_until)


DEFAULT_POLICY = PlanningPolicy(OrgId(""), OrgId(""))
"""What holds for an organization that saved nothing of its own."""


def speed_between(policy: PlanningPolicy, start_at: datetime, end_at: datetime, zone: tzinfo) -> float:
    """The mean speed in km/h over that time: what a plan reckons with as a whole."""
    total_s, driven = 0.0, 0.0
    at = start_at.astimezone(UTC)
    while at < end_at:
        local = at.astimezone(zone)
        until = min(end_at, at + timedelta(seconds=3600 - local.minute * 60 - local.second))
        seconds = (until - at).total_seconds()
        total_s += seconds
        driven += seconds * _speed_at(policy, local.hour)
        at = until
    return driven / total_s if total_s else _speed_at(policy, start_at.astimezone(zone).hour)


def _speed_at(policy: PlanningPolicy, hour: int) -> float:
    slow = (each.speed_km_h for each in policy.slow_hours if each.from_hour <= hour < each.until_hour)
    return next(slow, policy.speed_km_h)


def policy_problem(policy: PlanningPolicy) -> InvalidInput | None:
    """The first value that cannot be saved, by its field."""
    return _speed_problem(policy) or _lunch_problem(policy) or _value_problem(policy)


def _speed_problem(policy: PlanningPolicy) -> InvalidInput | None:
    limits: list[tuple[str, float, float, float]] = [
        ("detourFactor", policy.detour_factor, 1, 3),
        ("speedKmH", policy.speed_km_h, 3, 130),
    ]
    if len(policy.slow_hours) > MAX_SLOW_HOURS:
        return InvalidInput("slowHours", f"must be at most {MAX_SLOW_HOURS}")
    for number, each in enumerate(policy.slow_hours):
        before = policy.slow_hours[number - 1].until_hour if number else 0
        limits += [
            (f"slowHours.{number}.fromHour", each.from_hour, before, 23),
            (f"slowHours.{number}.untilHour", each.until_hour, each.from_hour + 1, 24),
            (f"slowHours.{number}.speedKmH", each.speed_km_h, 3, 130),
        ]
    return _outside(limits)


def _lunch_problem(policy: PlanningPolicy) -> InvalidInput | None:
    for field, text in (("lunchFrom", policy.lunch_from), ("lunchUntil", policy.lunch_until)):
        if not _LOCAL_TIME.fullmatch(text):
            return InvalidInput(field, "must be a time of day, such as 11:30")
    opens, closes = (time.fromisoformat(each) for each in (policy.lunch_from, policy.lunch_until))
    room = (closes.hour - opens.hour) * 60 + closes.minute - opens.minute
    if room <= 0:
        return InvalidInput("lunchUntil", "must be later than lunchFrom")
    return _outside([("lunchMinutes", policy.lunch_minutes, 0, room)])


def _value_problem(policy: PlanningPolicy) -> InvalidInput | None:
    given = Counter(each.tier for each in policy.tiers)
    if set(given) != set(Tier) or max(given.values()) > 1:
        return InvalidInput("tiers", f"must hold each of {', '.join(Tier)} once")
    limits: list[_Limit] = []
    for number, each in enumerate(policy.tiers):
        limits += [
            (f"tiers.{number}.value", each.value, 1, MAX_VALUE),
            (f"tiers.{number}.serviceMinutes", each.service_minutes, 5, 480),
        ]
    price = policy.change_price
    return _outside(
        [
            *limits,
            ("promiseValue", policy.promise_value, 0, MAX_VALUE),
            ("changePrice.moved", price.moved, 0, MAX_VALUE),
            ("changePrice.reassigned", price.reassigned, 0, MAX_VALUE),
            ("changePrice.dropped", price.dropped, 0, MAX_VALUE),
            ("changePrice.movedAfterMinutes", price.moved_after_minutes, 1, 240),
        ]
    )


def _outside(limits: Sequence[_Limit]) -> InvalidInput | None:
    for field, value, least, most in limits:
        if not least <= value <= most:
            return InvalidInput(field, f"must be {least} to {most}")
    return None

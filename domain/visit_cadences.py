"""How often an organization visits its accounts: intervals and spacing by tier, and how full a planned day may be.

Read by resolvers/period_problem.py for every beat plan, edited by administrators through resolvers/visit_cadences.py.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from domain.accounts import Tier
from domain.ids import OrgId, PersonId
from domain.refusals import InvalidInput

LONGEST_DAYS = 180


@dataclass(frozen=True, slots=True)
class TierCadence:
    """How often accounts of one tier are visited: every `interval_days`, and never sooner or later than the two others
    after the visit before."""

    tier: Tier
    interval_days: int
    least_days: int
    most_days: int


DEFAULT_TIERS = (
    TierCadence(Tier.A, 7, 4, 10),
    TierCadence(Tier.B, 14, 10, 18),
    TierCadence(Tier.C, 28, 20, 36),
)


@dataclass(frozen=True, slots=True)
class VisitCadences:
    """An organization's rules for beat plans; version 0 are those it begins with.

    `reserved_percent` of each shift stays free for what comes up. On the closed dates of `calendar_key` nobody visits;
    without one, rosters and absences alone say who works. `change_minutes` of driving are saved before a visit of the
    published plan moves.
    """

    id: OrgId
    org_id: OrgId
    version: int = 0
    tiers: tuple[TierCadence, ...] = DEFAULT_TIERS
    visits_a_day: int = 10
    reserved_percent: int = 20
    change_minutes: int = 15
    calendar_key: str | None = None
    saved_at: datetime | None = None
    saved_by_id: PersonId | None = None

    @property
    def intervals(self) -> dict[Tier, int]:
        """Days from one visit to the next by tier."""
        return {each.tier: each.interval_days for each in self.tiers}

    def of(self, tier: Tier) -> TierCadence:
        """What holds for accounts of that tier."""
        return next(each for each in self.tiers if each.tier is tier)


def cadences_problem(cadences: VisitCadences) -> InvalidInput | None:
    """The first value that cannot be saved, by its field; whether the calendar exists is not looked at."""
    given = Counter(each.tier for each in cadences.tiers)
    if set(given) != set(Tier) or max(given.values()) > 1:
        return InvalidInput("tiers", f"must hold each of {', '.join(Tier)} once")
    limits: list[tuple[str, int, int, int]] = []
    for number, each in enumerate(cadences.tiers):
        limits += [
            (f"tiers.{number}.intervalDays", each.interval_days, 1, LONGEST_DAYS),
            (f"tiers.{number}.leastDays", each.least_days, 1, each.interval_days),
            (f"tiers.{number}.mostDays", each.most_days, each.interval_days, LONGEST_DAYS),
        ]
    limits += [
        ("visitsADay", cadences.visits_a_day, 1, 40),
        ("reservedPercent", cadences.reserved_percent, 0, 80),
        ("changeMinutes", cadences.change_minutes, 0, 480),
    ]
    for field, value, least, most in limits:
        if not least <= value <= most:
            return InvalidInput(field, f"must be {least} to {most}")
    return None

"""Which of a person's sites around them are due for a visit, and why; used by resolvers/nearby.py."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from domain.accounts import Tier
from domain.ids import AccountId, SiteId, VisitId
from domain.planning_policies import DEFAULT_POLICY, PlanningPolicy
from domain.routes import TIER_INTERVAL_DAYS, CandidateReason, visit_value


@dataclass(frozen=True, slots=True)
class NearSite:
    """A site and how far away it is."""

    site_id: SiteId
    account_id: AccountId
    tier: Tier
    away_m: float


@dataclass(frozen=True, slots=True)
class OwedVisit:
    """A visit that is planned until the end of the day, or was missed."""

    visit_id: VisitId
    site_id: SiteId
    scheduled_at: datetime
    missed: bool


@dataclass(frozen=True, slots=True)
class DueSite:
    """A near site with why it is due (none: it is not), the visit that is owed there and how much that is worth."""

    site_id: SiteId
    away_m: float
    reasons: tuple[CandidateReason, ...]
    value: int
    visit_id: VisitId | None
    days_since_visit: int | None


def due_sites(
    sites: Iterable[NearSite],
    owed: Iterable[OwedVisit],
    visited_at: Mapping[AccountId, datetime | None],
    promised: frozenset[SiteId | AccountId],
    now: datetime,
    policy: PlanningPolicy = DEFAULT_POLICY,
    intervals: Mapping[Tier, int] = TIER_INTERVAL_DAYS,
) -> tuple[DueSite, ...]:
    """The sites in the order given.

    `visited_at`: when each account's last verified visit ended; a missed visit of before then was made good.
    `promised`: sites and accounts with a lead whose clock falls due. An account that was never visited is due.
    """
    waiting: dict[SiteId, list[OwedVisit]] = {}
    for visit in sorted(owed, key=lambda each: (each.missed, each.scheduled_at)):
        waiting.setdefault(visit.site_id, []).append(visit)
    return tuple(
        _due(each, waiting.get(each.site_id, ()), visited_at, promised, now, policy, intervals) for each in sites
    )


def _due(
    site: NearSite,
    owed: Iterable[OwedVisit],
    visited_at: Mapping[AccountId, datetime | None],
    promised: frozenset[SiteId | AccountId],
    now: datetime,
    policy: PlanningPolicy,
    intervals: Mapping[Tier, int],
) -> DueSite:
    last_at = visited_at.get(site.account_id)
    standing = [each for each in owed if not (each.missed and last_at is not None and last_at > each.scheduled_at)]
    days = None if last_at is None else (now - last_at).days
    interval = intervals[site.tier]
    overdue = interval if days is None else days - interval
    found = {
        CandidateReason.APPOINTMENT: any(not each.missed for each in standing),
        CandidateReason.SLA_DUE: site.site_id in promised or site.account_id in promised,
        CandidateReason.TIER_INTERVAL: overdue >= 0,
        CandidateReason.MISSED: any(each.missed for each in standing),
    }
    reasons = tuple(reason for reason, holds in found.items() if holds)
    late = max(overdue, *((now - each.scheduled_at).days for each in standing if each.missed), 0)
    due = found[CandidateReason.SLA_DUE]
    value = visit_value(site.tier, late, sla_due=due, policy=policy, intervals=intervals) if reasons else 0
    return DueSite(site.site_id, site.away_m, reasons, value, standing[0].visit_id if standing else None, days)

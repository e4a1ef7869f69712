"""Which near sites are due, and why."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from domain.accounts import Tier
from domain.ids import AccountId, SiteId, VisitId
from domain.nearby import DueSite, NearSite, OwedVisit, due_sites
from domain.routes import CandidateReason

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
SITE, ACCOUNT = SiteId("sit_1"), AccountId("acc_1")
DAY = timedelta(days=1)


def owed(days: float, *, missed: bool = False) -> OwedVisit:
    """A visit so many days from now."""
    return OwedVisit(VisitId(f"vis_{days}"), SITE, NOW + days * DAY, missed)


def due(
    *visits: OwedVisit,
    tier: Tier = Tier.B,
    days: float | None = 1,
    promised: frozenset[SiteId | AccountId] = frozenset(),
) -> DueSite:
    """What is due at a site that was last visited so many days ago."""
    last = None if days is None else NOW - days * DAY
    (found,) = due_sites([NearSite(SITE, ACCOUNT, tier, 12.0)], visits, {ACCOUNT: last}, promised, NOW)
    return found


@pytest.mark.parametrize(
    ("tier", "days", "is_due"),
    [
        (Tier.A, 6.99, False),
        (Tier.A, 7, True),
        (Tier.B, 13.99, False),
        (Tier.B, 14, True),
        (Tier.C, 27.99, False),
        (Tier.C, 28, True),
        (Tier.C, None, True),
    ],
)
def test_an_account_is_due_when_its_tiers_interval_has_passed(tier: Tier, days: float | None, is_due: bool) -> None:
    found = due(tier=tier, days=days)
    assert found.reasons == ((CandidateReason.TIER_INTERVAL,) if is_due else ())
    assert (found.value > 0) is is_due
    assert found.days_since_visit == (None if days is None else int(days))


@pytest.mark.parametrize(("days", "is_due"), [(2.99, False), (3, True)])
def test_an_organization_has_intervals_of_its_own(days: float, is_due: bool) -> None:
    sites = [NearSite(SITE, ACCOUNT, Tier.C, 12.0)]
    of_its_own = {Tier.C: 3}
    (found,) = due_sites(sites, (), {ACCOUNT: NOW - days * DAY}, frozenset(), NOW, intervals=of_its_own)
    assert (found.reasons == (CandidateReason.TIER_INTERVAL,)) is is_due


def test_what_is_planned_comes_before_what_was_missed() -> None:
    found = due(owed(-3, missed=True), owed(0.2), owed(0.1), days=10)
    assert found.reasons == (CandidateReason.APPOINTMENT, CandidateReason.MISSED)
    assert found.visit_id == "vis_0.1"


@pytest.mark.parametrize(("visited_days_ago", "is_due"), [(3.1, True), (2.9, False)])
def test_a_missed_visit_is_made_good_by_a_later_one(visited_days_ago: float, is_due: bool) -> None:
    found = due(owed(-3, missed=True), days=visited_days_ago)
    assert found.reasons == ((CandidateReason.MISSED,) if is_due else ())
    assert (found.visit_id is not None) is is_due


@pytest.mark.parametrize("promised", [SITE, ACCOUNT])
def test_a_promise_is_worth_more(promised: SiteId | AccountId) -> None:
    found = due(promised=frozenset({promised}))
    assert found.reasons == (CandidateReason.SLA_DUE,)
    assert found.value == 250


def test_the_longer_overdue_the_more_it_is_worth_up_to_twice() -> None:
    values = [due(tier=Tier.A, days=days).value for days in (7, 10, 14, 100)]
    assert values == [100, 143, 200, 200]
    assert due(owed(-7, missed=True), tier=Tier.A, days=8).value == 200


def test_the_order_of_the_sites_stays() -> None:
    sites = [NearSite(SiteId(f"sit_{each}"), ACCOUNT, Tier.C, float(each)) for each in (3, 1, 2)]
    assert [each.site_id for each in due_sites(sites, [], {}, frozenset(), NOW)] == ["sit_3", "sit_1", "sit_2"]

"""What a team shares, and the steps of its day."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from domain.ids import AccountId, LeadId, OrgId, PersonId, SiteId, TeamDayId, TeamId, VisitId
from domain.refusals import VersionConflict, WrongState
from domain.routes import Candidate, CandidateReason
from domain.team_days import TeamDay, TeamDayNotReady, TeamDayState, failed, plan_of, published, share, solved

NOW = datetime(2026, 11, 23, 1, tzinfo=UTC)
ANN, BOB = PersonId("per_ann"), PersonId("per_bob")
DAY = TeamDay(TeamDayId("tdy_1"), OrgId("org"), TeamId("tea"), PersonId("per_boss"), "2026-11-23", (ANN, BOB), NOW)


def account(site: str, value: int = 50) -> Candidate:
    reason = CandidateReason.TIER_INTERVAL
    return Candidate(SiteId(site), reason, value, 1800, (reason,), account_id=AccountId(f"acc_{site}"))


def planned(site: str, visit: str, fixed_at: datetime | None = None) -> Candidate:
    reason = CandidateReason.APPOINTMENT
    return replace(account(site, 20), reason=reason, reasons=(reason,), visit_id=VisitId(visit), fixed_at=fixed_at)


def lead(site: str) -> Candidate:
    reason = CandidateReason.SLA_DUE
    return replace(account(site, 300), reason=reason, reasons=(reason,), lead_id=LeadId(f"led_{site}"))


def test_what_was_promised_stays_and_the_rest_is_shared() -> None:
    found = share(
        [(ANN, planned("s1", "v1", NOW)), (ANN, lead("s2")), (BOB, account("s3")), (BOB, planned("s4", "v4"))]
    )
    assert {each.candidate.site_id: (each.holder_id, each.bound) for each in found} == {
        "s1": (ANN, True),
        "s2": (ANN, True),
        "s3": (BOB, False),
        "s4": (BOB, False),
    }
    assert [each.candidate.value for each in found] == [300, 50, 20, 20]


@pytest.mark.parametrize(
    ("first", "second", "stays"),
    [
        (account("s1", 100), planned("s1", "v1"), "v1"),
        (planned("s1", "v1"), planned("s1", "v2", NOW), "v2"),
        (planned("s1", "v1"), lead("s1"), None),
        (account("s1"), replace(account("s9", 20), account_id=AccountId("acc_s1")), None),
    ],
    ids=["a visit before what is due", "a promised time before any", "a lead before a visit", "one account"],
)
def test_nobody_goes_where_another_goes(first: Candidate, second: Candidate, stays: str | None) -> None:
    for found in (share([(ANN, first), (BOB, second)]), share([(BOB, second), (ANN, first)])):
        (kept,) = found
        assert kept.candidate.visit_id == stays


def test_two_appointments_at_one_site_are_both_kept() -> None:
    assert len(share([(ANN, planned("s1", "v1", NOW)), (BOB, planned("s1", "v2", NOW))])) == 2


def test_the_steps_of_a_day() -> None:
    draft = solved(DAY, 10, 12, 1000.0, 100, 1, NOW)
    assert isinstance(draft, TeamDay)
    assert (draft.state, draft.version, draft.value, draft.moved) == (TeamDayState.DRAFT, 2, 10, 1)
    assert isinstance(solved(draft, 10, 12, 1000.0, 100, 1, NOW), WrongState)
    assert isinstance(failed(draft, "INTERNAL", NOW), WrongState)
    assert published(DAY, None, NOW) == TeamDayNotReady(DAY.id)
    assert published(draft, 1, NOW) == VersionConflict(DAY.id, 2)
    done = published(draft, 2, NOW)
    assert isinstance(done, TeamDay)
    assert (done.state, done.published_at) == (TeamDayState.PUBLISHED, NOW)
    assert isinstance(published(done, None, NOW), WrongState)
    broken = failed(DAY, "INTERNAL", NOW)
    assert isinstance(broken, TeamDay)
    assert isinstance(published(broken, None, NOW), WrongState)


def test_a_reps_plan_has_one_id_however_often_it_is_made() -> None:
    assert plan_of(DAY, ANN) == plan_of(replace(DAY, version=5), ANN)
    assert len({plan_of(DAY, ANN), plan_of(DAY, BOB), plan_of(replace(DAY, id=TeamDayId("tdy_2")), ANN)}) == 3

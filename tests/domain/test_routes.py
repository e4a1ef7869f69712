"""What a day's plan chooses from, what each visit is worth, and what publishing may change."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.accounts import Tier
from domain.ids import AccountId, LeadId, PersonId, PlanId, SiteId, VisitId
from domain.refusals import Refusal, VersionConflict, WrongState
from domain.routes import (
    Appointment,
    Candidate,
    CandidateReason,
    DayVisit,
    MissedVisit,
    OpenLead,
    Plan,
    PlannedSite,
    PlanNotReady,
    PlanState,
    VisitedAccount,
    candidates,
    failed,
    plan_changes,
    publication,
    published,
    solved,
    superseded,
    visit_value,
)

NOW = datetime(2026, 11, 23, 1, tzinfo=UTC)
NEXT_END = NOW + timedelta(hours=33)
APPOINTMENT, SLA, INTERVAL, MISSED = CandidateReason


def site(number: int) -> SiteId:
    return SiteId(f"sit_{number}")


def account(number: int) -> AccountId:
    return AccountId(f"acc_{number}")


def chosen(
    appointments: list[Appointment] | None = None,
    leads: list[OpenLead] | None = None,
    accounts: list[VisitedAccount] | None = None,
    missed: list[MissedVisit] | None = None,
) -> tuple[Candidate, ...]:
    return candidates(appointments or [], leads or [], accounts or [], missed or [], NEXT_END)


@pytest.mark.parametrize(
    ("tier", "days", "sla", "value"),
    [
        (Tier.A, 0, False, 100),
        (Tier.A, 7, False, 200),
        (Tier.A, 70, False, 200),
        (Tier.A, 1, False, 114),
        (Tier.B, 7, False, 75),
        (Tier.C, 14, False, 30),
        (Tier.C, 0, True, 220),
        (Tier.A, 7, True, 400),
        (Tier.B, -5, False, 50),
    ],
)
def test_value(tier: Tier, days: float, sla: bool, value: int) -> None:
    assert visit_value(tier, days, sla_due=sla) == value


@pytest.mark.parametrize(
    ("tier", "days", "value"),
    [(Tier.A, 6, None), (Tier.A, 7, 100), (Tier.B, 13, None), (Tier.B, 21, 75), (Tier.C, 28, 20), (Tier.C, None, 40)],
)
def test_an_account_is_due_from_its_tiers_interval_on(tier: Tier, days: int | None, value: int | None) -> None:
    found = chosen(accounts=[VisitedAccount(account(1), site(1), tier, days)])
    assert [each.value for each in found] == ([] if value is None else [value])
    assert all(each.reasons == (INTERVAL,) for each in found)


@pytest.mark.parametrize(("hours", "counts"), [(1, True), (-5, True), (33, True), (33.01, False), (None, False)])
def test_a_lead_counts_when_its_clock_falls_due_before_the_next_shift_ends(hours: float | None, counts: bool) -> None:
    due_at = None if hours is None else NOW + timedelta(hours=hours)
    found = chosen(leads=[OpenLead(LeadId("led_1"), site(1), None, Tier.B, due_at)])
    assert [(each.lead_id, each.value, each.reason) for each in found] == ([("led_1", 250, SLA)] if counts else [])


def test_one_candidate_per_site_with_the_highest_value_and_all_reasons() -> None:
    found = chosen(
        appointments=[Appointment(VisitId("vis_1"), site(1), account(1), Tier.C, NOW, 3600)],
        leads=[OpenLead(LeadId("led_1"), site(1), None, Tier.A, NOW)],
        accounts=[VisitedAccount(account(1), site(1), Tier.A, 14), VisitedAccount(account(2), site(2), Tier.B, 14)],
        missed=[MissedVisit(VisitId("vis_0"), site(2), account(2), Tier.B, 7)],
    )
    assert found == (
        Candidate(
            site(1),
            APPOINTMENT,
            300,
            3600,
            (APPOINTMENT, SLA, INTERVAL),
            VisitId("vis_1"),
            LeadId("led_1"),
            account(1),
            NOW,
        ),
        Candidate(site(2), MISSED, 75, 1800, (INTERVAL, MISSED), VisitId("vis_0"), None, account(2)),
    )


def test_the_most_valuable_site_stands_for_an_account() -> None:
    found = chosen(
        accounts=[VisitedAccount(account(1), site(1), Tier.B, 14), VisitedAccount(account(1), site(2), Tier.B, 28)]
    )
    assert [(each.site_id, each.value) for each in found] == [(site(2), 100)]


def test_two_appointments_stay_two() -> None:
    found = chosen(
        [
            Appointment(VisitId("vis_1"), site(1), account(1), Tier.A, NOW),
            Appointment(VisitId("vis_2"), site(1), account(1), Tier.A, NOW + timedelta(hours=5)),
        ],
        accounts=[VisitedAccount(account(1), site(1), Tier.A, 21)],
    )
    assert [(each.visit_id, each.value) for each in found] == [("vis_1", 200), ("vis_2", 100)]


TIERS = st.sampled_from(list(Tier))
SITES = st.integers(1, 5).map(site)
MAYBE_ACCOUNTS = st.none() | st.integers(1, 4).map(account)


@given(
    st.lists(st.builds(OpenLead, st.just(LeadId("led_1")), SITES, MAYBE_ACCOUNTS, TIERS, st.just(NOW)), max_size=6),
    st.lists(st.builds(VisitedAccount, st.integers(1, 4).map(account), SITES, TIERS, st.integers(0, 90)), max_size=6),
    st.lists(
        st.builds(MissedVisit, st.just(VisitId("vis_9")), SITES, MAYBE_ACCOUNTS, TIERS, st.integers(0, 90)), max_size=6
    ),
)
def test_no_site_and_no_account_twice(
    leads: list[OpenLead], accounts: list[VisitedAccount], missed: list[MissedVisit]
) -> None:
    found = chosen(leads=leads, accounts=accounts, missed=missed)
    sites = [each.site_id for each in found]
    named = [each.account_id for each in found if each.account_id is not None]
    assert len(set(sites)) == len(sites)
    assert len(set(named)) == len(named)
    assert [each.value for each in found] == sorted((each.value for each in found), reverse=True)
    assert all(each.reason in each.reasons for each in found)
    assert chosen(leads=leads[::-1], accounts=accounts[::-1], missed=missed[::-1]) == found


def plan(state: PlanState = PlanState.SOLVING, version: int = 1) -> Plan:
    return Plan(PlanId("pln_1"), PersonId("per_1"), "2026-11-24", state, NOW, version)


def test_the_life_of_a_plan() -> None:
    draft = solved(plan(), NOW)
    assert isinstance(draft, Plan)
    live = published(draft, 2, NOW)
    assert isinstance(live, Plan)
    old = superseded(live)
    assert isinstance(old, Plan)
    assert [each.state for each in (draft, live, old)] == [PlanState.DRAFT, PlanState.PUBLISHED, PlanState.SUPERSEDED]
    assert [each.version for each in (draft, live, old)] == [2, 3, 4]
    broken = failed(plan(), "no travel times", NOW)
    assert isinstance(broken, Plan)
    assert (broken.state, broken.failure) == (PlanState.FAILED, "no travel times")


@pytest.mark.parametrize("state", list(PlanState))
def test_steps_a_plan_cannot_take(state: PlanState) -> None:
    wrong = WrongState(PlanId("pln_1"), state)
    one = plan(state, 5)
    if state is not PlanState.SOLVING:
        assert solved(one, NOW) == wrong
        assert failed(one, "late", NOW) == wrong
    expected: dict[PlanState, Refusal | None] = {
        PlanState.SOLVING: PlanNotReady(PlanId("pln_1")),
        PlanState.DRAFT: None,
    }
    outcome = published(one, 5, NOW)
    assert (None if isinstance(outcome, Plan) else outcome) == expected.get(state, wrong)
    if state in {PlanState.SUPERSEDED, PlanState.FAILED}:
        assert superseded(one) == wrong


def test_publishing_is_guarded_on_the_version() -> None:
    assert published(plan(PlanState.DRAFT, 3), 2, NOW) == VersionConflict(PlanId("pln_1"), 3)
    assert isinstance(published(plan(PlanState.DRAFT, 3), None, NOW), Plan)
    assert PlanNotReady(PlanId("pln_1")).message
    assert PlanNotReady.passing


def visit(number: int, at_site: int, state: str = "PLANNED", *, by_plan: bool = True) -> DayVisit:
    return DayVisit(VisitId(f"vis_{number}"), site(at_site), state, PlanId("pln_0") if by_plan else None)


def test_publishing_never_touches_open_or_done_visits() -> None:
    visits = [
        visit(1, 1, "OPEN"),
        visit(2, 2, "DONE"),
        visit(3, 3),
        visit(4, 4),
        visit(5, 5, by_plan=False),
        visit(6, 6, "CANCELLED"),
    ]
    stops = [PlannedSite(site(number)) for number in (1, 2, 3, 6, 7)]
    found = publication(stops, visits)
    assert found.create == (PlannedSite(site(6)), PlannedSite(site(7)))
    assert found.keep == (VisitId("vis_3"),)
    assert found.drop == (VisitId("vis_4"),)


def test_an_appointment_keeps_its_visit() -> None:
    visits = [visit(1, 1, by_plan=False), visit(2, 1, by_plan=False)]
    found = publication([PlannedSite(site(1), VisitId("vis_2")), PlannedSite(site(1))], visits)
    assert (found.create, found.keep, found.drop) == ((), (VisitId("vis_2"), VisitId("vis_1")), ())


def test_publishing_the_same_plan_again_changes_nothing() -> None:
    visits = [visit(1, 1), visit(2, 2)]
    found = publication([PlannedSite(site(1)), PlannedSite(site(2))], visits)
    assert (found.create, found.drop) == ((), ())


def test_plan_changes_name_what_is_new_gone_and_moved_by_a_minute() -> None:
    at = datetime(2026, 11, 23, 2, tzinfo=UTC)
    before = {SiteId(name): at + timedelta(hours=number) for number, name in enumerate(("a", "b", "c", "d"))}
    after = {
        SiteId("a"): at + timedelta(seconds=59),
        SiteId("b"): at + timedelta(hours=1, seconds=60),
        SiteId("c"): at + timedelta(hours=2, seconds=-60),
        SiteId("e"): at,
    }
    found = [(each.kind.value, each.site_id, each.from_at, each.to_at) for each in plan_changes(before, after)]
    assert found == [
        ("ADDED", "e", None, at),
        ("MOVED", "b", before[SiteId("b")], after[SiteId("b")]),
        ("MOVED", "c", before[SiteId("c")], after[SiteId("c")]),
        ("REMOVED", "d", before[SiteId("d")], None),
    ]
    assert plan_changes(before, before) == ()

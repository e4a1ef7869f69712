"""Ability scores as tables: what counts in which week, for and against, and that evidence and figures agree."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.abilities import Ability, AbilityScore, AbilityWeek, ability_week
from domain.compliance import kept
from domain.ids import NormEntryId, OrgId, VisitId
from domain.norm_entries import Deed, NormKind
from domain.norms import Norms
from domain.sla import DEFAULT_POLICIES, Clock, Metric
from domain.visits import Visit, VisitKind, VisitOutcome, VisitState
from domain.weeks import Week
from tests.domain.test_visits import a_visit
from tests.domain.test_weeks import person
from tests.support.sla_clocks import OTHER, OWNER, begun, contacted, watched

ORG = OrgId("org_1")
REP = replace(person(None), id=OWNER)
WEEK = Week.parse("2026-W48")
FIRST_AT = datetime(2026, 11, 22, 16, tzinfo=UTC)
"""Monday 00:00 in Shanghai, where the rep is."""
LAST_AT = datetime(2026, 11, 29, 15, 59, 59, tzinfo=UTC)
AFTER = datetime(2026, 11, 30, 4, tzinfo=UTC)
DURING = datetime(2026, 11, 26, 4, tzinfo=UTC)


def week_of(
    visits: list[Visit] | None = None,
    clocks: dict[str, Clock] | None = None,
    deeds: list[Deed] | None = None,
    now: datetime = AFTER,
    work_days: tuple[date, ...] = WEEK.days[:5],
) -> AbilityWeek:
    norms = kept(WEEK, Norms(ORG, ORG), work_days, deeds or [], now.date())
    return ability_week(REP, WEEK, visits or [], clocks or {}, norms, now)


def score(found: AbilityWeek, ability: Ability) -> AbilityScore:
    return next(each for each in found.scores if each.ability is ability)


def visit(
    number: int,
    state: VisitState,
    at: datetime = DURING,
    *,
    verified: bool = False,
    kind: VisitKind = VisitKind.PLANNED,
    outcome: VisitOutcome | None = None,
) -> Visit:
    entered = state in {VisitState.OPEN, VisitState.DONE, VisitState.TOUCH, VisitState.AUTO_CLOSED}
    return replace(
        a_visit(),
        id=VisitId(f"vis_{number}"),
        state=state,
        kind=kind,
        planned_start_at=at if kind is not VisitKind.UNPLANNED else None,
        opened_at=at if entered else None,
        verified=verified,
        outcome=outcome,
    )


@pytest.mark.parametrize(
    ("state", "kind", "presence", "planning"),
    [
        (VisitState.DONE, VisitKind.PLANNED, 1, (1, 1)),
        (VisitState.TOUCH, VisitKind.APPOINTMENT, 1, (1, 1)),
        (VisitState.AUTO_CLOSED, VisitKind.PLANNED, 1, (1, 1)),
        (VisitState.DONE, VisitKind.UNPLANNED, 1, (0, 0)),
        (VisitState.MISSED, VisitKind.PLANNED, 0, (0, 1)),
        (VisitState.OPEN, VisitKind.PLANNED, 0, (0, 0)),
        (VisitState.PLANNED, VisitKind.PLANNED, 0, (0, 0)),
        (VisitState.CANCELLED, VisitKind.PLANNED, 0, (0, 0)),
        (VisitState.RESCHEDULED, VisitKind.PLANNED, 0, (0, 0)),
    ],
)
def test_what_a_visit_counts_for(state: VisitState, kind: VisitKind, presence: int, planning: tuple[int, int]) -> None:
    found = week_of([visit(1, state, kind=kind)])
    assert score(found, Ability.PRESENCE).counted == presence
    planned = score(found, Ability.PLANNING)
    assert (planned.reached, planned.counted) == planning


@pytest.mark.parametrize(
    ("at", "counted"),
    [
        (FIRST_AT, 1),
        (FIRST_AT - timedelta(milliseconds=1), 0),
        (LAST_AT, 1),
        (LAST_AT + timedelta(seconds=1), 0),
    ],
)
def test_a_week_is_the_reps_own(at: datetime, counted: int) -> None:
    found = week_of([visit(1, VisitState.DONE, at, verified=True, outcome=VisitOutcome.ORDER)])
    for ability in (Ability.PRESENCE, Ability.PLANNING, Ability.OUTCOMES):
        assert score(found, ability).counted == counted, ability


def test_presence_and_outcomes_are_shares_with_their_visits() -> None:
    visits = [
        visit(1, VisitState.DONE, verified=True, outcome=VisitOutcome.ORDER),
        visit(2, VisitState.DONE, verified=True, outcome=VisitOutcome.NO_INTEREST),
        visit(3, VisitState.DONE, verified=True, outcome=VisitOutcome.SERVICE),
        visit(4, VisitState.TOUCH, outcome=VisitOutcome.ORDER),
        visit(5, VisitState.DONE, verified=True, outcome=VisitOutcome.PROGRESS),
        visit(6, VisitState.DONE, verified=True, outcome=VisitOutcome.NOBODY_THERE),
    ]
    found = week_of(visits)
    presence, outcomes = score(found, Ability.PRESENCE), score(found, Ability.OUTCOMES)
    assert (presence.reached, presence.counted, presence.score) == (5, 6, 83.3)
    assert (outcomes.reached, outcomes.counted, outcomes.score) == (2, 4, 50.0)
    assert [(each.record_ids, each.in_favour) for each in outcomes.evidence] == [
        (("vis_1",), True),
        (("vis_2",), False),
        (("vis_5",), True),
        (("vis_6",), False),
    ]


def test_promises_count_when_kept_or_when_due_by_whoever_had_them() -> None:
    late, _ = watched(begun(), 25)
    clocks = {
        "clk_kept": contacted(begun(), 23),
        "clk_broken": late,
        "clk_late": contacted(late, 30),
        "clk_running": begun(),
        "clk_survey": contacted(begun(DEFAULT_POLICIES[Metric.SATISFACTION]), 1),
    }
    promises = score(week_of(clocks=clocks), Ability.PROMISES)
    assert [(each.record_ids, each.in_favour) for each in promises.evidence] == [
        (("clk_broken",), False),
        (("clk_kept",), True),
        (("clk_late",), False),
    ]
    assert {each.date for each in promises.evidence} == {"2026-11-24"}
    elsewhere = ability_week(
        replace(REP, id=OTHER), WEEK, [], clocks, kept(WEEK, Norms(ORG, ORG), [], [], AFTER.date()), AFTER
    )
    assert score(elsewhere, Ability.PROMISES).counted == 0


def test_mean_dwell_leaves_out_what_ended_with_the_shift() -> None:
    def stayed(number: int, minutes: int, *, auto_closed: bool = False, verified: bool = True) -> Visit:
        known = visit(number, VisitState.DONE, verified=verified)
        return replace(known, last_inside_at=DURING + timedelta(minutes=minutes), auto_closed=auto_closed)

    visits = [stayed(1, 10), stayed(2, 20), stayed(3, 500, auto_closed=True), stayed(4, 3, verified=False)]
    assert week_of(visits).mean_dwell_s == 15 * 60
    assert week_of(visits[2:]).mean_dwell_s is None


def deed(number: int, day: date, kind: NormKind = NormKind.MUST_DO, key: str = "STOCK") -> Deed:
    text = None if kind is NormKind.MUST_DO else f"Learnt no. {number}"
    return Deed(NormEntryId(f"nrm_{number}"), kind, key, day.isoformat(), DURING + timedelta(minutes=number), text)


def test_norms_and_insights() -> None:
    monday = WEEK.monday
    deeds = [deed(each, monday, key=key) for each, key in enumerate(("STOCK", "DECIDER", "NEXT_STEP"))]
    deeds.append(deed(7, monday, NormKind.INSIGHT, "NEED"))
    over, during = week_of(deeds=deeds), week_of(deeds=deeds, now=DURING)
    assert [(score(each, Ability.NORMS).reached, score(each, Ability.NORMS).counted) for each in (over, during)] == [
        (1, 5),
        (1, 3),
    ]
    assert score(over, Ability.NORMS).evidence[0].record_ids == ("nrm_0", "nrm_1", "nrm_2")
    assert (score(over, Ability.INSIGHTS).reached, score(over, Ability.INSIGHTS).counted) == (1, 2)
    assert (score(during, Ability.INSIGHTS).reached, score(during, Ability.INSIGHTS).counted) == (1, 1)


def test_a_week_of_leave_has_no_scores() -> None:
    found = week_of(work_days=())
    assert found.score is None
    assert {each.score for each in found.scores} == {None}


STATES = st.sampled_from(VisitState)


@given(
    st.lists(
        st.builds(
            visit,
            st.integers(0, 10_000),
            STATES,
            st.integers(-8_000, 8_000).map(lambda ahead: DURING + timedelta(minutes=ahead)),
            verified=st.booleans(),
            kind=st.sampled_from(VisitKind),
            outcome=st.sampled_from(VisitOutcome),
        ),
        max_size=20,
        unique_by=lambda each: each.id,
    )
)
def test_every_score_is_its_evidence_recounted(visits: list[Visit]) -> None:
    found = week_of(visits)
    for each in found.scores:
        assert each.counted == len(each.evidence)
        assert each.reached == len([proof for proof in each.evidence if proof.in_favour])
        assert (each.score is None) == (each.counted == 0)
        assert each.score is None or abs(each.score - 100 * each.reached / each.counted) <= 0.05
        assert all(proof.date in {day.isoformat() for day in WEEK.days} for proof in each.evidence)
    assert found == week_of(list(reversed(visits)))
